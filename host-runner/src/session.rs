//! A connector bound to one tenant: what an embedder holds to start jobs.

use std::sync::Arc;

use crate::egress::{Problem, Purpose};
use crate::sandbox::{
    CallError, Job, JobSetup, Limits, LoadedConnector, LogLevel, LogLine, Outage,
};
use crate::tenant::Tenant;

/// A loaded connector and an opened tenant. Cheap to clone; jobs of one session share the tenant's connections and
/// token.
#[derive(Clone)]
pub struct Session {
    connector: LoadedConnector,
    tenant: Arc<Tenant>,
}

impl Session {
    /// Binds them.
    pub fn new(connector: LoadedConnector, tenant: Tenant) -> Self {
        Self {
            connector,
            tenant: Arc::new(tenant),
        }
    }

    /// The connector.
    pub fn connector(&self) -> &LoadedConnector {
        &self.connector
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// What the tenant switched off, in the form of the contract's `connection.disabled`.
    pub fn switched_off(&self) -> Vec<String> {
        self.tenant.file().scopes().switched_off()
    }

    /// Starts a job that reads: a fresh sandbox with the tenant's limits, settings and budget, whose requests can't
    /// change the org.
    ///
    /// # Errors
    /// [`CallError::Outage`] where no instance can be made.
    pub async fn start(&self) -> Result<Job, CallError> {
        self.start_for(Purpose::Read).await
    }

    /// Starts a job that may write: for actions and for requests of the caller's own.
    ///
    /// # Errors
    /// As [`Session::start`].
    pub async fn start_writing(&self) -> Result<Job, CallError> {
        self.start_for(Purpose::Write).await
    }

    async fn start_for(&self, purpose: Purpose) -> Result<Job, CallError> {
        let file = self.tenant.file();
        if let Some(key) = file.public_key() {
            let verified = self.connector.component().verify(key);
            verified.map_err(Outage::Untrusted)?;
        }
        let limits = file.limits();
        let name = file.name().to_owned();
        let setup = JobSetup::new(
            file.instance().to_string(),
            Some(file.api_version().as_str().to_owned()),
            &serde_json::Value::Object(file.connector().clone()),
            self.switched_off(),
            self.tenant.gate_for(purpose),
        )
        .limits(Limits {
            memory: limits.memory,
            cpu_per_call: limits.cpu_per_call,
            wall_per_call: limits.wall_per_call,
        })
        .log(Arc::new(move |line| trace(&name, &line)));
        self.connector.start(setup).await
    }
}

fn trace(tenant: &str, line: &LogLine) {
    let values: Vec<String> = line
        .fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (message, values) = (&line.message, values.join(" "));
    match line.level {
        LogLevel::Debug => tracing::debug!(target: "connector", tenant, values, "{message}"),
        LogLevel::Info => tracing::info!(target: "connector", tenant, values, "{message}"),
        LogLevel::Warn => tracing::warn!(target: "connector", tenant, values, "{message}"),
        LogLevel::Error => tracing::error!(target: "connector", tenant, values, "{message}"),
    }
}

/// A step that failed, in words that name everything a person needs: tenant, model, step, what happened, the fix.
#[derive(Debug)]
pub struct StepError {
    /// Which tenant.
    pub tenant: String,
    /// What was being done: `list candidates`, `discover`.
    pub step: String,
    /// What happened.
    pub error: CallError,
    /// What the egress gate saw last, where it explains more than the connector could know.
    pub problem: Option<Box<Problem>>,
}

impl StepError {
    /// Puts a failed call into its context; `job` is where it failed.
    pub fn new(
        session: &Session,
        step: impl Into<String>,
        error: CallError,
        job: Option<&Job>,
    ) -> Self {
        Self {
            tenant: session.tenant().file().name().to_owned(),
            step: step.into(),
            error,
            problem: job.and_then(Job::last_problem).map(Box::new),
        }
    }
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.tenant, self.step, self.error)?;
        match &self.problem {
            Some(problem) => write!(f, " ({problem})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StepError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
