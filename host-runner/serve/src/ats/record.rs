//! A record of the mirror in the form that the platform's clients read (unified-model.md 2): every key of the unified
//! model is there, what the ATS lacks as null or `[]`, and the joins stand in their parents.

use std::time::Duration;

use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord};
use mirror::store::{Mirror, MirrorError, StoredRecord};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// How long the fields of a deleted record are still there (unified-model.md 4.6).
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Records that are nested in one: a job has tens of stages, a person tens of applications.
const NESTED: usize = 500;

/// A field, and what stands in it where the ATS has no value.
type Lacking = (&'static str, fn() -> Value);

/// Fields that the ATS has no values for, by model.
fn without_source(model: Model) -> &'static [Lacking] {
    const NULL: fn() -> Value = || Value::Null;
    const EMPTY: fn() -> Value = || json!([]);
    match model {
        Model::Users => &[("system_roles", EMPTY)],
        Model::Jobs => &[
            ("confidential", NULL),
            ("weekly_hours", NULL),
            ("category", NULL),
            ("department", NULL),
            ("post_url", NULL),
            ("experience_level", NULL),
            ("remote_work_status", NULL),
            ("salary_amount_from", NULL),
            ("salary_amount_to", NULL),
            ("salary_period", NULL),
            ("closed_at", NULL),
            ("contact_id", NULL),
            ("screening_questions", EMPTY),
            ("job_postings", EMPTY),
        ],
        Model::Candidates => &[
            ("company", NULL),
            ("confidential", NULL),
            ("social_media", EMPTY),
            ("tags", EMPTY),
        ],
        Model::ApplicationStages => &[
            ("status", NULL),
            ("custom_fields", || json!({})),
            ("integration_fields", EMPTY),
        ],
        Model::Applications => &[
            ("rejected_at", NULL),
            ("screening_question_answers", EMPTY),
            ("interviews", EMPTY),
            ("offers", EMPTY),
        ],
        Model::JobStages | Model::HiringTeamMembers => &[],
    }
}

/// Makes the records of one mirror.
pub(super) struct Shaper<'m> {
    mirror: &'m dyn Mirror,
    org: OrgId,
    now: Timestamp,
}

impl<'m> Shaper<'m> {
    pub(super) fn new(mirror: &'m dyn Mirror, now: Timestamp) -> Self {
        Self {
            mirror,
            org: mirror.org().clone(),
            now,
        }
    }

    /// The record with all that is nested in it.
    pub(super) fn whole(&self, stored: &StoredRecord) -> Result<Value, MirrorError> {
        let mut object = self.plain(stored);
        let record = &stored.record;
        let key = record.key().as_str();
        let deleted = stored.stamps.remote_deleted_at;
        let is_blank = deleted.is_some_and(|deleted| deleted.plus(KEPT) < self.now);
        match record.model() {
            Model::Jobs => {
                let (stages, team) = match is_blank {
                    true => (Vec::new(), Vec::new()),
                    false => (self.stages(key)?, self.team(key)?),
                };
                object.insert("stages".into(), stages.into());
                object.insert("hiring_team".into(), team.into());
            }
            Model::Candidates => {
                let applications = match is_blank {
                    true => Vec::new(),
                    false => self.applications(key)?,
                };
                object.insert("applications".into(), applications.into());
            }
            Model::Applications => {
                let [candidate, stage, job] = match is_blank {
                    true => [Value::Null, Value::Null, Value::Null],
                    false => [
                        self.candidate_of(record)?,
                        self.stage_of(record, true)?,
                        self.job_of(record)?,
                    ],
                };
                object.insert("candidate".into(), candidate);
                object.insert("current_stage".into(), stage);
                object.insert("job".into(), job);
            }
            _ => {}
        }
        if is_blank {
            blank(record.model(), &mut object);
        }
        Ok(Value::Object(object))
    }

    /// The record's own fields.
    fn plain(&self, stored: &StoredRecord) -> Object {
        let mut object = match serde_json::from_str(&stored.line(&self.org)) {
            Ok(Value::Object(object)) => object,
            // The mirror holds only records that were checked once.
            _ => Object::new(),
        };
        for (name, value) in without_source(stored.record.model()) {
            object.entry(*name).or_insert_with(value);
        }
        if let Some(Value::Array(fields)) = object.get_mut("integration_fields") {
            for field in fields.iter_mut().filter_map(Value::as_object_mut) {
                let name = field.get("key").and_then(Value::as_str).unwrap_or_default();
                let id = UnifiedId::of_integration_field(&self.org, stored.record.model(), name);
                field.insert("id".into(), id.as_str().into());
            }
        }
        object
    }

    /// The record that a field refers to, unless it is deleted or not held.
    fn referred(
        &self,
        record: &UnifiedRecord,
        field: &str,
        model: Model,
    ) -> Result<Option<StoredRecord>, MirrorError> {
        let key = record
            .reference(field)
            .and_then(|id| NaturalKey::parse(model, id).ok());
        let found = match key {
            Some(key) => self.mirror.by_key(model, &key)?,
            None => None,
        };
        Ok(found.filter(|found| found.stamps.remote_deleted_at.is_none()))
    }

    /// Those of a model that refer to a record.
    fn referring(
        &self,
        model: Model,
        target: Model,
        key: &str,
    ) -> Result<Vec<StoredRecord>, MirrorError> {
        let keys = self.mirror.referring(model, target, key, None, NESTED)?;
        let found = keys.iter().map(|key| self.mirror.by_key(model, key));
        found.filter_map(Result::transpose).collect()
    }

    fn stages(&self, job: &str) -> Result<Vec<Value>, MirrorError> {
        let mut stages = Vec::new();
        for row in self.referring(Model::JobStages, Model::Jobs, job)? {
            let index = row.record.value("index");
            let stage = self.referred(&row.record, "stage_id", Model::ApplicationStages)?;
            if let Some(stage) = stage {
                stages.push((index.as_f64(), self.stage(&stage, Some(index))));
            }
        }
        stages.sort_by(|(left, _), (right, _)| match (left, right) {
            (Some(left), Some(right)) => left.total_cmp(right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        });
        Ok(stages.into_iter().map(|(_, stage)| stage).collect())
    }

    /// A stage within another record.
    fn stage(&self, stored: &StoredRecord, index: Option<Value>) -> Value {
        let mut object = self.plain(stored);
        for stamp in ["changed_at", "remote_deleted_at"] {
            object.shift_remove(stamp);
        }
        object.insert("index".into(), index.unwrap_or(Value::Null));
        Value::Object(object)
    }

    fn team(&self, job: &str) -> Result<Vec<Value>, MirrorError> {
        let mut team = Vec::new();
        for row in self.referring(Model::HiringTeamMembers, Model::Jobs, job)? {
            let user = self.referred(&row.record, "user_id", Model::Users)?;
            if let Some(user) = user {
                let of = |field| user.record.value(field);
                team.push(json!({
                    "id": user.id.as_str(),
                    "remote_id": user.record.key().as_str(),
                    "first_name": of("first_name"),
                    "last_name": of("last_name"),
                    "email": of("email"),
                    "hiring_team_roles": row.record.value("roles"),
                    "job_roles": [],
                }));
            }
        }
        Ok(team)
    }

    fn applications(&self, candidate: &str) -> Result<Vec<Value>, MirrorError> {
        let found = self.referring(Model::Applications, Model::Candidates, candidate)?;
        found
            .iter()
            .map(|stored| self.short_application(stored))
            .collect()
    }

    /// An application within its candidate.
    pub(super) fn short_application(&self, stored: &StoredRecord) -> Result<Value, MirrorError> {
        let record = &stored.record;
        let of = |field| record.value(field);
        Ok(json!({
            "id": stored.id.as_str(),
            "remote_id": record.key().as_str(),
            "outcome": of("outcome"),
            "rejection_reason_name": of("rejection_reason_name"),
            "rejected_at": null,
            "remote_url": of("remote_url"),
            "changed_at": stored.stamps.changed_at.to_string(),
            "remote_created_at": of("remote_created_at"),
            "remote_updated_at": of("remote_updated_at"),
            "current_stage": self.stage_of(record, false)?,
            "job": self.job_of(record)?,
        }))
    }

    /// The stage in which an application stands, with its place in the job's process.
    pub(super) fn stage_of(
        &self,
        application: &UnifiedRecord,
        is_whole: bool,
    ) -> Result<Value, MirrorError> {
        let field = "current_stage_id";
        let Some(stage) = self.referred(application, field, Model::ApplicationStages)? else {
            return Ok(Value::Null);
        };
        let row = application.reference("job_id").and_then(|job| {
            NaturalKey::join(Model::JobStages, job, stage.record.key().as_str()).ok()
        });
        let row = match row {
            Some(key) => self.mirror.by_key(Model::JobStages, &key)?,
            None => None,
        };
        let row = row.filter(|row| row.stamps.remote_deleted_at.is_none());
        let index = row.map(|row| row.record.value("index"));
        Ok(match is_whole {
            true => self.stage(&stage, index),
            false => json!({
                "id": stage.id.as_str(),
                "name": stage.record.value("name"),
                "remote_id": stage.record.key().as_str(),
                "index": index,
            }),
        })
    }

    pub(super) fn job_of(&self, application: &UnifiedRecord) -> Result<Value, MirrorError> {
        let job = self.referred(application, "job_id", Model::Jobs)?;
        Ok(job.map_or(Value::Null, |job| {
            json!({
                "id": job.id.as_str(),
                "name": job.record.value("name"),
                "remote_id": job.record.key().as_str(),
            })
        }))
    }

    /// The candidate within an application, in the list's short form.
    fn candidate_of(&self, application: &UnifiedRecord) -> Result<Value, MirrorError> {
        let candidate = self.referred(application, "candidate_id", Model::Candidates)?;
        Ok(candidate.map_or(Value::Null, |candidate| {
            let of = |field| candidate.record.value(field);
            json!({
                "id": candidate.id.as_str(),
                "remote_id": candidate.record.key().as_str(),
                "first_name": of("first_name"),
                "last_name": of("last_name"),
                "email_addresses": of("email_addresses"),
                "phone_numbers": of("phone_numbers"),
                "social_media": [],
                "source": of("source"),
                "remote_url": of("remote_url"),
                "tags": [],
            })
        }))
    }

    /// The candidate of an application as a create answers with it: whole, without its applications.
    pub(super) fn full_candidate(&self, stored: &StoredRecord) -> Value {
        Value::Object(self.plain(stored))
    }
}

/// Empties the fields of a record that was deleted long ago. Ids and stamps stay, and `[]` where the clients want a
/// list.
fn blank(model: Model, object: &mut Object) {
    let stays = ["id", "remote_id", "changed_at", "remote_deleted_at"];
    for (name, value) in object.iter_mut() {
        if !stays.contains(&name.as_str()) {
            *value = match value {
                Value::Array(_) => json!([]),
                _ => Value::Null,
            };
        }
    }
    debug_assert!(
        model.join_fields().is_none(),
        "joins are not listed by themselves"
    );
}
