//! What the tests of the whole are told with.

pub mod fakes;
