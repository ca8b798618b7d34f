//! Applications, from the package's ATS Applicant: one contact on one job.

use std::collections::BTreeMap;

use super::common::{Frame, distinct, pick};
use super::json::{Lines, WriteJson};
use super::table::{
    Object,
    Source::{JobOfApplicant, Other, Own},
    Table, While, always, computed, field, host_assigned, is_on,
};
use super::takes::TEXT;
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names::{APPLICANT, CONTACT, STAGE};
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
pub const TABLE: Table = Table {
    rules: &[
        host_assigned("id"),
        field("remote_id", &[Own("Id")]),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
        field("outcome", &[Own(STATUS), Other(STAGE, "Name"), Other(STAGE, STAGE_TYPE)])
            .note("DECLINED when rejected; HIRED when the stage's name or type is in the setting `hired_stages` (\"Hired\", \"Pending\"); \
                   else PENDING"),
        field("rejection_reason_name", &[Own("bpats__Asymbl_Rejection_Reason__c")]).choosable(TEXT)
            .note("only of declined applications"),
        field("current_stage_id", &[Own(STAGE_LOOKUP)]),
        field("job_id", &[JobOfApplicant])
            .note("none when the job was deleted"),
        field("candidate_id", &[Own("bpats__ATS_Applicant__c")])
            .note("none when the contact was deleted"),
        computed("custom_fields", "custom fields by API name, without day counters"),
        computed("integration_fields", "the fields of the setting `integration_fields`"),
        computed("remote_url", "the record's page in Lightning"),
        field("remote_created_at", &[Own("CreatedDate")]),
        field("remote_updated_at", &[Own("LastModifiedDate")]),
        computed("remote_data", "the source row as received"),
    ],
    extra_columns: &[
        While { what: Own(STATUS), one_is_on: &["outcome", "rejection_reason_name"] },
        While { what: Own(STAGE_LOOKUP), one_is_on: &["outcome"] },
    ],
    // What an application points to may be deleted, which shows nowhere on the application.
    follows: &[
        always(Object::Named(STAGE)),
        always(Object::Job),
        always(Object::Named(CONTACT)),
    ],
    steered_by: |settings| format!("{:?};", settings.hired_stages),
    notes: &[
        "Only ATS applicants are applications: job board applications are another entity and are not synced.",
        "HIRED depends on the application's stage: its name or type is \"Hired\" or \"Pending\". The setting `hired_stages` replaces \
         these two words; words that begin with `+` add to them.",
    ],
    ..Table::new(M, "Applications", Object::Named(APPLICANT))
};

/// How an applicant row becomes an application.
#[derive(Debug, Clone)]
pub struct Applications {
    frame: Frame,
    outcome_on: bool,
    /// The rejected flag; needed for the reason too.
    status: Option<String>,
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

impl Mapping for Applications {
    const TABLE: &'static Table = &TABLE;
    type Record = Application;
    type Related = HiredStages;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let outcome_on = is_on(tenant, M, "outcome");
        let (frame, shape) = Frame::new(tenant, &TABLE)?;
        let names = tenant.profile.names();
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
            stages,
            frame,
        })
    }

    fn frame(&self) -> &Frame {
        &self.frame
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
                pick!(self, "rejection_reason_name").text(row)
            } else {
                None
            },
            current_stage_id: pick!(self, "current_stage_id").text(row),
            job_id: pick!(self, "job_id").text(row),
            candidate_id: pick!(self, "candidate_id").text(row),
            custom_fields: rest.custom_fields,
            integration_fields: rest.integration_fields,
            remote_url: rest.remote_url,
            remote_created_at: rest.remote_created_at,
            remote_updated_at: rest.remote_updated_at,
            extra: None,
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

impl WriteJson for Application {
    fn write_json(&self, lines: &mut Lines) {
        lines.record(|record| {
            record.text("remote_id", Some(&self.remote_id));
            let outcome = self.outcome.map(|outcome| match outcome {
                Outcome::Pending => "PENDING",
                Outcome::Hired => "HIRED",
                Outcome::Declined => "DECLINED",
            });
            record.text("outcome", outcome);
            record.text(
                "rejection_reason_name",
                self.rejection_reason_name.as_deref(),
            );
            record.text("current_stage_id", self.current_stage_id.as_deref());
            record.text("job_id", self.job_id.as_deref());
            record.text("candidate_id", self.candidate_id.as_deref());
            record.json("custom_fields", Some(&self.custom_fields));
            record.json("integration_fields", Some(&self.integration_fields));
            record.text("remote_url", self.remote_url.as_deref());
            record.text("remote_created_at", self.remote_created_at.as_deref());
            record.text("remote_updated_at", self.remote_updated_at.as_deref());
            record.json("remote_data", self.remote_data.as_deref());
        });
    }
}
