//! Setting an org up: what it holds, where it listens, how it differs from the plain one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::config::{Latency, OrgConfig, Variations};
use super::edge::Edge;
use super::handle::{PracticeOrg, Socket};
use super::listen::accept;
use super::oauth::jwt::JwtKey;
use super::org::Org;
use super::tls::{Tls, TlsError};
use crate::description::Description;

/// The org could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}; choose another --port, or 0 for a free one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// HTTPS could not be set up.
    #[error("cannot set up HTTPS with its authority in {file}: {source}", file = file.display())]
    Tls {
        /// The authority's file.
        file: PathBuf,
        /// What went wrong.
        source: TlsError,
    },
    /// A variation names something that does not exist.
    #[error("cannot set up the org: {0}")]
    Setup(String),
}

/// Sets an org up; see [`PracticeOrg::builder`].
#[derive(Debug, Clone, Default)]
pub struct Builder {
    config: OrgConfig,
}

impl Builder {
    /// Starts from a whole configuration.
    pub fn from_config(config: OrgConfig) -> Self {
        Self { config }
    }

    /// About how many candidates the org holds (default 2,000); other records scale with it.
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.config.candidates = candidates;
        self
    }

    /// Seed of the generated data (default 1); the same seed gives the same org.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// Port on loopback; 0 (default) takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.config.port = port;
        self
    }

    /// Time added to every call.
    pub fn latency(mut self, per_call: Duration) -> Self {
        self.config.latency = Latency {
            per_call,
            ..self.config.latency
        };
        self
    }

    /// Time added for every row of an answer.
    pub fn latency_per_row(mut self, per_row: Duration) -> Self {
        self.config.latency.per_row = per_row;
        self
    }

    /// Rows of a query page (default 2,000).
    pub fn page_size(mut self, rows: usize) -> Self {
        self.config.page_size = rows.max(1);
        self
    }

    /// API calls a day (default 100,000).
    pub fn daily_api_calls(mut self, calls: u64) -> Self {
        self.config.daily_api_calls = calls;
        self
    }

    /// Consumer key and secret of the connected app.
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        id.clone_into(&mut self.config.client_id);
        secret.clone_into(&mut self.config.client_secret);
        self
    }

    /// Where the app's sign-in page sends people back to (default: as the Salesforce CLI has it).
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.config.callback_url = url.into();
        self
    }

    /// Switches the JWT bearer flow on, with the public key that belongs to the connected app.
    pub fn jwt_key(mut self, key: JwtKey) -> Self {
        self.config.jwt_key = Some(key);
        self
    }

    /// Makes refresh tokens work once (default: they work for ever).
    pub fn refresh_rotation(mut self, on: bool) -> Self {
        self.config.refresh_rotation = on;
        self
    }

    /// Logins with username and password work (off by default, as in new orgs).
    pub fn password_login(mut self) -> Self {
        self.config.password_login = true;
        self
    }

    /// Idle time that ends a session (default two hours, on the org's clock).
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.config.session_timeout = timeout;
        self
    }

    /// Serves HTTPS on the same port, and writes the certificate authority that clients must trust to `file` (PEM).
    pub fn tls(mut self, file: impl Into<PathBuf>) -> Self {
        self.config.tls_authority = Some(file.into());
        self
    }

    /// Differences from the plain Asymbl org.
    pub fn variations(mut self, variations: Variations) -> Self {
        self.config.variations = variations;
        self
    }

    /// Where the org's clock starts, in milliseconds since 1970 (default: the real time); it runs on from there.
    pub fn start_at(mut self, ms: i64) -> Self {
        self.config.start_ms = Some(ms);
        self
    }

    /// The org uses its own object `Position__c` as the Job.
    pub fn custom_job_object(mut self) -> Self {
        self.config.variations.custom_job_object = true;
        self
    }

    /// The org has several currencies.
    pub fn multi_currency(mut self) -> Self {
        self.config.variations.multi_currency = true;
        self
    }

    /// The org is a sandbox.
    pub fn sandbox(mut self) -> Self {
        self.config.variations.sandbox = true;
        self
    }

    /// The Asymbl package is not installed.
    pub fn no_package(mut self) -> Self {
        self.config.variations.no_package = true;
        self
    }

    /// Contact has no record type `Candidate`.
    pub fn no_candidate_record_type(mut self) -> Self {
        self.config.variations.no_candidate_record_type = true;
        self
    }

    /// Job status, job type and stage type have other values than the package's.
    pub fn other_value_sets(mut self) -> Self {
        self.config.variations.other_value_sets = true;
        self
    }

    /// State and country picklists are on.
    pub fn state_country_picklists(mut self) -> Self {
        self.config.variations.state_country_picklists = true;
        self
    }

    /// Work sites have an address field `Address__c`.
    pub fn work_site_address(mut self) -> Self {
        self.config.variations.work_site_address = true;
        self
    }

    /// Quotes, emoji, right-to-left, control characters and 32 kB of HTML in many rows.
    pub fn awkward_text(mut self) -> Self {
        self.config.variations.awkward_text = true;
        self
    }

    /// The running user is not an administrator and has this permission set (and others so named) only.
    pub fn permission_set(mut self, name: &str) -> Self {
        self.config.variations.permission_sets.push(name.to_owned());
        self
    }

    /// Objects, users, rights and rules besides the built-in ones.
    pub fn description(mut self, description: Description) -> Self {
        self.config.description = Some(description);
        self
    }

    /// Hides a field (`Object.Field`) from the running user.
    pub fn hidden_field(mut self, field: &str) -> Self {
        self.config.variations.hidden_fields.push(field.to_owned());
        self
    }

    /// Seeds the org and serves it on loopback until the handle is dropped or shut down.
    ///
    /// # Errors
    /// When the address is taken, HTTPS cannot be set up, or the configuration does not fit.
    pub async fn start(self) -> Result<PracticeOrg, StartError> {
        let address = SocketAddr::new(self.config.host, self.config.port);
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let tls = self.tls_setup()?;
        let edge = seeded(self.config).await?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, edge.clone(), tls, stopped));
        let socket = Socket {
            address,
            stop,
            task,
        };
        Ok(PracticeOrg::new(edge, Some(socket)))
    }

    /// Seeds the org without a socket: [`PracticeOrg::answer`] is the way in.
    ///
    /// # Errors
    /// When the configuration does not fit.
    pub async fn in_process(self) -> Result<PracticeOrg, StartError> {
        Ok(PracticeOrg::new(seeded(self.config).await?, None))
    }

    fn tls_setup(&self) -> Result<Option<Tls>, StartError> {
        let Some(file) = &self.config.tls_authority else {
            return Ok(None);
        };
        let refused = |source| StartError::Tls {
            file: file.clone(),
            source,
        };
        Tls::create(file, self.config.host)
            .map(Some)
            .map_err(refused)
    }
}

async fn seeded(config: OrgConfig) -> Result<Edge, StartError> {
    let org = tokio::task::spawn_blocking(move || Org::create(config))
        .await
        .map_err(|error| StartError::Setup(error.to_string()))?
        .map_err(StartError::Setup)?;
    // The indexes of a large org take seconds: whoever asks early waits for the one index that the question needs.
    let db = org.db().clone();
    tokio::task::spawn_blocking(move || db.build_indexes());
    Ok(Edge::new(Arc::new(org)))
}

impl PracticeOrg {
    /// Sets an org up.
    pub fn builder() -> Builder {
        Builder::default()
    }
}
