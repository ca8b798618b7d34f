//! The routes, with what stands before them: the key, the line of the log, headers.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::app::{App, INTEGRATION};
use crate::error::{ApiError, Code};
use crate::{ats, changes, connector, json_response, openapi, page};

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
    let mut response = json_response(StatusCode::OK, app.metrics().text());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
