//! The HTTP side of the org: listening, and the public handle on a running org.
//!
//! `edge` takes requests in and plays faults, `routes` finds the handler, `oauth`, `rest`, `bulk_v1` and `soap` do the
//! work on the database, `control` is the back door for tests. `org` is what they share.

mod answer;
mod builder;
mod bulk_v1;
mod call;
pub mod config;
mod control;
mod edge;
pub mod faults;
mod handle;
pub mod hold;
mod jobs;
mod kinds;
mod listen;
mod locators;
mod lock;
mod oauth;
mod org;
mod page;
mod play;
mod reply;
mod rest;
mod routes;
mod sessions;
mod soap;
pub mod stats;
mod tls;
mod xml;

pub use builder::{Builder, StartError};
pub use edge::Dropped;
pub use handle::PracticeOrg;
pub use oauth::jwt::{BadKey, JwtKey};
pub use tls::TlsError;
