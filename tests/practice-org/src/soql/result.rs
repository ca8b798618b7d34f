//! What a query answers: the ids fixed at the first call, the values read page by page
//! (salesforce-api.md 2.2).

use std::sync::Arc;

use super::group::GroupRow;
use super::plan::{Entry, Node, Plan};
use super::render::{self, CsvStyle, Shown};
use crate::id::RecordId;
use crate::schema::FieldType;
use crate::store::row::Row;
use crate::store::state::State;
use crate::store::{Database, RowView};

/// A result that can be paged for as long as it is kept.
#[derive(Clone)]
pub struct ResultSet {
    pub(super) database: Database,
    pub(super) plan: Arc<Plan>,
    pub(super) rows: Rows,
}

#[derive(Clone)]
pub(super) enum Rows {
    /// Rows of the object, in order.
    Ids(Arc<[RecordId]>),
    /// The same, as they were when a job read them.
    Kept(Arc<[(RecordId, Row)]>),
    /// Groups.
    Groups(Arc<[GroupRow]>),
    /// `COUNT()`: no rows at all.
    Count(usize),
}

/// What a page needs to know besides its rows.
pub struct PageContext<'a> {
    /// API version in URLs, e.g. `67.0`.
    pub version: &'a str,
    /// Most child rows shown per parent.
    pub child_page: usize,
    /// Called with the child rows that did not fit; answers their `nextRecordsUrl`.
    pub child_locator: &'a mut dyn FnMut(ResultSet) -> String,
}

/// One page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// JSON text of the array of records.
    pub records: Vec<u8>,
    /// How many there are: fewer than asked for when rows vanished meanwhile.
    pub rows: usize,
    /// Where the next page begins; equal to the result's length when this was the last.
    pub next: usize,
}

/// Parts of SELECT that some APIs refuse (salesforce-api.md 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// GROUP BY, COUNT() and the like.
    pub aggregate: bool,
    /// Child subqueries.
    pub children: bool,
    /// TYPEOF.
    pub type_of: bool,
    /// Address and location fields.
    pub compound: bool,
    /// base64 fields.
    pub blob: bool,
    /// OFFSET.
    pub offset: bool,
}

impl ResultSet {
    /// `totalSize`: rows of the whole query.
    pub fn total_size(&self) -> usize {
        match &self.rows {
            Rows::Ids(ids) => ids.len(),
            Rows::Kept(rows) => rows.len(),
            Rows::Groups(groups) => groups.len(),
            Rows::Count(count) => *count,
        }
    }

    /// Rows to page through; none for `COUNT()`.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Count(_) => 0,
            _ => self.total_size(),
        }
    }

    /// True when there is nothing to page through.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// API name of the object queried.
    pub fn object(&self) -> &str {
        &self.plan.schema.get(self.plan.object).name
    }

    /// True for rows of type `AggregateResult`.
    pub fn is_aggregate(&self) -> bool {
        self.plan.aggregate.is_some()
    }

    /// Was this `queryAll`?
    pub fn all_rows(&self) -> bool {
        self.plan.all_rows
    }

    /// The ids, for those who page by other means; empty for aggregates.
    pub fn ids(&self) -> &[RecordId] {
        match &self.rows {
            Rows::Ids(ids) => ids,
            _ => &[],
        }
    }

    /// Most rows the platform would put on a page: fewer when rows are wide or hold long text
    /// (salesforce-api.md 2.1; the steps are those seen in the wild).
    pub fn page_hint(&self) -> usize {
        let object = self.plan.schema.get(self.plan.object);
        let mut long_text = 0;
        for entry in &self.plan.output.entries {
            if let Entry::Value { expression, .. } = entry
                && let super::plan::Leaf::Field(of, field) = expression.path.leaf
                && of == object.id
                && object.get(field).is_long_text()
            {
                long_text += 1;
            }
        }
        match (self.plan.output.entries.len(), long_text) {
            (_, 4..) => 200,
            (_, 1..) => 500,
            (150.., _) => 1000,
            _ => 2000,
        }
    }

    /// Parts of SELECT that some APIs refuse.
    pub fn features(&self) -> Features {
        fn look(node: &Node, found: &mut Features) {
            for entry in &node.entries {
                match entry {
                    Entry::Value { .. } => {}
                    Entry::Compound { .. } => found.compound = true,
                    Entry::Blob { .. } => found.blob = true,
                    Entry::TypeOf { .. } => found.type_of = true,
                    Entry::Child { .. } => found.children = true,
                    Entry::Parent { node, .. } => look(node, found),
                }
            }
        }
        let mut found = Features {
            aggregate: self.plan.aggregate.is_some() || self.plan.count_only,
            offset: self.plan.offset > 0,
            ..Features::default()
        };
        look(&self.plan.output, &mut found);
        found
    }

    /// Names of the columns in select order, dotted where they come from rows further up.
    pub fn columns(&self) -> Vec<String> {
        render::columns(&self.plan)
    }

    /// Describe types of the columns, in the same order; none for values that are no single field.
    pub fn column_types(&self) -> Vec<Option<FieldType>> {
        fn of(node: &Node, plan: &Plan, types: &mut Vec<Option<FieldType>>) {
            for entry in &node.entries {
                match entry {
                    Entry::Parent { node, .. } => of(node, plan, types),
                    Entry::Value { expression, .. } => types.push(match expression.path.leaf {
                        super::plan::Leaf::Field(object, field) => {
                            Some(plan.field(object, field).kind)
                        }
                        _ => None,
                    }),
                    _ => types.push(None),
                }
            }
        }
        let mut types = Vec::new();
        match &self.plan.aggregate {
            Some(aggregation) => types.resize(aggregation.outputs.len(), None),
            None => of(&self.plan.output, &self.plan, &mut types),
        }
        types
    }

    /// Rows `offset..offset + count` as JSON, values as they are now. Rows gone meanwhile are left out.
    pub fn page(&self, offset: usize, count: usize, context: &mut PageContext<'_>) -> Page {
        self.page_on(&self.database.read_state(), offset, count, context)
    }

    pub(super) fn page_on(
        &self,
        state: &State,
        offset: usize,
        count: usize,
        context: &mut PageContext<'_>,
    ) -> Page {
        let next = offset.saturating_add(count).min(self.len());
        let mut page = Page {
            records: vec![b'['],
            rows: 0,
            next,
        };
        let out = &mut page.records;
        let mut keep_rest = |plan, ids| (context.child_locator)(self.of_children(plan, ids));
        let mut shown = Shown {
            version: context.version,
            child_page: context.child_page,
            keep_rest: &mut keep_rest,
        };
        match &self.rows {
            Rows::Count(_) => {}
            Rows::Groups(groups) => {
                let names = self
                    .plan
                    .aggregate
                    .iter()
                    .flat_map(|a| &a.outputs)
                    .map(|(name, _)| name);
                let names: Vec<&String> = names.collect();
                for group in groups.iter().skip(offset).take(count) {
                    separate(out, page.rows);
                    out.extend_from_slice(b"{\"attributes\":{\"type\":\"AggregateResult\"}");
                    for (name, value) in names.iter().zip(group) {
                        out.push(b',');
                        render::key_of(out, name);
                        render::value(out, value);
                    }
                    out.push(b'}');
                    page.rows += 1;
                }
            }
            Rows::Ids(_) | Rows::Kept(_) => {
                for row in self.views(state, offset, count) {
                    separate(out, page.rows);
                    render::row(out, &row, &self.plan.output, &mut shown);
                    page.rows += 1;
                }
            }
        }
        page.records.push(b']');
        page
    }

    /// The same rows as CSV lines, without the header.
    pub fn csv(&self, offset: usize, count: usize, out: &mut Vec<u8>, style: CsvStyle) -> usize {
        let mut written = 0;
        match &self.rows {
            Rows::Count(_) => {}
            Rows::Groups(groups) => {
                for group in groups.iter().skip(offset).take(count) {
                    for (i, value) in group.iter().enumerate() {
                        if i > 0 {
                            out.push(style.delimiter);
                        }
                        render::csv_cell(out, value);
                    }
                    render::csv_end(out, style);
                    written += 1;
                }
            }
            Rows::Ids(_) | Rows::Kept(_) => {
                for row in self.views(&self.database.read_state(), offset, count) {
                    render::csv_row(out, &row, &self.plan.output, style);
                    written += 1;
                }
            }
        }
        written
    }

    /// Some rows; without those that are gone.
    fn views<'s>(
        &'s self,
        state: &'s State,
        offset: usize,
        count: usize,
    ) -> impl Iterator<Item = RowView<'s>> {
        let (ids, kept): (&[RecordId], &[(RecordId, Row)]) = match &self.rows {
            Rows::Ids(ids) => (ids, &[]),
            Rows::Kept(rows) => (&[], rows),
            Rows::Groups(_) | Rows::Count(_) => (&[], &[]),
        };
        let object = self.plan.object;
        let ids = ids.iter().skip(offset).take(count);
        let now = ids.filter_map(move |id| state.view_of(object, *id));
        let kept = kept.iter().skip(offset).take(count);
        let then = kept.map(move |(id, row)| RowView {
            state,
            object: state.schema.get(object),
            id: *id,
            row,
        });
        let is_kept = matches!(self.rows, Rows::Kept(_));
        now.chain(then)
            .filter(move |row| is_kept || self.plan.shows(row))
    }

    /// The result of a job: its rows stay as they are now, and without an order of the query they come in that of the
    /// parts into which large jobs are split (salesforce-api.md 4.2, 4.5).
    #[must_use]
    pub fn kept(self, part: usize) -> Self {
        let Rows::Ids(ids) = &self.rows else {
            return self;
        };
        let state = self.database.read_state();
        let views = self.views(&state, 0, ids.len());
        let mut rows: Vec<(RecordId, Row)> =
            views.map(|view| (view.id, view.row.clone())).collect();
        if self.plan.order.is_empty() && self.plan.limit.is_none() {
            let parts: Vec<_> = rows.chunks(part.max(1)).rev().collect();
            rows = parts.concat();
        }
        drop(state);
        Self {
            rows: Rows::Kept(rows.into()),
            ..self
        }
    }

    /// The rest of a child list, to be paged on its own.
    fn of_children(&self, plan: Arc<Plan>, ids: Vec<RecordId>) -> Self {
        Self {
            database: self.database.clone(),
            plan,
            rows: Rows::Ids(ids.into()),
        }
    }
}

impl std::fmt::Debug for ResultSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ResultSet({}, {} rows)",
            self.object(),
            self.total_size()
        )
    }
}

fn separate(out: &mut Vec<u8>, before: usize) {
    if before > 0 {
        out.push(b',');
    }
}
