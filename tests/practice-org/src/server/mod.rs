//! The HTTP side of the org: listening, and the public handle on a running org.
//!
//! `edge` takes requests in, `router` finds the handler, `oauth` and `rest` do the work on the database, `control`
//! is the back door for tests.

pub mod config;
mod control;
mod edge;
pub mod faults;
mod handle;
mod oauth;
mod org;
mod reply;
mod rest;
mod router;
mod sessions;
pub mod stats;

pub use handle::{Builder, PracticeOrg, StartError};
pub use oauth::jwt::{BadKey, JwtKey};
