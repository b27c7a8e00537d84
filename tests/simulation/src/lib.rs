//! Portcullis in a world that breaks: the real flows and the real `step` over fakes of the ports, on a paused clock.

pub mod fakes;
