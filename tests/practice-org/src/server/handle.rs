//! Starting an org inside a test or another program, and the handle on it while it runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::config::{Latency, OrgConfig, Variations};
use super::edge;
use super::faults::Rule;
use super::oauth::jwt::JwtKey;
use super::org::Org;
use super::stats::Stats;
use crate::store::Database;

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

    /// Idle time that ends a session (default two hours, on the org's clock).
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.config.session_timeout = timeout;
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

    /// The Asymbl package is not installed.
    pub fn no_package(mut self) -> Self {
        self.config.variations.no_package = true;
        self
    }

    /// Hides a field (`Object.Field`) from the running user.
    pub fn hidden_field(mut self, field: &str) -> Self {
        self.config.variations.hidden_fields.push(field.to_owned());
        self
    }

    /// Seeds the org and serves it on loopback until the handle is dropped or shut down.
    pub async fn start(self) -> Result<PracticeOrg, StartError> {
        let address = SocketAddr::new(self.config.host, self.config.port);
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let config = self.config;
        let org = tokio::task::spawn_blocking(move || Org::create(config))
            .await
            .map_err(|error| StartError::Setup(error.to_string()))?
            .map_err(StartError::Setup)?;
        let org = Arc::new(org);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, Arc::clone(&org), stopped));
        Ok(PracticeOrg {
            org,
            address,
            stop,
            task,
        })
    }
}

async fn accept(listener: TcpListener, org: Arc<Org>, mut stopped: watch::Receiver<bool>) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    continue;
                }
            },
            _ = stopped.changed() => return,
        };
        // Small answers must not wait for a second packet.
        let _ = stream.set_nodelay(true);
        let (org, mut stopped) = (Arc::clone(&org), stopped.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| edge::serve(Arc::clone(&org), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .keep_alive(true)
                .max_headers(200)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                },
                _ = stopped.changed() => {}
            }
        });
    }
}

/// A running practice org.
#[derive(Debug)]
pub struct PracticeOrg {
    org: Arc<Org>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl PracticeOrg {
    /// Sets an org up.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Base URL, `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Consumer key of the connected app.
    pub fn client_id(&self) -> &str {
        &self.org.config().client_id
    }

    /// Consumer secret of the connected app.
    pub fn client_secret(&self) -> &str {
        &self.org.config().client_secret
    }

    /// The organization's id, 18 characters.
    pub fn org_id(&self) -> &str {
        self.org.org_id()
    }

    /// The database, for tests that look or write behind the API's back.
    pub fn db(&self) -> &Database {
        self.org.db()
    }

    /// The username that the JWT bearer flow may log in as.
    pub fn username(&self) -> String {
        self.org.run_as_username()
    }

    /// A refresh token, as a web login would have left it.
    pub fn refresh_token(&self) -> String {
        self.org.grant_refresh_token()
    }

    /// The counters so far.
    pub fn stats(&self) -> Stats {
        self.org.stats().clone()
    }

    /// Sets the counters to zero.
    pub fn reset_stats(&self) {
        *self.org.stats() = Stats::default();
    }

    /// Adds a fault rule.
    pub fn fault(&self, rule: Rule) {
        self.org.faults().add(rule);
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.org.faults().clear();
    }

    /// Ends every session.
    pub fn kill_sessions(&self) -> usize {
        self.org.kill_sessions()
    }

    /// Forgets every query locator.
    pub fn expire_locators(&self) -> usize {
        self.org.expire_locators()
    }

    /// Sets the page size from the next page on.
    pub fn set_page_size(&self, rows: usize) {
        self.org.set_page_size(rows);
    }

    /// Sets the calls used today and the daily maximum.
    pub fn set_quota(&self, used: u64, max: u64) {
        self.org.set_quota(used, max);
    }

    /// Sets the waiting times.
    pub fn set_latency(&self, latency: Latency) {
        self.org.set_latency(latency);
    }

    /// A tenant file for this org (TOML), ready to be written to disk. It holds the secret.
    pub fn tenant_toml(&self) -> String {
        format!(
            "name = \"practice-org\"\ninstance_url = \"{}\"\n\n[auth]\nkind = \"client-credentials\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\n",
            self.url(),
            self.client_id(),
            self.client_secret()
        )
    }

    /// The line that the command prints when the org is ready: JSON with `url`, `client_id`, `client_secret`.
    pub fn ready_line(&self) -> String {
        serde_json::json!({"url": self.url(), "client_id": self.client_id(), "client_secret": self.client_secret()}).to_string()
    }

    /// Stops serving and closes every connection.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for PracticeOrg {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.task.abort();
    }
}
