//! Who sees what: rights by user, changes to them at run time, and the permission rows that must agree.

use std::collections::HashSet;
use std::sync::PoisonError;

use super::config::OrgConfig;
use super::org::Org;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::Visibility;
use crate::store::Database;
use crate::value::Value;

impl Org {
    /// What a user sees: the rights of its permission sets, or those of the running user.
    pub fn visibility_of(&self, user_id: &str) -> Visibility {
        let own = self.seeded.rights.get(user_id);
        match own.filter(|_| user_id != self.seeded.run_as.to_string()) {
            Some(rights) => rights.clone(),
            None => self.visibility(),
        }
    }

    /// What the running user sees.
    pub fn visibility(&self) -> Visibility {
        self.visibility
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes what the users see.
    pub fn alter_visibility(&self, change: impl FnOnce(&mut Visibility)) {
        change(
            &mut self
                .visibility
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.touch_schema();
    }

    /// Changes which records sharing keeps from the running user.
    pub fn alter_sharing(&self, change: impl FnOnce(&mut HashSet<RecordId>)) {
        let mut visibility = self
            .visibility
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(visibility.unshared_mut());
    }

    /// Makes the permission rows of the running user's sets say what [`Org::alter_visibility`] changed.
    pub fn sync_permission_rows(&self, object: &str, field: Option<&str>, hidden: bool) {
        let run_as = Value::Id(self.seeded.run_as);
        let mut sets = Vec::new();
        for id in self
            .db
            .find("PermissionSetAssignment", "AssigneeId", &run_as)
        {
            let set = self.db.read("PermissionSetAssignment", id, |row| {
                row.get("PermissionSetId").as_id()
            });
            sets.extend(set.flatten());
        }
        let (table, key, name) = match field {
            Some(field) => ("FieldPermissions", "Field", format!("{object}.{field}")),
            None => ("ObjectPermissions", "SobjectType", object.to_owned()),
        };
        // The rows are the platform's own: a refusal here could only be a bug, and would show in the next query.
        let _ = self.db.write(&self.system_actor(), |writer| {
            for set in sets {
                let mut own = writer.find(table, key, &Value::copied(&name));
                own.retain(|id| writer.value(table, *id, "ParentId") == Value::Id(set));
                if hidden {
                    for id in own {
                        writer.hard_delete(table, &id.to_string())?;
                    }
                } else if own.is_empty() {
                    let mut values = vec![
                        ("ParentId", Value::Id(set)),
                        ("SobjectType", Value::copied(object)),
                        ("PermissionsRead", true.into()),
                        ("PermissionsEdit", true.into()),
                    ];
                    if field.is_some() {
                        values.push(("Field", Value::copied(&name)));
                    }
                    writer.insert_values(table, &values)?;
                }
            }
            Ok::<_, ApiError>(())
        });
    }
}

/// The running user's rights at the start: those of its sets, less what is hidden from it.
pub fn first(
    config: &OrgConfig,
    db: &Database,
    mut visibility: Visibility,
) -> Result<Visibility, String> {
    let schema = db.schema();
    for name in &config.variations.hidden_objects {
        schema
            .object(name)
            .ok_or_else(|| format!("there is no object {name} to hide"))?;
        visibility = visibility.hide_object(name);
    }
    for name in &config.variations.hidden_fields {
        let (object, field) = name
            .split_once('.')
            .ok_or_else(|| format!("write a hidden field as Object.Field, not {name}"))?;
        let found = schema
            .object(object)
            .ok_or_else(|| format!("there is no object {object}"))?;
        found
            .field(field)
            .ok_or_else(|| format!("there is no field {field} on {object} to hide"))?;
        visibility = visibility.hide_field(object, field);
    }
    Ok(visibility)
}
