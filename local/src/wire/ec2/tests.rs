//! EC2 over the wire.
