//! What a job is started with.

use super::bindings::host;
use super::limits::Limits;
use super::log::LogSink;
use crate::egress::Gate;

/// What a job needs.
pub struct JobSetup {
    /// What the guest learns of its tenant. Holds no secret.
    pub(super) connection: host::Connection,
    /// Its only way out.
    pub(super) gate: Option<Gate>,
    /// What it may use.
    pub(super) limits: Limits,
    /// Where its log lines go.
    pub(super) log: LogSink,
}

impl JobSetup {
    /// `base_url` is an origin without a path; `settings` the connector's own settings, a JSON object; `disabled` the
    /// models, fields and actions that the tenant switched off.
    pub fn new(
        base_url: String,
        api_version: Option<String>,
        settings: &serde_json::Value,
        disabled: Vec<String>,
        gate: Gate,
    ) -> Self {
        Self {
            connection: host::Connection {
                base_url,
                api_version,
                settings: settings.to_string(),
                disabled,
                access_token: None,
            },
            gate: Some(gate),
            limits: Limits::default(),
            log: std::sync::Arc::new(|_| {}),
        }
    }

    /// For what needs neither a tenant nor the network, such as `Job::describe_connector`: every request is refused.
    pub fn offline() -> Self {
        Self {
            connection: host::Connection {
                base_url: "https://offline.invalid".into(),
                api_version: None,
                settings: "{}".into(),
                disabled: Vec::new(),
                access_token: None,
            },
            gate: None,
            limits: Limits::default(),
            log: std::sync::Arc::new(|_| {}),
        }
    }

    /// With models, fields and actions switched off, in the form of the contract's `connection.disabled`.
    #[must_use]
    pub fn switched_off(mut self, disabled: Vec<String>) -> Self {
        self.connection.disabled = disabled;
        self
    }

    /// With the connector's own settings, a JSON object.
    #[must_use]
    pub fn settings(mut self, settings: &serde_json::Value) -> Self {
        self.connection.settings = settings.to_string();
        self
    }

    /// With other limits than the default.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With log lines going somewhere.
    #[must_use]
    pub fn log(mut self, log: LogSink) -> Self {
        self.log = log;
        self
    }
}
