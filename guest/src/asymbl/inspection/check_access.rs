//! What the connected user may do, from describe's flags: nothing is written, and what is switched off is not asked
//! for.
//!
//! A missing right looks like absence (salesforce-api.md 6), so what describe shows is held against what the mapping
//! needs. The permission objects tell which sets are assigned, and whether sharing may hide records.

mod about;
mod grants;
mod org;

use super::needs::{self, FieldNeed, ObjectNeed, Operation};
use crate::asymbl::actions::unsearchable;
use crate::asymbl::context::Context;
use crate::asymbl::errors::PERMISSION_SET;
use crate::asymbl::models::{TABLES, Tenant};
use crate::asymbl::names::ACTIONS;
use crate::exports::ats::connector::inspection::{
    AccessFinding, AccessLevel, AccessReport, ActionAccess, MissingRight, ModelAccess,
};
use crate::exports::ats::connector::types::{Error, Warning};
use salesforce::ObjectShape;
use salesforce::transport::Transport;

use about::Shapes;
use grants::Grants;

/// Holds what the user sees against what models and actions need.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn check_access<T: Transport>(ctx: &Context<T>, profile: &str) -> Result<AccessReport, Error> {
    let known = ctx.known(profile)?;
    let tenant = ctx.tenant(&known.profile);
    let scopes = &ctx.settings.scopes;
    let models: Vec<_> = TABLES
        .into_iter()
        .map(|table| {
            let is_on = scopes.model_on(table.model);
            (table.model, is_on.then(|| needs::of_model(tenant, table)))
        })
        .collect();
    let off = |word: &str| scopes.entries().any(|entry| entry == word);
    let actions: Vec<_> = ACTIONS
        .into_iter()
        .map(|(a, word)| (a, (!off(word)).then(|| needs::of_action(tenant, a))))
        .collect();
    let all = models
        .iter()
        .filter_map(|(_, n)| n.as_ref())
        .chain(actions.iter().filter_map(|(_, n)| n.as_ref()));
    let mut objects: Vec<&str> = all.flatten().map(|need| need.object.as_str()).collect();
    objects.sort_unstable();
    objects.dedup();
    let described = ctx.client.describe(&objects)?;
    let shapes: Shapes = objects
        .iter()
        .zip(described)
        .filter_map(|(name, shape)| Some(((*name).to_owned(), shape?)))
        .collect();
    let mut grants = grants::look(ctx, &objects)?;
    let about = org::look(ctx, tenant, &shapes, &grants)?;
    grants.package_is_absent = about.lacks_package();
    let finding = |needs: &Option<Vec<ObjectNeed>>| match needs {
        Some(needs) => finding(tenant, needs, &shapes, &grants),
        None => switched_off(),
    };
    Ok(AccessReport {
        models: models
            .iter()
            .map(|(model, needs)| ModelAccess {
                model: *model,
                finding: finding(needs),
            })
            .collect(),
        actions: actions
            .iter()
            .map(|(action, needs)| ActionAccess {
                action: *action,
                finding: finding(needs),
            })
            .collect(),
        facts: about.facts,
        warnings: about.warnings,
    })
}

/// Off is neither allowed nor missing; a reader who looks at `access` alone must not rely on it.
fn switched_off() -> AccessFinding {
    AccessFinding {
        access: AccessLevel::Denied,
        switched_off: true,
        missing: Vec::new(),
        notes: Vec::new(),
    }
}

fn finding(
    tenant: Tenant<'_>,
    needs: &[ObjectNeed],
    shapes: &Shapes,
    grants: &Grants,
) -> AccessFinding {
    let mut found = Found::default();
    for need in needs {
        match shapes.get(&need.object) {
            None => found.lacks_on_object(tenant, need, Operation::Read, grants),
            Some(shape) => {
                found.check_object(tenant, need, shape, grants);
                found.check_fields(tenant, need, shape, grants);
            }
        }
    }
    AccessFinding {
        access: match (found.denied, found.missing.is_empty()) {
            (true, _) => AccessLevel::Denied,
            (false, true) => AccessLevel::Full,
            (false, false) => AccessLevel::Partial,
        },
        switched_off: false,
        missing: found.missing,
        notes: found.notes,
    }
}

/// What a field of the org's own Job object, which the user does not see, is there for.
enum JobField {
    /// The package's mapping metadata, or the setting `job_object`, says that it is there.
    Mapped,
    /// The tenant named it in this setting.
    Named(&'static str),
    /// The package's Job has it; this setting would name another.
    OfThePackage(&'static str),
}

fn job_field(tenant: Tenant<'_>, field: &str) -> JobField {
    let settings = tenant.settings;
    let names = |sources: &[String]| sources.iter().any(|source| source == field);
    let in_team = settings.hiring_team.iter().any(|t| t.field == field);
    if tenant.profile.job_link.closed_field.as_deref() == Some(field) {
        JobField::Mapped
    } else if settings.fields.iter().any(|o| names(&o.sources)) {
        JobField::Named("fields")
    } else if in_team && !settings.has_default_team() {
        JobField::Named("hiring_team")
    } else if in_team {
        JobField::OfThePackage("hiring_team")
    } else {
        JobField::OfThePackage("fields")
    }
}

/// What it costs, as the end of a sentence's first half.
fn cost(affects: &[String]) -> String {
    if affects.iter().any(|a| a.starts_with("application.")) {
        return "so it can't show whether a job is open".to_owned();
    }
    format!("so {} stays empty or incomplete", affects.join(", "))
}

#[derive(Default)]
struct Found {
    denied: bool,
    missing: Vec<MissingRight>,
    notes: Vec<Warning>,
}

impl Found {
    fn lacks(&mut self, essential: bool, right: String, affects: &[String], fix: String) {
        self.denied |= essential;
        self.missing.push(MissingRight {
            right,
            affects: if essential {
                Vec::new()
            } else {
                affects.to_vec()
            },
            fix,
        });
    }

    fn lacks_on_object(
        &mut self,
        tenant: Tenant<'_>,
        need: &ObjectNeed,
        operation: Operation,
        grants: &Grants,
    ) {
        let right = format!("{} {}", operation.word(), need.object);
        let fix = object_fix(tenant, &need.object, operation, grants);
        self.lacks(need.essential, right, &need.affects, fix);
    }

    /// Checks what must be done with the object besides reading it.
    fn check_object(
        &mut self,
        tenant: Tenant<'_>,
        need: &ObjectNeed,
        shape: &ObjectShape,
        grants: &Grants,
    ) {
        for operation in &need.operations {
            let may = match operation {
                Operation::Read => true,
                Operation::Create => shape.createable,
                Operation::Edit => shape.updateable,
            };
            if !may {
                self.lacks_on_object(tenant, need, *operation, grants);
            }
        }
    }

    fn check_fields(
        &mut self,
        tenant: Tenant<'_>,
        need: &ObjectNeed,
        shape: &ObjectShape,
        grants: &Grants,
    ) {
        let link = &tenant.profile.job_link;
        let own_job = !link.standard && need.object == link.object;
        for field in &need.fields {
            let may = shape
                .field(&field.name)
                .is_some_and(|f| match field.operation {
                    Operation::Read => true,
                    Operation::Create => f.createable,
                    Operation::Edit => f.updateable,
                });
            let closed = shape.field(&field.name).is_some_and(|f| !f.filterable);
            if may && field.searched && closed {
                self.unsearchable(tenant, shape, &field.name);
            }
            match own_job.then(|| job_field(tenant, &field.name)) {
                _ if may => {}
                Some(JobField::OfThePackage(setting)) => {
                    self.lacks_package_field(&need.object, field, setting);
                }
                Some(JobField::Named(setting)) => {
                    let fix = format!(
                        "{}, or name another one in the setting `{setting}`",
                        grant_field(field, shape)
                    );
                    self.lacks_on_field(&need.object, field, fix);
                }
                Some(JobField::Mapped) | None => {
                    let names = tenant.profile.names();
                    let is_absent = grants.package_is_absent && names.is_of_package(&field.name);
                    let fix = match is_absent {
                        true => install(&field.name),
                        false => grant_field(field, shape),
                    };
                    self.lacks_on_field(&need.object, field, fix);
                }
            }
        }
    }

    fn lacks_on_field(&mut self, object: &str, field: &FieldNeed, fix: String) {
        let right = format!("{} {object}.{}", field.operation.word(), field.name);
        self.lacks(field.essential, right, &field.affects, fix);
    }

    /// The org's own Job object need not have the package's fields, unless nothing works without one.
    fn lacks_package_field(&mut self, object: &str, field: &FieldNeed, setting: &str) {
        if field.essential {
            let fix = format!(
                "{object} has no such field, so no job counts as open: name its own field in the setting `{setting}`, or set \
                 `allow_closed_jobs`"
            );
            return self.lacks_on_field(object, field, fix);
        }
        self.notes.push(Warning {
            code: "field-absent".to_owned(),
            message: format!(
                "{object} shows no field {}, {}: name this object's own field in the setting `{setting}`",
                field.name,
                cost(&field.affects)
            ),
        });
    }
}

/// Field-level security knows two rights: who may edit a field may set it at creation too.
fn grant_field(field: &FieldNeed, shape: &ObjectShape) -> String {
    format!(
        "grant {} access to the field in a permission set of the integration user (Setup, Permission Sets, Object Settings, {})",
        match field.operation {
            Operation::Read => "read",
            Operation::Create | Operation::Edit => "edit",
        },
        shape.label
    )
}

/// The fix for what belongs to a package that is not there.
fn install(what: &str) -> String {
    format!(
        "install the Asymbl ATS package in this org, or name the namespace that it has there in the setting `namespace`: \
         {what} belongs to it"
    )
}

impl Found {
    /// The creates look records up by a field that Salesforce can't search.
    fn unsearchable(&mut self, tenant: Tenant<'_>, shape: &ObjectShape, field: &str) {
        let object = &shape.name;
        let hash = tenant.settings.contact_external_id_field.as_deref();
        let why = match hash == Some(field) {
            true => "Salesforce can't search this field, which may be encrypted: name another one in the setting \
                     `contact_external_id_field`"
                .to_owned(),
            false => unsearchable(object, &[field]),
        };
        let hashed = hash
            .and_then(|name| shape.field(name))
            .is_some_and(|f| f.filterable);
        let fix = format!(
            "create-candidate and create-application can't look up the e-mail address: {why}"
        );
        let affects = ["candidate.email_address".to_owned()];
        self.lacks(
            !hashed,
            format!("search {object} by {field}"),
            &affects,
            fix,
        );
    }
}

/// Objects that the package's permission set for users holds, with reading, creating and editing (asymbl-schema.md 4).
const OF_THE_SET: [&str; 4] = [
    crate::asymbl::names::CONTACT,
    crate::asymbl::names::APPLICANT,
    crate::asymbl::names::JOB,
    crate::asymbl::names::STAGE,
];

fn object_fix(tenant: Tenant<'_>, object: &str, operation: Operation, grants: &Grants) -> String {
    let names = tenant.profile.names();
    let own = format!(
        "grant {} on {object} in a permission set of your own and assign that to the integration user",
        operation.word()
    );
    if grants.package_is_absent {
        return match names.is_of_package(object) {
            true => install(object),
            false => own,
        };
    }
    let held = OF_THE_SET.iter().any(|held| names.api(held) == object);
    match (held, grants.has(PERMISSION_SET), &grants.sets) {
        (false, ..) if names.is_of_package(object) => {
            format!("{own}; \"{PERMISSION_SET}\" does not hold this object")
        }
        (false, ..) => own,
        (true, true, _) => {
            format!("\"{PERMISSION_SET}\" is assigned, but lacks this right in your org: {own}")
        }
        (true, false, Some(_)) => format!(
            "assign the permission set \"{PERMISSION_SET}\" to the integration user, which does not have it"
        ),
        (true, false, None) => format!(
            "assign the permission set \"{PERMISSION_SET}\" to the integration user, and {own} where that one does not"
        ),
    }
}

#[cfg(test)]
mod tests;
