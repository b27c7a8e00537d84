//! Starts the functions as they ship under the emulator of the Runtime API, lets one opening be polled, asked about and
//! denied, and prints what that took. `boot FOLDER` finds them as `FOLDER/poller/bootstrap` and
//! `FOLDER/responder/bootstrap`, where `make lambda` puts them (`target/lambda`). Ends with 1 where something is not as
//! it must be.
//!
//! The emulator is one process beside the functions on one machine: the times are this machine's, not Lambda's.

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::PoisonError,
    time::{Duration, Instant},
};

use chrono::Utc;
use flate2::{Compression, write::DeflateEncoder};
use local::{
    system::{
        Options, System,
        seed::{self, CHANNEL, Opener},
    },
    wire::lambda::Code,
    world::ec2::{GroupRef, Operation, Outcome, Permission, Permissions, RuleQuery},
};
use serde_json::json;

/// Somebody of the seed who may decide.
const APPROVER: &str = "U0BOB000001";

#[tokio::main]
async fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/lambda"), PathBuf::from);
    match boot(&folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Where it is opened.
const PLACE: (&str, &str) = (seed::ACCOUNTS[0].0, seed::REGIONS[0]);

/// What a function took: with its start, and without.
struct Taken {
    cold: Duration,
    warm: Duration,
}

async fn boot(folder: &Path) -> Result<(), Box<dyn Error>> {
    let functions = ["poller", "responder"].map(|name| (name, folder.join(name).join("bootstrap")));
    for (_, binary) in &functions {
        if !binary.is_file() {
            return Err(format!("{} is not there: `make lambda` builds it", binary.display()).into());
        }
    }
    let [(_, poller), (_, responder)] = &functions;
    let system = System::start(Options::new(Code::Binary(poller.clone()), Code::Binary(responder.clone()))).await?;
    // The stand-in's queries are done at once: what is left is the function's own time.
    {
        let mut lake = system.world.lake.lock().unwrap_or_else(PoisonError::into_inner);
        (lake.settings.queued_polls, lake.settings.running_polls) = (0, 0);
    }
    let outcome = play(&system).await;
    let peaks = [peak_memory(poller), peak_memory(responder)];
    system.stop().await;
    println!("function    cold start   warm   peak memory   size     zipped");
    for (((name, binary), taken), peak) in functions.iter().zip(outcome?).zip(peaks) {
        let bytes = fs::read(binary)?;
        println!(
            "{name:<10} {:>8} ms {:>4} ms {:>10.1} MB {:>5.1} MB {:>5.1} MB",
            taken.cold.as_millis(),
            taken.warm.as_millis(),
            peak? as f64 / 1e6,
            bytes.len() as f64 / 1e6,
            zipped(&bytes)? as f64 / 1e6,
        );
    }
    Ok(())
}

/// Two openings, one after the other: polled, asked about, denied, gone. What the poller took, what the responder.
async fn play(system: &System) -> Result<[Taken; 2], Box<dyn Error>> {
    let cold = one_opening(system, 22).await?;
    let warm = one_opening(system, 23).await?;
    Ok([Taken { cold: cold.0, warm: warm.0 }, Taken { cold: cold.1, warm: warm.1 }])
}

/// How long the poll took, and how long the click waited for its answer.
async fn one_opening(system: &System, port: i64) -> Result<(Duration, Duration), Box<dyn Error>> {
    let rule = open(system, port)?;
    let begun = Instant::now();
    system.tick(json!({"tick": "poll"})).await?;
    let polled = begun.elapsed();
    let card = {
        let slack = system.world.slack.lock().unwrap_or_else(PoisonError::into_inner);
        slack.messages(CHANNEL).last().map(|card| card.ts.to_string()).ok_or("the poller posted no card")?
    };
    let clicked = system.click(APPROVER, &card, "deny").await?;
    if !clicked.accepted() {
        return Err(format!("Slack is not content with the answer to a click: {clicked:?}").into());
    }
    system.idle().await;
    let (account, region) = PLACE;
    let query = RuleQuery { group_ids: vec![group(system)?], ..RuleQuery::default() };
    let mut ec2 = system.world.ec2.lock().unwrap_or_else(PoisonError::into_inner);
    match ec2.describe_rules(account, region, &query, Utc::now())?.rules.iter().find(|there| there.id == rule) {
        Some(_) => Err(format!("{rule} was denied, and is still there").into()),
        None => Ok((polled, clicked.took)),
    }
}

fn group(system: &System) -> Result<String, Box<dyn Error>> {
    Ok(seed::group_id(&system.world, PLACE.0, PLACE.1, "web").ok_or("the seed has no group web")?)
}

/// Opens a port to the world. The id of the rule.
fn open(system: &System, port: i64) -> Result<String, Box<dyn Error>> {
    let (account, region) = PLACE;
    let permissions = Permissions::Array(vec![Permission::new("tcp", port, port).from_ipv4("0.0.0.0/0", None)]);
    let call = Operation::AuthorizeIngress { group: GroupRef::id(&group(system)?), permissions }.into();
    let outcome = system.world.ec2_call(&Opener::Alice.caller(account, region), &call, Utc::now()).result?;
    let Outcome::Opened(rules) = outcome else { return Err(format!("not opened: {outcome:?}").into()) };
    Ok(rules.first().ok_or("nothing was opened")?.id.clone())
}

/// The most memory that the process of this binary had, in bytes, as Linux tells it.
fn peak_memory(binary: &Path) -> Result<u64, Box<dyn Error>> {
    let binary = binary.canonicalize()?;
    for process in fs::read_dir("/proc")? {
        let process = process?.path();
        if fs::read_link(process.join("exe")).is_ok_and(|running| running == binary) {
            let status = fs::read_to_string(process.join("status"))?;
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
            return Ok(peak.ok_or("no VmHWM in the process's status")?.trim().parse::<u64>()? * 1024);
        }
    }
    Err(format!("{} does not run any more", binary.display()).into())
}

/// Its size in a zip, in bytes, but for some hundred bytes of headers.
fn zipped(bytes: &[u8]) -> std::io::Result<usize> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
