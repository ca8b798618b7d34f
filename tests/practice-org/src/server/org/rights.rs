//! Who sees what: rights by user, changes to them at run time, and the permission rows that must agree.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::Visibility;
use crate::server::config::Variations;
use crate::server::sessions::Session;
use crate::store::{Actor, Database, DuplicateOptions, QueryOptions};
use crate::value::Value;

/// The rights of all users.
pub struct Rights {
    db: Database,
    run_as: RecordId,
    /// What the running user sees, and every other user without rights of its own.
    running: RwLock<Visibility>,
    /// Rights of the users who are no administrators, by their ids.
    others: HashMap<String, Visibility>,
    schema_changed_ms: AtomicI64,
}

impl Rights {
    /// The rights at the start: those of the users' permission sets, less what is hidden from the running one. The
    /// error is a sentence for a person.
    pub fn new(
        db: Database,
        run_as: RecordId,
        others: HashMap<String, Visibility>,
        variations: &Variations,
    ) -> Result<Self, String> {
        let own = others.get(&run_as.to_string()).cloned();
        let running = less_hidden(variations, &db, own.unwrap_or_default())?;
        Ok(Self {
            running: RwLock::new(running),
            others,
            schema_changed_ms: AtomicI64::new(db.clock().now_ms()),
            run_as,
            db,
        })
    }

    /// What a user sees: the rights of its permission sets, or those of the running user.
    pub fn of_user(&self, user_id: &str) -> Visibility {
        let own = self.others.get(user_id);
        match own.filter(|_| user_id != self.run_as.to_string()) {
            Some(rights) => rights.clone(),
            None => self.of_running_user(),
        }
    }

    /// What the running user sees.
    pub fn of_running_user(&self) -> Visibility {
        let running = self.running.read();
        running.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Visibility)) {
        change(&mut self.running.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Changes which objects and fields the running user sees.
    pub fn alter(&self, change: impl FnOnce(&mut Visibility)) {
        self.change(change);
        self.touch_schema();
    }

    /// Changes which records sharing keeps from the running user.
    pub fn alter_sharing(&self, change: impl FnOnce(&mut HashSet<RecordId>)) {
        self.change(|visibility| change(visibility.unshared_mut()));
    }

    /// When the schema or the rights last changed, for `If-Modified-Since`.
    pub fn schema_changed_ms(&self) -> i64 {
        self.schema_changed_ms.load(Ordering::Relaxed)
    }

    /// Notes that the schema or the rights changed.
    pub fn touch_schema(&self) {
        let now = self.db.clock().now_ms();
        self.schema_changed_ms.store(now, Ordering::Relaxed);
    }

    /// Who writes and reads in a session.
    pub fn actor(&self, session: &Session) -> Actor {
        Actor {
            user: RecordId::parse(&session.user_id).unwrap_or(self.run_as),
            visibility: self.of_user(&session.user_id),
            duplicates: DuplicateOptions::default(),
        }
    }

    /// An actor that sees and may do everything: the back door.
    pub fn system_actor(&self) -> Actor {
        Actor::new(self.run_as)
    }

    /// How queries of a session run.
    pub fn query_options(&self, session: &Session, all_rows: bool) -> QueryOptions {
        QueryOptions {
            all_rows,
            visibility: self.of_user(&session.user_id),
            user: RecordId::parse(&session.user_id),
            ..QueryOptions::default()
        }
    }

    /// Live rows of each object that the running user sees; sharing does not count.
    pub fn object_counts(&self) -> Vec<(String, usize)> {
        let (schema, visibility) = (self.db.schema(), self.of_running_user());
        schema
            .objects()
            .filter(|object| visibility.sees_object(object))
            .map(|object| (object.name.clone(), self.db.count(&object.name)))
            .collect()
    }

    /// Makes the permission rows of the running user's sets say what [`Rights::alter`] changed.
    pub fn sync_permission_rows(&self, object: &str, field: Option<&str>, hidden: bool) {
        let run_as = Value::Id(self.run_as);
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

/// The rights of a user, less what is hidden from it at the start.
fn less_hidden(
    variations: &Variations,
    db: &Database,
    mut visibility: Visibility,
) -> Result<Visibility, String> {
    let schema = db.schema();
    for name in &variations.hidden_objects {
        schema
            .object(name)
            .ok_or_else(|| format!("there is not an object {name} to hide"))?;
        visibility = visibility.hide_object(name);
    }
    for name in &variations.hidden_fields {
        let (object, field) = name
            .split_once('.')
            .ok_or_else(|| format!("write a hidden field as Object.Field, not {name}"))?;
        let found = schema
            .object(object)
            .ok_or_else(|| format!("there is not an object {object}"))?;
        found
            .field(field)
            .ok_or_else(|| format!("there is no field {field} on {object} to hide"))?;
        visibility = visibility.hide_field(object, field);
    }
    Ok(visibility)
}
