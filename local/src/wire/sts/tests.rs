//! STS over the wire.
