//! One record by id, as `GET /sobjects/X/ID` answers it (salesforce-api.md 7.1).

use std::cell::RefCell;
use std::sync::Arc;

use super::QueryOptions;
use super::ast::{Name, Operand, Path, Query, SelectItem};
use super::check::{Checker, Scope};
use super::plan::{Plan, Predicate};
use super::result::{PageContext, ResultSet, Rows};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{Object, Visibility};
use crate::store::state::State;
use crate::store::{Actor, Database, Writer};

impl Database {
    /// A record's JSON with `attributes`: all fields the user sees, or those asked for.
    ///
    /// # Errors
    /// 404 for an unknown object or record, 404 `ENTITY_IS_DELETED` for one in the bin,
    /// `INVALID_FIELD` for a field the user does not see.
    pub fn get(
        &self,
        actor: &Actor,
        object: &str,
        id: &str,
        fields: Option<&[&str]>,
        version: &str,
    ) -> Result<Vec<u8>, ApiError> {
        get_on(
            &self.read_state(),
            self,
            actor,
            (object, id),
            fields,
            version,
        )
    }

    /// Records by id as a result to be paged, for `composite/sobjects` retrieves. Ids that are no
    /// rows are skipped on rendering.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a field the user does not see.
    pub fn records(
        &self,
        actor: &Actor,
        object: &Object,
        fields: Option<&[&str]>,
        ids: Vec<RecordId>,
    ) -> Result<ResultSet, ApiError> {
        records_on(&self.read_state(), self, actor, object, fields, ids)
    }
}

impl Writer<'_> {
    /// As [`Database::get`], with this transaction's writes.
    ///
    /// # Errors
    /// As [`Database::get`].
    pub fn get(
        &self,
        object: &str,
        id: &str,
        fields: Option<&[&str]>,
        version: &str,
    ) -> Result<Vec<u8>, ApiError> {
        get_on(
            self.state,
            self.database,
            self.actor(),
            (object, id),
            fields,
            version,
        )
    }
}

fn get_on(
    state: &State,
    database: &Database,
    actor: &Actor,
    (object, id): (&str, &str),
    fields: Option<&[&str]>,
    version: &str,
) -> Result<Vec<u8>, ApiError> {
    let object = state
        .schema
        .object(object)
        .filter(|o| actor.visibility.sees_object(o))
        .ok_or_else(ApiError::not_found)?;
    let id = RecordId::parse(id)
        .filter(|id| id.prefix() == object.key_prefix && actor.visibility.sees_record(*id))
        .ok_or_else(ApiError::not_found)?;
    if state
        .view_of(object.id, id)
        .ok_or_else(ApiError::not_found)?
        .is_deleted()
    {
        return Err(
            ApiError::write::<&str>("ENTITY_IS_DELETED", "entity is deleted", []).with_status(404),
        );
    }
    let result = records_on(state, database, actor, object, fields, vec![id])?;
    let mut none = |_: ResultSet| String::new();
    let mut page = result.page_on(
        state,
        0,
        1,
        &mut PageContext {
            version,
            child_page: 0,
            child_locator: &mut none,
        },
    );
    if page.rows == 0 {
        return Err(ApiError::not_found());
    }
    // From a list of one to the one.
    page.records.pop();
    Ok(page.records.split_off(1))
}

fn records_on(
    state: &State,
    database: &Database,
    actor: &Actor,
    object: &Object,
    fields: Option<&[&str]>,
    ids: Vec<RecordId>,
) -> Result<ResultSet, ApiError> {
    let names: Vec<String> = match fields {
        Some(names) => names.iter().map(|n| (*n).to_owned()).collect(),
        None => visible_fields(object, &actor.visibility),
    };
    let missing = names.iter().find(|n| {
        !n.contains('.')
            && object
                .field(n)
                .is_none_or(|f| !actor.visibility.sees_field(object, f))
    });
    if let Some(name) = missing {
        let message = format!("No such column '{name}' on sobject of type {}", object.name);
        return Err(ApiError::new("INVALID_FIELD", message));
    }
    let query = selecting(object, &names);
    let options = QueryOptions {
        visibility: actor.visibility.clone(),
        ..QueryOptions::default()
    };
    let checker = Checker {
        schema: &state.schema,
        options: &options,
        now_ms: 0,
        relations: RefCell::default(),
    };
    let scope = Scope {
        object: state.schema.get(object.id),
        alias: None,
        nested: false,
    };
    let output = checker
        .output(scope, &query)
        .map_err(|e| ApiError::new(e.code, e.message))?;
    let plan = Plan {
        output,
        unshared: actor.visibility.unshared().clone(),
        ..Plan::of(state.schema.clone(), object.id, Predicate::True)
    };
    Ok(ResultSet {
        database: database.clone(),
        plan: Arc::new(plan),
        rows: Rows::Ids(ids.into()),
    })
}

/// `SELECT names FROM object`.
fn selecting(object: &Object, names: &[String]) -> Query {
    let path = |name: &String| Path {
        parts: name.split('.').map(str::to_owned).collect(),
        at: 0,
    };
    Query {
        select: names
            .iter()
            .map(|n| SelectItem::Operand(Operand::Path(path(n)), None))
            .collect(),
        from: Name {
            text: object.name.clone(),
            at: 0,
        },
        alias: None,
        filter: None,
        group_by: Vec::new(),
        having: None,
        order_by: Vec::new(),
        limit: None,
        offset: None,
    }
}

fn visible_fields(object: &Object, visibility: &Visibility) -> Vec<String> {
    object
        .fields()
        .filter(|f| visibility.sees_field(object, f))
        .map(|f| f.name.clone())
        .collect()
}
