//! A record of the mirror in the form that the platform's clients read (unified-model.md 2): every key of the unified
//! model is there, what the ATS lacks as null or `[]`, and the joins stand in their parents.

use std::borrow::Cow;
use std::time::Duration;

use host_runner::unified::{Model, OrgId, Timestamp, UnifiedId, UnifiedRecord, members};
use mirror::store::{Mirror, MirrorError, StoredRecord};
use serde_json::Value;

use super::nested::Nested;
use crate::object::Object;

/// How long the fields of a deleted record are still there (unified-model.md 4.6).
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A field, and the JSON text that stands in it where the ATS has no value.
type Lacking = (&'static str, &'static str);

/// Fields that the ATS has no values for, by model.
fn without_source(model: Model) -> &'static [Lacking] {
    const NULL: &str = "null";
    const EMPTY: &str = "[]";
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
            ("custom_fields", "{}"),
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

/// Makes the records of a page, or what stands in them.
pub(super) struct Shaper {
    org: OrgId,
    now: Timestamp,
    nested: Nested,
}

impl Shaper {
    /// Reads what is nested in some records of a model. Those that were deleted long ago show nothing of it.
    pub(super) fn of(
        mirror: &dyn Mirror,
        model: Model,
        records: &[StoredRecord],
        now: Timestamp,
    ) -> Result<Self, MirrorError> {
        let shown = records.iter().filter(|stored| !is_blank(stored, now));
        let shown: Vec<&UnifiedRecord> = shown.map(|stored| &stored.record).collect();
        Ok(Self {
            org: mirror.org().clone(),
            now,
            nested: Nested::of(mirror, model, &shown)?,
        })
    }

    /// The record with all that is nested in it, as JSON text.
    pub(super) fn whole(&self, stored: &StoredRecord) -> String {
        let mut object = self.own(stored, &[]);
        let record = &stored.record;
        let is_blank = is_blank(stored, self.now);
        match record.model() {
            Model::Jobs => {
                object.put_list("stages", &self.stages(record));
                object.put_list("hiring_team", &self.team(record));
            }
            Model::Candidates => {
                let applications = self.nested.referring(record, Model::Applications);
                let applications = applications.map(|stored| self.short_application(stored));
                object.put_list("applications", &applications.collect::<Vec<_>>());
            }
            Model::Applications => {
                object.put("candidate", &self.candidate_of(record));
                object.put("current_stage", &self.stage_of(record, true));
                object.put("job", &self.job_of(record));
            }
            _ => {}
        }
        match is_blank {
            true => blank(&object.end()),
            false => object.end(),
        }
    }

    /// The record's own fields but for some.
    fn own(&self, stored: &StoredRecord, but: &[&str]) -> Object {
        let mut object = Object::default();
        let model = stored.record.model();
        for (name, value) in members(&stored.line(&self.org)) {
            match name {
                name if but.contains(&name) => {}
                "integration_fields" => object.put(name, &self.with_ids(model, value)),
                name => object.put(name, value),
            }
        }
        for (name, value) in without_source(model) {
            object.put(name, value);
        }
        object
    }

    /// Promoted fields, each with its id.
    fn with_ids<'t>(&self, model: Model, fields: &'t str) -> Cow<'t, str> {
        let mut read = match fields {
            "[]" => return fields.into(),
            fields => serde_json::from_str::<Value>(fields).unwrap_or_default(),
        };
        let objects = read.as_array_mut().into_iter().flatten();
        for field in objects.filter_map(Value::as_object_mut) {
            let name = field.get("key").and_then(Value::as_str).unwrap_or_default();
            let id = UnifiedId::of_integration_field(&self.org, model, name);
            field.insert("id".into(), id.as_str().into());
        }
        read.to_string().into()
    }

    fn stages(&self, job: &UnifiedRecord) -> Vec<String> {
        let rows = self.nested.referring(job, Model::JobStages);
        let stages = rows.filter_map(|row| {
            let stage = self.nested.referred(&row.record, "stage_id")?;
            let index = row.record.raw("index");
            Some((index.parse::<f64>().ok(), self.stage(stage, index)))
        });
        let mut stages: Vec<(Option<f64>, String)> = stages.collect();
        stages.sort_by(|(left, _), (right, _)| match (left, right) {
            (Some(left), Some(right)) => left.total_cmp(right),
            (left, right) => right.is_some().cmp(&left.is_some()),
        });
        stages.into_iter().map(|(_, stage)| stage).collect()
    }

    /// A stage within another record.
    fn stage(&self, stored: &StoredRecord, index: &str) -> String {
        let mut object = self.own(stored, &["changed_at", "remote_deleted_at"]);
        object.put("index", index);
        object.end()
    }

    fn team(&self, job: &UnifiedRecord) -> Vec<String> {
        let rows = self.nested.referring(job, Model::HiringTeamMembers);
        let team = rows.filter_map(|row| {
            let user = self.nested.referred(&row.record, "user_id")?;
            let mut object = ids_of(user);
            put_fields(
                &mut object,
                &user.record,
                &["first_name", "last_name", "email"],
            );
            object.put("hiring_team_roles", row.record.raw("roles"));
            object.put("job_roles", "[]");
            Some(object.end())
        });
        team.collect()
    }

    /// An application within its candidate.
    pub(super) fn short_application(&self, stored: &StoredRecord) -> String {
        let record = &stored.record;
        let mut object = ids_of(stored);
        put_fields(&mut object, record, &["outcome", "rejection_reason_name"]);
        object.put("rejected_at", "null");
        put_fields(&mut object, record, &["remote_url"]);
        object.put_text("changed_at", stored.stamps.changed_at);
        put_fields(
            &mut object,
            record,
            &["remote_created_at", "remote_updated_at"],
        );
        object.put("current_stage", &self.stage_of(record, false));
        object.put("job", &self.job_of(record));
        object.end()
    }

    /// The stage in which an application stands, with its place in the job's process.
    fn stage_of(&self, application: &UnifiedRecord, is_whole: bool) -> String {
        let Some(stage) = self.nested.referred(application, "current_stage_id") else {
            return "null".into();
        };
        let row = self.nested.job_stage(application);
        let index = row.map_or("null", |row| row.record.raw("index"));
        if is_whole {
            return self.stage(stage, index);
        }
        let mut object = Object::default();
        object.put_text("id", stage.id);
        put_fields(&mut object, &stage.record, &["name", "remote_id"]);
        object.put("index", index);
        object.end()
    }

    fn job_of(&self, application: &UnifiedRecord) -> String {
        let Some(job) = self.nested.referred(application, "job_id") else {
            return "null".into();
        };
        let mut object = Object::default();
        object.put_text("id", job.id);
        put_fields(&mut object, &job.record, &["name", "remote_id"]);
        object.end()
    }

    /// The candidate within an application, in the list's short form.
    fn candidate_of(&self, application: &UnifiedRecord) -> String {
        let Some(candidate) = self.nested.referred(application, "candidate_id") else {
            return "null".into();
        };
        let mut object = ids_of(candidate);
        let fields = [
            "first_name",
            "last_name",
            "email_addresses",
            "phone_numbers",
        ];
        put_fields(&mut object, &candidate.record, &fields);
        object.put("social_media", "[]");
        put_fields(&mut object, &candidate.record, &["source", "remote_url"]);
        object.put("tags", "[]");
        object.end()
    }

    /// The candidate of an application as a create answers with it: whole, without its applications.
    pub(super) fn full_candidate(&self, stored: &StoredRecord) -> String {
        self.own(stored, &[]).end()
    }
}

fn ids_of(stored: &StoredRecord) -> Object {
    let mut object = Object::default();
    object.put_text("id", stored.id);
    object.put_text("remote_id", stored.record.key());
    object
}

fn put_fields(object: &mut Object, record: &UnifiedRecord, fields: &[&str]) {
    for field in fields {
        object.put(field, record.raw(field));
    }
}

fn is_blank(stored: &StoredRecord, now: Timestamp) -> bool {
    let deleted = stored.stamps.remote_deleted_at;
    deleted.is_some_and(|deleted| deleted.plus(KEPT) < now)
}

/// A record that was deleted long ago: ids and stamps stay, and `[]` where the clients want a list.
fn blank(whole: &str) -> String {
    let stays = ["id", "remote_id", "changed_at", "remote_deleted_at"];
    let mut object = Object::default();
    for (name, value) in members(whole) {
        match value {
            value if stays.contains(&name) => object.put(name, value),
            list if list.starts_with('[') => object.put(name, "[]"),
            _ => object.put(name, "null"),
        }
    }
    object.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_ats_lacks_is_no_field_of_the_model() {
        for model in Model::ALL {
            for (name, value) in without_source(model) {
                assert!(model.field(name).is_none(), "{model} {name}");
                serde_json::from_str::<Value>(value).unwrap();
            }
        }
    }

    #[test]
    fn a_record_deleted_long_ago_keeps_ids_stamps_and_lists() {
        let whole = r#"{"id":"a","remote_id":"b","name":"Ada, {\"x\":1}","changed_at":"c","remote_deleted_at":"d","tags":["e"],"job":{"id":"f"}}"#;
        let left = r#"{"id":"a","remote_id":"b","name":null,"changed_at":"c","remote_deleted_at":"d","tags":[],"job":null}"#;
        assert_eq!(blank(whole), left);
    }
}
