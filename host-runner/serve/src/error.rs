//! Errors as clients of unified APIs read them: a code of a closed list, a title that goes with it, a message
//! (unified-model.md 4.1).

use axum::response::{IntoResponse, Response};
use host_runner::egress::denied::Rule;
use host_runner::egress::{EgressError, Problem as Refusal};
use host_runner::sandbox::contract::types::Error as Case;
use host_runner::sandbox::{CallError, ErrorKind};
use host_runner::session::StepError;
use http::{HeaderValue, StatusCode, header};
use mirror::actions::ActionError;
use mirror::store::MirrorError;
use serde_json::{Value, json};

/// A code of the closed list: clients refuse any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Too many calls of one integration.
    RateLimit,
    /// Too many actions of one integration at once.
    Concurrency,
    /// The key of this server is wrong.
    Key,
    /// The request does not fit.
    Input,
    /// No integration of that id.
    Integration,
    /// An action took too long.
    TimedOut,
    /// A fault of this server or of the connector.
    Unknown,
    /// The tenant's credentials no longer work.
    Authentication,
    /// The tenant's user lacks a right.
    Permission,
    /// The tenant file can't be used.
    SetupIncomplete,
    /// The first sync has not ended.
    SyncPending,
    /// The connector has no such model.
    ModelNotAvailable,
    /// The connector has no such action.
    ActionNotAvailable,
    /// The tenant switched the model off.
    ModelDisabled,
    /// The tenant switched the action off.
    ActionDisabled,
    /// The ATS is down.
    RemoteUnavailable,
    /// The ATS's own limit.
    RemoteRateLimit,
    /// The ATS refused the data.
    RemoteInput,
    /// Anything else from the ATS.
    RemoteOther,
    /// The job takes no applications.
    JobClosed,
    /// The candidate has applied to the job.
    AlreadyApplied,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::RateLimit,
        Self::Concurrency,
        Self::Key,
        Self::Input,
        Self::Integration,
        Self::TimedOut,
        Self::Unknown,
        Self::Authentication,
        Self::Permission,
        Self::SetupIncomplete,
        Self::SyncPending,
        Self::ModelNotAvailable,
        Self::ActionNotAvailable,
        Self::ModelDisabled,
        Self::ActionDisabled,
        Self::RemoteUnavailable,
        Self::RemoteRateLimit,
        Self::RemoteInput,
        Self::RemoteOther,
        Self::JobClosed,
        Self::AlreadyApplied,
    ];

    /// The code on the wire, the HTTP status (unified-model.md 4.1, where several are our choice), and the title.
    pub fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::RateLimit => ("PLATFORM.RATE_LIMIT_EXCEEDED", 429, "Too many requests"),
            Self::Concurrency => (
                "PLATFORM.CONCURRENCY_LIMIT_EXCEEDED",
                429,
                "Too many actions at once",
            ),
            Self::Key => (
                "PLATFORM.AUTHENTICATION_INVALID",
                401,
                "The API key is not valid",
            ),
            Self::Input => ("PLATFORM.INPUT_INVALID", 400, "The request is not valid"),
            Self::Integration => (
                "PLATFORM.INTEGRATION_NOT_FOUND",
                404,
                "There is no such integration",
            ),
            Self::TimedOut => ("PLATFORM.TASK_TIMED_OUT", 504, "The task took too long"),
            Self::Unknown => ("PLATFORM.UNKNOWN_ERROR", 500, "Something went wrong here"),
            Self::Authentication => (
                "INTEGRATION.AUTHENTICATION_INVALID",
                401,
                "The credentials of the integration do not work",
            ),
            Self::Permission => (
                "INTEGRATION.PERMISSION_MISSING",
                403,
                "The integration's user lacks a right",
            ),
            Self::SetupIncomplete => (
                "INTEGRATION.SETUP_INCOMPLETE",
                409,
                "The integration is not set up",
            ),
            Self::SyncPending => (
                "INTEGRATION.SETUP_SYNC_PENDING",
                409,
                "The first sync has not ended",
            ),
            Self::ModelNotAvailable => (
                "INTEGRATION.MODEL_NOT_AVAILABLE",
                404,
                "The tool does not have this model",
            ),
            Self::ActionNotAvailable => (
                "INTEGRATION.ACTION_NOT_AVAILABLE",
                404,
                "The tool does not have this action",
            ),
            Self::ModelDisabled => (
                "INTEGRATION.MODEL_DISABLED",
                403,
                "The model is switched off",
            ),
            Self::ActionDisabled => (
                "INTEGRATION.ACTION_DISABLED",
                403,
                "The action is switched off",
            ),
            Self::RemoteUnavailable => {
                ("REMOTE.SERVICE_UNAVAILABLE", 503, "The ATS does not answer")
            }
            Self::RemoteRateLimit => (
                "REMOTE.RATE_LIMIT_EXCEEDED",
                429,
                "The ATS's limit is reached",
            ),
            Self::RemoteInput => ("REMOTE.INPUT_INVALID", 400, "The ATS refused the data"),
            Self::RemoteOther => (
                "REMOTE.UNKNOWN_HTTP_ERROR",
                502,
                "The ATS answered an error",
            ),
            Self::JobClosed => ("ATS.JOB_CLOSED", 400, "The job takes no applications."),
            Self::AlreadyApplied => (
                "ATS.APPLICATION_ALREADY_EXISTS",
                409,
                "Candidate has already applied to this job.",
            ),
        }
    }
}

/// An error that goes to a client.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    message: String,
    retry_after: Option<u32>,
    /// In place of the code's own.
    status: Option<StatusCode>,
}

impl ApiError {
    /// With a message for a person.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            status: None,
        }
    }

    /// A request that does not fit.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Code::Input, message)
    }

    /// With the seconds after which to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: Option<u32>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// With another HTTP status than its code usually has.
    #[must_use]
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// As an object, for a server that hands it on.
    pub fn to_value(&self) -> Value {
        json!({
            "code": self.code.parts().0,
            "message": self.message,
            "retry_after": self.retry_after,
        })
    }

    /// Reads what [`ApiError::to_value`] wrote; none for anything else.
    pub fn of_value(value: &Value) -> Option<Self> {
        let name = value.get("code")?.as_str()?;
        let code = Code::ALL.into_iter().find(|code| code.parts().0 == name)?;
        let seconds = value.get("retry_after").and_then(Value::as_u64);
        let error = Self::new(code, value.get("message")?.as_str()?);
        Some(error.retry_after(seconds.and_then(|seconds| u32::try_from(seconds).ok())))
    }

    /// Something that this server works with is away, and may be back in a moment.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unknown, message)
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .retry_after(Some(5))
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn of_call(error: &CallError, problem: Option<&Refusal>, what: What) -> Self {
        let mut message = error.to_string();
        if let Some(problem) = problem {
            message.push_str(&format!(" ({problem})"));
        }
        let (mut code, mut retry_after) = (code_of(error.kind(), what), None);
        let refused = problem.map(|problem| &problem.error);
        if let Some(EgressError::Denied(denied)) = refused
            && denied.rule == Rule::CredentialPath
        {
            // The path is the caller's.
            return Self::input(message);
        }
        match error.contract() {
            Some(Case::InvalidInput(problems)) if problems.iter().any(|p| p.remote.is_some()) => {
                code = Code::RemoteInput;
            }
            Some(Case::RateLimited(limit)) => retry_after = limit.retry_after_seconds,
            Some(Case::Remote(failure)) => {
                let status = failure.remote.as_ref().and_then(|remote| remote.status);
                if status == Some(400) {
                    code = Code::RemoteInput;
                }
            }
            _ => {}
        }
        Self::new(code, message).retry_after(retry_after)
    }

    /// Of a step that failed.
    pub fn of_step(error: &StepError, what: What) -> Self {
        Self::of_call(&error.error, error.problem.as_deref(), what)
    }

    /// Of an action that failed.
    pub fn of_action(error: &ActionError) -> Self {
        match error {
            ActionError::Input(_) | ActionError::KeyReused { .. } => Self::input(error.to_string()),
            ActionError::KeyAtWork { .. } => Self::new(Code::Concurrency, error.to_string()),
            ActionError::Step(error) => Self::of_step(error, What::Action),
            ActionError::Broken(error) => Self::of_call(error, None, What::Action),
            ActionError::Mirror(error) => Self::of_mirror(error),
        }
    }

    /// Of a mirror that can't be used.
    pub fn of_mirror(error: &MirrorError) -> Self {
        let code = match error {
            MirrorError::Missing { .. } => Code::SyncPending,
            _ => Code::Unknown,
        };
        Self::new(code, error.to_string())
    }
}

/// What was asked for, which decides how its absence is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Records.
    Model,
    /// An action.
    Action,
}

fn code_of(kind: ErrorKind, what: What) -> Code {
    match kind {
        ErrorKind::Unauthenticated => Code::Authentication,
        ErrorKind::Permission => Code::Permission,
        ErrorKind::RateLimited => Code::RemoteRateLimit,
        ErrorKind::Unavailable => Code::RemoteUnavailable,
        ErrorKind::InvalidInput => Code::Input,
        ErrorKind::NotFound => Code::RemoteInput,
        ErrorKind::AlreadyExists => Code::AlreadyApplied,
        ErrorKind::JobClosed => Code::JobClosed,
        ErrorKind::Unsupported if what == What::Model => Code::ModelNotAvailable,
        ErrorKind::Unsupported => Code::ActionNotAvailable,
        ErrorKind::ProfileOutdated | ErrorKind::ResyncRequired => Code::SyncPending,
        ErrorKind::Remote | ErrorKind::Other => Code::RemoteOther,
        ErrorKind::Outage => Code::TimedOut,
        ErrorKind::BrokenContract => Code::Unknown,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, status, title) = self.code.parts();
        let body = json!({
            "status": "error",
            "error": { "code": code, "title": title, "message": self.message, "log_url": null },
        });
        let usual = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let status = self.status.unwrap_or(usual);
        let mut response = crate::json_response(status, body.to_string());
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::Key {
            // A browser asks a person then.
            let realm = HeaderValue::from_static("Basic realm=\"asymbl\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, realm);
        }
        response.extensions_mut().insert(self.code);
        response
    }
}
