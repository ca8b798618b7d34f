//! Runs a connector component for one tenant at a time, with a bound on everything it can use.
//!
//! A connector is code that somebody else may have written, loaded once and run for thousands of tenants. So the engine
//! is configured in one place ([`new_engine`]), a component is checked before it is linked ([`CheckedComponent`]), and
//! each job gets a store of its own ([`Job`]) with limits on memory, handles, CPU and time, dropped afterwards.
//! Never here: tenants' secrets in data that the guest can see.

mod bindings;
mod cache;
mod calls;
mod component;
mod convert;
mod engine;
mod error;
mod job;
mod limits;
mod log;
mod setup;
mod state;

pub use bindings::contract;
pub use cache::CompiledCache;
pub use component::{ALLOWED_IMPORTS, CheckedComponent, LoadedConnector};
pub use convert::{Page, RecordBatch, contract_model, record, unified_model};
pub use engine::{EngineSize, new_engine};
pub use error::{CallError, ErrorKind, LoadError, Outage};
pub use job::Job;
pub use limits::Limits;
pub use log::{LogLevel, LogLine, LogSink};
pub use setup::JobSetup;
