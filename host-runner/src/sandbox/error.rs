//! What can go wrong around a component: it can't be loaded, or a call into it fails.

use std::time::Duration;

use super::bindings::CONTRACT_VERSION;
use super::bindings::contract::types;
use super::signature::SignatureError;

/// A component that can't be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The machine can't provide the engine.
    #[error("can't set up the WebAssembly engine: {0:#}")]
    Engine(#[source] wasmtime::Error),
    /// The file can't be read.
    #[error("can't read the component {path}: {source}")]
    Read {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// More of something than any connector should have: compiling it could take all memory.
    #[error("the component has {value} {what}, more than the {limit} that a connector may have")]
    TooMuch {
        /// What was counted, in the plural.
        what: &'static str,
        /// How much of it there is.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// Not a component, or damaged.
    #[error("not a WebAssembly component: {0}")]
    Invalid(String),
    /// What lies beside it as its signature is none.
    #[error("the component's signature can't be used: {0}")]
    Signature(#[source] SignatureError),
    /// Compiling it failed or took more than it may.
    #[error("the component can't be compiled: {0}")]
    Compile(String),
    /// It asks for more than a connector gets.
    #[error(
        "the component imports `{import}`, which a connector does not get. Allowed are: {}",
        allowed.join(", ")
    )]
    ForbiddenImport {
        /// The name, as the component gives it.
        import: String,
        /// The interfaces that a connector may import.
        allowed: &'static [&'static str],
    },
    /// It is built for another version of the contract.
    #[error(
        "the component is built for ats:connector@{built_for}, this host supports {supported}: use a component and a host of \
         the same release"
    )]
    ContractVersion {
        /// The first two numbers of the version that it names.
        built_for: String,
        /// Those of ours.
        supported: String,
    },
    /// It lacks what a connector must export.
    #[error("not a connector of the contract ats:connector@{version}: {0}", version = CONTRACT_VERSION)]
    OtherContract(String),
}

/// The guest did not come back, or may not be entered again. The job is over; go on in a new one, from the last cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// It trapped: a panic, an allocation that the memory limit refused, a broken promise to the host.
    #[error("the connector crashed: {reason}")]
    Trap {
        /// The trap and the guest's own last words.
        reason: String,
    },
    /// It computed for too long.
    #[error("the connector used more than {0:?} of CPU in one call")]
    Cpu(Duration),
    /// It waited for too long.
    #[error("the connector did not answer within {0:?}")]
    Wall(Duration),
    /// Every slot of the engine stayed taken.
    #[error(
        "all {slots} slots for jobs are in use and none became free within {waited:?}: run fewer jobs at once, or give the \
         engine more slots (`EngineSize`)"
    )]
    Full {
        /// How many there are.
        slots: u32,
        /// For how long the job waited.
        waited: Duration,
    },
    /// It went on to send requests that policy refuses.
    #[error("the connector sent more than {0} requests that this host refuses, and was ended")]
    Refusals(u64),
    /// The tenant does not trust it.
    #[error(transparent)]
    Untrusted(#[from] SignatureError),
    /// An earlier call of this job ended in one of the above.
    #[error("the connector ended with an earlier call")]
    Ended,
}

/// A call into a connector that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The connector's own error, as the contract types it.
    #[error("{}", describe(.0))]
    Connector(Box<types::Error>),
    /// The guest is gone.
    #[error(transparent)]
    Outage(#[from] Outage),
    /// The guest's answer breaks the contract: a defect of the connector.
    #[error("the connector broke the contract: {0}")]
    BrokenContract(String),
}

/// A contract error in one line for a person: message, and what Salesforce said.
fn describe(error: &types::Error) -> String {
    use types::Error as E;
    match error {
        E::Unauthenticated(f)
        | E::Permission(f)
        | E::Unavailable(f)
        | E::NotFound(f)
        | E::JobClosed(f)
        | E::ProfileOutdated(f)
        | E::ResyncRequired(f)
        | E::Unsupported(f)
        | E::Remote(f) => failure(f),
        E::Other(other) => format!("{} ({})", failure(&other.failure), other.code),
        E::RateLimited(limit) => match limit.retry_after_seconds {
            Some(seconds) => format!("{} (try again in {seconds} s)", failure(&limit.failure)),
            None => failure(&limit.failure),
        },
        E::AlreadyExists(conflict) => {
            format!(
                "{} (existing record: {})",
                failure(&conflict.failure),
                conflict.existing_id
            )
        }
        E::InvalidInput(problems) => problems
            .iter()
            .map(|p| match p.field.as_str() {
                "" => p.message.clone(),
                field => format!("{field}: {}", p.message),
            })
            .collect::<Vec<_>>()
            .join("; "),
    }
}

fn failure(failure: &types::Failure) -> String {
    let Some(remote) = &failure.remote else {
        return failure.message.clone();
    };
    // What the connector's own words tell already is not told twice.
    let news = |text: &String| !text.is_empty() && !failure.message.contains(text.as_str());
    let mut said: Vec<String> = Vec::new();
    said.extend(
        remote
            .status
            .filter(|status| news(&status.to_string()))
            .map(|status| format!("HTTP {status}")),
    );
    said.extend(remote.code.clone().filter(news));
    said.extend(Some(remote.message.clone()).filter(news));
    if said.is_empty() {
        failure.message.clone()
    } else {
        format!("{} [{}]", failure.message, said.join(", "))
    }
}

impl CallError {
    /// The connector's own error, where it is one.
    pub fn contract(&self) -> Option<&types::Error> {
        match self {
            Self::Connector(error) => Some(error),
            _ => None,
        }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        use types::Error as E;
        match self {
            Self::Connector(error) => match **error {
                E::Unauthenticated(_) => ErrorKind::Unauthenticated,
                E::Permission(_) => ErrorKind::Permission,
                E::RateLimited(_) => ErrorKind::RateLimited,
                E::Unavailable(_) => ErrorKind::Unavailable,
                E::InvalidInput(_) => ErrorKind::InvalidInput,
                E::NotFound(_) => ErrorKind::NotFound,
                E::AlreadyExists(_) => ErrorKind::AlreadyExists,
                E::JobClosed(_) => ErrorKind::JobClosed,
                E::ProfileOutdated(_) => ErrorKind::ProfileOutdated,
                E::ResyncRequired(_) => ErrorKind::ResyncRequired,
                E::Unsupported(_) => ErrorKind::Unsupported,
                E::Remote(_) => ErrorKind::Remote,
                E::Other(_) => ErrorKind::Other,
            },
            Self::Outage(_) => ErrorKind::Outage,
            Self::BrokenContract(_) => ErrorKind::BrokenContract,
        }
    }
}

/// The kinds of [`CallError`]: the cases of the contract's `error`, and two that the host finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The credentials are not accepted.
    Unauthenticated,
    /// The connected user lacks a right.
    Permission,
    /// A quota is spent.
    RateLimited,
    /// The ATS is down, unreachable or too slow.
    Unavailable,
    /// The input can't be used.
    InvalidInput,
    /// A record that the call names does not exist.
    NotFound,
    /// The record to create exists.
    AlreadyExists,
    /// The job takes no applications.
    JobClosed,
    /// The tenant's system is no longer as the profile says.
    ProfileOutdated,
    /// The token, cursor or profile can't be used.
    ResyncRequired,
    /// The connector does not do that, or the tenant switched it off.
    Unsupported,
    /// Anything else that the ATS answered.
    Remote,
    /// What the contract does not foresee.
    Other,
    /// The guest did not come back ([`Outage`]).
    Outage,
    /// The guest's answer breaks the contract.
    BrokenContract,
}

impl ErrorKind {
    /// The kind as JSON output and messages spell it: the contract's case names, `outage`, `broken-contract`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Permission => "permission",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::InvalidInput => "invalid-input",
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::JobClosed => "job-closed",
            Self::ProfileOutdated => "profile-outdated",
            Self::ResyncRequired => "resync-required",
            Self::Unsupported => "unsupported",
            Self::Remote => "remote",
            Self::Other => "other",
            Self::Outage => "outage",
            Self::BrokenContract => "broken-contract",
        }
    }
}
