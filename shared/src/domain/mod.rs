//! Pure: no I/O, no clock, no SDK type. `now` is an argument.

pub mod card;
pub mod change;
pub mod click;
pub mod ids;
pub mod request;
pub mod rule;
pub mod step;
