//! A server beside a platform: many tenants in one process, over HTTP, for programs that link no WebAssembly runtime.
//!
//! `/v1` is the unified API, answered from the tenants' mirrors; `/connector/v1` is the contract
//! itself. The syncs run on schedules of their own. A tenant's failure is its own: another one's answers and syncs go
//! on.

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod app;
mod ats;
mod auth;
mod background;
mod changes;
mod connector;
mod error;
mod listen;
mod object;
mod openapi;
mod page;
mod readers;
mod routes;
mod schedule;
mod served;
mod tenants;
mod webhook;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use host_runner::metrics::Metrics;
use host_runner::sandbox::LoadedConnector;
use host_runner::session::Session;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use mirror::store::{Mirror, Mirrors};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use auth::Key;
pub use error::{ApiError, Code};
pub use listen::{Address, BoundAddress, Tls};
pub use schedule::Schedule;
pub use workers::{Pending, Workers};

use app::{App, Inner};
use schedule::Syncs;
use tenants::Tenants;

/// Largest body of a request: files of an action come as base64 in it, 10 MB in all by the platform's advice.
const LARGEST_BODY: usize = 32 << 20;
/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How often the folder of tenant files is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Makes a page about a mirror for people: the mirror, the tenant's name.
pub type ReportOf = Arc<dyn Fn(&dyn Mirror, &str) -> Result<String, ApiError> + Send + Sync>;

/// What a server is made of.
pub struct Server {
    /// The folder of the tenant files.
    pub folder: PathBuf,
    /// Where the tenants' mirrors are.
    pub mirrors: Mirrors,
    /// The connector.
    pub connector: LoadedConnector,
    /// The connector's slug: `asymbl`.
    pub tool: String,
    /// Where it listens.
    pub address: Address,
    /// The certificate to show; without one it listens in the clear.
    pub tls: Option<Tls>,
    /// The key that clients send.
    pub key: Key,
    /// When tenants are synced.
    pub schedule: Schedule,
    /// Makes the pages about mirrors.
    pub report: ReportOf,
    /// Who carries out actions and syncs in this server's place; none: it does both itself.
    pub workers: Option<Arc<dyn Workers>>,
}

/// A server that could not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder of tenant files can't be read.
    #[error("the folder of tenant files {folder} can't be read: {source}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody can listen there.
    #[error("can't listen at {address}: {source}")]
    Listen {
        /// Where.
        address: Address,
        /// Why.
        source: std::io::Error,
    },
}

impl Server {
    /// Serves until `stop`: then no request begins any more, those at work end, and syncs end after the page that they
    /// are at. `ready` hears where it listens.
    ///
    /// # Errors
    /// [`StartError`], before anything is served.
    pub async fn run(
        self,
        stop: CancellationToken,
        ready: impl FnOnce(&BoundAddress),
    ) -> Result<(), StartError> {
        readers::allow_open_files();
        let metrics = Metrics::new();
        let functions = self.connector.functions();
        let tenants = Tenants::new(
            self.folder.clone(),
            self.connector,
            metrics.clone(),
            self.mirrors,
        );
        let app = App::new(Inner {
            tenants,
            key: self.key,
            tool: self.tool,
            functions,
            metrics,
            report: self.report,
            workers: self.workers,
            is_tls: self.tls.is_some(),
            stop: stop.clone(),
        });
        let listen = |source| StartError::Listen {
            address: self.address.clone(),
            source,
        };
        let listener = listen::Listener::bind(&self.address)
            .await
            .map_err(listen)?;
        let work = Work {
            app: app.clone(),
            syncs: Syncs::new(self.schedule, stop.clone()),
            stop: stop.clone(),
            running: tokio::task::JoinSet::new(),
        };
        let work = work.begun().await.map_err(|source| StartError::Folder {
            folder: self.folder,
            source,
        })?;
        ready(listener.address());
        let watching = tokio::spawn(work.watch());
        listen::serve(listener, self.tls, routes::router(app), stop).await;
        if let Err(panic) = watching.await {
            tracing::error!(%panic, "the syncs ended in a defect of this program");
        }
        Ok(())
    }
}

/// The syncs and webhooks of all tenants.
struct Work {
    app: App,
    syncs: Syncs,
    stop: CancellationToken,
    running: tokio::task::JoinSet<()>,
}

impl Work {
    /// Looks at the folder for the first time.
    async fn begun(mut self) -> std::io::Result<Self> {
        self.look().await?;
        Ok(self)
    }

    async fn look(&mut self) -> std::io::Result<()> {
        let app = self.app.clone();
        let looked = tokio::task::spawn_blocking(move || app.tenants().look()).await;
        for tenant in looked.map_err(std::io::Error::other)??.begun {
            if self.app.workers().is_none() {
                let syncs = self.syncs.clone();
                self.running.spawn(syncs.run(Arc::clone(&tenant)));
            }
            self.running.spawn(webhook::run(tenant, self.stop.clone()));
        }
        Ok(())
    }

    /// Follows the folder until the server stops, then waits for what runs.
    async fn watch(mut self) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
                Some(ended) = self.running.join_next() => {
                    if let Err(panic) = ended {
                        tracing::error!(%panic, "a tenant's work ended in a defect of this program");
                    }
                    continue;
                }
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the folder of tenant files can't be read; its tenants stay as they were");
            }
        }
        while self.running.join_next().await.is_some() {}
        for tenant in self.app.tenants().all() {
            finish_sign_in(tenant.session()).await;
        }
    }
}

/// Waits for a sign-in under way: its answer may hold the only copy of a rotated refresh token.
async fn finish_sign_in(session: &Session) {
    if let Err(error) = session.tenant().tokens().finish().await {
        tracing::error!(%error, "the last sign-in");
    }
}

/// Mirrors that are read at once. More would only take the processor from each other, and each may hold a connection
/// to a database.
const READS: usize = 16;
static READ_SLOTS: Semaphore = Semaphore::const_new(READS);

/// Calls that are at work at once, which wait for orgs: half of the threads that tokio gives to work that blocks, so
/// that they never keep a list waiting for one.
const CALLS: usize = 256;
static CALL_SLOTS: Semaphore = Semaphore::const_new(CALLS);

/// Reads mirrors on a thread of its own, as soon as the server may read one more.
async fn reading<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    blocking(&READ_SLOTS, work).await
}

/// Enters the component, or asks an org, on a thread of its own.
async fn calling<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    blocking(&CALL_SLOTS, work).await
}

/// Runs work that blocks on a thread of its own, in one of these slots.
async fn blocking<T: Send + 'static>(
    slots: &'static Semaphore,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let slot = slots.acquire().await;
    let work = move || {
        // Until the work ends, also when the client goes.
        let _slot = slot;
        work()
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => Err(defect(&panic)),
    }
}

/// The answer to a request whose work ended in a panic.
fn defect(panic: &tokio::task::JoinError) -> ApiError {
    tracing::error!(%panic, "a request ended in a defect of this program");
    ApiError::new(Code::Unknown, "a defect of this program; its log says more")
}

fn json_response(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Reads a body of JSON; none is an empty object.
async fn read_json(app: &App, body: Body) -> Result<Value, ApiError> {
    let _slot = app.body_slot().await;
    let read = Limited::new(body, LARGEST_BODY).collect();
    let bytes = match tokio::time::timeout(BODY_TIME, read).await {
        Err(_) => return Err(ApiError::input("the body did not arrive in time")),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Err(ApiError::input(format!(
                "the body is larger than {LARGEST_BODY} bytes"
            )));
        }
        Ok(Err(error)) => return Err(ApiError::input(format!("the body can't be read: {error}"))),
        Ok(Ok(body)) => body.to_bytes(),
    };
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(&bytes)
        .map_err(|why| ApiError::input(format!("the body is not valid JSON: {why}")))
}
