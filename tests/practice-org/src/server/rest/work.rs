//! Where a request reads and writes: the database itself, or a transaction that an all-or-none composite holds open.

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::super::org::Org;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::{
    Actor, DuplicateOptions, Page, PageContext, QueryOptions, ResultSet, Upserted, Writer,
};
use crate::value::Value;

type Fields = Map<String, Json>;

/// The place of work.
pub enum Work<'a, 'w> {
    /// Each write is a transaction of its own.
    Direct(Actor),
    /// Writes belong to an open transaction.
    Within(&'a mut Writer<'w>),
}

impl Work<'_, '_> {
    /// Sets what the caller says about duplicates from now on.
    pub fn set_duplicates(&mut self, duplicates: DuplicateOptions) {
        match self {
            Self::Direct(actor) => actor.duplicates = duplicates,
            Self::Within(writer) => writer.duplicates = duplicates,
        }
    }

    /// Creates a row, with values that do not come from the caller's JSON.
    pub fn insert(
        &mut self,
        org: &Org,
        object: &str,
        fields: &Fields,
        extra: &[(&str, Value)],
    ) -> Result<RecordId, ApiError> {
        match self {
            Self::Direct(actor) => org
                .db()
                .write(actor, |w| w.insert_with(object, fields, extra)),
            Self::Within(writer) => writer.insert_with(object, fields, extra),
        }
    }

    /// Changes a row.
    pub fn update(
        &mut self,
        org: &Org,
        object: &str,
        id: &str,
        fields: &Fields,
    ) -> Result<(), ApiError> {
        match self {
            Self::Direct(actor) => org.db().update(actor, object, id, fields),
            Self::Within(writer) => writer.update(object, id, fields),
        }
    }

    /// Puts a row into the bin.
    pub fn delete(&mut self, org: &Org, object: &str, id: &str) -> Result<(), ApiError> {
        match self {
            Self::Direct(actor) => org.db().delete(actor, object, id),
            Self::Within(writer) => writer.delete(object, id),
        }
    }

    /// Creates or changes the row of an external id.
    pub fn upsert(
        &mut self,
        org: &Org,
        object: &str,
        key: (&str, &str),
        fields: &Fields,
        update_only: bool,
    ) -> Result<Upserted, ApiError> {
        match self {
            Self::Direct(actor) => {
                org.db()
                    .upsert(actor, object, key.0, key.1, fields, update_only)
            }
            Self::Within(writer) => writer.upsert(object, key.0, key.1, fields, update_only),
        }
    }

    /// JSON of one row.
    pub fn get(
        &mut self,
        org: &Org,
        object: &str,
        id: &str,
        fields: Option<&[&str]>,
        version: u32,
    ) -> Result<Vec<u8>, ApiError> {
        let version = format!("{version}.0");
        match self {
            Self::Direct(actor) => org.db().get(actor, object, id, fields, &version),
            Self::Within(writer) => writer.get(object, id, fields, &version),
        }
    }

    /// Live rows whose field holds a value.
    pub fn find(&mut self, org: &Org, object: &str, field: &str, value: &Value) -> Vec<RecordId> {
        match self {
            Self::Direct(_) => org.db().find(object, field, value),
            Self::Within(writer) => writer.find(object, field, value),
        }
    }

    /// One value of a row; null when there is no such row.
    pub fn value(&mut self, org: &Org, object: &str, id: RecordId, field: &str) -> Value {
        match self {
            Self::Direct(_) => org
                .db()
                .read(object, id, |row| row.get(field).to_value())
                .unwrap_or_default(),
            Self::Within(writer) => writer.value(object, id, field),
        }
    }

    /// Runs a query.
    pub fn query(
        &mut self,
        org: &Org,
        soql: &str,
        options: &QueryOptions,
    ) -> Result<ResultSet, ApiError> {
        match self {
            Self::Direct(_) => org.db().query(soql, options),
            Self::Within(writer) => writer.query(soql, options),
        }
    }

    /// One page of a query's rows, values read as this work sees them.
    pub fn page(
        &mut self,
        result: &ResultSet,
        offset: usize,
        rows: usize,
        context: &mut PageContext<'_>,
    ) -> Page {
        match self {
            Self::Direct(_) => result.page(offset, rows, context),
            Self::Within(writer) => writer.page(result, offset, rows, context),
        }
    }

    /// Contents of a base64 field.
    pub fn blob(&mut self, org: &Org, object: &str, id: RecordId, field: &str) -> Option<Bytes> {
        match self {
            Self::Direct(_) => org.db().blob(object, id, field),
            // Blobs may not be read inside a composite (salesforce-api.md 8).
            Self::Within(_) => None,
        }
    }
}
