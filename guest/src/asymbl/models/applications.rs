//! Applications, from the package's ATS Applicant: one contact on one job.

use std::collections::BTreeMap;

use super::common::{Frame, Picked, distinct};
use super::rules::{
    Rule,
    Source::{JobLookup, Other, Own},
    is_on, made, platform,
};
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names::STAGE;
use crate::asymbl::row::{row_id, trimmed};
use crate::asymbl::settings::fold;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{Application, Outcome};
use salesforce::Record;

const M: Model = Model::Applications;

/// The value of the applicant's status that means declined.
const REJECTED: &str = "rejected";
const STAGE_TYPE: &str = "bpats__Stage_Type__c";
const STAGE_LOOKUP: &str = "bpats__Stage__c";
const STATUS: &str = "bpats__Applicant_Status__c";

/// The table.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    platform("id"),
    Rule { field: "remote_id", sources: &[Own("Id")], note: "" },
    platform("changed_at"),
    platform("remote_deleted_at"),
    Rule {
        field: "outcome",
        sources: &[Own("bpats__Applicant_Status__c"), Other(STAGE, "Name"), Other(STAGE, STAGE_TYPE)],
        note: "DECLINED when rejected; HIRED when the stage's name or type is in the setting `hired_stages` (\"Hired\", \"Pending\"); \
               else PENDING",
    },
    Rule {
        field: "rejection_reason_name",
        sources: &[Own("bpats__Asymbl_Rejection_Reason__c")],
        note: "only of declined applications",
    },
    Rule { field: "current_stage_id", sources: &[Own(STAGE_LOOKUP)], note: "" },
    Rule { field: "job_id", sources: &[JobLookup], note: "none when the job was deleted" },
    Rule { field: "candidate_id", sources: &[Own("bpats__ATS_Applicant__c")], note: "none when the contact was deleted" },
    made("custom_fields", "custom fields by API name, without day counters"),
    made("integration_fields", "the fields of the setting `integration_fields`"),
    made("remote_url", "the record's page in Lightning"),
    Rule { field: "remote_created_at", sources: &[Own("CreatedDate")], note: "" },
    Rule { field: "remote_updated_at", sources: &[Own("LastModifiedDate")], note: "" },
    made("remote_data", "the source row as received"),
];

/// How an applicant row becomes an application.
#[derive(Debug, Clone)]
pub struct Applications {
    frame: Frame,
    outcome_on: bool,
    /// The rejected flag; needed for the reason too.
    status: Option<String>,
    reason: Picked,
    stage: Picked,
    job: Picked,
    candidate: Picked,
    /// What tells a stage's outcome; none where the outcome is off or stages can't be read.
    stages: Option<Stages>,
}

#[derive(Debug, Clone)]
struct Stages {
    object: String,
    columns: Vec<String>,
    lookup: String,
    hired: Vec<String>,
}

/// Whether each of the rows' stages means hired, by stage id.
pub type HiredStages = BTreeMap<String, bool>;

/// What outcome and rejection reason follow from, as far as one is switched on.
pub(super) fn needed(tenant: Tenant<'_>) -> Vec<&'static str> {
    let is_on = |field: &str| is_on(tenant, M, field);
    let of_both = Some(STATUS).filter(|_| is_on("outcome") || is_on("rejection_reason_name"));
    let of_outcome = Some(STAGE_LOOKUP).filter(|_| is_on("outcome"));
    of_both.into_iter().chain(of_outcome).collect()
}

impl Mapping for Applications {
    const MODEL: Model = M;
    type Record = Application;
    type Related = HiredStages;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let outcome_on = is_on(tenant, M, "outcome");
        let (frame, shape) = Frame::new(tenant, M)?;
        let names = tenant.profile.names();
        let pick = |field: &str| Picked::new(tenant, M, shape, field);
        let status = names.api(STATUS);
        let lookup = names.api(STAGE_LOOKUP);
        let stages = tenant
            .profile
            .stage()
            .filter(|_| outcome_on && shape.has(&lookup))
            .map(|stage| {
                let mut columns = vec!["Id".to_owned(), "Name".to_owned(), names.api(STAGE_TYPE)];
                columns.retain(|c| stage.has(c));
                Stages {
                    object: stage.name.clone(),
                    columns,
                    lookup,
                    hired: tenant.settings.hired_stages.clone(),
                }
            });
        Ok(Self {
            outcome_on,
            status: Some(status).filter(|s| shape.has(s)),
            reason: pick("rejection_reason_name"),
            stage: pick("current_stage_id"),
            job: pick("job_id"),
            candidate: pick("candidate_id"),
            stages,
            frame,
        })
    }

    fn object(&self) -> &str {
        &self.frame.object
    }

    fn columns(&self) -> &[String] {
        &self.frame.columns
    }

    fn related<F: Fetch>(&self, fetch: &mut F, rows: &[Record]) -> Result<HiredStages, F::Error> {
        let Some(stages) = &self.stages else {
            return Ok(HiredStages::new());
        };
        let ids = distinct(rows.iter().map(|row| trimmed(row, &stages.lookup)));
        if ids.is_empty() {
            return Ok(HiredStages::new());
        }
        let rows = fetch.rows(&stages.object, &stages.columns, "Id", &ids)?;
        Ok(rows
            .iter()
            .filter_map(|stage| Some((row_id(stage)?, stages.means_hired(stage))))
            .collect())
    }

    fn map(&self, row: &Record, hired: &HiredStages) -> Option<Application> {
        let id = row_id(row)?;
        let rest = self.frame.members(row, &id);
        let rejected = self.rejected(row);
        Some(Application {
            outcome: if self.outcome_on {
                self.outcome(row, rejected, hired)
            } else {
                None
            },
            rejection_reason_name: if rejected == Some(true) {
                self.reason.text(row)
            } else {
                None
            },
            current_stage_id: self.stage.text(row),
            job_id: self.job.text(row),
            candidate_id: self.candidate.text(row),
            custom_fields: rest.custom_fields,
            integration_fields: rest.integration_fields,
            remote_url: rest.remote_url,
            remote_created_at: rest.remote_created_at,
            remote_updated_at: rest.remote_updated_at,
            remote_data: rest.remote_data,
            remote_id: id,
        })
    }
}

impl Applications {
    /// None where the user may not see the status.
    fn rejected(&self, row: &Record) -> Option<bool> {
        let status = self.status.as_ref()?;
        Some(row.text(status).is_some_and(|s| fold(&s) == REJECTED))
    }

    /// None where what decides can't be seen: a guess would be worse than nothing.
    fn outcome(
        &self,
        row: &Record,
        rejected: Option<bool>,
        hired: &HiredStages,
    ) -> Option<Outcome> {
        if rejected == Some(true) {
            return Some(Outcome::Declined);
        }
        let stages = self.stages.as_ref()?;
        let hired = match trimmed(row, &stages.lookup) {
            Some(stage) => *hired.get(&stage)?,
            None => false,
        };
        if hired {
            return Some(Outcome::Hired);
        }
        rejected.map(|_| Outcome::Pending)
    }
}

impl Stages {
    /// Compared whole: "Pending client feedback" is not "Pending".
    fn means_hired(&self, stage: &Record) -> bool {
        self.columns
            .iter()
            .filter(|c| *c != "Id")
            .filter_map(|c| stage.text(c))
            .any(|text| self.hired.contains(&fold(&text)))
    }
}

/// The applicant's lookups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// To the job.
    pub job: String,
    /// To the stage.
    pub stage: String,
    /// To the contact.
    pub contact: String,
}

/// The names of the applicant's lookups in this org.
pub fn links(tenant: Tenant<'_>) -> Links {
    let names = tenant.profile.names();
    Links {
        job: tenant.profile.job_link.applicant_lookup.clone(),
        stage: names.api(STAGE_LOOKUP),
        contact: names.api("bpats__ATS_Applicant__c"),
    }
}
