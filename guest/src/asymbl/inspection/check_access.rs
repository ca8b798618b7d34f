//! What the connected user may do, from describe's flags: nothing is written, and what is switched off is not asked for.
//!
//! A missing right looks like absence (salesforce-api.md 6), so what describe shows is held against what the mapping needs.

mod org;

use std::collections::BTreeMap;

use super::needs::{self, ACTIONS, ObjectNeed, Operation};
use crate::asymbl::context::Context;
use crate::asymbl::errors::PERMISSION_SET;
use crate::asymbl::models::{self, Tenant};
use crate::exports::ats::connector::inspection::{
    AccessFinding, AccessLevel, AccessReport, ActionAccess, MissingRight, ModelAccess,
};
use crate::exports::ats::connector::types::{Error, Warning};
use crate::salesforce::ObjectShape;
use crate::transport::Transport;

type Shapes = BTreeMap<String, ObjectShape>;

/// Holds what the user sees against what models and actions need.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn check_access<T: Transport>(ctx: &Context<T>, profile: &str) -> Result<AccessReport, Error> {
    let known = ctx.known(profile)?;
    let tenant = ctx.tenant(&known.profile);
    let scopes = &ctx.settings.scopes;
    let models: Vec<_> = models::in_order()
        .map(|m| (m, scopes.model_on(m).then(|| needs::of_model(tenant, m))))
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
    let about = org::look(ctx, tenant, &shapes)?;
    let finding = |needs: &Option<Vec<ObjectNeed>>| match needs {
        Some(needs) => finding(tenant, needs, &shapes),
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

fn finding(tenant: Tenant<'_>, needs: &[ObjectNeed], shapes: &Shapes) -> AccessFinding {
    let mut found = Found::default();
    for need in needs {
        let object = &need.object;
        let Some(shape) = shapes.get(object) else {
            found.lacks(
                need.essential,
                format!("read {object}"),
                &need.affects,
                object_mend(tenant, object),
            );
            continue;
        };
        for operation in &need.operations {
            let may = match operation {
                Operation::Read => true,
                Operation::Create => shape.createable,
                Operation::Edit => shape.updateable,
            };
            if !may {
                let right = format!("{} {object}", operation.word());
                found.lacks(
                    need.essential,
                    right,
                    &need.affects,
                    object_mend(tenant, object),
                );
            }
        }
        for field in &need.fields {
            let may = shape
                .field(&field.name)
                .is_some_and(|f| match field.operation {
                    Operation::Read => true,
                    Operation::Create => f.createable,
                    Operation::Edit => f.updateable,
                });
            if may {
                continue;
            }
            let own_job = !tenant.profile.job_link.standard
                && *object == tenant.profile.job_link.object
                && field.operation == Operation::Read;
            let right = format!("{} {object}.{}", field.operation.word(), field.name);
            if own_job {
                // The org's own Job object need not have the package's fields.
                found.notes.push(Warning {
                    code: "field-absent".to_owned(),
                    message: format!(
                        "{object} shows no field {}, so {} stays empty: name this object's own field in the setting `fields`",
                        field.name,
                        field.affects.join(", ")
                    ),
                });
            } else {
                let mend = format!(
                    "grant {} access to the field in a permission set of the integration user (Setup, Permission Sets, Object \
                     Settings, {})",
                    field.operation.word(),
                    shape.label
                );
                found.lacks(field.essential, right, &field.affects, mend);
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

#[derive(Default)]
struct Found {
    denied: bool,
    missing: Vec<MissingRight>,
    notes: Vec<Warning>,
}

impl Found {
    fn lacks(&mut self, essential: bool, right: String, affects: &[String], mend: String) {
        self.denied |= essential;
        self.missing.push(MissingRight {
            right,
            affects: if essential {
                Vec::new()
            } else {
                affects.to_vec()
            },
            mend,
        });
    }
}

/// The package's own permission set gives its four objects and contacts; the rest needs one of the customer's
/// (asymbl-schema.md 4).
fn object_mend(tenant: Tenant<'_>, object: &str) -> String {
    if tenant.profile.names().is_of_package(object) || object == crate::asymbl::names::CONTACT {
        format!(
            "assign the permission set \"{PERMISSION_SET}\" to the integration user, and grant the object in a permission set of \
             your own where that one does not"
        )
    } else {
        "grant the object in a permission set of the integration user".to_owned()
    }
}

#[cfg(test)]
mod tests;
