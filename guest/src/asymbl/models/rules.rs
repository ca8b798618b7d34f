//! The form of the models' tables, and what follows from them.

use super::{
    MODELS, Tenant, application_stages, applications, candidates, custom_fields,
    hiring_team_members, job_stages, jobs, users,
};
use crate::asymbl::names;
use crate::asymbl::profile::ObjectShape;
use crate::exports::ats::connector::types::Model;

/// Where a unified field comes from. Package names are written with `bpats__`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A field of the model's own object. Several in a rule: in order of preference, or parts of one value.
    Own(&'static str),
    /// A field of another object, read by a second query.
    Other(&'static str, &'static str),
    /// The lookup to the Job, whatever the org's Job is.
    JobLookup,
    /// The Job's flag for closed jobs.
    ClosedFlag,
    /// The contact's further e-mail fields that the tenant names.
    EmailFields,
    /// The job's lookups that make its hiring team.
    TeamLookups,
}

/// A line of a model's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Unified name; parts of a location dotted.
    pub field: &'static str,
    /// Where it comes from; empty where the connector or the platform makes it.
    pub sources: &'static [Source],
    /// A rule worth knowing, or empty.
    pub note: &'static str,
}

/// The lines that every model begins with, and whose values the platform gives.
pub(super) const fn platform(field: &'static str) -> Rule {
    Rule {
        field,
        sources: &[],
        note: "given by the platform",
    }
}

/// A line whose value the connector makes of the whole row.
pub(super) const fn made(field: &'static str, note: &'static str) -> Rule {
    Rule {
        field,
        sources: &[],
        note,
    }
}

/// The table of a model, in the order of the coverage page; parts of a location follow the location.
pub fn rules(model: Model) -> &'static [Rule] {
    match model {
        Model::Users => users::RULES,
        Model::Jobs => jobs::RULES,
        Model::Candidates => candidates::RULES,
        Model::ApplicationStages => application_stages::RULES,
        Model::Applications => applications::RULES,
        Model::JobStages => job_stages::RULES,
        Model::HiringTeamMembers => hiring_team_members::RULES,
    }
}

/// A model's name for people.
pub fn label(model: Model) -> &'static str {
    match model {
        Model::Users => "Users",
        Model::Jobs => "Jobs",
        Model::Candidates => "Candidates",
        Model::ApplicationStages => "Application stages",
        Model::Applications => "Applications",
        Model::JobStages => "Job-specific application stages",
        Model::HiringTeamMembers => "Job hiring team members",
    }
}

/// The object that a model's rows come from.
pub(crate) fn object_of(tenant: Tenant<'_>, model: Model) -> String {
    let names = tenant.profile.names();
    match model {
        Model::Users => names::USER.to_owned(),
        Model::Jobs | Model::HiringTeamMembers => tenant.profile.job_link.object.clone(),
        Model::Candidates => names::CONTACT.to_owned(),
        Model::ApplicationStages | Model::JobStages => names.api(names::STAGE),
        Model::Applications => names.api(names::APPLICANT),
    }
}

/// The fields of a model's own object that may feed a unified field, in order of preference, whether the org has them or not.
/// What the tenant chose for the field stands in place of the table's.
pub fn source_fields(tenant: Tenant<'_>, model: Model, field: &str) -> Vec<String> {
    if let Some(chosen) = tenant.settings.override_of(model, field) {
        return chosen.to_vec();
    }
    let names = tenant.profile.names();
    let link = &tenant.profile.job_link;
    let Some(rule) = rules(model).iter().find(|r| r.field == field) else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    for source in rule.sources {
        match source {
            Source::Own(name) => fields.push(names.api(name)),
            Source::Other(..) => {}
            Source::JobLookup if model == Model::Applications => {
                fields.push(link.applicant_lookup.clone())
            }
            Source::JobLookup => fields.push(link.stage_lookup.clone()),
            Source::ClosedFlag => fields.extend(link.closed_field.clone()),
            Source::EmailFields => {
                fields.extend(
                    tenant
                        .settings
                        .candidate_email_fields
                        .iter()
                        .map(|e| e.field.clone()),
                );
            }
            Source::TeamLookups => {
                fields.extend(tenant.settings.hiring_team.iter().map(|t| t.field.clone()))
            }
        }
    }
    fields
}

/// Every field of the model's own object that feeds it, switched off or not.
pub(super) fn feeding_fields(tenant: Tenant<'_>, model: Model) -> Vec<String> {
    rules(model)
        .iter()
        .flat_map(|rule| source_fields(tenant, model, rule.field))
        .collect()
}

/// Whether a unified field, or the location that it is a part of, is switched on.
pub(crate) fn is_on(tenant: Tenant<'_>, model: Model, field: &str) -> bool {
    let whole = field.split_once('.').map_or(field, |(whole, _)| whole);
    tenant.settings.scopes.field_on(model, whole) && tenant.settings.scopes.field_on(model, field)
}

/// Fields that the mapping of a model needs besides those of its table.
fn also(tenant: Tenant<'_>, model: Model) -> Vec<String> {
    let names = tenant.profile.names();
    match model {
        Model::Users => vec!["UserType".to_owned()],
        Model::Candidates => vec!["RecordTypeId".to_owned()],
        Model::Applications => {
            let needed = super::applications::needed(tenant).into_iter();
            needed.map(|field| names.api(field)).collect()
        }
        Model::JobStages => vec![tenant.profile.job_link.stage_lookup.clone()],
        Model::Jobs | Model::ApplicationStages | Model::HiringTeamMembers => Vec::new(),
    }
}

/// The fields to select for a model: identity and stamps, what feeds switched-on unified fields, what its mapping needs besides,
/// custom and promoted fields. Only those that describe lists, each once.
pub(super) fn columns(tenant: Tenant<'_>, model: Model, shape: &ObjectShape) -> Vec<String> {
    let mut columns = Vec::new();
    let mut add = |name: &str| {
        let known = shape.field(name);
        if let Some(field) = known
            && !columns.iter().any(|c| c == name)
        {
            if field.is_compound() {
                for (_, part) in shape.parts(name) {
                    if !columns.contains(&part.name) {
                        columns.push(part.name.clone());
                    }
                }
            } else if field.kind != "base64" {
                columns.push(field.name.clone());
            }
        }
    };
    for name in ["Id", "SystemModstamp", "IsDeleted"] {
        add(name);
    }
    for rule in rules(model)
        .iter()
        .filter(|r| is_on(tenant, model, r.field))
    {
        for name in source_fields(tenant, model, rule.field) {
            add(&name);
        }
    }
    for name in also(tenant, model) {
        add(&name);
    }
    for field in custom_fields::fields(tenant, model, shape) {
        add(&field.name);
    }
    if tenant.settings.scopes.field_on(model, "integration_fields") {
        for name in tenant.settings.promoted(model) {
            add(name);
        }
    }
    columns
}

/// `Object.Field` of everything that a model reads, other objects included. A field more than last time asks for a back-fill.
pub fn column_set(tenant: Tenant<'_>, model: Model) -> Vec<String> {
    let names = tenant.profile.names();
    let mut set = Vec::new();
    let mut add = |object: &str, field: &str| {
        let name = format!("{object}.{field}");
        if tenant.profile.object(object).is_some_and(|o| o.has(field)) && !set.contains(&name) {
            set.push(name);
        }
    };
    let object = object_of(tenant, model);
    if let Some(shape) = tenant.profile.object(&object) {
        for column in columns(tenant, model, shape) {
            add(&object, &column);
        }
    }
    for rule in rules(model)
        .iter()
        .filter(|r| is_on(tenant, model, r.field))
    {
        for source in rule.sources {
            if let Source::Other(other, field) = source {
                add(&names.api(other), &names.api(field));
            }
        }
    }
    if model == Model::HiringTeamMembers {
        for column in super::hiring_team_members::matched_columns(tenant) {
            add(names::USER, &column);
        }
    }
    if model == Model::Jobs && is_on(tenant, model, "location") {
        for column in super::location::site_columns(tenant) {
            add(&names.api(names::SITE), &column);
        }
    }
    set
}

/// Fields that exist only where the org uses a feature of the platform; their absence is no finding.
pub const OPTIONAL: [&str; 4] = [
    "CurrencyIsoCode",
    "MailingStateCode",
    "MailingCountryCode",
    "IsDeleted",
];

/// What a unified field can make of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    words: &'static str,
    /// Salesforce's type words that fit; none: all that are not among [`NO_VALUES`].
    kinds: &'static [&'static str],
}

/// Types whose values are no single text, number or date.
const NO_VALUES: [&str; 5] = ["address", "location", "complexvalue", "base64", "anyType"];

impl Takes {
    /// Whether values of this type of Salesforce's (`currency`, `date`) come through.
    pub fn fits(self, kind: &str) -> bool {
        match self.kinds {
            [] => !NO_VALUES.contains(&kind),
            kinds => kinds.contains(&kind),
        }
    }

    /// For a person.
    pub fn words(self) -> &'static str {
        self.words
    }
}

const NUMBER: Takes = Takes {
    words: "a number (currency, double, int, percent)",
    kinds: &["currency", "double", "int", "long", "percent"],
};
const DATE: Takes = Takes {
    words: "a date (date, datetime)",
    kinds: &["date", "datetime"],
};
const WORD: Takes = Takes {
    words: "a word (picklist, string, boolean)",
    kinds: &[
        "picklist",
        "multipicklist",
        "combobox",
        "string",
        "textarea",
        "boolean",
    ],
};
const CURRENCY: Takes = Takes {
    words: "an ISO 4217 code (picklist, string)",
    kinds: &["picklist", "combobox", "string"],
};
const EMAIL: Takes = Takes {
    words: "a text (email, string)",
    kinds: &["email", "string", "textarea"],
};
const TEXT: Takes = Takes {
    words: "a text",
    kinds: &[],
};

/// What a unified field takes from the source that a tenant chooses.
pub fn takes(field: &str) -> Takes {
    match field {
        "salary_amount" => NUMBER,
        "salary_currency" => CURRENCY,
        "opened_at" => DATE,
        "status" | "employment_type" | "visibility" => WORD,
        "email" => EMAIL,
        _ => TEXT,
    }
}

/// The models in the order of the coverage page.
pub fn in_order() -> impl Iterator<Item = Model> {
    MODELS.iter().map(|(model, _)| *model)
}
