//! What can go wrong with a fleet, in words that say what to do.

use std::path::PathBuf;

/// Why a program of the fleet can't go on.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
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
}

impl FleetError {
    pub(crate) fn nats(error: impl std::fmt::Display) -> Self {
        Self::Nats(error.to_string())
    }
}
