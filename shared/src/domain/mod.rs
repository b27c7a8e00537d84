//! Pure: no I/O, no clock, no SDK type. `now` is an argument.

pub mod authority;
pub mod card;
pub mod change;
pub mod click;
pub mod exposure;
pub mod ids;
pub mod one_line;
pub mod plan;
pub mod reason;
pub mod record;
pub mod request;
pub mod rule;
pub mod state;
pub mod step;
pub mod thousands;
