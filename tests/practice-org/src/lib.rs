//! A simulated Salesforce org with the Asymbl package, good enough that real clients can't tell.
//!
//! The lower half is a small database: [`schema`] (what describe shows), [`store`] (rows,
//! transactions, recycle bin, replication marks) and [`soql`] (queries). It knows nothing of HTTP.
//! The upper half is the org: [`seed`] fills it, [`package`] is the behaviour of the Asymbl package,
//! [`server`] speaks HTTP. Start one with [`PracticeOrg::builder`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cli;
pub mod clock;
pub mod describe;
pub mod description;
pub mod error;
pub mod id;
pub mod package;
pub mod random;
pub mod schema;
pub mod seed;
pub mod server;
pub mod soql;
pub mod store;
pub mod value;

pub use error::{ApiError, DmlError};
pub use server::config::{Latency, OrgConfig, Variations};
pub use server::faults::{Action, FaultBody, Rule};
pub use server::{Builder, Dropped, JwtKey, PracticeOrg, StartError};
