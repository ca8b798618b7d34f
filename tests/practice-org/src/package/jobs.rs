//! A new job gets the stages of a template.
//!
//! The package takes the active template with the highest priority whose filter fits, and copies its stages to the job
//! (asymbl-schema.md 1). A job that names its template keeps it.

use serde::Deserialize;

use super::names::JobNames;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::{Draft, Trigger, Writer};
use crate::value::Value;

const TEMPLATE: &str = "bpats__ATS_Template__c";
const TEMPLATE_STAGE: &str = "bpats__ATS_Template_Stage__c";

/// The trigger on the job object.
pub(super) struct CopyStages {
    pub names: JobNames,
}

/// One line of a template's filter, in our own form: the package's is not known.
#[derive(Deserialize)]
struct Condition {
    field: String,
    value: String,
}

fn fits(filter: &Value, job: &Draft) -> bool {
    let Some(text) = filter.as_str() else {
        return true;
    };
    serde_json::from_str::<Vec<Condition>>(text).is_ok_and(|conditions| {
        conditions.iter().all(|condition| {
            job.get(&condition.field)
                .as_str()
                .is_some_and(|value| value.eq_ignore_ascii_case(&condition.value))
        })
    })
}

fn number(value: &Value) -> f64 {
    value.as_ref().as_f64().unwrap_or(0.0)
}

fn choose(writer: &mut Writer<'_>, job: &Draft) -> Option<RecordId> {
    let active = writer.find(TEMPLATE, "bpats__Is_Active__c", &Value::Bool(true));
    let mut fitting: Vec<(f64, RecordId)> = active
        .into_iter()
        .filter(|id| {
            fits(
                &writer.value(TEMPLATE, *id, "bpats__Filter_Criteria__c"),
                job,
            )
        })
        .map(|id| {
            (
                number(&writer.value(TEMPLATE, id, "bpats__Priority__c")),
                id,
            )
        })
        .collect();
    fitting.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    fitting.first().map(|(_, id)| *id)
}

impl Trigger for CopyStages {
    fn before_insert(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        if draft.get(TEMPLATE).is_null()
            && let Some(template) = choose(writer, draft)
        {
            draft.set(TEMPLATE, template);
        }
        Ok(())
    }

    fn after_insert(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let Some(job) = draft.id() else { return Ok(()) };
        // An org's own job object has no template lookup: the choice is made here again.
        let template = match draft.get(TEMPLATE).as_id() {
            Some(template) => template,
            None => match choose(writer, draft) {
                Some(template) => template,
                None => return Ok(()),
            },
        };
        let mut stages: Vec<(f64, RecordId)> = writer
            .find(TEMPLATE_STAGE, TEMPLATE, &Value::Id(template))
            .into_iter()
            .map(|stage| {
                (
                    number(&writer.value(TEMPLATE_STAGE, stage, "bpats__Sequence__c")),
                    stage,
                )
            })
            .collect();
        stages.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (sequence, stage) in stages {
            let copy = |field: &str| writer.value(TEMPLATE_STAGE, stage, field);
            let values = [
                ("Name", copy("Name")),
                ("bpats__Stage_Type__c", copy("bpats__Stage_Type__c")),
                (
                    "bpats__Interview_Stage__c",
                    copy("bpats__Interview_Stage__c"),
                ),
                (
                    "bpats__Block_Multiple_Candidates__c",
                    copy("bpats__Block_Multiple_Candidates__c"),
                ),
                ("bpats__Sequence__c", Value::Double(sequence)),
                (self.names.on_stage, Value::Id(job)),
                (TEMPLATE_STAGE, Value::Id(stage)),
            ];
            writer.insert_values("bpats__ATS_Stage__c", &values)?;
        }
        Ok(())
    }
}
