//! Exit codes: what each means, and which error leads to which.

use std::process::ExitCode;
use std::sync::Arc;

use host_runner::egress::policy::Rule;
use host_runner::egress::{EgressError, Recovery};
use host_runner::sandbox::contract::types::Error;
use host_runner::sandbox::{CallError, ErrorKind, LoadError, Outage};
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
    /// Nothing else fits: most often a defect of ours. `asymbl request` also ends so when Salesforce answers with an HTTP error.
    Failure = 1,
    /// A person must correct an input; repeating the command is useless.
    WrongInput = 2,
    /// A person must renew the credentials or give a right; repeating the command is useless.
    NotAllowed = 3,
    /// It passes by itself: the same command may succeed later.
    Later = 4,
    /// A part is done, and what is done is kept.
    Incomplete = 5,
    /// The mirror's file can't be used now or at all.
    Mirror = 6,
    /// The connector is refused or defective.
    Component = 7,
}

impl Exit {
    const ALL: [Self; 8] = [
        Self::Success,
        Self::Failure,
        Self::WrongInput,
        Self::NotAllowed,
        Self::Later,
        Self::Incomplete,
        Self::Mirror,
        Self::Component,
    ];

    /// The number that the process ends with.
    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// One line of the help.
    fn meaning(self) -> &'static str {
        match self {
            Self::Success => "all went well",
            Self::Failure => "an unexpected failure",
            Self::WrongInput => {
                "the command line, the tenant file or another input is wrong; nothing was done"
            }
            Self::NotAllowed => "the credentials are refused, or the connected user lacks a right",
            Self::Later => "Salesforce is unreachable, overloaded or out of quota: try again later",
            Self::Incomplete => {
                "a sync in which some models failed or that was stopped, what it wrote is kept; an action of which a part is written \
                 (its answer says which)"
            }
            Self::Mirror => {
                "the mirror is in use by another run, belongs to another org, or can't be used"
            }
            Self::Component => "the component is refused or crashed",
        }
    }

    /// The exit code of an error, by its outermost typed cause.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(of_cause).unwrap_or(Self::Failure)
    }

    /// The exit code of a step that failed. A path of credentials that the gate refused is in the input of `asymbl request`; the
    /// connector does not know it.
    fn of_step(error: &StepError) -> Self {
        let kind = error.error.kind();
        match error.problem.as_ref().map(|problem| &problem.error) {
            Some(EgressError::Denied(denied)) if denied.rule == Rule::CredentialPath => {
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
    fn of_call(error: &CallError) -> Self {
        if matches!(error, CallError::Outage(Outage::Full { .. })) {
            return Self::Later;
        }
        match error.kind() {
            ErrorKind::Unauthenticated | ErrorKind::Permission | ErrorKind::ProfileOutdated => {
                Self::NotAllowed
            }
            ErrorKind::RateLimited | ErrorKind::Unavailable => Self::Later,
            ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::NotFound => {
                Self::WrongInput
            }
            ErrorKind::Outage | ErrorKind::BrokenContract => Self::Component,
            ErrorKind::AlreadyExists
            | ErrorKind::JobClosed
            | ErrorKind::ResyncRequired
            | ErrorKind::Remote => Self::Failure,
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
    let line = |exit: Exit| format!("\n  {}  {}", exit.code(), exit.meaning());
    let lines: String = Exit::ALL.map(line).concat();
    format!("Exit codes:{lines}")
}

/// An input that the command line's own parser can't judge.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WrongInput(pub(super) String);

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
    if cause.is::<TenantError>() || cause.is::<WrongInput>() {
        return Some(Exit::WrongInput);
    }
    if cause.is::<MirrorError>() {
        return Some(Exit::Mirror);
    }
    if cause.is::<LimitReached>() {
        return Some(Exit::Incomplete);
    }
    if cause.is::<LoadError>() {
        return Some(Exit::Component);
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
