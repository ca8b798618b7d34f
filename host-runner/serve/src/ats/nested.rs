//! What stands in the records of a page, read with a few statements for the whole page: a record that many refer to is
//! read once, and a mirror in a database is asked once for each model.

use std::collections::{BTreeMap, BTreeSet};

use host_runner::unified::{Model, NaturalKey, UnifiedRecord};
use mirror::store::{Mirror, MirrorError, StoredRecord};

/// Records that are nested in one: a job has tens of stages, a person tens of applications.
const NESTED: usize = 500;

/// Records that are not deleted.
#[derive(Default)]
pub(super) struct Nested {
    /// What is referred to, by model and key.
    held: BTreeMap<(Model, String), StoredRecord>,
    /// What refers, by its model and the key of the record that it refers to, in the order of keys.
    referring: BTreeMap<(Model, String), Vec<StoredRecord>>,
}

impl Nested {
    /// Reads what is nested in these records of a model.
    pub(super) fn of(
        mirror: &dyn Mirror,
        model: Model,
        records: &[&UnifiedRecord],
    ) -> Result<Self, MirrorError> {
        let mut nested = Self::default();
        match model {
            Model::Jobs => {
                let rows = referring(mirror, Model::JobStages, records, "job_id")?;
                nested.add_referred(mirror, &contents(&rows), "stage_id")?;
                nested.put_referring(rows, "job_id");
                let team = referring(mirror, Model::HiringTeamMembers, records, "job_id")?;
                nested.add_referred(mirror, &contents(&team), "user_id")?;
                nested.put_referring(team, "job_id");
            }
            Model::Candidates => {
                let found = referring(mirror, Model::Applications, records, "candidate_id")?;
                nested.add_of_applications(mirror, &contents(&found))?;
                nested.put_referring(found, "candidate_id");
            }
            Model::Applications => {
                nested.add_referred(mirror, records, "candidate_id")?;
                nested.add_of_applications(mirror, records)?;
            }
            _ => {}
        }
        Ok(nested)
    }

    /// The record that a field refers to.
    pub(super) fn referred(&self, record: &UnifiedRecord, field: &str) -> Option<&StoredRecord> {
        let target = target_of(record.model(), field)?;
        let key = record.reference(field)?.to_owned();
        self.held.get(&(target, key))
    }

    /// The records of a model that refer to one.
    pub(super) fn referring(
        &self,
        record: &UnifiedRecord,
        model: Model,
    ) -> impl Iterator<Item = &StoredRecord> {
        let key = record.key().to_string();
        self.referring.get(&(model, key)).into_iter().flatten()
    }

    /// The row that says which place an application's stage has in its job.
    pub(super) fn job_stage(&self, application: &UnifiedRecord) -> Option<&StoredRecord> {
        let key = job_stage_key(application)?.to_string();
        self.held.get(&(Model::JobStages, key))
    }

    fn add_of_applications(
        &mut self,
        mirror: &dyn Mirror,
        applications: &[&UnifiedRecord],
    ) -> Result<(), MirrorError> {
        self.add_referred(mirror, applications, "current_stage_id")?;
        self.add_referred(mirror, applications, "job_id")?;
        let rows = applications.iter().filter_map(|one| job_stage_key(one));
        self.add(mirror, Model::JobStages, rows.collect())
    }

    /// Reads the records that a field of others refers to.
    fn add_referred(
        &mut self,
        mirror: &dyn Mirror,
        records: &[&UnifiedRecord],
        field: &str,
    ) -> Result<(), MirrorError> {
        let target = records
            .first()
            .and_then(|first| target_of(first.model(), field));
        let Some(target) = target else {
            return Ok(());
        };
        let keys = records.iter().filter_map(|record| record.reference(field));
        let keys = keys.filter_map(|id| NaturalKey::parse(target, id).ok());
        self.add(mirror, target, keys.collect())
    }

    fn add(
        &mut self,
        mirror: &dyn Mirror,
        model: Model,
        keys: BTreeSet<NaturalKey>,
    ) -> Result<(), MirrorError> {
        let keys: Vec<NaturalKey> = keys.into_iter().collect();
        for found in mirror.by_keys(model, &keys)? {
            if found.stamps.remote_deleted_at.is_none() {
                let key = (model, found.record.key().to_string());
                self.held.insert(key, found);
            }
        }
        Ok(())
    }

    /// Keeps records by what a field of theirs refers to.
    fn put_referring(&mut self, records: Vec<StoredRecord>, field: &str) {
        for stored in records {
            if let Some(id) = stored.record.reference(field) {
                let key = (stored.record.model(), id.to_owned());
                self.referring.entry(key).or_default().push(stored);
            }
        }
    }
}

fn contents(records: &[StoredRecord]) -> Vec<&UnifiedRecord> {
    records.iter().map(|stored| &stored.record).collect()
}

/// Reads the records of a model that refer to others by a field.
fn referring(
    mirror: &dyn Mirror,
    model: Model,
    records: &[&UnifiedRecord],
    field: &str,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let Some(target) = target_of(model, field).filter(|_| !records.is_empty()) else {
        return Ok(Vec::new());
    };
    let ids: Vec<&str> = records.iter().map(|record| record.key().as_str()).collect();
    mirror.records_referring(model, target, &ids, NESTED)
}

/// The model that a field refers to.
fn target_of(model: Model, field: &str) -> Option<Model> {
    let mut references = model.references();
    references.find_map(|(name, target)| (name == field).then_some(target))
}

fn job_stage_key(application: &UnifiedRecord) -> Option<NaturalKey> {
    let (job, stage) = (
        application.reference("job_id")?,
        application.reference("current_stage_id")?,
    );
    NaturalKey::join(Model::JobStages, job, stage).ok()
}
