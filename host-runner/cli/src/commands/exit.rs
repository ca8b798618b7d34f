//! Exit codes: what each means, and which error leads to which.

use std::process::ExitCode;
use std::sync::Arc;

use fleet::FleetError;
use host_runner::egress::denied::Rule;
use host_runner::egress::{EgressError, Recovery};
use host_runner::sandbox::contract::types::Error;
use host_runner::sandbox::{CallError, ErrorKind, LoadError, Outage, SignatureError};
use host_runner::session::StepError;
use host_runner::tenant::oauth::OAuthError;
use host_runner::tenant::{LimitReached, TenantError};
use mirror::actions::ActionError;
use mirror::store::MirrorError;
use mirror::sync::{Failure, SyncError};

/// How a command ended, for scripts. The numbers are a promise: scripts compare them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Everything asked for is done.
    Success = 0,
    /// Nothing else fits: most often a defect of ours. `asymbl request` also ends so when Salesforce answers with an
    /// HTTP error.
    Failure = 1,
    /// A person must correct the command line, the tenant file or a file that they name; repeating the command is
    /// useless.
    WrongInput = 2,
    /// A person must renew the credentials or give a right; repeating the command is useless.
    NotAllowed = 3,
    /// It passes by itself: the same command may succeed later.
    Later = 4,
    /// A part is done, and what is done is kept.
    Incomplete = 5,
    /// The mirror's file can't be used now or at all.
    Mirror = 6,
    /// The connector is not there, refused or defective.
    Component = 7,
    /// The contract's `not-found`.
    NotFound = 9,
    /// The contract's `already-exists`.
    AlreadyExists = 10,
    /// The contract's `job-closed`.
    JobClosed = 11,
    /// The ATS answered with an error that fits no other code.
    Refused = 12,
}

/// Each exit code with its name in JSON, and its line of the help.
const ALL: [(Exit, &str, &str); 12] = [
    (Exit::Success, "success", "all went well"),
    (
        Exit::Failure,
        "failure",
        "a defect of this program; please report it",
    ),
    (
        Exit::WrongInput,
        "wrong-input",
        "an input, the command line or a file is wrong; nothing was written",
    ),
    (
        Exit::NotAllowed,
        "not-allowed",
        "the credentials are refused, or the connected user lacks a right",
    ),
    (
        Exit::Later,
        "unavailable",
        "Salesforce is unreachable, overloaded or out of quota: try again later",
    ),
    (
        Exit::Incomplete,
        "incomplete",
        "a sync in which some models failed or that was stopped, what it wrote is kept; an action of which a part is written \
         (its answer says which)",
    ),
    (
        Exit::Mirror,
        "mirror",
        "the mirror is in use by another run, belongs to another org, or can't be used",
    ),
    (
        Exit::Component,
        "component",
        "the component is not found, refused or crashed",
    ),
    (
        Exit::NotFound,
        "not-found",
        "a record that the call names does not exist",
    ),
    (
        Exit::AlreadyExists,
        "already-exists",
        "the record to create exists already",
    ),
    (
        Exit::JobClosed,
        "job-closed",
        "the job takes no applications",
    ),
    (
        Exit::Refused,
        "refused",
        "the ATS answered with another error; `asymbl request` ends so for any HTTP error",
    ),
];

impl Exit {
    /// The number that the process ends with.
    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// The name in JSON.
    pub(super) fn name(self) -> &'static str {
        let row = ALL.into_iter().find(|(exit, _, _)| *exit == self);
        row.map_or("failure", |(_, name, _)| name)
    }

    /// The exit code of a number, for what another process ended with.
    pub(super) fn of_code(code: Option<u64>) -> Self {
        let row = ALL
            .into_iter()
            .find(|(exit, ..)| Some(u64::from(exit.code())) == code);
        row.map_or(Self::Failure, |(exit, ..)| exit)
    }

    /// The exit code of an error, by its outermost typed cause.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(of_cause).unwrap_or(Self::Failure)
    }

    /// The exit code of a step that failed. A path of credentials that the gate refused is in the input of
    /// `asymbl request`; the connector does not know it.
    fn of_step(error: &StepError) -> Self {
        let kind = error.error.kind();
        match error.problem.as_ref().map(|problem| &problem.error) {
            Some(EgressError::Denied(denied))
                if denied.rule == Rule::CredentialPath && kind != ErrorKind::Outage =>
            {
                Self::WrongInput
            }
            Some(EgressError::Denied(denied)) if denied.rule == Rule::ReadOnlyJob => {
                Self::Component
            }
            // What a connector makes of a request without an answer says less than why there was none.
            Some(problem)
                if matches!(kind, ErrorKind::Unavailable | ErrorKind::Remote)
                    && !has_answer(&error.error) =>
            {
                of_recovery(problem.recovery())
            }
            _ => Self::of_call(&error.error),
        }
    }

    /// The exit code of a call into the connector that failed.
    pub(super) fn of_call(error: &CallError) -> Self {
        if matches!(error, CallError::Outage(Outage::Full { .. })) {
            return Self::Later;
        }
        match error.kind() {
            ErrorKind::Unauthenticated | ErrorKind::Permission | ErrorKind::ProfileOutdated => {
                Self::NotAllowed
            }
            ErrorKind::RateLimited | ErrorKind::Unavailable => Self::Later,
            ErrorKind::InvalidInput | ErrorKind::ResyncRequired => Self::WrongInput,
            ErrorKind::Unsupported => Self::WrongInput,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::AlreadyExists => Self::AlreadyExists,
            ErrorKind::JobClosed => Self::JobClosed,
            ErrorKind::Remote | ErrorKind::Other => Self::Refused,
            ErrorKind::Outage | ErrorKind::BrokenContract => Self::Component,
        }
    }

    /// The exit code of a sync in which all models failed, the first one so.
    pub(super) fn of_failure(failure: &Failure) -> Self {
        match failure {
            Failure::Step(error) => Self::of_step(error),
            Failure::MassDelete(_) | Failure::Limit { .. } => Self::Incomplete,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The exit codes as `asymbl help` lists them.
pub(super) fn help() -> String {
    let line =
        |(exit, _, meaning): (Exit, &str, &str)| format!("\n  {:>2}  {meaning}", exit.code());
    format!("Exit codes:{}", ALL.map(line).concat())
}

/// An input that the command line's own parser can't decide.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WrongInput(pub(super) String);

/// An answer of the ATS that no other error describes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) String);

/// No component was found.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoComponent(pub(super) String);

/// The browser did not come back.
#[derive(Debug, thiserror::Error)]
#[error(
    "nobody allowed the app within five minutes; if the browser showed an error, compare the app's callback URL \
     with {callback}, its scopes with \"api\" and \"refresh_token\", and `auth.client_id`"
)]
pub(super) struct NobodyCame {
    pub(super) callback: String,
}

/// The exit code of one cause in an error's chain, if it is of a type that decides it.
fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(error) = cause.downcast_ref::<StepError>() {
        return Some(Exit::of_step(error));
    }
    if let Some(error) = cause.downcast_ref::<CallError>() {
        return Some(Exit::of_call(error));
    }
    if let Some(error) = cause.downcast_ref::<EgressError>() {
        return Some(of_recovery(error.recovery()));
    }
    if let Some(error) = cause.downcast_ref::<Arc<OAuthError>>() {
        return Some(of_recovery(error.recovery()));
    }
    if let Some(error) = cause.downcast_ref::<ActionError>() {
        return Some(of_action(error));
    }
    if let Some(error) = cause.downcast_ref::<FleetError>() {
        return Some(match error {
            FleetError::Connect(_) | FleetError::Nats(_) | FleetError::NoAnswer { .. } => {
                Exit::Later
            }
            FleetError::Component { .. } => Exit::Component,
            _ => Exit::WrongInput,
        });
    }
    if cause.is::<TenantError>() || cause.is::<WrongInput>() {
        return Some(Exit::WrongInput);
    }
    if let Some(error) = cause.downcast_ref::<MirrorError>() {
        return Some(match error {
            MirrorError::Address { .. } => Exit::WrongInput,
            _ => Exit::Mirror,
        });
    }
    if cause.is::<LimitReached>() {
        return Some(Exit::Incomplete);
    }
    if cause.is::<LoadError>() || cause.is::<NoComponent>() || cause.is::<SignatureError>() {
        return Some(Exit::Component);
    }
    if cause.is::<NobodyCame>() {
        return Some(Exit::Later);
    }
    if cause.is::<Refused>() {
        return Some(Exit::Refused);
    }
    match cause.downcast_ref::<SyncError>()? {
        SyncError::Step(error) => Some(Exit::of_step(error)),
        SyncError::Mirror(_) => Some(Exit::Mirror),
        SyncError::Key(_) => Some(Exit::Component),
        SyncError::MassDelete(_) | SyncError::Stopped(_) | SyncError::Limit(_) => {
            Some(Exit::Incomplete)
        }
    }
}

/// Whether an answer of the org is what a call failed with.
fn has_answer(error: &CallError) -> bool {
    match error.contract() {
        Some(Error::Unavailable(failure) | Error::Remote(failure)) => failure
            .remote
            .as_ref()
            .is_some_and(|remote| remote.status.is_some()),
        _ => false,
    }
}

fn of_recovery(recovery: Recovery) -> Exit {
    match recovery {
        Recovery::Wait => Exit::Later,
        Recovery::TenantFile => Exit::WrongInput,
        Recovery::Access => Exit::NotAllowed,
    }
}

fn of_action(error: &ActionError) -> Exit {
    match error {
        ActionError::Input(_) | ActionError::KeyReused { .. } => Exit::WrongInput,
        ActionError::Step(error) => Exit::of_step(error),
        ActionError::Broken(error) => Exit::of_call(error),
        ActionError::KeyAtWork { .. } | ActionError::Mirror(_) => Exit::Mirror,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_are_listed_once_and_in_order() {
        assert!(ALL.is_sorted_by(|(one, _, _), (next, _, _)| one.code() < next.code()));
    }
}
