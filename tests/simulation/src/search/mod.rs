//! Every path, up to a depth, through the real `step`: two pollers, two clickers who do not agree, somebody who removes the
//! rule by hand, and a few faults, in every order. It begins in several worlds, each with something more that may happen.
//!
//! Around `step` the flows are modelled by what they do at a port: claim, look, send, record. Time is a small number of
//! ticks. States that differ in nothing that matters are visited once.

mod cards;
mod flaws;
mod moves;
mod node;
mod people;
mod promises;
mod reverts;
mod tally;
mod worlds;

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    hash::{DefaultHasher, Hasher},
};

use self::node::Node;

pub use self::{flaws::Flaw, tally::Tally, worlds::World};

/// What a search came to.
#[derive(Debug, Default)]
pub struct Found {
    /// States that differ. Each was left alone until it came to rest.
    pub states: usize,
    /// Moves that were made.
    pub moves: usize,
    /// Whether there were more states than were to be seen.
    pub cut_short: bool,
    /// Which events `step` took.
    pub tally: Tally,
    /// The first promise that was broken, and the moves that lead there.
    pub broken: Option<(String, Vec<String>)>,
}

/// The last step of a story whose end is no move.
const LEFT_ALONE: &str = "left alone";

/// Hashes what is written.
struct Key(DefaultHasher);

impl fmt::Write for Key {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

fn key(node: &Node) -> u64 {
    let mut key = Key(DefaultHasher::new());
    // Writing to a hasher never fails.
    let _ = node.write_key(&mut key);
    key.0.finish()
}

/// Searches breadth-first from a world, to this depth, with this many faults, until so many states were seen.
#[must_use]
pub fn search(world: World, flaw: Flaw, depth: usize, faults: u8, most: usize) -> Found {
    let mut found = Found::default();
    let Some(first) = world.begin(faults, flaw) else {
        found.broken = Some(("the world can be made".to_owned(), Vec::new()));
        return found;
    };
    let tally = first.tally.clone();
    let mut rested = HashSet::new();
    let mut seen = HashSet::from([key(&first)]);
    // Where each state came from, for the story: parent and the move.
    let mut paths: Vec<(usize, String)> = vec![(0, String::new())];
    found.states = 1;
    if let Err(promise) = first.rests(&mut rested) {
        found.broken = Some((promise, vec![LEFT_ALONE.to_owned()]));
        return found;
    }
    let mut queue = VecDeque::from([(first, 0_usize, 0_usize)]);
    while let Some((node, at, place)) = queue.pop_front() {
        for (what, next) in node.moves() {
            found.moves += 1;
            let next = match next {
                Ok(next) => next,
                Err(promise) => {
                    found.broken = Some((promise, story(&paths, place, &[&what])));
                    break;
                }
            };
            let new = key(&next);
            if seen.contains(&new) {
                continue;
            }
            if seen.len() >= most {
                found.cut_short = true;
                continue;
            }
            seen.insert(new);
            found.states += 1;
            if let Err(promise) = next.rests(&mut rested) {
                found.broken = Some((promise, story(&paths, place, &[&what, LEFT_ALONE])));
                break;
            }
            // The last layer is the largest, and nothing follows from it.
            if at + 1 < depth {
                paths.push((place, what));
                queue.push_back((next, at + 1, paths.len() - 1));
            }
        }
        if found.broken.is_some() {
            break;
        }
    }
    found.tally = tally.borrow().clone();
    found
}

/// The moves that lead to a place, and the last ones.
fn story(paths: &[(usize, String)], mut place: usize, last: &[&str]) -> Vec<String> {
    let mut story: Vec<String> = last.iter().rev().map(|what| (*what).to_owned()).collect();
    while let Some((parent, what)) = paths.get(place).filter(|_| place > 0) {
        story.push(what.clone());
        place = *parent;
    }
    story.reverse();
    story
}
