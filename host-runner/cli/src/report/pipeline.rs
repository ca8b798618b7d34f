//! Applications by stage, job by job, in the order of each job's process.

use std::collections::HashMap;

use super::{Pipeline, Problem, StageOutcomes};
use host_runner::unified::{Model, UnifiedRecord};

/// What is gathered while the mirror is read.
#[derive(Default)]
pub(super) struct Pipelines {
    /// Name and status of each job.
    jobs: HashMap<String, (String, String)>,
    stage_names: HashMap<String, String>,
    /// Each job's stages with their places.
    places: HashMap<String, Vec<(u64, String)>>,
    applications: HashMap<String, OfJob>,
    /// By name of stage: pending, hired, declined.
    outcomes: HashMap<String, [u64; 3]>,
    without_job: u64,
    without_candidate: u64,
}

#[derive(Default)]
struct OfJob {
    by_stage: HashMap<String, u64>,
    without_stage: u64,
    hired: u64,
    declined: u64,
    total: u64,
}

impl Pipelines {
    /// Takes note of a record.
    pub(super) fn see(&mut self, model: Model, record: &UnifiedRecord) {
        let text = |field: &str| record.text(field).unwrap_or_default();
        match model {
            Model::Jobs => {
                self.jobs
                    .insert(text("remote_id"), (text("name"), text("status")));
            }
            Model::ApplicationStages => {
                self.stage_names.insert(text("remote_id"), text("name"));
            }
            Model::JobStages => {
                let (Some(job), Some(stage)) =
                    (record.reference("job_id"), record.reference("stage_id"))
                else {
                    return;
                };
                let index = record.value("index").as_u64().unwrap_or(u64::MAX);
                self.places
                    .entry(job.to_owned())
                    .or_default()
                    .push((index, stage.to_owned()));
            }
            Model::Applications => self.application(record, &text("outcome")),
            Model::Users | Model::Candidates | Model::HiringTeamMembers => {}
        }
    }

    fn application(&mut self, record: &UnifiedRecord, outcome: &str) {
        if let Some(stage) = record.reference("current_stage_id") {
            let name = self.stage_names.get(stage).cloned();
            let counts = self.outcomes.entry(name.unwrap_or_default()).or_default();
            match outcome {
                "HIRED" => counts[1] += 1,
                "DECLINED" => counts[2] += 1,
                _ => counts[0] += 1,
            }
        }
        self.without_candidate += u64::from(record.reference("candidate_id").is_none());
        let Some(job) = record.reference("job_id") else {
            self.without_job += 1;
            return;
        };
        let of_job = self.applications.entry(job.to_owned()).or_default();
        of_job.total += 1;
        match (outcome, record.reference("current_stage_id")) {
            ("DECLINED", _) => of_job.declined += 1,
            (outcome, stage) => {
                of_job.hired += u64::from(outcome == "HIRED");
                match stage {
                    Some(stage) => *of_job.by_stage.entry(stage.to_owned()).or_default() += 1,
                    None => of_job.without_stage += 1,
                }
            }
        }
    }

    /// What does not fit together.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let homeless: u64 = self
            .applications
            .iter()
            .filter(|(job, _)| !self.jobs.contains_key(*job))
            .map(|(_, of_job)| of_job.total)
            .sum();
        [
            (self.without_job, "applications have no job: it was deleted"),
            (
                homeless,
                "applications are for jobs that the mirror does not hold",
            ),
            (
                self.without_candidate,
                "applications have no candidate: the contact was deleted",
            ),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| Problem {
            serious: false,
            what: format!("{count} {what}."),
        })
        .collect()
    }

    /// What outcomes the stages of each name give, those of most applications first.
    pub(super) fn outcomes(&self) -> Vec<StageOutcomes> {
        let mut stages: Vec<StageOutcomes> = self
            .outcomes
            .iter()
            .map(|(name, [pending, hired, declined])| StageOutcomes {
                stage: name.clone(),
                pending: *pending,
                hired: *hired,
                declined: *declined,
            })
            .collect();
        let total = |of: &StageOutcomes| of.pending + of.hired + of.declined;
        stages.sort_by(|a, b| (total(b), &a.stage).cmp(&(total(a), &b.stage)));
        stages
    }

    /// Every job with applications: open ones first, and of these those with the most.
    pub(super) fn open_first(mut self) -> Vec<Pipeline> {
        let mut jobs: Vec<(String, OfJob)> =
            std::mem::take(&mut self.applications).into_iter().collect();
        let is_closed = |job: &String| {
            let status = self.jobs.get(job).map(|(_, status)| status.as_str());
            status != Some("OPEN")
        };
        jobs.sort_by(|(a, x), (b, y)| (is_closed(a), y.total, a).cmp(&(is_closed(b), x.total, b)));
        jobs.into_iter()
            .map(|(job, found)| self.pipeline(&job, found))
            .collect()
    }

    fn pipeline(&mut self, job: &str, mut found: OfJob) -> Pipeline {
        let (name, status) = self.jobs.get(job).cloned().unwrap_or_default();
        let mut places = self.places.remove(job).unwrap_or_default();
        places.sort();
        let named = |stage: &str| match self.stage_names.get(stage) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => "(unnamed stage)".to_owned(),
        };
        let mut stages: Vec<(String, u64)> = places
            .iter()
            .map(|(_, stage)| (named(stage), found.by_stage.remove(stage).unwrap_or(0)))
            .collect();
        // Stages of another job, or gone since.
        let strangers: u64 = found.by_stage.values().sum();
        for (count, name) in [
            (strangers, "(another job's stage)"),
            (found.without_stage, "(no stage)"),
        ] {
            if count > 0 {
                stages.push((name.to_owned(), count));
            }
        }
        Pipeline {
            job: if name.is_empty() {
                job.to_owned()
            } else {
                name
            },
            status,
            stages,
            hired: found.hired,
            declined: found.declined,
            total: found.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record(model: Model, fields: Value) -> UnifiedRecord {
        let mut all: serde_json::Map<String, Value> = model
            .fields()
            .iter()
            .filter(|f| !["id", "changed_at", "remote_deleted_at", "remote_data"].contains(&f.name))
            .map(|f| (f.name.to_owned(), Value::Null))
            .collect();
        let Value::Object(fields) = fields else {
            panic!()
        };
        all.extend(fields);
        for (name, empty) in [
            ("custom_fields", json!({})),
            ("integration_fields", json!([])),
        ] {
            if let Some(value) = all.get_mut(name) {
                *value = empty;
            }
        }
        UnifiedRecord::new(model, all, None).unwrap()
    }

    #[test]
    fn applications_are_counted_by_the_stages_of_their_job_in_order() {
        let id = |n: u32| format!("a0000000000000{n:01}AAA");
        let mut pipelines = Pipelines::default();
        pipelines.see(
            Model::Jobs,
            &record(
                Model::Jobs,
                json!({ "remote_id": id(1), "name": "Welder", "status": "OPEN" }),
            ),
        );
        for (n, name, index) in [(2, "Applied", 0), (3, "Hired", 1)] {
            pipelines.see(
                Model::ApplicationStages,
                &record(
                    Model::ApplicationStages,
                    json!({ "remote_id": id(n), "name": name }),
                ),
            );
            pipelines.see(
                Model::JobStages,
                &record(
                    Model::JobStages,
                    json!({ "job_id": id(1), "stage_id": id(n), "index": index }),
                ),
            );
        }
        for (n, stage, outcome) in [
            (4, 2, "PENDING"),
            (5, 2, "DECLINED"),
            (6, 3, "HIRED"),
            (7, 2, "PENDING"),
        ] {
            let fields = json!({ "remote_id": id(n), "job_id": id(1), "current_stage_id": id(stage), "outcome": outcome });
            pipelines.see(Model::Applications, &record(Model::Applications, fields));
        }
        pipelines.see(
            Model::Applications,
            &record(
                Model::Applications,
                json!({ "remote_id": id(8), "outcome": "PENDING" }),
            ),
        );
        assert_eq!(pipelines.problems().len(), 2);
        assert_eq!(
            pipelines.outcomes(),
            [
                StageOutcomes {
                    stage: "Applied".into(),
                    pending: 2,
                    hired: 0,
                    declined: 1,
                },
                StageOutcomes {
                    stage: "Hired".into(),
                    pending: 0,
                    hired: 1,
                    declined: 0,
                },
            ]
        );
        assert_eq!(
            pipelines.open_first(),
            [Pipeline {
                job: "Welder".into(),
                status: "OPEN".into(),
                stages: vec![("Applied".into(), 2), ("Hired".into(), 1)],
                hired: 1,
                declined: 1,
                total: 4,
            }]
        );
    }
}
