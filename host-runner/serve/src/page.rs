//! The pages for people: all tenants at a glance, and the report of each.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use host_runner::unified::{Model, Timestamp};
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mirror::store::Totals;

use crate::app::App;
use crate::error::ApiError;
use crate::served::{Served, SyncStatus};

const STYLE: &str = include_str!("page.css");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

fn page(html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    response
}

/// `GET /`: tenants, last syncs, quota, errors.
pub(crate) async fn overview(State(app): State<App>) -> Result<Response, ApiError> {
    let html = crate::reading(move || {
        let tenants = app.tenants().all();
        let unusable = app.tenants().unusable();
        let parts: Vec<Markup> = tenants.iter().map(|tenant| part(&app, tenant)).collect();
        Ok(html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { "Tenants" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { (count(tenants.len() as u64, "tenant")) }
                        @for (file, why) in &unusable {
                            section {
                                h2 { (file) }
                                p class="bad" { "This tenant file can't be used: " (why) }
                            }
                        }
                        @for part in &parts { (part) }
                        @if tenants.is_empty() && unusable.is_empty() {
                            p { "There are no tenant files (" code { "*.toml" } ") in the folder yet." }
                        }
                        p { a href="/openapi.json" { "The interface, as OpenAPI" } }
                    }
                }
            }
        }
        .into_string())
    })
    .await?;
    Ok(page(html))
}

fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// A moment without its milliseconds.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.split('.').next().unwrap_or_default().replace('T', " ");
    format!("{text} UTC")
}

fn part(app: &App, tenant: &Served) -> Markup {
    let status = app.status(tenant);
    let totals = tenant.with_mirror(|mirror| {
        let totals = Model::ALL
            .into_iter()
            .map(|model| Ok((model, mirror.totals(model)?)));
        totals
            .collect::<Result<Vec<(Model, Totals)>, _>>()
            .map_err(|e| ApiError::of_mirror(&e))
    });
    html! {
        section id=(tenant.id()) {
            h2 { (tenant.name()) }
            dl {
                dt { "Integration id" } dd { code { (app.tool()) ":" (tenant.id()) } }
                dt { "Sync" } dd { (sync_of(&status)) }
                @if let Some(problem) = &status.problem {
                    dt { "Problem" } dd class="bad" { (problem) }
                }
                @if let Some(problem) = &status.webhook {
                    dt { "Webhook" } dd class="bad" { (problem) }
                }
                @if let Some((used, most)) = status.quota {
                    dt { "API calls of 24 hours" } dd { (used) " of " (most) }
                }
                @if let Ok(totals) = &totals {
                    dt { "Records" }
                    dd {
                        @for (place, (model, totals)) in totals.iter().enumerate() {
                            @if place > 0 { ", " }
                            (totals.live) " " (model.label().to_lowercase())
                        }
                    }
                    dt { "Report" } dd { a href={ "/reports/" (tenant.id()) } { "the last syncs and the records" } }
                }
            }
        }
    }
}

fn sync_of(status: &SyncStatus) -> Markup {
    html! {
        @if status.is_running {
            "running"
            @if let Some(began) = status.began { " since " (moment(began)) }
        } @else if let Some(next) = status.next {
            "next at " (moment(next))
        } @else {
            "when asked for"
        }
        @if let Some(succeeded) = status.succeeded {
            "; " span class="good" { "up to date at " (moment(succeeded)) }
        }
        @if status.failures > 0 {
            "; " span class="bad" { (count(status.failures.into(), "failure")) " in a row" }
        }
    }
}

/// `GET /reports/{tenant}`: the report about a mirror.
pub(crate) async fn report(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let tenant = app.find(&id)?;
    let name = tenant.name().to_owned();
    let html = tenant.reading(move |mirror| (app.report())(mirror, &name));
    let html = html.await?;
    Ok(page(html))
}
