//! The table and the summary as text.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use shared::domain::thousands::grouped;

use super::{
    Replayed,
    problem::Skipped,
    row::{Became, Row},
    summary::Summary,
    terminal::{Look, Paint, width, wrapped},
    words::{self, count, plain},
};

const HEADS: [&str; 8] = ["WHEN (UTC)", "ACCOUNT", "REGION", "GROUP", "WHO", "WHAT", "HOW WIDE", "WHAT BECAME OF IT"];

/// Between two columns.
const GAP: &str = "  ";

/// The columns that may be wrapped, and how narrow each may become. The others are names that one copies.
const NARROWEST: [Option<usize>; 8] = [None, None, None, None, Some(10), Some(16), Some(11), Some(20)];

/// Writes the table, then the summary.
pub(super) fn print(replayed: &Replayed, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let rows = &replayed.rows;
    if rows.is_empty() {
        writeln!(out, "Nothing would have been asked.")?;
    } else {
        let cells: Vec<[String; 8]> = rows.iter().map(cells).collect();
        match columns(&cells, look) {
            Some(columns) => table(rows, &cells, columns, look, out)?,
            None => blocks(rows, &cells, look, out)?,
        }
    }
    writeln!(out)?;
    let mut lines = lines(&replayed.summary, replayed);
    if !replayed.problems.is_empty() {
        let problems = count(words::number(replayed.problems.len()), "place", "places");
        lines.push(("Not read", format!("{problems}, named on standard error")));
    }
    for (name, line) in lines {
        writeln!(out, "{} {line}", Paint::Bold.on(&format!("{:<16}", format!("{name}:")), look))?;
    }
    Ok(())
}

fn cells(row: &Row) -> [String; 8] {
    let known = |id: Option<String>| id.unwrap_or_else(|| words::UNKNOWN.to_owned());
    [
        words::moment(row.at),
        known(row.account.as_ref().map(ToString::to_string)),
        known(row.region.as_ref().map(ToString::to_string)),
        words::group(row),
        plain(&row.by.name),
        words::what(row),
        words::exposure(row),
        words::became(row),
    ]
}

fn paints(row: &Row) -> [Paint; 8] {
    use Paint::{Dim, Green, Plain, Red};
    let exposure = if row.is_whole_internet() { Red } else { Plain };
    match row.became {
        Became::Ignored { .. } => [Dim; 8],
        Became::Withdrawn { .. } => [Plain, Plain, Plain, Plain, Plain, Plain, exposure, Green],
        Became::AwaitsDecision { .. }
        | Became::Unreadable { .. }
        | Became::AsksEc2 { .. }
        | Became::AsksEc2IfOpened => [Plain, Plain, Plain, Plain, Plain, Plain, exposure, Plain],
    }
}

/// The widths of the columns; `None` where the terminal is too narrow for a table.
fn columns(cells: &[[String; 8]], look: Look) -> Option<[usize; 8]> {
    let mut widths = HEADS.map(width);
    for row in cells {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let Some(room) = look.columns else { return Some(widths) };
    let total = |widths: &[usize; 8]| widths.iter().sum::<usize>() + GAP.len() * (HEADS.len() - 1);
    while total(&widths) > room {
        // The widest gives way first.
        let can_shrink =
            widths.iter_mut().zip(NARROWEST).filter(|(width, least)| least.is_some_and(|least| **width > least));
        let (widest, _) = can_shrink.max_by_key(|(width, _)| **width)?;
        *widest -= 1;
    }
    Some(widths)
}

fn table(rows: &[Row], cells: &[[String; 8]], widths: [usize; 8], look: Look, out: &mut dyn Write) -> io::Result<()> {
    line(&HEADS.map(str::to_owned), [Paint::Bold; 8], widths, look, out)?;
    for (row, cells) in rows.iter().zip(cells) {
        line(cells, paints(row), widths, look, out)?;
    }
    Ok(())
}

/// One row of the table, over several lines where a cell is too long.
fn line(
    cells: &[String; 8],
    paints: [Paint; 8],
    widths: [usize; 8],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let wrapped: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, at)| wrapped(cell, at)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
    for at in 0..height {
        let (mut text, mut room) = (String::new(), 0);
        for ((lines, paint), size) in wrapped.iter().zip(paints).zip(widths) {
            let cell = lines.get(at).map_or("", String::as_str);
            if !cell.is_empty() {
                text.push_str(&" ".repeat(room));
                text.push_str(&paint.on(cell, look));
                room = 0;
            }
            room += size.saturating_sub(width(cell)) + GAP.len();
        }
        writeln!(out, "{text}")?;
    }
    Ok(())
}

/// For a narrow terminal: each change in lines of its own.
fn blocks(rows: &[Row], cells: &[[String; 8]], look: Look, out: &mut dyn Write) -> io::Result<()> {
    for (row, [when, account, region, group, who, what, exposure, became]) in rows.iter().zip(cells) {
        let [.., wide, end] = paints(row);
        let parts = [
            (format!("{when}{GAP}{account}{GAP}{region}{GAP}{group}"), Paint::Bold, ""),
            (format!("{who}: {what}"), Paint::Plain, GAP),
            (exposure.clone(), wide, GAP),
            (became.clone(), end, GAP),
        ];
        for (text, paint, indent) in parts {
            for line in wrapped(&text, look.columns.unwrap_or(usize::MAX).saturating_sub(indent.len())) {
                writeln!(out, "{indent}{}", paint.on(&line, look))?;
            }
        }
    }
    Ok(())
}

/// The summary: a name and a sentence each.
pub(super) fn lines(summary: &Summary, replayed: &Replayed) -> Vec<(&'static str, String)> {
    let mut lines = vec![("Read", read(summary)), ("Openings", openings(summary)), ("Cards", cards(summary))];
    if let Some(widest) = &summary.widest {
        let (rule, exposure) = (widest.rule.as_deref(), widest.exposure.as_deref());
        let known = |text: Option<&str>| text.unwrap_or(words::UNKNOWN).to_owned();
        lines.push(("Widest", format!("{}: {}, by {}", known(rule), known(exposure), plain(&widest.by))));
    }
    if summary.withdrawn > 0 {
        let median = summary.withdrawn_after_seconds.map_or_else(String::new, |seconds| {
            let after = words::duration(seconds);
            if summary.withdrawn == 1 { format!(", after {after}") } else { format!(", after {after} (median)") }
        });
        lines.push(("Withdrawn", format!("{} by hand{median}", count(summary.withdrawn, "opening", "openings"))));
    }
    let ignored = ignored(summary);
    if !ignored.is_empty() {
        lines.push(("No card", ignored));
    }
    if !summary.most.is_empty() {
        let most = summary.most.iter().map(|most| format!("{} {}", plain(&most.by), grouped(most.openings)));
        lines.push(("Who opens most", most.collect::<Vec<_>>().join(", ")));
    }
    if !replayed.skipped.is_empty() {
        lines.push(("Passed over", skipped(replayed)));
    }
    lines
}

fn read(summary: &Summary) -> String {
    let span = match (&summary.first, &summary.last) {
        (Some(first), Some(last)) => format!(", from {} to {}", plain(first), plain(last)),
        (Some(_) | None, Some(_) | None) => String::new(),
    };
    format!(
        "{}, {}{span}; {} may open or close ingress",
        count(summary.files, "file", "files"),
        count(summary.records, "record", "records"),
        grouped(summary.security_group_records)
    )
}

fn openings(summary: &Summary) -> String {
    format!(
        "{}, {} to the whole internet; {} still open as far as the records tell",
        grouped(summary.openings),
        grouped(summary.whole_internet),
        grouped(summary.still_open)
    )
}

fn cards(summary: &Summary) -> String {
    let mut said = format!("{} would have been posted", grouped(summary.cards));
    if summary.unreadable > 0 {
        said.push_str(&format!(", {} of them Unreadable", grouped(summary.unreadable)));
    }
    if summary.cards_if_ec2_says_so > 0 {
        said.push_str(&format!("; {} more if EC2 had said so", grouped(summary.cards_if_ec2_says_so)));
    }
    said
}

fn ignored(summary: &Summary) -> String {
    let some = summary.ignored.iter().filter(|(_, number)| **number > 0);
    some.map(|(reason, number)| words::reasons(*reason, *number)).collect::<Vec<_>>().join(", ")
}

fn skipped(replayed: &Replayed) -> String {
    let mut by: BTreeMap<Skipped, u64> = BTreeMap::new();
    for passed in &replayed.skipped {
        *by.entry(passed.why).or_default() += passed.count;
    }
    by.iter().map(|(why, number)| format!("{} {why}", grouped(*number))).collect::<Vec<_>>().join(", ")
}
