//! What the routes share, and how they are put together.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use host_runner::metrics::Metrics;
use host_runner::sandbox::Function;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::{BURST, Key};
use crate::error::{ApiError, Code};
use crate::served::Served;
use crate::tenants::Tenants;
use crate::{ReportOf, ats, changes, connector, json_response, openapi, page};

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

    pub(crate) fn report(&self) -> &ReportOf {
        &self.0.report
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
        let taken = tenant
            .bucket
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
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

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let mut guarded = Router::new()
        .route("/", get(page::overview))
        .route("/reports/{tenant}", get(page::report))
        .route("/metrics", get(metrics))
        .route("/v1/changes", get(changes::feed))
        .route(connector::PATH, post(connector::call));
    for (path, method) in ats::routes() {
        guarded = guarded.route(path, method);
    }
    let (path, method) = ats::file_route();
    guarded
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .route(path, method)
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/openapi.json", get(openapi::document))
        .fallback(|| async {
            ApiError::input("there is nothing at this path; see /openapi.json")
                .with_status(StatusCode::NOT_FOUND)
        })
        .method_not_allowed_fallback(|| async {
            ApiError::input("this path takes another method; see /openapi.json")
                .with_status(StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn(log))
        .with_state(app)
}

async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.key().check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// A line for each request, without what it asks for.
async fn log(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let integration = request.headers().get(INTEGRATION).cloned();
    let mut response = next.run(request).await;
    let tenant = integration
        .as_ref()
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let code = response
        .extensions()
        .get::<Code>()
        .map(|code| code.parts().0)
        .unwrap_or_default();
    tracing::info!(
        target: "serve::requests",
        %method, path, tenant, code,
        status = response.status().as_u16(),
        ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    let headers = response.headers_mut();
    // Answers are data of persons: no cache keeps them, no page frames them.
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn health() -> Response {
    json_response(StatusCode::OK, json!({ "status": "ok" }).to_string())
}

/// Ready to answer: not while it stops, nor without a single tenant.
async fn ready(State(app): State<App>) -> Response {
    let tenants = app.tenants().all().len();
    let is_ready = tenants > 0 && !app.is_stopping();
    let status = match is_ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let state = if is_ready { "ok" } else { "not ready" };
    json_response(
        status,
        json!({ "status": state, "tenants": tenants }).to_string(),
    )
}

async fn metrics(State(app): State<App>) -> Response {
    let mut response = json_response(StatusCode::OK, app.0.metrics.text());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
