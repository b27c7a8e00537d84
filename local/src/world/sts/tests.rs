//! What STS promises, one test a promise.
