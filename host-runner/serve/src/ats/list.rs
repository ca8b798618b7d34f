//! The lists, answered from the mirror: a filter that names records or their parents is looked up, the others are
//! compared record by record.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host_runner::unified::{Model, NaturalKey, Timestamp, UnifiedId};
use mirror::store::{Mirror, MirrorError, RecordFilter, RecordPosition, StoredRecord};
use serde_json::Value;

use super::query::Query;
use super::record::Shaper;
use crate::error::{ApiError, Code};
use crate::object::success_page;
use crate::served::Served;

/// How long a page looks for records; then it is given out as it is, and the next one goes on from there.
const LOOKING: Duration = Duration::from_secs(5);

/// Records that are compared at once: under a megabyte.
const LOOKED_AT: usize = 256;

/// References of one filter value, for example the applications of a job.
const REFERRING: usize = 100_000;

/// Day of a moment, whose filter compares whole days (unified-model.md 4.4).
const DAY: usize = "2026-11-25".len();

/// A page of a model's list, as the body of the answer.
///
/// # Errors
/// A query that does not fit, a model that is switched off or was never synced.
pub(super) async fn page(
    tenant: &Arc<Served>,
    model: Model,
    text: &str,
) -> Result<String, ApiError> {
    let query = Query::parse(model, text)?;
    let scopes = tenant.session().tenant().file().scopes();
    if !scopes.model_enabled(model.name()) {
        return Err(ApiError::new(
            Code::ModelDisabled,
            format!("{model} is switched off in the tenant file (`scopes.disabled_models`)"),
        ));
    }
    // With `only_created_applications` these two are never listed.
    let sync = tenant.session().tenant().file().sync();
    let is_narrowed =
        sync.only_created_applications && matches!(model, Model::Candidates | Model::Applications);
    let read = tenant.reading(move |mirror| {
        let state = mirror
            .model_state(model)
            .map_err(|error| ApiError::of_mirror(&error))?;
        if state.synced_at.is_none() && !is_narrowed {
            return Err(ApiError::new(
                Code::SyncPending,
                format!("{model} were not synced yet: ask again when the first sync has ended"),
            ));
        }
        let found = find(mirror, model, &query)?;
        let shaper = Shaper::of(mirror, model, &found.records, Timestamp::now());
        let shaper = shaper.map_err(|error| ApiError::of_mirror(&error))?;
        let records = found.records.iter().map(|record| shaper.whole(record));
        let records: Vec<String> = records.collect();
        let next = found.next.map(|key| query.cursor(&key));
        Ok(success_page(next.as_deref(), &records))
    });
    read.await
}

/// What a page found.
struct Found {
    records: Vec<StoredRecord>,
    /// The key after which the next page begins; none at the end.
    next: Option<NaturalKey>,
}

fn find(mirror: &dyn Mirror, model: Model, query: &Query) -> Result<Found, ApiError> {
    if query.text("post_url").is_some() && !query.ignore_unsupported {
        // The ATS never fills it, so nothing can match.
        return Ok(Found {
            records: Vec::new(),
            next: None,
        });
    }
    let mut tests = Tests::of(mirror, model, query)?;
    let mut source = match (named(mirror, model, query)?, query.updated_after) {
        (Some(keys), None) => Source::Keys(keys),
        // What changed is found by the mirror, and is mostly less than all.
        (Some(keys), Some(_)) => {
            tests
                .0
                .push(Box::new(move |stored| keys.contains(stored.record.key())));
            Source::All(query.after.clone())
        }
        (None, _) => Source::All(query.after.clone()),
    };
    // One more than a page tells whether there is a next one; where many are passed over, more at once is faster.
    let size = match tests.0.is_empty() {
        true => query.page_size + 1,
        false => LOOKED_AT,
    };
    let ends = Instant::now() + LOOKING;
    let mut records = Vec::new();
    let mut last = None;
    loop {
        let (read, is_end) = source
            .read(mirror, model, query, size)
            .map_err(|error| ApiError::of_mirror(&error))?;
        for record in read {
            let key = record.record.key().clone();
            if tests.pass(&record) {
                if records.len() == query.page_size {
                    return Ok(Found {
                        records,
                        next: last,
                    });
                }
                records.push(record);
            }
            last = Some(key);
        }
        if is_end {
            return Ok(Found {
                records,
                next: None,
            });
        }
        if Instant::now() > ends {
            return Ok(Found {
                records,
                next: last,
            });
        }
    }
}

/// Where the records come from, in the order of their keys.
enum Source {
    /// These, from the query's place on.
    Keys(BTreeSet<NaturalKey>),
    /// All after a key.
    All(Option<NaturalKey>),
}

impl Source {
    /// Some records more, and whether they are the last.
    fn read(
        &mut self,
        mirror: &dyn Mirror,
        model: Model,
        query: &Query,
        size: usize,
    ) -> Result<(Vec<StoredRecord>, bool), MirrorError> {
        let filter = RecordFilter {
            include_deleted: query.include_deleted,
            touched_since: query.updated_after,
            ..RecordFilter::default()
        };
        match self {
            Self::Keys(keys) => {
                let next: Vec<NaturalKey> =
                    std::iter::from_fn(|| keys.pop_first()).take(size).collect();
                let mut read = mirror.by_keys(model, &next)?;
                read.retain(|found| {
                    query.include_deleted || found.stamps.remote_deleted_at.is_none()
                });
                read.sort_by(|left, right| left.record.key().cmp(right.record.key()));
                Ok((read, keys.is_empty()))
            }
            Self::All(after) => {
                let from = after.as_ref().map(RecordPosition::after);
                let read = mirror.records_page(model, &filter, from.as_ref(), size)?;
                let is_end = read.len() < size;
                if let Some(last) = read.last() {
                    *after = Some(last.record.key().clone());
                }
                Ok((read, is_end))
            }
        }
    }
}

/// The keys of the records that filters name, from the query's place on; none where no filter names any.
fn named(
    mirror: &dyn Mirror,
    model: Model,
    query: &Query,
) -> Result<Option<BTreeSet<NaturalKey>>, ApiError> {
    let mut sets: Vec<BTreeSet<NaturalKey>> = Vec::new();
    if let Some(ids) = query.list("ids")? {
        let mut keys = BTreeSet::new();
        for id in ids.iter().filter_map(|id| UnifiedId::parse(id)) {
            let found = mirror
                .by_id(model, &id)
                .map_err(|error| ApiError::of_mirror(&error))?;
            keys.extend(found.map(|found| found.record.key().clone()));
        }
        sets.push(keys);
    }
    if let Some(ids) = query.list("remote_ids")? {
        sets.push(
            ids.iter()
                .filter_map(|id| NaturalKey::parse(model, *id).ok())
                .collect(),
        );
    }
    // The index of references has no deleted records; with those, records are compared one by one.
    if model == Model::Applications && !query.include_deleted {
        for (filter, target, is_remote) in [
            ("job_ids", Model::Jobs, false),
            ("job_remote_ids", Model::Jobs, true),
            ("current_stage_ids", Model::ApplicationStages, false),
        ] {
            if let Some(ids) = query.list(filter)? {
                let mut keys = BTreeSet::new();
                for id in remote_ids(mirror, target, &ids, is_remote)? {
                    let found = mirror.referring(model, target, &id, None, REFERRING);
                    keys.extend(found.map_err(|error| ApiError::of_mirror(&error))?);
                }
                sets.push(keys);
            }
        }
    }
    if let (Model::Candidates, Some(ids)) = (model, query.list("job_ids")?) {
        let mut keys = BTreeSet::new();
        for id in remote_ids(mirror, Model::Jobs, &ids, false)? {
            keys.extend(candidates_of(mirror, &id).map_err(|error| ApiError::of_mirror(&error))?);
        }
        sets.push(keys);
    }
    let mut sets = sets.into_iter();
    let Some(mut keys) = sets.next() else {
        return Ok(None);
    };
    for other in sets {
        keys.retain(|key| other.contains(key));
    }
    if let Some(after) = &query.after {
        keys = keys.split_off(after);
        keys.remove(after);
    }
    Ok(Some(keys))
}

/// The candidates with an application for a job.
fn candidates_of(mirror: &dyn Mirror, job: &str) -> Result<Vec<NaturalKey>, MirrorError> {
    let applications =
        mirror.records_referring(Model::Applications, Model::Jobs, &[job], REFERRING)?;
    let ids = applications
        .iter()
        .filter_map(|found| found.record.reference("candidate_id"));
    Ok(ids
        .filter_map(|id| NaturalKey::parse(Model::Candidates, id).ok())
        .collect())
}

/// The source's ids that a filter means. An unknown one is left out: it matches nothing.
fn remote_ids(
    mirror: &dyn Mirror,
    model: Model,
    ids: &[&str],
    is_remote: bool,
) -> Result<Vec<String>, ApiError> {
    if is_remote {
        return Ok(ids.iter().map(|id| (*id).to_owned()).collect());
    }
    let mut found = Vec::new();
    for id in ids.iter().filter_map(|id| UnifiedId::parse(id)) {
        let record = mirror
            .by_id(model, &id)
            .map_err(|error| ApiError::of_mirror(&error))?;
        found.extend(record.map(|record| record.record.key().to_string()));
    }
    Ok(found)
}

type Test = Box<dyn Fn(&StoredRecord) -> bool>;

/// The filters that are compared record by record.
struct Tests(Vec<Test>);

impl Tests {
    fn of(mirror: &dyn Mirror, model: Model, query: &Query) -> Result<Self, ApiError> {
        let mut tests: Vec<Test> = Vec::new();
        for (filter, field, ignores_case) in [
            ("job_codes", "job_code", false),
            ("statuses", "status", false),
            ("employment_types", "employment_type", false),
            ("visibilities", "visibility", false),
            ("outcomes", "outcome", false),
            ("emails", "email", true),
            ("first_name", "first_name", true),
            ("last_name", "last_name", true),
        ] {
            let values: Option<Vec<String>> = match filter {
                // One value, which may hold a comma.
                "first_name" | "last_name" => query.text(filter).map(|one| vec![one.to_owned()]),
                filter => query
                    .list(filter)?
                    .map(|l| l.into_iter().map(str::to_owned).collect()),
            };
            if let Some(values) = values {
                tests.push(Box::new(move |stored| {
                    let value = stored.record.value(field);
                    let Some(value) = value.as_str() else {
                        return false;
                    };
                    values.iter().any(|wanted| match ignores_case {
                        true => same_text(wanted, value),
                        false => wanted == value,
                    })
                }));
            }
        }
        if let Some(part) = query.text("name_contains").map(str::to_lowercase) {
            tests.push(Box::new(move |stored| {
                let name = stored.record.value("name");
                name.as_str()
                    .is_some_and(|name| name.to_lowercase().contains(&part))
            }));
        }
        if let Some(email) = query.text("email").map(str::to_owned) {
            tests.push(Box::new(move |stored| {
                let emails = stored.record.value("email_addresses");
                let mut emails = emails.as_array().into_iter().flatten();
                emails.any(|one| {
                    let address = one.get("email_address").and_then(Value::as_str);
                    address.is_some_and(|address| same_text(&email, address))
                })
            }));
        }
        if let Some(after) = query.moment("remote_created_after")? {
            let day = after.to_string()[..DAY].to_owned();
            tests.push(Box::new(move |stored| {
                let created = stored.record.value("remote_created_at");
                created.as_str().and_then(|created| created.get(..DAY)) >= Some(day.as_str())
            }));
        }
        if model == Model::Applications && query.include_deleted {
            for (filter, field, target, is_remote) in [
                ("job_ids", "job_id", Model::Jobs, false),
                ("job_remote_ids", "job_id", Model::Jobs, true),
                (
                    "current_stage_ids",
                    "current_stage_id",
                    Model::ApplicationStages,
                    false,
                ),
            ] {
                if let Some(ids) = query.list(filter)? {
                    let ids = remote_ids(mirror, target, &ids, is_remote)?;
                    tests.push(Box::new(move |stored| {
                        let id = stored.record.reference(field);
                        id.is_some_and(|id| ids.iter().any(|wanted| wanted == id))
                    }));
                }
            }
        }
        Ok(Self(tests))
    }

    fn pass(&self, stored: &StoredRecord) -> bool {
        self.0.iter().all(|test| test(stored))
    }
}

fn same_text(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.eq_ignore_ascii_case(right)
        || left.to_lowercase() == right.to_lowercase()
}
