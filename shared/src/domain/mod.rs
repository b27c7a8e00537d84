//! Pure: no I/O, no clock, no SDK type. `now` is an argument.

pub mod ids;
