//! Which windows are read, and how far the watermark moves.

use std::time::Duration;

use chrono::TimeDelta;
use local::world::faults::Fault;
use shared::{domain::request::State, ports::Window};
use simulation::fakes::{Run, ssh};

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

#[tokio::test(start_paused = true)]
async fn the_first_window_is_the_lookback_and_the_watermark_then_stands_at_its_end() {
    let run = Run::new();
    let (first, mark) = (run.now(), |run: &Run| run.portcullis.store.mark("lake").expect("a watermark"));
    run.tick().await;
    assert_eq!(run.source.windows(), [Window { from: first - minutes(20), until: first }]);
    assert_eq!(
        (mark(&run).until, mark(&run).first_from, mark(&run).reconciled_at),
        (first, first - minutes(20), first)
    );
    run.wait(minutes(30)).await;
    run.tick().await;
    assert_eq!(run.source.windows()[1], Window { from: first - minutes(20), until: first + minutes(30) });
    assert_eq!(mark(&run).until, first + minutes(30));
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_first_window_is_nobodys() {
    let run = Run::new();
    run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.wait(minutes(21)).await;
    let report = run.tick().await;
    assert_eq!((report.records, report.new), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_not_stored_holds_the_watermark_and_is_read_again() {
    let run = Run::new();
    run.tick().await;
    run.wait(minutes(3)).await;
    let (id, at) = (run.open(&run.group("web"), ssh("0.0.0.0/0")), run.now());
    run.wait(minutes(1)).await;
    let later = run.open(&run.group("batch"), ssh("203.0.113.0/24"));
    run.wait(minutes(1)).await;
    run.world().faults.set("store", "insert", Fault::DropBefore, Some(1));
    let (report, errors) = run.poll().await;
    assert!(matches!(errors.as_slice(), [error] if error.contains("records not stored: 1")), "{errors:?}");
    assert_eq!((report.failed, report.new), (1, 1), "the other one is stored");
    assert_eq!(run.portcullis.store.mark("lake").expect("a watermark").until, at);
    assert_eq!(run.state(&later), State::Pending);
    let begun = run.now();
    let report = run.tick().await;
    assert_eq!((report.failed, report.new), (0, 1));
    assert_eq!((run.cards_of(&id).len(), run.cards_of(&later).len()), (1, 1));
    assert_eq!(run.portcullis.store.mark("lake").expect("a watermark").until, begun);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_leaves_the_watermark_and_what_is_due_is_worked_off() {
    for fault in [Fault::ServerError, Fault::Denied, Fault::Throttle, Fault::DropAfter] {
        let run = Run::new();
        run.tick().await;
        let before = run.portcullis.store.mark("lake");
        run.wait(minutes(10)).await;
        let pushed = run.open(&run.group("web"), ssh("0.0.0.0/0"));
        run.push(&pushed).await;
        run.world().faults.set("source", "read", fault, Some(1));
        let (report, errors) = run.poll().await;
        assert_eq!((report.cards_posted, errors.len()), (1, 1), "{fault:?}");
        assert_eq!(run.portcullis.store.mark("lake"), before, "{fault:?}");
        assert_eq!(run.tick().await.new, 0, "pushed and queried is one request");
        assert_eq!(run.cards().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_it_catches_up_in_slices_that_end_within_the_deadline() {
    for seconds_an_hour in [10, 25, 40, 55] {
        let run = Run::new();
        run.tick().await;
        let mut ids = Vec::new();
        for hour in 0..6_u8 {
            run.wait(minutes(57)).await;
            ids.push(run.open(&run.group("web"), ssh(&format!("203.0.113.{hour}/32"))));
        }
        run.source.set_slow(Duration::from_secs(seconds_an_hour));
        let mut ticks = 0;
        while ids.iter().any(|id| run.portcullis.store.stored(id).is_none()) {
            let begun = run.now();
            run.tick().await;
            assert!(run.now() - begun <= minutes(5), "{seconds_an_hour} s an hour: the tick ended in time");
            ticks += 1;
            assert!(ticks <= 6, "{seconds_an_hour} s an hour: it gets on");
        }
        run.source.set_slow(Duration::ZERO);
        run.tick().await;
        assert!(ids.iter().all(|id| run.cards_of(id).len() == 1));
        assert_eq!(
            run.portcullis.store.mark("lake").expect("a watermark").until,
            run.source.windows().iter().map(|window| window.until).max().expect("windows")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_beyond_what_is_caught_up_is_one_card_that_names_it() {
    let run = Run::new();
    let begin = run.now();
    run.tick().await;
    run.wait(TimeDelta::hours(2)).await;
    let lost = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    run.wait(TimeDelta::hours(27)).await;
    let caught = run.open(&run.group("batch"), ssh("0.0.0.0/0"));
    run.wait(TimeDelta::hours(1)).await;
    let report = run.tick().await;
    assert_eq!((report.gaps, report.new), (1, 1));
    assert!(run.portcullis.store.stored(&lost).is_none());
    assert_eq!(run.cards_of(&caught).len(), 1);
    let cards = run.cards();
    let gap = cards.iter().find(|card| card.text.starts_with("Unreadable")).expect("a card of the gap");
    let until = begin + TimeDelta::hours(6);
    for at in [begin, until] {
        assert!(gap.text.contains(&at.format("%H:%M").to_string()), "{}", gap.text);
    }
    for _ in 0..3 {
        run.wait(minutes(10)).await;
        let report = run.tick().await;
        assert_eq!((report.gaps, report.new, report.cards_posted), (0, 0, 0));
    }
    assert_eq!(run.cards().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_lake_tells_nothing_no_tick_announces_a_gap_and_after_it_one_does() {
    let run = Run::new();
    run.tick().await;
    run.world().faults.set("source", "read", Fault::ServerError, None);
    for _ in 0..30 {
        run.wait(TimeDelta::hours(1)).await;
        let (report, errors) = run.poll().await;
        assert_eq!((report.gaps, errors.len()), (0, 1));
    }
    run.world().faults.clear_all();
    let caught = run.open(&run.group("web"), ssh("0.0.0.0/0"));
    assert_eq!(run.tick().await.gaps, 1);
    for _ in 0..3 {
        run.wait(minutes(1)).await;
        assert_eq!(run.tick().await.gaps, 0);
    }
    assert_eq!(run.headlines(), ["Approval needed", "Unreadable"]);
    assert_eq!(run.cards_of(&caught).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_announced_once_though_the_watermark_was_not_moved() {
    let run = Run::new();
    run.tick().await;
    run.wait(TimeDelta::hours(30)).await;
    run.world().faults.set("store", "set_watermark", Fault::DropBefore, Some(1));
    let (report, errors) = run.poll().await;
    assert_eq!((report.gaps, errors.len()), (1, 1));
    run.wait(minutes(1)).await;
    run.tick().await;
    assert_eq!(run.headlines(), ["Unreadable"]);
}

#[tokio::test(start_paused = true)]
async fn the_re_scan_finds_what_came_five_hours_late_and_nothing_older_than_the_first_window() {
    let run = Run::new();
    let group = run.group("web");
    let old = run.open(&group, ssh("192.0.2.0/24"));
    run.source.delay_one(old.as_str(), minutes(90));
    run.wait(TimeDelta::hours(1)).await;
    let first = run.now();
    run.tick().await;
    let late = run.open(&group, ssh("0.0.0.0/0"));
    run.source.delay_one(late.as_str(), TimeDelta::hours(5));
    while run.now() < first + TimeDelta::hours(6) {
        assert!(run.portcullis.store.stored(&late).is_none(), "{}", run.now());
        run.wait(minutes(10)).await;
        run.tick().await;
    }
    assert_eq!(run.headline(&late), "Approval needed");
    assert!(run.portcullis.store.stored(&old).is_none());
    let mark = run.portcullis.store.mark("lake").expect("a watermark");
    assert_eq!(mark.reconciled_at, first + TimeDelta::hours(6));
}

#[tokio::test(start_paused = true)]
async fn two_overlapping_pollers_make_one_card_of_each_opening() {
    let run = Run::new();
    let ids: Vec<_> = (0..5).map(|host| run.open(&run.group("web"), ssh(&format!("203.0.113.{host}/32")))).collect();
    let (one, other) = futures::join!(run.tick(), run.tick());
    assert_eq!(one.new + other.new, 5);
    assert_eq!(one.cards_posted + other.cards_posted, 5);
    assert!(ids.iter().all(|id| run.cards_of(id).len() == 1));
    assert_eq!(run.cards().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn one_damaged_item_stops_neither_the_reading_nor_the_others() {
    let run = Run::new();
    let group = run.group("web");
    let ids: Vec<_> = (0..3).map(|host| run.open(&group, ssh(&format!("203.0.113.{host}/32")))).collect();
    for id in &ids {
        run.push(id).await;
    }
    run.portcullis.store.damage(&ids[1]);
    run.close_permission(&group, ssh("203.0.113.0/32"));
    let report = run.tick().await;
    assert_eq!((report.failed, report.withdrawn), (2, 1), "its record is met again, and it is due");
    assert_eq!((run.headline(&ids[0]), run.headline(&ids[2])), ("Withdrawn".to_owned(), "Approval needed".to_owned()));
    run.deny(&ids[2]).await;
    assert_eq!(run.state(&ids[2]), State::Reverted);
    assert_eq!(run.portcullis.store.mark("lake").map(|mark| mark.until >= run.stored(&ids[2]).change.at), Some(true));
}

#[tokio::test(start_paused = true)]
async fn damaged_notes_of_one_group_do_not_hold_the_watermark() {
    let run = Run::new();
    let group = run.group("web");
    run.portcullis.store.damage_notes(&group);
    let id = run.open(&group, ssh("0.0.0.0/0"));
    run.close_permission(&group, ssh("0.0.0.0/0"));
    run.wait(minutes(5)).await;
    run.tick().await;
    assert_eq!(run.headline(&id), "Withdrawn", "what is open is found without the notes");
    assert_eq!(run.portcullis.store.mark("lake").expect("a watermark").until, run.source.windows()[0].until);
}
