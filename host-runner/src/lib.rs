//! Loads a connector component and runs it, sandboxed, for one tenant at a time.
//!
//! ```no_run
//! use host_runner::sandbox::{CheckedComponent, Compiler, EngineSize, new_engine};
//! use host_runner::session::Session;
//! use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
//!
//! # async fn embed() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = new_engine(EngineSize::default())?;
//! let compiler = Compiler::in_this_process();
//! let connector = CheckedComponent::from_file(&engine, "asymbl.wasm".as_ref(), &compiler)?.link()?;
//! let tenant = Tenant::open(TenantFile::load("tenant.toml")?, TokenSourceOptions::default())?;
//! let session = Session::new(connector, tenant);
//! let mut job = session.start().await?;
//! let org = job.discover().await?;
//! println!("{} in {}", org.organization.id, org.organization.time_zone);
//! # Ok(()) }
//! ```

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod conformance;
pub mod download;
pub mod egress;
mod hex;
mod lock;
pub mod metrics;
pub mod passthrough;
pub mod sandbox;
pub mod session;
pub mod tenant;
pub mod unified;

pub use hex::hex;
pub use lock::lock;
