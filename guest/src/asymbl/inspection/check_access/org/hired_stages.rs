//! Whether the setting `hired_stages` fits the org's stages. Each name and type is shown with the outcome that it
//! gives, since a wrong one goes unnoticed: one that no stage answers to makes everybody PENDING for ever, and one that
//! a job's first stage answers to makes everybody HIRED at once.

use std::collections::BTreeMap;

use super::super::about::{About, Shapes, distinct, quoted};
use crate::asymbl::context::Context;
use crate::asymbl::models::{self, Tenant};
use crate::asymbl::names;
use crate::asymbl::row::trimmed;
use crate::asymbl::settings::fold;
use crate::exports::ats::connector::types::Model;
use salesforce::soql::{Aggregate, Condition, and, le, not, one_of, or};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows};

/// Names and types that are looked at: groups can't be paged.
const LOOKED_AT: u32 = 2_000;
/// Names and types that are shown.
const SHOWN: usize = 40;
/// Names that are suggested.
const SUGGESTED: usize = 8;
/// Stages called "Pending" whose jobs are looked at.
const PENDING_LOOKED_AT: u32 = 200;

/// The type of stages that mean a placement, which is what hiring is called in staffing.
const PLACEMENT: &str = "placement";
/// The word of the default that is also a common name of intake stages.
const PENDING: &str = "pending";

/// The columns that groups are summed up in.
const STAGES: &str = "stages";
const LAST: &str = "last";

/// What is asked of the stages.
pub(super) struct Questions {
    object: String,
    sequence: String,
    kind: Option<String>,
    job: String,
    hired: Vec<String>,
}

/// The stages of one name and type.
struct Group {
    name: String,
    kind: Option<String>,
    stages: u64,
    /// The latest place that one of them has in its job.
    last: u64,
    is_hired: bool,
}

impl Questions {
    /// None where stages can't be asked so, or nobody wants to know.
    pub(super) fn new(tenant: Tenant<'_>, shapes: &Shapes) -> Option<Self> {
        let names = tenant.profile.names();
        let wanted = tenant.settings.scopes.model_on(Model::Applications)
            && models::is_on(tenant, Model::Applications, "outcome");
        let stage = shapes.get(&names.api(names::STAGE)).filter(|_| wanted)?;
        let sequence = names.api("bpats__Sequence__c");
        if !stage.has_field(&sequence) || !stage.has_field("Name") {
            return None;
        }
        let kind = names.api("bpats__Stage_Type__c");
        Some(Self {
            object: stage.name.clone(),
            sequence,
            kind: Some(kind).filter(|kind| stage.has_field(kind)),
            job: tenant.profile.job_link.stage_lookup.clone(),
            hired: tenant.settings.hired_stages.clone(),
        })
    }

    /// Stages that mean hired and stand first; all names and types; stages called "Pending".
    pub(super) fn queries(&self) -> [Query; 3] {
        let hired: Vec<&str> = self.hired.iter().map(String::as_str).collect();
        let first = Query::from(&self.object)
            .select(["Id", "Name"])
            .filter(and([le(&self.sequence, 1), self.is_called(&hired)]))
            .limit(20);
        let groups = Query::from(&self.object)
            .select(["Name"].into_iter().chain(self.kind.as_deref()))
            .aggregate(Aggregate::Count, "Id", STAGES)
            .aggregate(Aggregate::Max, &self.sequence, LAST)
            .limit(LOOKED_AT);
        let pending = Query::from(&self.object)
            .select(["Id", self.job.as_str(), self.sequence.as_str()])
            .filter(self.is_called(&[PENDING]))
            .limit(PENDING_LOOKED_AT);
        [first, groups, pending]
    }

    /// By name or type; Salesforce compares without regard to case.
    fn is_called(&self, words: &[&str]) -> Condition {
        let by = |field: &str| one_of(field, words.iter().copied());
        or(["Name"].into_iter().chain(self.kind.as_deref()).map(by))
    }

    /// Says what the answers show.
    pub(super) fn report<T: Transport>(
        &self,
        about: &mut About,
        ctx: &Context<T>,
        [first, groups, pending]: [Option<Vec<Record>>; 3],
    ) {
        let mut groups = self.groups(&groups.unwrap_or_default());
        show(about, &groups);
        if self.hired.is_empty() {
            // Whoever says that no stage means hired knows it.
            return;
        }
        if let Some(first) = first.filter(|rows| !rows.is_empty()) {
            let names = distinct(first.iter().filter_map(|row| trimmed(row, "Name")));
            about.warn(
                "hired-stage-first",
                format!(
                    "the stage {} means hired and is the first of its job: new applications would come as HIRED; say in the setting \
                     `hired_stages` which stages mean hired",
                    quoted(&names)
                ),
            );
        }
        let placements = unmatched_placements(&groups);
        if !placements.is_empty() {
            let added: Vec<String> = placements.iter().map(|name| format!("+{name}")).collect();
            about.warn(
                "placement-not-hired",
                format!(
                    "stages of the type Placement mean nothing to the setting `hired_stages`, so their applications come as PENDING: {}. \
                     If they mean hired, write in [connector]: hired_stages = [{}]",
                    quoted(&placements),
                    quoted(&added)
                ),
            );
        } else if !groups.is_empty() && !groups.iter().any(|group| group.is_hired) {
            groups.sort_by_key(|group| std::cmp::Reverse(group.last));
            let mut last: Vec<String> = Vec::new();
            for group in groups {
                if !last.contains(&group.name) {
                    last.push(group.name);
                }
            }
            last.truncate(SUGGESTED);
            about.warn(
                "no-hired-stage",
                format!(
                    "no stage means hired, so no application would come as HIRED; say in the setting `hired_stages` which ones do. The \
                     last stages of jobs are {}",
                    quoted(&last)
                ),
            );
        }
        let pending = pending.filter(|_| self.hired.iter().any(|word| word == PENDING));
        self.pending_before_others(about, ctx, &pending.unwrap_or_default());
    }

    fn groups(&self, rows: &[Record]) -> Vec<Group> {
        let whole = |row: &Record, column: &str| row.number(column).unwrap_or(0.0) as u64;
        let group = |row: &Record| {
            let name = trimmed(row, "Name")?;
            let kind = self.kind.as_ref().and_then(|kind| trimmed(row, kind));
            let is_hired = |word: &String| self.hired.contains(&fold(word));
            Some(Group {
                is_hired: is_hired(&name) || kind.as_ref().is_some_and(is_hired),
                stages: whole(row, STAGES),
                last: whole(row, LAST),
                name,
                kind,
            })
        };
        let mut groups: Vec<Group> = rows.iter().filter_map(group).collect();
        groups.sort_by(|a, b| (b.stages, &a.name, &a.kind).cmp(&(a.stages, &b.name, &b.kind)));
        groups
    }

    /// Warns about a "Pending" that stages which don't mean hired follow in its job: it is then a stage on the way.
    fn pending_before_others<T: Transport>(
        &self,
        about: &mut About,
        ctx: &Context<T>,
        pending: &[Record],
    ) {
        let jobs = distinct(pending.iter().filter_map(|row| trimmed(row, &self.job)));
        if jobs.is_empty() {
            return;
        }
        let hired: Vec<&str> = self.hired.iter().map(String::as_str).collect();
        let query = Query::from(&self.object)
            .select([self.job.as_str()])
            .aggregate(Aggregate::Max, &self.sequence, LAST)
            .filter(one_of(&self.job, jobs.iter().map(String::as_str)))
            .filter(not(self.is_called(&hired)));
        let Ok(rows) = ctx.client.query_all_pages(&query, Rows::Live) else {
            return;
        };
        let last: BTreeMap<String, f64> = rows
            .iter()
            .filter_map(|row| Some((trimmed(row, &self.job)?, row.number(LAST)?)))
            .collect();
        let is_followed = |row: &&Record| {
            let last = trimmed(row, &self.job).and_then(|job| last.get(&job).copied());
            row.number(&self.sequence).unwrap_or(f64::MAX) < last.unwrap_or(0.0)
        };
        let followed: Vec<&Record> = pending.iter().filter(is_followed).collect();
        let Some(job) = followed.first().and_then(|row| trimmed(row, &self.job)) else {
            return;
        };
        let others: Vec<String> = self
            .hired
            .iter()
            .filter(|word| *word != PENDING)
            .cloned()
            .collect();
        about.warn(
            "pending-not-last",
            format!(
                "\"Pending\" means hired, but stages that don't mean hired follow it in {} of {} jobs, for example in {job}: \
                 an applicant who waits there comes as HIRED. If it does not mean hired, write in [connector]: hired_stages = [{}]",
                followed.len(),
                jobs.len(),
                quoted(&others)
            ),
        );
    }
}

/// A fact for each name and type, those of most stages first.
fn show(about: &mut About, groups: &[Group]) {
    for group in groups.iter().take(SHOWN) {
        let kind = group.kind.as_deref();
        let kind = kind.map_or_else(String::new, |kind| format!(" of type {kind:?}"));
        let outcome = if group.is_hired { "HIRED" } else { "PENDING" };
        let plural = if group.stages == 1 { "" } else { "s" };
        about.fact(
            &format!("stage {:?}{kind}", group.name),
            format!("{outcome} ({} stage{plural})", group.stages),
        );
    }
    if groups.len() > SHOWN {
        let more = groups.len() - SHOWN;
        about.fact("further names and types of stages", more.to_string());
    }
}

fn unmatched_placements(groups: &[Group]) -> Vec<String> {
    let of_type = |group: &&Group| {
        let kind = group.kind.as_deref();
        !group.is_hired && kind.is_some_and(|kind| fold(kind) == PLACEMENT)
    };
    let mut names: Vec<String> = Vec::new();
    for group in groups.iter().filter(of_type) {
        if !names.contains(&group.name) {
            names.push(group.name.clone());
        }
    }
    names.truncate(SUGGESTED);
    names
}
