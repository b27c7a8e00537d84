//! Records, shape by shape.
