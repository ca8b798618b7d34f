//! What `columns=true` tells about a query: its columns as a tree, as the Salesforce CLI reads them
//! (salesforce-api.md 10.2).

use super::plan::{Aggregation, Cell, Entry, Expression, Function, Leaf, Node, Plan};
use super::result::ResultSet;
use crate::schema::{Field, FieldType};

/// A column, or a relationship with the columns behind it.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Key in the records.
    pub name: String,
    /// What a person would call it: for an aggregate without an alias the function, e.g. `COUNT(Id)`.
    pub display_name: String,
    /// An aggregate function, or a list of children.
    pub aggregate: bool,
    /// Type of the field; none for anything else.
    pub kind: Option<FieldType>,
    /// A field of a customer or a package.
    pub custom: bool,
    /// The field takes values on create.
    pub insertable: bool,
    /// The field takes values on update.
    pub updatable: bool,
    /// The reference field behind a relationship upwards.
    pub foreign_key: Option<String>,
    /// Columns of the rows behind a relationship.
    pub joined: Vec<Column>,
}

impl ResultSet {
    /// The columns in select order.
    pub fn column_tree(&self) -> Vec<Column> {
        match &self.plan.aggregate {
            Some(aggregation) => of_groups(&self.plan, aggregation),
            None => of_node(&self.plan, &self.plan.output),
        }
    }
}

fn field_of<'p>(plan: &'p Plan, expression: &Expression) -> Option<&'p Field> {
    match expression.path.leaf {
        Leaf::Field(object, field) => Some(plan.field(object, field)),
        _ => None,
    }
}

fn column(name: &str, field: Option<&Field>) -> Column {
    Column {
        name: name.to_owned(),
        display_name: name.to_owned(),
        kind: field.map(|field| field.kind),
        custom: field.is_some_and(|field| field.custom),
        insertable: field.is_some_and(|field| field.createable),
        updatable: field.is_some_and(|field| field.updateable),
        ..Column::default()
    }
}

fn of_groups(plan: &Plan, aggregation: &Aggregation) -> Vec<Column> {
    let one = |(name, cell): &(String, Cell)| match cell {
        Cell::Group(number) => {
            let grouped = aggregation.groups.get(*number);
            column(name, grouped.and_then(|group| field_of(plan, group)))
        }
        Cell::Aggregate(function, of) => {
            let field = of.as_ref().and_then(|of| field_of(plan, of));
            let word = match function {
                Function::Count => "COUNT",
                Function::CountDistinct => "COUNT_DISTINCT",
                Function::Sum => "SUM",
                Function::Avg => "AVG",
                Function::Min => "MIN",
                Function::Max => "MAX",
            };
            // An aggregate with an alias goes by it: the CLI looks its values up by the display name.
            let has_alias = !name.starts_with("expr");
            let written = format!("{word}({})", field.map_or("", |field| &field.name));
            Column {
                name: name.clone(),
                display_name: if has_alias { name.clone() } else { written },
                aggregate: true,
                kind: match function {
                    Function::Count | Function::CountDistinct => Some(FieldType::Int),
                    _ => field.map(|field| field.kind),
                },
                ..Column::default()
            }
        }
    };
    aggregation.outputs.iter().map(one).collect()
}

fn of_node(plan: &Plan, node: &Node) -> Vec<Column> {
    let object = plan.schema.get(plan.object);
    let one = |entry: &Entry| match entry {
        Entry::Value { key, expression } => column(key, field_of(plan, expression)),
        Entry::Compound { key, .. } | Entry::Blob { key } => column(key, object.field(key)),
        Entry::Parent { key, node, .. } => Column {
            foreign_key: object.field_of_relationship(key).map(|f| f.name.clone()),
            joined: of_node(plan, node),
            ..column(key, None)
        },
        Entry::TypeOf { key, .. } => column(key, None),
        Entry::Child {
            key,
            plan: children,
            ..
        } => Column {
            aggregate: true,
            joined: of_node(children, &children.output),
            ..column(key, None)
        },
    };
    node.entries.iter().map(one).collect()
}
