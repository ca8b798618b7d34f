//! The form of the models' tables, and what follows from one of them.
//!
//! A table says everything about its model that is not the mapping of a row: which source feeds which unified field,
//! what a tenant may change of that, what else is read, which rights that takes. The files of the models hold one each.

use super::takes::Takes;
use super::tenant::Tenant;
use crate::asymbl::settings::Settings;
use crate::exports::ats::connector::types::Model;

/// Where a unified field comes from. Package names are written with `bpats__`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A field of the model's own object. Several in a rule: in order of preference, or parts of one value.
    Own(&'static str),
    /// A field of another object, read by a second query.
    Other(&'static str, &'static str),
    /// The applicant's lookup to the Job, whatever the org's Job is.
    JobOfApplicant,
    /// The stage's lookup to the Job, whatever the org's Job is.
    JobOfStage,
    /// The Job's flag for closed jobs.
    ClosedFlag,
    /// The contact's further e-mail fields that the tenant names.
    EmailFields,
    /// The job's lookups that make its hiring team.
    TeamLookups,
}

impl Source {
    /// API names of the fields of the model's own object.
    fn own_fields(self, tenant: Tenant<'_>) -> Vec<String> {
        let (link, settings) = (&tenant.profile.job_link, tenant.settings);
        match self {
            Self::Own(name) => vec![tenant.profile.names().api(name)],
            Self::Other(..) => Vec::new(),
            Self::JobOfApplicant => vec![link.applicant_lookup.clone()],
            Self::JobOfStage => vec![link.stage_lookup.clone()],
            Self::ClosedFlag => link.closed_field.clone().into_iter().collect(),
            Self::EmailFields => {
                let fields = settings.candidate_email_fields.iter();
                fields.map(|email| email.field.clone()).collect()
            }
            Self::TeamLookups => {
                let lookups = settings.hiring_team.iter();
                lookups.map(|lookup| lookup.field.clone()).collect()
            }
        }
    }
}

/// A line of a model's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Unified name; parts of a location dotted.
    pub field: &'static str,
    /// Where it comes from; empty where the connector or the host makes it.
    pub sources: &'static [Source],
    /// A rule worth knowing, or empty.
    pub note: &'static str,
    /// What a source of the tenant's choice may be; none where the tenant may not choose one.
    pub choice: Option<Takes>,
}

/// A line for a field with these sources.
pub(super) const fn field(field: &'static str, sources: &'static [Source]) -> Rule {
    Rule {
        field,
        sources,
        note: "",
        choice: None,
    }
}

/// A line whose value the host assigns; every model begins with some.
pub(super) const fn host_assigned(name: &'static str) -> Rule {
    field(name, &[]).note("given by the platform")
}

/// A line whose value the connector computes from the whole row.
pub(super) const fn computed(name: &'static str, note: &'static str) -> Rule {
    field(name, &[]).note(note)
}

impl Rule {
    /// With a rule worth knowing.
    pub(super) const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// A tenant may choose another source, of which the field takes these values.
    pub(super) const fn choosable(mut self, takes: Takes) -> Self {
        self.choice = Some(takes);
        self
    }
}

/// An object of the org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// Of this name, written with `bpats__`.
    Named(&'static str),
    /// The package's Job, or the org's own object in its place.
    Job,
}

impl Object {
    /// Its API name in a tenant's org.
    pub fn api(self, tenant: Tenant<'_>) -> String {
        match self {
            Self::Named(name) => tenant.profile.names().api(name),
            Self::Job => tenant.profile.job_link.object.clone(),
        }
    }
}

/// What counts only while one of some unified fields of the model is switched on; always, where none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct While<T> {
    /// What counts.
    pub what: T,
    /// Unified names.
    pub one_is_on: &'static [&'static str],
}

/// Counts whatever is switched on.
pub(super) const fn always<T: Copy>(what: T) -> While<T> {
    While {
        what,
        one_is_on: &[],
    }
}

/// A right to read a field that a model needs besides the sources of its unified fields.
#[derive(Debug, Clone, Copy)]
pub struct FurtherNeed {
    /// The field's object.
    pub object: Object,
    /// The field, written with `bpats__`.
    pub field: &'static str,
    /// What is lost without it, for people.
    pub affects: &'static str,
    /// Whether this tenant needs it.
    pub when: fn(Tenant<'_>) -> bool,
}

/// Columns by object, names written with `bpats__`.
pub type ObjectColumns = Vec<(&'static str, Vec<String>)>;

/// Everything about a model that is not the mapping of its rows.
#[derive(Debug)]
pub struct Table {
    /// The model.
    pub model: Model,
    /// Its name for people.
    pub label: &'static str,
    /// The object that its rows come from.
    pub object: Object,
    /// Its fields in the order of the coverage page; parts of a location follow the location.
    pub rules: &'static [Rule],
    /// Columns of its object that the mapping needs besides its fields' sources.
    pub extra_columns: &'static [While<Source>],
    /// Columns of other objects, written with `bpats__`, that the mapping reads besides its fields' sources.
    pub other_columns: fn(Tenant<'_>) -> ObjectColumns,
    /// Rights that reading needs besides its fields' sources.
    pub needs: &'static [FurtherNeed],
    /// Further objects whose changes change its records.
    pub follows: &'static [While<Object>],
    /// Fields of its object that feed a field of another model, named `hiring-team-members.user_id`.
    pub feeds_others: &'static [(Source, &'static str)],
    /// The settings that steer its records, as a text that differs when they do.
    pub steered_by: fn(&Settings) -> String,
    /// Notes of the coverage page.
    pub notes: &'static [&'static str],
}

/// Fields that exist only where the org uses a feature of the platform; their absence is not a finding.
pub const OPTIONAL: [&str; 4] = [
    "CurrencyIsoCode",
    "MailingStateCode",
    "MailingCountryCode",
    "IsDeleted",
];

impl Table {
    /// A table without lines.
    pub(super) const fn new(model: Model, label: &'static str, object: Object) -> Self {
        Self {
            model,
            label,
            object,
            rules: &[],
            extra_columns: &[],
            other_columns: |_| Vec::new(),
            needs: &[],
            follows: &[],
            feeds_others: &[],
            steered_by: |_| String::new(),
            notes: &[],
        }
    }

    /// The place of a field's line. In a constant, a field that the table lacks does not compile.
    pub(super) const fn place(&self, field: &str) -> usize {
        let mut at = 0;
        while at < self.rules.len() {
            if same(self.rules[at].field, field) {
                return at;
            }
            at += 1;
        }
        panic!("the model's table has no such field")
    }

    /// The line of a field.
    pub fn rule(&self, field: &str) -> Option<&'static Rule> {
        self.rules.iter().find(|rule| rule.field == field)
    }

    /// Whether the model has this field.
    pub fn has(&self, field: &str) -> bool {
        self.rule(field).is_some()
    }

    /// The lines of the fields that are switched on.
    pub fn rules_on(&self, tenant: Tenant<'_>) -> impl Iterator<Item = &'static Rule> {
        let model = self.model;
        let rules = self.rules.iter();
        rules.filter(move |rule| is_on(tenant, model, rule.field))
    }

    /// What counts of some things, by what is switched on.
    pub fn counting<T: Copy + 'static>(
        &self,
        tenant: Tenant<'_>,
        things: &'static [While<T>],
    ) -> impl Iterator<Item = T> {
        let model = self.model;
        let counts = move |fields: &[&str]| {
            fields.is_empty() || fields.iter().any(|field| is_on(tenant, model, field))
        };
        let things = things.iter().filter(move |thing| counts(thing.one_is_on));
        things.map(|thing| thing.what)
    }

    /// The fields of the model's own object that may feed a unified field, in order of preference, whether the org has
    /// them or not. What the tenant chose for the field stands in place of the table's.
    pub fn source_fields(&self, tenant: Tenant<'_>, field: &str) -> Vec<String> {
        if let Some(chosen) = tenant.settings.override_of(self.model, field) {
            return chosen.to_vec();
        }
        let sources = self.rule(field).into_iter().flat_map(|rule| rule.sources);
        sources
            .flat_map(|source| source.own_fields(tenant))
            .collect()
    }

    /// Every field of the model's own object that feeds a record, switched off or not.
    pub(super) fn feeding_fields(&self, tenant: Tenant<'_>) -> Vec<String> {
        let rules = self.rules.iter();
        let own = rules.flat_map(|rule| self.source_fields(tenant, rule.field));
        let others = self.fields_for_others(tenant).map(|(field, _)| field);
        own.chain(others).collect()
    }

    /// The fields of the model's own object that feed another model, and what they feed there.
    pub fn fields_for_others(
        &self,
        tenant: Tenant<'_>,
    ) -> impl Iterator<Item = (String, &'static str)> {
        self.feeds_others.iter().flat_map(move |(source, fed)| {
            let fields = source.own_fields(tenant).into_iter();
            fields.map(|field| (field, *fed))
        })
    }

    /// API names of the extra columns.
    pub(super) fn extra_columns(&self, tenant: Tenant<'_>) -> impl Iterator<Item = String> {
        self.counting(tenant, self.extra_columns)
            .flat_map(move |source| source.own_fields(tenant))
    }
}

/// Whether a unified field, or the location that it is a part of, is switched on.
pub fn is_on(tenant: Tenant<'_>, model: Model, field: &str) -> bool {
    let whole = field.split_once('.').map_or(field, |(whole, _)| whole);
    let scopes = &tenant.settings.scopes;
    scopes.field_on(model, whole) && scopes.field_on(model, field)
}

/// Whether two texts are equal, in a constant.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
