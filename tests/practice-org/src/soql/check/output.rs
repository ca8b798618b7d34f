//! The SELECT list as the shape of the answer's JSON.

use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::schema::ObjectId;
use path::Resolved;

impl<'a> Checker<'a> {
    pub(in crate::soql) fn output(
        &self,
        scope: Scope<'a>,
        query: &'a Query,
    ) -> Result<Node, SoqlError> {
        let mut node = Node::default();
        let mut seen = HashSet::new();
        let mut children = 0;
        for item in &query.select {
            match item {
                SelectItem::Operand(Operand::Path(path), alias) => {
                    if alias.is_some() {
                        let message = "only aggregate expressions use field aliasing";
                        return Err(SoqlError::at(path.at, "MALFORMED_QUERY", message));
                    }
                    let found = self.resolve(scope, path)?;
                    check_duplicate(&mut seen, path, &found)?;
                    place(&mut node, &found, None);
                }
                SelectItem::Operand(operand @ Operand::Function(name, path), alias) => {
                    let (expression, field, _) = self.expression(scope, operand)?;
                    let written = path
                        .as_ref()
                        .and_then(|p| p.parts.last())
                        .unwrap_or(&name.text);
                    let key = alias
                        .as_ref()
                        .or(field.map(|f| &f.name))
                        .unwrap_or(written)
                        .clone();
                    node.entries.push(Entry::Value { key, expression });
                }
                SelectItem::Fields(set, word) => {
                    let limited = query.limit.is_some_and(|n| n <= MAX_FIELDS_LIMIT);
                    if *set != FieldSet::Standard && !limited {
                        let message = format!(
                            "The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
                        );
                        return Err(SoqlError::at(word.at, "MALFORMED_QUERY", message));
                    }
                    for field in scope
                        .object
                        .fields()
                        .filter(|f| in_set(*set, f) && self.sees(scope.object, f))
                    {
                        let path = Path {
                            parts: vec![field.name.clone()],
                            at: word.at,
                        };
                        let found = self.resolve(
                            Scope {
                                alias: None,
                                ..scope
                            },
                            &path,
                        )?;
                        if seen.insert(field.name.to_ascii_lowercase()) {
                            place(&mut node, &found, None);
                        }
                    }
                }
                SelectItem::Child(child) => {
                    children += 1;
                    if children > MAX_CHILDREN {
                        return Err(SoqlError::malformed(format!(
                            "maximum {MAX_CHILDREN} subqueries allowed"
                        )));
                    }
                    node.entries.push(self.child(scope, child)?);
                }
                SelectItem::TypeOf {
                    relationship,
                    whens,
                    otherwise,
                } => {
                    node.entries
                        .push(self.type_of(scope, relationship, whens, otherwise)?);
                }
            }
        }
        Ok(node)
    }

    fn child(&self, scope: Scope<'a>, query: &'a Query) -> Result<Entry, SoqlError> {
        let relationship = scope.object.child(&query.from.text).filter(|c| {
            let child = self.schema.get(c.child);
            self.options.visibility.sees_object(child) && self.sees(child, child.get(c.field))
        });
        let Some(relationship) = relationship else {
            let message = format!(
                "Didn't understand relationship '{}' in FROM part of query call. If you are attempting to use a custom \
                 relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL \
                 or the describe call for the appropriate names.",
                query.from.text
            );
            return Err(SoqlError::at(query.from.at, "INVALID_TYPE", message));
        };
        let object = self.schema.get(relationship.child);
        let plan = self.plan_on(
            query,
            Scope {
                object,
                alias: query.alias.as_deref(),
                nested: false,
            },
        )?;
        if plan.count_only || plan.aggregate.is_some() {
            return Err(SoqlError::at(
                query.from.at,
                "MALFORMED_QUERY",
                "aggregates are not allowed in a child subquery",
            ));
        }
        let key = relationship.name.clone().unwrap_or_default();
        Ok(Entry::Child {
            key,
            reference: relationship.field,
            plan: Arc::new(plan),
        })
    }

    fn type_of(
        &self,
        scope: Scope<'a>,
        relationship: &Path,
        whens: &[(Name, Vec<Path>)],
        otherwise: &[Path],
    ) -> Result<Entry, SoqlError> {
        let found = match relationship.parts.as_slice() {
            [name] => scope
                .object
                .field_of_relationship(name)
                .filter(|f| self.sees(scope.object, f) && f.is_polymorphic()),
            _ => None,
        };
        let reference = found.ok_or_else(|| {
            path::unknown_relationship(relationship.at, &relationship.to_string())
        })?;
        let mut branches: Vec<(ObjectId, Node)> = Vec::new();
        for (name, paths) in whens {
            let object = self.object(name)?;
            let mut node = Node::default();
            let own = Scope {
                object,
                alias: None,
                nested: false,
            };
            for path in paths {
                place(&mut node, &self.resolve(own, path)?, None);
            }
            branches.push((object.id, node));
        }
        let mut node = Node::default();
        for path in otherwise {
            let mut parts = relationship.parts.clone();
            parts.extend(path.parts.iter().cloned());
            let found = self.resolve(scope, &Path { parts, at: path.at })?;
            let leaf = FieldPath {
                steps: Vec::new(),
                leaf: found.path.leaf,
            };
            node.entries.push(Entry::Value {
                key: found.name,
                expression: Expression {
                    path: leaf,
                    function: None,
                },
            });
        }
        let key = reference.relationship_name.clone().unwrap_or_default();
        Ok(Entry::TypeOf {
            key,
            reference: reference.id,
            whens: branches,
            otherwise: node,
        })
    }
}

fn check_duplicate(
    seen: &mut HashSet<String>,
    path: &Path,
    found: &Resolved<'_>,
) -> Result<(), SoqlError> {
    let way: Vec<&str> = found
        .way
        .iter()
        .map(|f| f.name.as_str())
        .chain([found.name.as_str()])
        .collect();
    if seen.insert(way.join(".").to_ascii_lowercase()) {
        return Ok(());
    }
    Err(SoqlError::at(
        path.at,
        "INVALID_FIELD",
        format!("duplicate field selected: {}", found.name),
    ))
}

/// Puts a field into the answer's shape, inside the rows further up that lead to it.
fn place(node: &mut Node, found: &Resolved<'_>, key: Option<String>) {
    let mut node = node;
    for reference in &found.way {
        let at = node
            .entries
            .iter()
            .position(|e| matches!(e, Entry::Parent { reference: r, .. } if *r == reference.id));
        let at = at.unwrap_or_else(|| {
            node.entries.push(Entry::Parent {
                key: reference.relationship_name.clone().unwrap_or_default(),
                reference: reference.id,
                polymorphic: reference.is_polymorphic(),
                node: Node::default(),
            });
            node.entries.len() - 1
        });
        match &mut node.entries[at] {
            Entry::Parent { node: inner, .. } => node = inner,
            _ => return,
        }
    }
    let key = key.unwrap_or_else(|| found.name.clone());
    let entry = match found.field {
        Some(field) if field.kind.is_compound() => Entry::Compound {
            key,
            parts: compound::parts(found.object, field),
        },
        Some(field) if field.kind == FieldType::Base64 => Entry::Blob { key },
        Some(field) => Entry::Value {
            key,
            expression: simple(found.object, field),
        },
        None => {
            let path = FieldPath {
                steps: Vec::new(),
                leaf: found.path.leaf.clone(),
            };
            Entry::Value {
                key,
                expression: Expression {
                    path,
                    function: None,
                },
            }
        }
    };
    node.entries.push(entry);
}
