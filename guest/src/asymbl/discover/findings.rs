//! What a person should know about an org: facts and warnings.

use crate::asymbl::inspection::needs;
use crate::asymbl::models::{self, OPTIONAL, Source, TABLES, Table, Tenant, word};
use crate::asymbl::names::{self, ACTIONS};
use crate::asymbl::profile::ObjectShape;
use crate::asymbl::settings::{CandidateRule, Settings};
use crate::exports::ats::connector::types::Model;

/// Facts about the org.
pub(super) fn facts(
    tenant: Tenant<'_>,
    mapping_readable: bool,
    record_types: &[&str],
) -> Vec<(String, String)> {
    let Tenant {
        profile, settings, ..
    } = tenant;
    let yes_no = |b: bool| if b { "yes" } else { "no" }.to_owned();
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| facts.push((name.to_owned(), value));
    if let Some(sandbox) = profile.organization.sandbox {
        add("sandbox", yes_no(sandbox));
    }
    add("namespace", profile.namespace.clone());
    let link = &profile.job_link;
    let from = match (&settings.job_object, mapping_readable) {
        (Some(_), _) => "by the setting `job_object`",
        (None, true) => "by the package's mapping metadata",
        (None, false) => {
            "the package's mapping metadata can't be read: the standard Job is assumed"
        }
    };
    add("job object", format!("{} ({from})", link.object));
    add("contact record types", record_types.join(", "));
    add("multi-currency", yes_no(profile.multi_currency()));
    add(
        "state and country picklists",
        yes_no(profile.address_codes()),
    );
    let address_fields: Vec<&str> = profile
        .site()
        .map(|s| {
            s.fields
                .iter()
                .filter(|f| f.kind == "address")
                .map(|f| f.name.as_str())
                .collect()
        })
        .unwrap_or_default();
    if !address_fields.is_empty() {
        add("work site address field", address_fields.join(", "));
    }
    facts
}

/// Returns a code and a message for everything that looks wrong.
pub(super) fn warnings(tenant: Tenant<'_>, record_types: &[&str]) -> Vec<(&'static str, String)> {
    let mut warnings = Vec::new();
    hidden_objects(tenant, &mut warnings);
    hidden_fields(tenant, &mut warnings);
    encrypted_addresses(tenant, &mut warnings);
    settings_without_effect(tenant, record_types, &mut warnings);
    sources_of_other_types(tenant, &mut warnings);
    unknown_scopes(tenant.settings, &mut warnings);
    warnings
}

type Warnings = Vec<(&'static str, String)>;

fn hidden_objects(tenant: Tenant<'_>, warnings: &mut Warnings) {
    let names = tenant.profile.names();
    let missing = |object: &str| tenant.profile.object(object).is_none();
    for table in tables_on(tenant) {
        let object = table.object.api(tenant);
        if missing(&object) {
            let missing = models::Missing { object };
            warnings.push(("object-hidden", format!("{}: {missing}", word(table.model))));
        }
    }
    let site = names.api(names::SITE);
    let locations = tenant.settings.scopes.model_on(Model::Jobs)
        && models::is_on(tenant, Model::Jobs, "location");
    if locations && missing(&site) && !missing(&tenant.profile.job_link.object) {
        warnings.push((
            "object-hidden",
            format!("{site} can't be read: locations of jobs come without state and country"),
        ));
    }
}

/// The tables of the models that are switched on.
fn tables_on(tenant: Tenant<'_>) -> impl Iterator<Item = &'static Table> {
    let scopes = &tenant.settings.scopes;
    let tables = TABLES.into_iter();
    tables.filter(|table| scopes.model_on(table.model))
}

/// Expected source fields of a model's own object that describe does not list.
fn lost_fields(tenant: Tenant<'_>, table: &Table, shape: &ObjectShape) -> Vec<String> {
    let rules = table.rules_on(tenant).filter(|rule| {
        let is_chosen = tenant
            .settings
            .override_of(table.model, rule.field)
            .is_some();
        !is_chosen && !uses_setting(rule.sources)
    });
    let fields = rules.flat_map(|rule| table.source_fields(tenant, rule.field));
    fields
        .filter(|name| !shape.has(name) && !OPTIONAL.contains(&name.as_str()))
        .collect()
}

/// Expected source fields of other visible objects that describe does not list, with their objects.
fn lost_fields_elsewhere(tenant: Tenant<'_>, table: &Table) -> Vec<(String, String)> {
    let names = tenant.profile.names();
    let sources = table.rules_on(tenant).flat_map(|rule| rule.sources);
    sources
        .filter_map(|source| {
            let Source::Other(object, field) = source else {
                return None;
            };
            let (object, field) = (names.api(object), names.api(field));
            let is_lost = !tenant.profile.object(&object)?.has(&field);
            is_lost.then_some((object, field))
        })
        .collect()
}

/// Expected source fields that describe does not list, with all that they feed; a line for each model.
fn hidden_fields(tenant: Tenant<'_>, warnings: &mut Warnings) {
    for table in tables_on(tenant) {
        let Some(shape) = tenant.profile.object(&table.object.api(tenant)) else {
            continue;
        };
        let needs = needs::of_model(tenant, table);
        let described = |object: &str, field: &str| {
            let of_object = needs.iter().filter(|need| need.object == object);
            let mut fields = of_object.flat_map(|need| &need.fields);
            match fields.find(|need| need.name == field) {
                Some(need) => format!("{object}.{field} ({})", need.affects.join(", ")),
                None => format!("{object}.{field}"),
            }
        };
        let own = lost_fields(tenant, table, shape).into_iter();
        let own = own.map(|field| described(&shape.name, &field));
        let elsewhere = lost_fields_elsewhere(tenant, table).into_iter();
        let elsewhere = elsewhere.map(|(object, field)| described(&object, &field));
        let mut lost: Vec<String> = Vec::new();
        for field in own.chain(elsewhere) {
            if !lost.contains(&field) {
                lost.push(field);
            }
        }
        if !lost.is_empty() {
            let fix = if tenant.profile.job_link.standard
                || shape.name != tenant.profile.job_link.object
            {
                "grant it read access to them"
            } else {
                "name this object's own fields in the setting `fields`"
            };
            warnings.push((
                "field-hidden",
                format!(
                    "{}: the connected user does not see {}; what is in brackets stays empty or incomplete: {fix}",
                    word(table.model),
                    lost.join(", "),
                ),
            ));
        }
    }
}

/// Addresses that can be read but not asked for in a query leave hiring managers unmatched; no other warning covers
/// that.
fn encrypted_addresses(tenant: Tenant<'_>, warnings: &mut Warnings) {
    let teams = Model::HiringTeamMembers;
    if !tenant.settings.scopes.model_on(teams)
        || !models::is_on(tenant, teams, "user_id")
        || models::hiring_team_members::manager_lookups(tenant).is_empty()
    {
        return;
    }
    for object in [names::CONTACT, names::USER] {
        let email = tenant
            .profile
            .object(object)
            .and_then(|shape| shape.field("Email"));
        if email.is_some_and(|field| field.unfilterable) {
            warnings.push((
                "field-encrypted",
                format!(
                    "{}: {object}.Email can't stand in a query's condition, so no contact is matched with a user: encrypt it \
                     deterministically, or name lookups to users in the setting `hiring_team`",
                    word(teams),
                ),
            ));
        }
    }
}

/// Returns true if the sources come from a setting, which has a warning of its own.
fn uses_setting(sources: &[Source]) -> bool {
    sources
        .iter()
        .any(|s| matches!(s, Source::TeamLookups | Source::EmailFields))
}

fn settings_without_effect(tenant: Tenant<'_>, record_types: &[&str], warnings: &mut Warnings) {
    fields_without_effect(tenant, warnings);
    for lookup in &tenant.settings.hiring_team {
        let field = tenant.profile.job().and_then(|j| j.field(&lookup.field));
        if field.is_some_and(|f| !f.refers_to(names::USER) && !f.refers_to(names::CONTACT)) {
            warnings.push((
                "setting-without-effect",
                format!(
                    "hiring_team: {} is not a lookup to User or Contact",
                    lookup.field
                ),
            ));
        }
    }
    no_candidate_type(tenant, record_types, warnings);
}

/// Source fields that a setting names and the user does not see.
fn fields_without_effect(tenant: Tenant<'_>, warnings: &mut Warnings) {
    let settings = tenant.settings;
    let shape_of = |model| {
        let object = models::table(model).object;
        tenant.profile.object(&object.api(tenant))
    };
    let mut check = |key: String, shape: Option<&ObjectShape>, field: &str| {
        if let Some(shape) = shape
            && !shape.has(field)
        {
            let name = &shape.name;
            let message = format!("{key}: {name} shows no field {field} to the connected user");
            warnings.push(("setting-without-effect", message));
        }
    };
    for o in &settings.fields {
        for source in &o.sources {
            let key = format!("fields.{}.{}", word(o.model), o.field);
            check(key, shape_of(o.model), source);
        }
    }
    for (model, fields) in &settings.integration_fields {
        for field in fields {
            let key = format!("integration_fields.{}", word(*model));
            check(key, shape_of(*model), field);
        }
    }
    for email in &settings.candidate_email_fields {
        let key = "candidate_email_fields".to_owned();
        check(key, tenant.profile.contact(), &email.field);
    }
    for lookup in &settings.hiring_team {
        let key = "hiring_team".to_owned();
        check(key, tenant.profile.job(), &lookup.field);
    }
}

/// Warns where the record type that makes a candidate does not exist.
fn no_candidate_type(tenant: Tenant<'_>, record_types: &[&str], warnings: &mut Warnings) {
    let settings = tenant.settings;
    let effect = match settings.candidates {
        CandidateRule::Typed => "nobody is a candidate",
        CandidateRule::AppliedOrTyped => "only contacts with an application are candidates",
        _ => return,
    };
    if tenant.profile.contact().is_none() || !tenant.profile.candidate_types.is_empty() {
        return;
    }
    warnings.push((
        "no-candidate-record-type",
        format!(
            "Contact has no record type {:?} (it has: {}): {effect}. The settings `candidate_record_type` and `candidates` say which \
             contacts are candidates",
            settings.candidate_record_type,
            match record_types {
                [] => "none".to_owned(),
                names => names.join(", "),
            },
        ),
    ));
}

/// Sources that the tenant chose and whose values the unified field can't take: they would silently come out empty.
fn sources_of_other_types(tenant: Tenant<'_>, warnings: &mut Warnings) {
    for chosen in &tenant.settings.fields {
        if !tenant.settings.scopes.model_on(chosen.model)
            || !models::is_on(tenant, chosen.model, &chosen.field)
        {
            continue;
        }
        let table = models::table(chosen.model);
        let (Some(shape), Some(takes)) = (
            tenant.profile.object(&table.object.api(tenant)),
            table.rule(&chosen.field).and_then(|rule| rule.choice),
        ) else {
            continue;
        };
        for source in &chosen.sources {
            if let Some(field) = shape.field(source).filter(|f| !takes.fits(&f.kind)) {
                warnings.push((
                    "setting-wrong-type",
                    format!(
                        "fields.{}.{}: {source} of {} is of the type {}, and {} takes {}: name a field of such a type",
                        word(chosen.model),
                        chosen.field,
                        shape.name,
                        field.kind,
                        chosen.field,
                        takes.words(),
                    ),
                ));
            }
        }
    }
    for email in &tenant.settings.candidate_email_fields {
        let kind = tenant
            .profile
            .contact()
            .and_then(|c| c.field(&email.field))
            .map(|f| f.kind.as_str());
        if let Some(kind) = kind.filter(|kind| !models::EMAIL.fits(kind)) {
            warnings.push((
                "setting-wrong-type",
                format!(
                    "candidate_email_fields: {} is of the type {kind}, and an e-mail address is {}: name a field of such a type",
                    email.field,
                    models::EMAIL.words(),
                ),
            ));
        }
    }
}

fn unknown_scopes(settings: &Settings, warnings: &mut Warnings) {
    for entry in settings.scopes.entries() {
        let known = match entry.split_once('.') {
            None => {
                models::from_word(entry).is_some() || ACTIONS.iter().any(|(_, name)| *name == entry)
            }
            Some((name, field)) => {
                models::from_word(name).is_some_and(|model| models::table(model).has(field))
            }
        };
        if !known {
            warnings.push((
                "unknown-scope",
                format!("{entry:?} is switched off, but the connector has no such model, field or action"),
            ));
        }
    }
}
