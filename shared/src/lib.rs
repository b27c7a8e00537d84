//! What Portcullis is, without any SDK: the domain, the ports, the flows, the configuration.
//!
//! Arrows run one way: [`domain`] knows nothing, [`ports`] know the domain, [`flows`] know both. The package `adapters`
//! implements the ports; the `main.rs` files join them.

pub mod clock;
pub mod config;
pub mod domain;
pub mod flows;
pub mod ports;
pub mod slack_signature;
