//! The only way out of the sandbox.
//!
//! A connector may talk to one place: its tenant's own Salesforce org. Everything here exists so that no request leaves
//! unless [`policy`] saw it, no credential enters the sandbox, and no answer is larger or slower than the host allows.
//! `policy` and `address` are pure; [`Gate`] carries their verdicts out and plugs into wasmtime as the wasi:http hook.
//! Never here: following a redirect, or a request that policy did not see.

mod address;
mod body;
mod budget;
pub mod caller;
mod cause;
mod client;
mod connect;
mod credentials;
pub mod denied;
mod dial;
mod error;
mod exchange;
mod gate;
mod hooks;
mod job;
mod layers;
mod limits;
mod mask;
mod origin;
pub mod policy;
mod proxy;
mod reading;
mod record;
mod recovery;
mod size;
mod spellings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod turns;

pub use address::{AddressRule, Prohibited, public_address};
pub use body::{RequestBody, ResponseBody, empty_body, full_body};
pub use budget::{ApiUsage, JobBudget, JobStats};
pub use client::{Client, TlsSetupError};
pub use credentials::{Bearer, Credentials, CredentialsError};
pub use denied::Denied;
pub use error::{EgressError, Phase, Problem};
pub use gate::{Egress, Gate};
pub use job::{CallOptions, GrantGuard};
pub use limits::{Deadlines, EgressLimits};
pub use origin::{Origin, OriginError};
pub use policy::{EgressPolicy, Grant, Permit};
pub use proxy::{Proxies, ProxySetting};
pub use reading::{Purpose, ReadingRules, SALESFORCE};
pub use recovery::Recovery;
pub use size::ByteSize;

pub(crate) use gate::default_user_agent;
