//! What EC2 promises, one test a promise.
