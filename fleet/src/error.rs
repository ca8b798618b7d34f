//! What can go wrong with a fleet, in words that say what to do.

use std::path::PathBuf;

use host_runner::tenant::TenantError;
use mirror::actions::ActionError;

/// Why a program of the fleet can't go on.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// An address can't be read. The error does not repeat it, since it may hold a password.
    #[error("the address of a NATS server is not valid, write nats://HOST:PORT: {0}")]
    Address(std::io::Error),
    /// No server answers.
    #[error("can't connect to NATS: {0}")]
    Connect(async_nats::ConnectError),
    /// The credentials can't be read.
    #[error("the NATS credentials {}: {error}", file.display())]
    Credentials {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The server refused, or did not answer.
    #[error("NATS: {0}; if streams are missing, `asymbl fleet init` makes them")]
    Nats(String),
    /// The folder of tenants can't be read.
    #[error("the folder of tenant files {}: {error}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// No file of the folder is of that tenant.
    #[error("no tenant file in {} has the name or the id {name:?}", folder.display())]
    UnknownTenant {
        /// The folder.
        folder: PathBuf,
        /// What was asked for.
        name: String,
    },
    /// No component was stored.
    #[error("the fleet has no component: store one with `asymbl fleet init --component FILE`")]
    NoComponent,
    /// The component can't be used.
    #[error("the component {digest}: {why}")]
    Component {
        /// Its SHA-256.
        digest: String,
        /// Why.
        why: String,
    },
    /// The input of an action is larger than a message may be.
    #[error(
        "the input has {size} bytes, and the NATS server takes {limit}: give files as `data_url`"
    )]
    InputTooLarge {
        /// The size of the message.
        size: usize,
        /// The server's limit.
        limit: usize,
    },
    /// No worker answered in time.
    #[error(
        "no answer within {seconds} s; the action may still be carried out: ask again with the key {key:?}"
    )]
    NoAnswer {
        /// The idempotency key.
        key: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A worker does not know the action, which a newer program asked for.
    #[error("no action is called {0:?} by this version of the worker")]
    UnknownAction(String),
    /// The tenant file can't be used.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The action failed.
    #[error(transparent)]
    Action(#[from] ActionError),
}

impl FleetError {
    pub(crate) fn nats(error: impl std::fmt::Display) -> Self {
        Self::Nats(error.to_string())
    }
}
