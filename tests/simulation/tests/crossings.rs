//! Every crossing of an Approve with the revert of the same rule on another card; and that without one of the three looks an
//! approved rule would be revoked.

use std::{process::ExitCode, time::Instant};

use simulation::{crossing::every_crossing, mutation::Mutation};

fn main() -> ExitCode {
    let begun = Instant::now();
    let crossed = every_crossing(None);
    println!("{crossed:?} in {:.1} s", begun.elapsed().as_secs_f64());
    let mut well = crossed.broken == 0 && crossed.kept > 0 && crossed.removed > 0;
    for mutation in [Mutation::NoLookAtApprovals, Mutation::NoLookAtReverts, Mutation::NoTouch] {
        let crossed = every_crossing(Some(mutation));
        println!("{mutation:?}: an approved rule is revoked in {} of {}", crossed.broken, crossed.played);
        well &= crossed.broken > 0;
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
