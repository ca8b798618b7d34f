//! The HTTP side of the org: listening, and the public handle on a running org.
//!
//! `edge` takes requests in, `router` finds the handler, `oauth` and `rest` do the work on the database, `control`
//! is the back door for tests.

mod builder;
mod bulk_v1;
pub mod config;
mod control;
mod edge;
pub mod faults;
mod handle;
pub mod hold;
mod jobs;
mod listen;
mod oauth;
mod org;
mod page;
mod play;
mod reply;
mod rest;
mod rights;
mod router;
mod sessions;
mod soap;
pub mod stats;
mod tls;
mod xml;

pub use builder::{Builder, StartError};
pub use handle::PracticeOrg;
pub use oauth::jwt::{BadKey, JwtKey};
pub use tls::TlsError;
