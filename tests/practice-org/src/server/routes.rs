//! Which handler serves which path.
//!
//! Handlers are plain functions from a call to a reply that may block on the database: each runs on a thread of its
//! own.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::response::IntoResponse;
use axum::routing::{Router, any};

use super::call::{Call, segments};
use super::control::{self, PREFIX};
use super::org::Org;
use super::reply::Reply;
use super::rest::{self, Request, Work};
use super::{bulk_v1, oauth, page, soap};
use crate::error::ApiError;

type TheOrg = State<Arc<Org>>;
type TheCall = Extension<Call>;

/// The paths of the org. A request carries its [`Call`] as an extension; its own path has no empty segments.
pub fn routes(org: Arc<Org>) -> Router {
    let data = "/services/data/{version}";
    let bulk = "/services/async/{version}";
    let soap_login = "/services/Soap/{kind}/{version}";
    Router::new()
        .route("/", any(home))
        .route("/services/oauth2/{resource}", any(sign_in))
        .route("/id/{org_id}/{user_id}", any(identity))
        .route("/services/data", any(versions))
        .route(data, any(resource))
        .route(&format!("{data}/{{*rest}}"), any(resource))
        .route(bulk, any(bulk_job))
        .route(&format!("{bulk}/{{*rest}}"), any(bulk_job))
        .route(soap_login, any(soap_call))
        .route(&format!("{soap_login}/{{*rest}}"), any(soap_call))
        .route(PREFIX, any(back_door))
        .route(&format!("{PREFIX}/{{*rest}}"), any(back_door))
        .fallback(|| async { not_found() })
        .with_state(org)
}

fn not_found() -> Reply {
    ApiError::not_found().into()
}

async fn blocking(work: impl FnOnce() -> Reply + Send + 'static) -> Reply {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a handler panicked");
            let message = format!("the practice org failed: {error}");
            ApiError::new("UNKNOWN_EXCEPTION", message)
                .with_status(500)
                .into()
        })
}

async fn home(State(org): TheOrg) -> impl IntoResponse {
    blocking(move || page::page(&org)).await
}

async fn sign_in(
    State(org): TheOrg,
    Path(resource): Path<String>,
    Extension(call): TheCall,
) -> impl IntoResponse {
    blocking(move || oauth::handle(&org, &call, &resource)).await
}

async fn identity(
    State(org): TheOrg,
    Path((org_id, user_id)): Path<(String, String)>,
    Extension(call): TheCall,
) -> impl IntoResponse {
    blocking(move || oauth::identity::identity(&org, &call, &org_id, &user_id)).await
}

async fn versions(State(org): TheOrg) -> impl IntoResponse {
    rest::versions(&org)
}

async fn resource(State(org): TheOrg, Extension(call): TheCall) -> impl IntoResponse {
    blocking(move || data(&org, &call).unwrap_or_else(Into::into)).await
}

/// A REST resource. The segments are decoded one by one: an external id may hold an encoded slash.
fn data(org: &Org, call: &Call) -> Result<Reply, ApiError> {
    let parts = segments(&call.path);
    let (version, path) = parts[2..].split_first().ok_or_else(ApiError::not_found)?;
    let version = org.api_version(version)?;
    let session = call.bearer().and_then(|token| org.sign_ins.session(token));
    let session = session.ok_or_else(|| {
        ApiError::new("INVALID_SESSION_ID", "Session expired or invalid").with_status(401)
    })?;
    org.count_api_call()?;
    let request = Request::from_call(org, call, version, session, path);
    let mut work = Work::Direct(request.actor(org));
    rest::dispatch(org, &mut work, &request)
}

async fn bulk_job(State(org): TheOrg, Extension(call): TheCall) -> impl IntoResponse {
    blocking(move || bulk_v1::handle(&org, &call)).await
}

async fn soap_call(State(org): TheOrg, Extension(call): TheCall) -> impl IntoResponse {
    let parts = segments(&call.path);
    match (call.method.as_str(), parts[2].as_str()) {
        ("POST", "u" | "c") => blocking(move || soap::handle(&org, &call, &parts[3])).await,
        _ => not_found(),
    }
}

async fn back_door(State(org): TheOrg, Extension(call): TheCall) -> impl IntoResponse {
    blocking(move || control::handle(&org, &call)).await
}
