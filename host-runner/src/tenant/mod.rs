//! One tenant: who it is, how it signs in, what it may cost.
//!
//! A tenant file names the org and holds or points to its secrets; everything in it is parsed once, here, and errors
//! name file, key and fix. Secrets live in [`Secret`], which prints as `[redacted]`; tokens never leave this room
//! except as a header value that the gate adds. Never here: printing a secret.

mod auth;
mod error;
mod file;
mod files;
mod keys;
mod limits;
pub mod oauth;
mod operator;
mod scopes;
mod secret;
mod strict;
mod sync;
#[cfg(test)]
mod tests;
mod token_cache;
mod token_source;
mod vault;
mod webhook;

pub use auth::Auth;
pub use error::TenantError;
pub use file::{ApiVersion, TenantFile};
pub use files::without_mark;
pub use keys::{KEYS, Key, TABLES};
pub use limits::{LimitReached, Limits, ModelLimits};
pub use operator::OperatorRules;
pub use scopes::{ACTIONS, MODELS, Scopes};
pub use secret::{Secret, SecretRef};
pub use sync::SyncSettings;
pub use token_source::{SignInRetry, TokenSource, TokenSourceOptions};
pub use vault::{TakenTokens, TokenVault};
pub use webhook::Webhook;

use crate::egress::{Client, Egress, EgressPolicy, Gate, JobBudget, Proxies, Purpose, SALESFORCE};
use crate::metrics::Metrics;
use std::sync::Arc;

/// Paths of a Salesforce org that hand out, trade or end sessions: a connector has no business there
/// (salesforce-api.md 1.6; `singleaccess` and `frontdoor` turn a bearer into a browser session).
const CREDENTIAL_PATHS: &[&str] = &[
    "/services/oauth2/token",
    "/services/oauth2/revoke",
    "/services/oauth2/introspect",
    "/services/oauth2/authorize",
    "/services/oauth2/singleaccess",
    "/services/oauth2/device",
    "/services/soap",
    "/secur",
];

/// The HTTP client that a tenant file describes.
fn client_of(file: &TenantFile) -> Result<Client, TenantError> {
    let connect = file.limits().egress.deadlines.connect;
    Client::new(file.ca_file(), connect, Proxies::new(file.proxy()))
        .map_err(|error| TenantError::new(file.path(), Some("ca_file"), error.to_string()))
}

/// A tenant that is ready for jobs: secrets read, client built. Cloning shares pool and token.
#[derive(Clone, Debug)]
pub struct Tenant {
    file: Arc<TenantFile>,
    tokens: TokenSource,
    egress: Egress,
}

impl Tenant {
    /// Reads the secrets that the file names and builds the client. Nothing is sent yet.
    ///
    /// # Errors
    /// A secret that is not there, a `ca_file` or private key that can't be used.
    pub fn open(file: TenantFile, options: TokenSourceOptions) -> Result<Self, TenantError> {
        Self::open_under(file, options, &OperatorRules::default())
    }

    /// As [`Tenant::open`], for a file that a customer may have written.
    ///
    /// # Errors
    /// Also what the operator's rules refuse.
    pub fn open_under(
        file: TenantFile,
        options: TokenSourceOptions,
        rules: &OperatorRules,
    ) -> Result<Self, TenantError> {
        let file = rules.apply(file)?;
        let limits = *file.limits();
        let client = client_of(&file)?;
        let client = match rules.public_only {
            true => client.public_only(),
            false => client,
        };
        let metrics = options.metrics.clone();
        let tokens = TokenSource::new(&file, client.clone(), options)?;
        let policy = EgressPolicy::new(file.instance().clone())
            .deny_paths(CREDENTIAL_PATHS)
            .reading_rules(&SALESFORCE);
        let egress = Egress::new(
            policy,
            client,
            Some(Arc::new(tokens.clone())),
            limits.egress,
        )
        .user_agent(file.user_agent().clone())
        .watched(file.name(), metrics);
        Ok(Self {
            file: Arc::new(file),
            tokens,
            egress,
        })
    }

    /// Where the tenant's requests are counted, if anywhere.
    pub fn metrics(&self) -> Option<&Metrics> {
        self.egress.shared.watch.metrics.as_ref()
    }

    /// What the tenant file says.
    pub fn file(&self) -> &TenantFile {
        &self.file
    }

    /// Where the tokens come from.
    pub fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    /// A gate for one job that reads, with the tenant file's caps.
    pub fn gate(&self) -> Gate {
        self.gate_for(Purpose::Read)
    }

    /// A gate for one job, with the tenant file's caps.
    pub fn gate_for(&self, purpose: Purpose) -> Gate {
        let limits = self.file.limits();
        let budget = JobBudget {
            requests: limits.requests_per_job,
            bytes: limits.bytes_per_job,
            ..JobBudget::default()
        };
        self.egress.gate_for(purpose, budget)
    }

    /// Signs in now, to fail before any work with the clearest message; does nothing while a token is at hand.
    ///
    /// # Errors
    /// [`oauth::OAuthError`] with the fix.
    pub async fn sign_in(&self) -> Result<(), Arc<oauth::OAuthError>> {
        self.tokens.token().await.map(|_| ())
    }
}
