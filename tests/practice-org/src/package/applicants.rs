//! Applicants: the guard against the same person twice on one job, and what a stage move writes.

use super::names::JobNames;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::{Draft, Trigger, Writer};
use crate::value::Value;

const CONTACT: &str = "bpats__ATS_Applicant__c";
const STAGE: &str = "bpats__Stage__c";
const STAGE_DATE: &str = "bpats__Current_Stage_Date__c";

/// The value of `bpats__Contact_Job_Relationship__c`, which is unique. The package's own format is not known.
pub fn relationship_key(contact: RecordId, job: RecordId) -> String {
    format!("{contact}-{job}")
}

/// The trigger on applicants.
pub(super) struct TrackStage {
    pub names: JobNames,
}

impl TrackStage {
    fn set_key(&self, draft: &mut Draft) {
        let key = match (
            draft.get(CONTACT).as_id(),
            draft.get(self.names.on_applicant).as_id(),
        ) {
            (Some(contact), Some(job)) => Value::from(relationship_key(contact, job)),
            _ => Value::Null,
        };
        draft.set("bpats__Contact_Job_Relationship__c", key);
    }
}

impl Trigger for TrackStage {
    fn before_insert(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        self.set_key(draft);
        if draft.get(STAGE_DATE).is_null() {
            draft.set(STAGE_DATE, Value::Date(writer.today()));
        }
        Ok(())
    }

    fn before_update(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        if draft.changed(CONTACT) || draft.changed(self.names.on_applicant) {
            self.set_key(draft);
        }
        if draft.changed(STAGE) {
            draft.set(STAGE_DATE, Value::Date(writer.today()));
        }
        Ok(())
    }

    fn after_update(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let (Some(applicant), true) = (draft.id(), draft.changed(STAGE)) else {
            return Ok(());
        };
        let now = writer.now_ms();
        let since = last_move(writer, applicant);
        let minutes = (now - since).max(0) as f64 / 60_000.0;
        let values = [
            ("bpats__ATS_Applicant__c", Value::Id(applicant)),
            ("bpats__ATS_Stage__c", draft.old(STAGE)),
            ("bpats__ATS_Stage_Moved_To__c", draft.get(STAGE)),
            ("bpats__Start_Date__c", Value::DateTime(since)),
            ("bpats__End_Date__c", Value::DateTime(now)),
            (
                "bpats__Duration_in_Minutes__c",
                Value::Double((minutes * 100.0).round() / 100.0),
            ),
            ("bpats__Type__c", Value::from("Log")),
        ];
        writer.insert_values("bpats__ATS_Stage_Tracking__c", &values)?;
        Ok(())
    }
}

/// When the applicant came to the stage it leaves: the end of the newest tracking row, else its creation.
fn last_move(writer: &mut Writer<'_>, applicant: RecordId) -> i64 {
    let stamp = |value: Value| match value {
        Value::DateTime(ms) => ms,
        _ => 0,
    };
    let rows = writer.find(
        "bpats__ATS_Stage_Tracking__c",
        "bpats__ATS_Applicant__c",
        &Value::Id(applicant),
    );
    let moved = rows
        .into_iter()
        .map(|row| stamp(writer.value("bpats__ATS_Stage_Tracking__c", row, "bpats__End_Date__c")))
        .max();
    moved
        .unwrap_or_else(|| stamp(writer.value("bpats__ATS_Applicant__c", applicant, "CreatedDate")))
}
