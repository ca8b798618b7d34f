//! Whether the setting `hired_stages` fits the org's stages: one that no stage answers to makes everybody PENDING for
//! ever, and one that a job's first stage answers to makes everybody HIRED at once.

use super::super::about::{About, Shapes, distinct, quoted};
use crate::asymbl::models::{self, Tenant};
use crate::asymbl::names;
use crate::asymbl::row::trimmed;
use crate::exports::ats::connector::types::Model;
use salesforce::soql::{Condition, and, le, one_of, or};
use salesforce::{Query, Record};

/// Stages that are looked at for names to suggest.
const LOOKED_AT: u32 = 200;
/// Names that are suggested.
const SUGGESTED: usize = 8;

/// Stages that mean hired and stand first; any that mean hired; the last of all. None where stages can't be asked so,
/// or nobody wants to know.
pub(super) fn queries(tenant: Tenant<'_>, shapes: &Shapes) -> Option<[Query; 3]> {
    let names = tenant.profile.names();
    let wanted = tenant.settings.scopes.model_on(Model::Applications)
        && models::is_on(tenant, Model::Applications, "outcome");
    let stage = shapes.get(&names.api(names::STAGE)).filter(|_| wanted)?;
    let (sequence, kind) = (
        names.api("bpats__Sequence__c"),
        names.api("bpats__Stage_Type__c"),
    );
    let hired = &tenant.settings.hired_stages;
    if hired.is_empty() || !stage.has_field(&sequence) || !stage.has_field("Name") {
        return None;
    }
    let typed = stage.has_field(&kind);
    let means = || -> Condition {
        let words = || hired.iter().map(String::as_str);
        // Salesforce compares without regard to case.
        let mut means = vec![one_of("Name", words())];
        if typed {
            means.push(one_of(&kind, words()));
        }
        or(means)
    };
    let ask = || Query::from(&stage.name).select(["Id", "Name"]);
    Some([
        ask().filter(and([le(&sequence, 1), means()])).limit(20),
        ask().filter(means()).limit(1),
        ask().order_by_descending(&sequence).limit(LOOKED_AT),
    ])
}

/// Warns if no stage means hired, or the first one of a job.
pub(super) fn report(
    about: &mut About,
    first: Option<Vec<Record>>,
    hired: Option<Vec<Record>>,
    last: Option<Vec<Record>>,
) {
    let named = |rows: &[Record]| distinct(rows.iter().filter_map(|row| trimmed(row, "Name")));
    if let Some(first) = first.filter(|rows| !rows.is_empty()) {
        about.warn(
            "hired-stage-first",
            format!(
                "the stage {} means hired and is the first of its job: new applications would come as HIRED; say in the setting \
                 `hired_stages` which stages mean hired",
                quoted(&named(&first))
            ),
        );
    }
    let none_hired = hired.is_some_and(|rows| rows.is_empty());
    if let Some(last) = last.filter(|rows| none_hired && !rows.is_empty()) {
        let mut names = Vec::new();
        for name in last.iter().filter_map(|row| trimmed(row, "Name")) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.truncate(SUGGESTED);
        about.warn(
            "no-hired-stage",
            format!(
                "no stage means hired, so no application would come as HIRED; say in the setting `hired_stages` which ones do. The last \
                 stages of jobs are {}",
                quoted(&names)
            ),
        );
    }
}
