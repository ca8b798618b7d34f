//! Runs a connector component for one tenant at a time, with a bound on everything it can use.
//!
//! A connector is code that somebody else may have written, loaded once and run for thousands of tenants. So the engine
//! is configured in one place ([`new_engine`]), a component is checked before it is linked ([`CheckedComponent`]), and
//! each job gets a store of its own ([`Job`]) with limits on memory, handles, CPU and time, dropped afterwards.
//! Never here: tenants' secrets in data that the guest can see.

mod background;
mod bindings;
mod bounds;
mod cache;
mod calls;
mod compile;
mod component;
mod convert;
mod dynamic;
mod engine;
mod error;
mod exports;
mod job;
mod limits;
mod log;
mod pace;
mod setup;
mod shape;
mod signature;
mod state;
mod typed;

pub use background::Background;
pub use bindings::{CONTRACT_VERSION, contract};
pub use cache::CompiledCache;
pub use compile::{Compiler, compile_for_parent};
pub use component::{CheckedComponent, LoadedConnector};
pub use convert::{Page, RecordBatch, TextPage, contract_model, record, unified_model};
pub use dynamic::{DynamicError, Function, ParameterError, Returned};
pub use engine::{Engine, EngineSize, new_engine};
pub use error::{CallError, ErrorKind, LoadError, Outage};
pub use job::Job;
pub use limits::Limits;
pub use log::{LogLevel, LogLine, LogSink};
pub use pace::ListingPace;
pub use setup::JobSetup;
pub use shape::ALLOWED_IMPORTS;
pub use signature::{PublicKey, Signature, SignatureError, SigningKey, sha256, signature_path};
