//! `/v1`: the unified API as the platform's published clients speak it (unified-model.md 1 to 6). Lists come from the
//! mirror and never ask the ATS; actions and passthrough go through the component.

mod actions;
mod list;
mod nested;
mod passthrough;
pub(crate) mod query;
mod record;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, RawQuery, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, get, on, post};
use host_runner::download::fetch_attachment;
use host_runner::session::StepError;
use host_runner::unified::{Model, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mirror::actions::Action;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::app::App;
use crate::error::{ApiError, Code, What};
use crate::served::{Asked, Served};
use crate::{json_response, read_json};
use actions::{Call, FileLinks};

/// How long a file's address works: as long as a person or a queue needs to fetch it.
const FILE_LINK: Duration = Duration::from_secs(60 * 60);

type Answer = Result<Response, ApiError>;

/// The routes, with the path parameters as the paths name them.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/v1/ats/users", get_list(Model::Users)),
        ("/v1/ats/jobs", get_list(Model::Jobs)),
        (
            "/v1/ats/candidates",
            get_list(Model::Candidates).post(create_candidate),
        ),
        ("/v1/ats/applications", get_list(Model::Applications)),
        (
            "/v1/ats/application-stages",
            get_list(Model::ApplicationStages),
        ),
        (
            "/v1/ats/jobs/{id}/applications",
            act_on(MethodFilter::POST, "job_id", Action::CreateApplication),
        ),
        (
            "/v1/ats/applications/{id}/attachments",
            act_on(MethodFilter::POST, "application_id", Action::AddAttachment),
        ),
        (
            "/v1/ats/applications/{id}/stage",
            act_on(MethodFilter::PUT, "application_id", Action::Move),
        ),
        (
            "/v1/ats/candidates/{id}/attachments",
            get(candidate_attachments),
        ),
        ("/v1/passthrough/{tool}/{api}", post(pass)),
        ("/v1/force-sync", post(force_sync)),
        ("/v1/integrations", get(integrations)),
    ]
}

/// The route of files, whose address is its own permission.
pub(crate) fn file_route() -> (&'static str, MethodRouter<App>) {
    ("/v1/files/{tenant}/{file}", get(file))
}

fn ok(body: String) -> Response {
    json_response(StatusCode::OK, body)
}

/// The pages of a model.
fn get_list(model: Model) -> MethodRouter<App> {
    get(
        move |State(app): State<App>, headers: HeaderMap, RawQuery(query): RawQuery| async move {
            let tenant = app.tenant(&headers)?;
            let query = query.unwrap_or_default();
            Answer::Ok(ok(list::page(&tenant, model, &query).await?))
        },
    )
}

async fn act(app: App, headers: &HeaderMap, action: Action, input: Value) -> Answer {
    let tenant = app.tenant(headers)?;
    let key = match headers.get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) => Some(key.to_owned()),
        Some(Err(_)) => return Err(ApiError::input("Idempotency-Key: must be visible ASCII")),
    };
    let call = Call {
        files: links(&app, headers, &tenant),
        tenant,
        action,
        input,
        key,
    };
    Ok(ok(actions::run(call, app.workers().cloned()).await?))
}

async fn create_candidate(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let input = read_json(&app, body).await?;
    act(app, &headers, Action::CreateCandidate, input).await
}

/// An action on what the path names, whose id joins the body's members as `name`.
fn act_on(method: MethodFilter, name: &'static str, action: Action) -> MethodRouter<App> {
    on(
        method,
        move |State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Body| async move {
            let mut input = read_json(&app, body).await?;
            match input.as_object_mut() {
                Some(members) => members.insert(name.to_owned(), id.into()),
                None => return Err(ApiError::input("the body must be a JSON object")),
            };
            act(app, &headers, action, input).await
        },
    )
}

async fn candidate_attachments(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let input = json!({ "candidate_id": id });
    act(app, &headers, Action::GetAttachments, input).await
}

async fn pass(
    State(app): State<App>,
    Path((tool, api)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let tenant = app.tenant(&headers)?;
    if tool != app.tool() {
        return Err(ApiError::input(format!(
            "the tool of this server is {}",
            app.tool()
        )));
    }
    let is_version = api
        .strip_prefix('v')
        .is_some_and(|rest| rest.parse::<u16>().is_ok());
    if !is_version {
        return Err(ApiError::input(format!(
            "{api}: the APIs are named by a version, such as v63; the path of the request decides which is used"
        )));
    }
    let input = read_json(&app, body).await?;
    Ok(ok(passthrough::run(tenant, input).await?))
}

async fn force_sync(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let tenant = app.tenant(&headers)?;
    let input = read_json(&app, body).await?;
    let kind = input.get("type").and_then(Value::as_str).unwrap_or("FULL");
    let full = match kind {
        "FULL" => true,
        "DELTA" => false,
        _ => return Err(ApiError::input("type: must be FULL or DELTA")),
    };
    let already_queued = match app.workers() {
        Some(workers) => !workers.sync(tenant.id().as_str(), full).await?,
        None => tenant.ask(Asked { full }),
    };
    let data = json!({
        "already_queued": already_queued,
        "sync_id": tenant.id().as_str(),
        "type": kind,
    });
    Ok(ok(json!({ "status": "success", "data": data }).to_string()))
}

/// The tenants, with the ids that requests name them by.
async fn integrations(State(app): State<App>) -> Answer {
    let listed = crate::reading(move || {
        let tenants = app.tenants().all();
        let results = tenants.iter().map(|tenant| {
            let status = app.status(tenant);
            json!({
                "id": format!("{}:{}", app.tool(), tenant.id()),
                "name": tenant.name(),
                "tool": app.tool(),
                "last_synced_at": status.succeeded.map(|at| at.to_string()),
                "problem": status.problem,
            })
        });
        let data = json!({ "results": results.collect::<Vec<_>>() });
        Ok(json!({ "status": "success", "data": data }).to_string())
    });
    Ok(ok(listed.await?))
}

/// What makes the addresses of a tenant's files, relative to the address by which the client came.
fn links(app: &App, headers: &HeaderMap, tenant: &Served) -> FileLinks {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let scheme = if app.is_tls() { "https" } else { "http" };
    let (key, id) = (app.key().clone(), tenant.id().to_string());
    let until = Timestamp::now().plus(FILE_LINK).millis() / 1_000;
    FileLinks {
        base: format!("{scheme}://{}", host.unwrap_or("localhost")),
        sign: Box::new(move |file| {
            let signature = key.sign(&format!("file {id} {file} {until}"));
            format!("/v1/files/{id}/{file}?until={until}&signature={signature}")
        }),
    }
}

/// The query of a file's address.
type FileQuery = Query<std::collections::BTreeMap<String, String>>;

async fn file(
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    Query(query): FileQuery,
) -> Answer {
    let of = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let until: i64 = of("until").parse().unwrap_or(0);
    let is_signed = app
        .key()
        .has_signed(&format!("file {id} {file} {until}"), of("signature"));
    if !is_signed || until < Timestamp::now().millis() / 1_000 {
        return Err(ApiError::new(
            Code::Key,
            "this address is not valid, or not any more: ask for the candidate's attachments again",
        ));
    }
    let tenant = app.find(&id)?;
    let profile = tenant.reading(|mirror| {
        let profile = mirror.profile();
        profile.map_err(|error| ApiError::of_mirror(&error))
    });
    let profile = profile.await?;
    let runtime = Handle::current();
    let work = move || {
        runtime.block_on(async {
            let session = tenant.session();
            let fail = |error, job: Option<&_>| {
                let error = StepError::new(session, "locate the attachment", error, job);
                ApiError::of_step(&error, What::Action)
            };
            let mut job = session.start().await.map_err(|error| fail(error, None))?;
            let located = job
                .locate_attachment(&profile.unwrap_or_default(), &file)
                .await;
            let located = located.map_err(|error| fail(error, Some(&job)))?;
            let response = fetch_attachment(session, &located).await;
            let response = response
                .map_err(|error| ApiError::new(Code::RemoteUnavailable, error.to_string()))?;
            Ok((located, response))
        })
    };
    let (located, response) = crate::calling(work).await?;
    if !response.status().is_success() {
        let status = response.status().as_u16();
        let message = format!("the ATS answered HTTP {status} to the download");
        return Err(ApiError::new(Code::RemoteOther, message));
    }
    let mut answer = Response::new(Body::new(response.into_body()));
    let kind = HeaderValue::from_str(&located.content_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    // A file of a stranger must not run as a page of this server.
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(size) = located.size {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    }
    Ok(answer)
}
