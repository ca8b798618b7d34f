//! What changed in a mirror, in the order of writing, from any place on: for platforms that follow it.
//!
//! A place is a moment, a model and a key. Before a page is given out the mirror's newest moment is sealed, so that
//! nothing is ever written before a place that was given out.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host_runner::unified::{Model, NaturalKey, Timestamp};
use http::{HeaderMap, StatusCode};
use mirror::store::{Mirror, MirrorError, RecordFilter, RecordPosition, StoredRecord};

use crate::app::App;
use crate::error::ApiError;
use crate::json_response;
use crate::object::{Object, success_page};
use crate::served::Served;

/// Changes of a page where nobody says how many, and at most.
pub(crate) const PAGE: usize = 500;
const LARGEST_PAGE: usize = 2_000;
/// The longest that a call waits for a change.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often a waiting call looks for what another process wrote.
const LOOK: Duration = Duration::from_secs(2);

/// A place in the changes of a mirror: behind a record of a model that changed at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    millis: i64,
    model: usize,
    key: String,
}

impl Place {
    /// Behind all that was written before a moment.
    fn at(moment: Timestamp) -> Self {
        Self {
            millis: moment.millis(),
            ..Self::default()
        }
    }

    fn behind(stored: &StoredRecord) -> Self {
        Self {
            millis: stored.stamps.changed_at.millis(),
            model: number(stored.record.model()),
            key: stored.record.key().to_string(),
        }
    }

    /// The place as opaque text.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}.{}", self.millis, self.model, self.key))
    }

    /// Reads it; none for a text that is no place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = plain.splitn(3, '.');
        Some(Self {
            millis: parts.next()?.parse().ok()?,
            model: parts.next()?.parse().ok()?,
            key: parts.next()?.to_owned(),
        })
    }

    /// From where a model is read: a moment, and within it a key.
    fn of(&self, model: Model) -> (Timestamp, Option<RecordPosition>) {
        let moment = Timestamp::from_millis(self.millis);
        match number(model).cmp(&self.model) {
            std::cmp::Ordering::Less => (Timestamp::from_millis(self.millis + 1), None),
            std::cmp::Ordering::Greater => (moment, None),
            std::cmp::Ordering::Equal => {
                let key = NaturalKey::parse(model, self.key.as_str()).ok();
                (moment, key.map(|key| RecordPosition::at(moment, key)))
            }
        }
    }
}

/// Models of the same moment come in the order of a sync: what is referred to before what refers.
fn number(model: Model) -> usize {
    Model::SYNC_ORDER
        .iter()
        .position(|known| *known == model)
        .unwrap_or(0)
}

/// The model's name in the platform's webhooks (unified-model.md 5.2).
pub(crate) fn wire_name(model: Model) -> &'static str {
    match model {
        Model::Users => "ats_users",
        Model::Jobs => "ats_jobs",
        Model::Candidates => "ats_candidates",
        Model::ApplicationStages => "ats_application_stages",
        Model::Applications => "ats_applications",
        Model::JobStages => "ats_join_jobs_application_stages",
        Model::HiringTeamMembers => "ats_join_jobs_users",
    }
}

/// Some changes, and the place behind them.
pub(crate) struct Changes {
    /// As JSON text.
    pub(crate) items: Vec<String>,
    pub(crate) next: Place,
}

/// Up to `limit` changes behind a place.
pub(crate) fn read(
    mirror: &mut dyn Mirror,
    place: &Place,
    limit: usize,
) -> Result<Changes, MirrorError> {
    if behind(mirror, place, 1)?.is_empty() {
        return Ok(Changes {
            items: Vec::new(),
            next: place.clone(),
        });
    }
    let sealed = mirror.seal(Timestamp::now())?;
    let mut found = behind(mirror, place, limit)?;
    found.retain(|stored| stored.stamps.changed_at < sealed);
    found.sort_by_cached_key(|stored| {
        let place = Place::behind(stored);
        (place.millis, place.model, place.key)
    });
    found.truncate(limit);
    let next = found.last().map_or_else(|| place.clone(), Place::behind);
    let org = mirror.org().clone();
    let items = found.iter().map(|stored| {
        let mut item = Object::default();
        item.put_text("model", wire_name(stored.record.model()));
        item.put_text("id", stored.id);
        item.put_text("remote_id", stored.record.key());
        item.put_text("changed_at", stored.stamps.changed_at);
        match stored.stamps.remote_deleted_at {
            Some(at) => item.put_text("remote_deleted_at", at),
            None => item.put("remote_deleted_at", "null"),
        }
        item.put("record", &stored.line(&org));
        item.end()
    });
    Ok(Changes {
        items: items.collect(),
        next,
    })
}

/// Up to `limit` of each model.
fn behind(
    mirror: &dyn Mirror,
    place: &Place,
    limit: usize,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let mut found = Vec::new();
    for model in Model::ALL {
        let (since, after) = place.of(model);
        let filter = RecordFilter {
            include_deleted: true,
            changed_since: Some(since),
            ..RecordFilter::default()
        };
        found.extend(mirror.records_page(model, &filter, after.as_ref(), limit)?);
    }
    Ok(found)
}

/// The place behind all that there is.
pub(crate) fn present(mirror: &mut dyn Mirror) -> Result<Place, MirrorError> {
    Ok(Place::at(mirror.seal(Timestamp::now())?))
}

/// The query of the feed.
type FeedQuery = Query<std::collections::BTreeMap<String, String>>;

/// `GET /v1/changes`: what changed behind `since`, waiting up to `wait` seconds for something.
pub(crate) async fn feed(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): FeedQuery,
) -> Result<Response, ApiError> {
    let tenant = app.tenant(&headers)?;
    for name in query.keys() {
        if !["since", "limit", "wait"].contains(&name.as_str()) {
            return Err(ApiError::input(format!(
                "{name}: known are since, limit and wait"
            )));
        }
    }
    let number = |name: &str, usual: u64, most: u64| match query.get(name) {
        None => Ok(usual),
        Some(text) => match text.parse::<u64>() {
            Ok(number) if number <= most => Ok(number),
            _ => Err(ApiError::input(format!(
                "{name}: must be a whole number up to {most}"
            ))),
        },
    };
    let limit = number("limit", PAGE as u64, LARGEST_PAGE as u64)?.max(1) as usize;
    let wait = Duration::from_secs(number("wait", 0, LONGEST_WAIT.as_secs())?);
    let since = query.get("since").map(String::as_str);
    let place = match since {
        None | Some("") => Place::default(),
        Some("now") => tenant.reading(|mirror| of_mirror(present(mirror))).await?,
        Some(text) => Place::parse(text)
            .ok_or_else(|| ApiError::input("since: pass `next` of an earlier answer, or `now`"))?,
    };
    let until = tokio::time::Instant::now() + wait;
    let mut writes = tenant.writes();
    loop {
        writes.mark_unchanged();
        let changes = page_of(&tenant, &place, limit).await?;
        let now = tokio::time::Instant::now();
        if !changes.items.is_empty() || now >= until || app.is_stopping() {
            let next = changes.next.to_text();
            let body = success_page(Some(&next), &changes.items);
            return Ok(json_response(StatusCode::OK, body));
        }
        tokio::select! {
            _ = writes.changed() => {}
            () = app.stopped() => {}
            () = tokio::time::sleep_until(until.min(now + LOOK)) => {}
        }
    }
}

pub(crate) fn of_mirror<T>(result: Result<T, MirrorError>) -> Result<T, ApiError> {
    result.map_err(|error| ApiError::of_mirror(&error))
}

/// A page of changes of a tenant.
pub(crate) async fn page_of(
    tenant: &Arc<Served>,
    place: &Place,
    limit: usize,
) -> Result<Changes, ApiError> {
    let place = place.clone();
    let read = tenant.reading(move |mirror| of_mirror(read(mirror, &place, limit)));
    read.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text() {
        let place = Place {
            millis: 1_700_000_000_000,
            model: 3,
            key: "a01.x:y".into(),
        };
        assert_eq!(Place::parse(&place.to_text()), Some(place));
        assert_eq!(Place::parse("!"), None);
        assert_eq!(Place::parse(""), None);
    }
}
