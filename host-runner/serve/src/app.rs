//! What the routes share.

use std::sync::Arc;

use host_runner::lock;
use host_runner::metrics::Metrics;
use host_runner::sandbox::Function;
use http::HeaderMap;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::{BURST, Key};
use crate::error::{ApiError, Code};
use crate::served::{Served, SyncStatus};
use crate::tenants::Tenants;
use crate::workers;
use crate::{ReportOf, Workers};

/// The header that says which tenant is meant.
pub(crate) const INTEGRATION: &str = "x-integration-id";

/// Bodies that are read or worked on at once; each may have [`crate::LARGEST_BODY`] bytes.
const BODIES: usize = 8;

/// What the routes share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) tenants: Tenants,
    pub(crate) key: Key,
    pub(crate) tool: String,
    pub(crate) functions: Vec<Function>,
    pub(crate) metrics: Metrics,
    pub(crate) report: ReportOf,
    pub(crate) workers: Option<Arc<dyn Workers>>,
    pub(crate) is_tls: bool,
    pub(crate) stop: CancellationToken,
}

static BODY_SLOTS: Semaphore = Semaphore::const_new(BODIES);

impl App {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn tenants(&self) -> &Tenants {
        &self.0.tenants
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0.key
    }

    /// The connector's name in integration ids and paths: `asymbl`.
    pub(crate) fn tool(&self) -> &str {
        &self.0.tool
    }

    pub(crate) fn functions(&self) -> &[Function] {
        &self.0.functions
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn report(&self) -> &ReportOf {
        &self.0.report
    }

    /// Who acts and syncs in this server's place, if anybody.
    pub(crate) fn workers(&self) -> Option<&Arc<dyn Workers>> {
        self.0.workers.as_ref()
    }

    /// How a tenant's syncs went. Blocks: not for an async thread.
    pub(crate) fn status(&self, tenant: &Served) -> SyncStatus {
        let here = tenant.status();
        match self.workers() {
            None => here,
            // What is not there yet, or can't be read, has no history.
            Some(_) => SyncStatus {
                webhook: here.webhook,
                ..tenant
                    .with_mirror(|mirror| workers::status(mirror))
                    .unwrap_or_default()
            },
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.0.is_tls
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stop.is_cancelled()
    }

    pub(crate) async fn stopped(&self) {
        self.0.stop.cancelled().await;
    }

    /// A place among the bodies that are worked on.
    pub(crate) async fn body_slot(&self) -> Option<tokio::sync::SemaphorePermit<'static>> {
        BODY_SLOTS.acquire().await.ok()
    }

    /// The tenant of an id or a name.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<Served>, ApiError> {
        self.0.tenants.find(id).ok_or_else(|| {
            let unusable = self.0.tenants.unusable();
            let message = match unusable.is_empty() {
                true => "no tenant of this server has that id; the page at / lists all".to_owned(),
                false => format!(
                    "no tenant of this server has that id; {} of its tenant files can't be used, as the page at / says",
                    unusable.len()
                ),
            };
            ApiError::new(Code::Integration, message)
        })
    }

    /// The tenant that a request means, which takes one of its requests.
    pub(crate) fn tenant(&self, headers: &HeaderMap) -> Result<Arc<Served>, ApiError> {
        let given = headers
            .get(INTEGRATION)
            .and_then(|value| value.to_str().ok());
        let given = given.ok_or_else(|| {
            let tool = self.tool();
            ApiError::input(format!("send the header X-Integration-Id: {tool}:ID"))
        })?;
        let id = match given.split_once(':') {
            Some((tool, id)) if tool == self.tool() => id,
            _ => {
                let tool = self.tool();
                let message = format!("X-Integration-Id: must be {tool}:ID");
                return Err(ApiError::new(Code::Integration, message));
            }
        };
        let tenant = self.find(id)?;
        let taken = lock(&tenant.bucket).take();
        match taken {
            Ok(_) => Ok(tenant),
            Err(seconds) => Err(ApiError::new(
                Code::RateLimit,
                format!("more than {BURST} requests of this integration at once: slow down"),
            )
            .retry_after(Some(seconds))),
        }
    }
}
