//! A connector for a made-up REST ATS of the common kind, to start a new one from: pages by `Link` headers, changes by
//! `updated_after`, no list of deletions, and stages that belong to a job.
// The contract's error is large, rare, and moved a few times a call: a box would only hide it.
#![allow(clippy::result_large_err)]

mod models;

use std::time::Duration;

use connector_kit::about::{ConnectorDescription, FieldCoverage, ModelCoverage};
use connector_kit::reads::{Discovery, ListQuery, Organization, Progress};
use connector_kit::types::{Error, Model};
use connector_kit::{Connector, Page, Session, failure, page_info, stamp};
use serde_json::{Value, json};

connector_kit::export!(Acme);

/// The connector.
pub struct Acme;

/// What each model is read from, and the fields that it has.
#[rustfmt::skip]
const MODELS: [(Model, &str, &str, &str); 6] = [
    (Model::Users, "Users", "/v1/users",
        "remote_id first_name last_name email status remote_data"),
    (Model::ApplicationStages, "Application stages", "/v1/jobs",
        "remote_id name remote_data"),
    (Model::Jobs, "Jobs", "/v1/jobs",
        "remote_id name description status remote_url remote_created_at remote_updated_at remote_data"),
    (Model::JobStages, "Job stages", "/v1/jobs",
        "index job_id stage_id"),
    (Model::Candidates, "Candidates", "/v1/candidates",
        "remote_id first_name last_name phone_numbers email_addresses remote_created_at remote_updated_at remote_data"),
    (Model::Applications, "Applications", "/v1/applications",
        "remote_id outcome current_stage_id job_id candidate_id remote_created_at remote_updated_at remote_data"),
];

/// The largest page that the ATS gives.
const LARGEST_PAGE: u32 = 100;

/// How much earlier than the server's clock a delta begins: the header `Date` is made after the page was read, and a
/// change may be committed after the moment of its stamp.
const MARGIN: Duration = Duration::from_secs(10);

impl Connector for Acme {
    fn describe() -> ConnectorDescription {
        let field = |name: &str| FieldCoverage {
            name: name.to_owned(),
            note: String::new(),
        };
        let model = |(model, label, _, fields): &(Model, &str, &str, &str)| ModelCoverage {
            model: *model,
            label: (*label).to_owned(),
            fields: fields.split(' ').map(field).collect(),
            notes: Vec::new(),
        };
        ConnectorDescription {
            slug: "acme".into(),
            label: "Acme ATS".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            models: MODELS.iter().map(model).collect(),
            actions: Vec::new(),
            features: Vec::new(),
            // No deletion is ever shown: the host compares all keys.
            deletions_visible_days: Some(0),
            shortest_poll_interval_seconds: Some(60),
            idempotency_key_hours: None,
            settings_schema: json!({"type": "object", "additionalProperties": false}).to_string(),
        }
    }

    fn discover(session: &Session) -> Result<Discovery, Error> {
        let company = session.get("/v1/company")?.body;
        let text = |name: &str| company[name].as_str().map(str::to_owned);
        let missing = || Error::Unavailable(failure("the company has no id"));
        Ok(Discovery {
            // Nothing is learnt that a later call needs.
            profile: String::new(),
            organization: Organization {
                id: text("id").ok_or_else(missing)?,
                name: text("name"),
                time_zone: text("time_zone").unwrap_or_else(|| "UTC".into()),
            },
            facts: Vec::new(),
            warnings: Vec::new(),
        })
    }

    fn list(session: &Session, model: Model, query: &ListQuery) -> Result<Page, Error> {
        let place = match &query.cursor {
            Some(cursor) => Place::parse(cursor)?,
            None => Place::first(model, query)?,
        };
        let answer = session.get(&place.path)?;
        // The clock of the server, before its first page was read: what changes meanwhile is in the next delta.
        let began = match (place.began, answer.date) {
            (began, _) if !began.is_empty() => began,
            (_, Some(date)) => stamp(date, MARGIN),
            _ => return Err(Error::Unavailable(failure("the ATS says no Date"))),
        };
        let progress = match answer.next {
            Some(path) => Progress::More(Place { path, began }.to_text()),
            None => Progress::Done(format!("{TOKEN}{began}")),
        };
        let rows = answer.body.as_array().cloned().unwrap_or_default();
        Ok(Page {
            records: models::records(model, &rows),
            info: page_info(progress),
        })
    }
}

/// Where a listing continues.
struct Place {
    /// Path and query.
    path: String,
    /// The moment from which the next delta asks, once the first page is read.
    began: String,
}

/// What cursors and tokens begin with: others are not ours, or of another version.
const CURSOR: &str = "acme-cursor-1 ";
const TOKEN: &str = "acme-token-1 ";

impl Place {
    fn first(model: Model, query: &ListQuery) -> Result<Self, Error> {
        let path = MODELS.iter().find(|(one, ..)| *one == model);
        let path = path.map_or("", |(_, _, path, _)| path);
        let size = query.page_size.unwrap_or(LARGEST_PAGE);
        let size = size.clamp(1, LARGEST_PAGE);
        let mut path = format!("{path}?per_page={size}");
        if let Some(since) = &query.since {
            let since = since.strip_prefix(TOKEN).ok_or_else(|| not_ours("token"))?;
            path.push_str("&updated_after=");
            path.push_str(since);
        }
        Ok(Self {
            path,
            began: String::new(),
        })
    }

    fn parse(cursor: &str) -> Result<Self, Error> {
        let place = cursor.strip_prefix(CURSOR);
        let place: Option<Value> = place.and_then(|text| serde_json::from_str(text).ok());
        let text = |name: &str| place.as_ref()?[name].as_str().map(str::to_owned);
        match (text("path"), text("began")) {
            (Some(path), Some(began)) => Ok(Self { path, began }),
            _ => Err(not_ours("cursor")),
        }
    }

    fn to_text(&self) -> String {
        let Self { path, began } = self;
        format!("{CURSOR}{}", json!({"path": path, "began": began}))
    }
}

fn not_ours(what: &str) -> Error {
    Error::ResyncRequired(failure(format!(
        "this is not a {what} of this connector: list the model in full"
    )))
}
