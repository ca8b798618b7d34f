//! What is read for a model: columns, and all else that a listing of it rests on.

use super::custom_fields;
use super::table::{Source, Table, is_on};
use super::tenant::Tenant;
use crate::asymbl::profile::ObjectShape;

/// The fields to select for a model: identity and stamps, the sources of switched-on unified fields, the table's extra
/// columns, custom and promoted fields. Only those that describe lists, each once.
pub(super) fn columns(tenant: Tenant<'_>, table: &Table, shape: &ObjectShape) -> Vec<String> {
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
    for rule in table.rules_on(tenant) {
        for name in table.source_fields(tenant, rule.field) {
            add(&name);
        }
    }
    for name in table.extra_columns(tenant) {
        add(&name);
    }
    for field in custom_fields::fields(tenant, table, shape) {
        add(&field.name);
    }
    if tenant
        .settings
        .scopes
        .field_on(table.model, "integration_fields")
    {
        for name in tenant.settings.promoted(table.model) {
            add(name);
        }
    }
    columns
}

/// `Object.Field` of everything that a model reads, other objects included. A field more than last time asks for a
/// back-fill.
pub fn column_set(tenant: Tenant<'_>, table: &Table) -> Vec<String> {
    let names = tenant.profile.names();
    let mut set = Vec::new();
    let mut add = |object: &str, field: &str| {
        let name = format!("{object}.{field}");
        if tenant.profile.object(object).is_some_and(|o| o.has(field)) && !set.contains(&name) {
            set.push(name);
        }
    };
    let object = table.object.api(tenant);
    if let Some(shape) = tenant.profile.object(&object) {
        for column in columns(tenant, table, shape) {
            add(&object, &column);
        }
    }
    for source in table.rules_on(tenant).flat_map(|rule| rule.sources) {
        if let Source::Other(other, field) = source {
            add(&names.api(other), &names.api(field));
        }
    }
    for (other, columns) in (table.other_columns)(tenant) {
        for column in columns {
            add(&names.api(other), &column);
        }
    }
    set
}

/// What the records of a model look like besides what their rows say: the address of their pages, labels and types of
/// fields. It changes without a stamp on any row.
pub fn appearance(tenant: Tenant<'_>, table: &Table) -> String {
    let has_page = table.has("remote_url") && is_on(tenant, table.model, "remote_url");
    let address = if has_page { tenant.base_url } else { "" };
    format!("{address};{}", custom_fields::style(tenant, table))
}
