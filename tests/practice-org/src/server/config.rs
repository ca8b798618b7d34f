//! How an org is set up before it starts: size, seed, credentials, limits, variations.

use std::time::Duration;

use super::oauth::jwt::JwtKey;
use crate::description::Description;

/// Waiting times, to make a loopback org feel like a remote one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// Added to every REST and OAuth call.
    pub per_call: Duration,
    /// Added for every row in an answer.
    pub per_row: Duration,
}

/// What differs from the plain Asymbl org.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variations {
    /// The org uses its own object `Position__c` as the Job (asymbl-schema.md 5).
    pub custom_job_object: bool,
    /// `CurrencyIsoCode` on every object with data, several currencies in use.
    pub multi_currency: bool,
    /// The org is a sandbox.
    pub sandbox: bool,
    /// The Asymbl package is not installed: standard objects only.
    pub no_package: bool,
    /// Contact has no record type `Candidate`.
    pub no_candidate_record_type: bool,
    /// Job status, job type and stage type have other values than the package's.
    pub other_value_sets: bool,
    /// State and country picklists are on: addresses have code fields, and names in the text fields.
    pub state_country_picklists: bool,
    /// Work sites have an address field `Address__c`.
    pub work_site_address: bool,
    /// Quotes, emoji, right-to-left, control characters and 32 kB of HTML in many rows.
    pub awkward_text: bool,
    /// The running user is not an administrator and has these permission sets only; an administrator when empty.
    pub permission_sets: Vec<String>,
    /// Fields that the running user may not see, as `Object.Field`.
    pub hidden_fields: Vec<String>,
    /// Objects that the running user may not see.
    pub hidden_objects: Vec<String>,
}

/// Everything that is fixed at the start of an org. Secrets do not appear in its `Debug` form.
#[derive(Clone)]
pub struct OrgConfig {
    /// Address to listen on.
    pub host: std::net::IpAddr,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// About how many contacts are candidates.
    pub candidates: usize,
    /// Seed of the generated data.
    pub seed: u64,
    /// Consumer key of the one connected app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where the app's sign-in page sends people back to; Salesforce compares it whole, the port included.
    pub callback_url: String,
    /// The app takes no code without PKCE.
    pub pkce_required: bool,
    /// Public key for the JWT bearer flow; the flow is off without one.
    pub jwt_key: Option<JwtKey>,
    /// Logins with username and password work: the OAuth password flow and SOAP `login()`. Both are off by default in
    /// new orgs (salesforce-api.md 1.1).
    pub password_login: bool,
    /// Password of every user.
    pub password: String,
    /// Security token of every user; a login glues it to the password.
    pub security_token: String,
    /// Refresh tokens work once and are replaced (salesforce-api.md 1.1).
    pub refresh_rotation: bool,
    /// Idle time that ends a session.
    pub session_timeout: Duration,
    /// API calls a day, as `Sforce-Limit-Info` shows them.
    pub daily_api_calls: u64,
    /// Rows of a query page when the caller does not ask for fewer.
    pub page_size: usize,
    /// Serve HTTPS too, and write the certificate authority here (PEM).
    pub tls_authority: Option<std::path::PathBuf>,
    /// Waiting times.
    pub latency: Latency,
    /// Differences from the plain org.
    pub variations: Variations,
    /// Objects, users, rights and rules besides the built-in ones.
    pub description: Option<Description>,
    /// Where the org's clock starts, in milliseconds since 1970; the real time when absent.
    pub start_ms: Option<i64>,
}

impl Default for OrgConfig {
    fn default() -> Self {
        Self {
            host: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            port: 0,
            candidates: 2_000,
            seed: 1,
            client_id: "3MVG9practice.org.consumer.key".to_owned(),
            client_secret: "practice-org-secret".to_owned(),
            callback_url: "http://localhost:1717/OauthRedirect".to_owned(),
            pkce_required: true,
            jwt_key: None,
            password_login: false,
            password: "practice-org-password".to_owned(),
            security_token: "practiceOrgSecurityToken".to_owned(),
            refresh_rotation: false,
            session_timeout: Duration::from_secs(2 * 60 * 60),
            daily_api_calls: 100_000,
            page_size: 2_000,
            tls_authority: None,
            latency: Latency::default(),
            variations: Variations::default(),
            description: None,
            start_ms: None,
        }
    }
}

impl std::fmt::Debug for OrgConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrgConfig")
            .field("port", &self.port)
            .field("candidates", &self.candidates)
            .field("seed", &self.seed)
            .field("variations", &self.variations)
            .finish_non_exhaustive()
    }
}
