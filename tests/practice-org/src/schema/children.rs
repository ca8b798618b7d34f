//! Relationships seen from the parent: computed from the reference fields of all objects.

use super::object::{ChildRelationship, ObjectId};
use super::{DeleteRule, FieldType, Schema};

impl Schema {
    /// Recomputes every object's child relationships; called after each change.
    pub(super) fn link_children(&mut self) {
        let mut found: Vec<(ObjectId, ChildRelationship)> = Vec::new();
        for object in self.objects() {
            for field in object.fields().filter(|f| f.kind == FieldType::Reference) {
                for parent in field
                    .reference_to
                    .iter()
                    .filter_map(|name| self.object(name))
                {
                    let relationship = ChildRelationship {
                        child: object.id,
                        field: field.id,
                        name: field.child_relationship.clone(),
                        cascade_delete: field.on_delete == DeleteRule::Cascade,
                        restricted_delete: field.on_delete == DeleteRule::Restrict,
                    };
                    found.push((parent.id, relationship));
                }
            }
        }
        for object in &mut self.objects {
            object.children.clear();
        }
        for (parent, relationship) in found {
            self.objects[usize::from(parent.0)]
                .children
                .push(relationship);
        }
    }
}
