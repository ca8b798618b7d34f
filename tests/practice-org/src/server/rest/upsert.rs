//! Records by external id: `/sobjects/X/FIELD__c/VALUE`, and related records: `/sobjects/X/ID/RELATION`.

use serde_json::json;

use super::super::call::pair;
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::records;
use super::request::Request;
use super::work::Work;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::Object;
use crate::value::Value;

/// Version from which an upsert answers with a body also when it updates (salesforce-api.md 7.1).
const BODY_SINCE: u32 = 46;

fn no_such_key(field: &str) -> ApiError {
    let message =
        format!("Provided external ID field does not exist or is not accessible: {field}");
    ApiError::new("NOT_FOUND", message).with_status(404)
}

/// The one row of an external id.
fn one(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &Object,
    field: &str,
    value: &str,
) -> Result<RecordId, ApiError> {
    let key = object
        .field(field)
        .filter(|f| (f.external_id || f.id_lookup) && request.visibility.sees_field(object, f))
        .ok_or_else(|| no_such_key(field))?;
    match work
        .find(org, &object.name, &key.name, &Value::copied(value))
        .as_slice()
    {
        [] => Err(ApiError::not_found()),
        [id] => Ok(*id),
        several => Err(choices(several.iter().map(ToString::to_string))),
    }
}

/// The refusal that becomes a 300: `fields` carries the ids.
fn choices(ids: impl Iterator<Item = String>) -> ApiError {
    ApiError::write("MULTIPLE_CHOICES", "several records match", ids).with_status(300)
}

/// A 300 has the records' URLs as its body, not an error (salesforce-api.md 7.1).
fn listed(request: &Request, object: &str, error: ApiError) -> ApiResult {
    match (error.status, &error.fields) {
        (300, Some(ids)) => {
            let urls: Vec<String> = ids
                .iter()
                .map(|id| format!("{}/sobjects/{object}/{id}", request.base()))
                .collect();
            Ok(Reply::json(300, &urls))
        }
        _ => Err(error),
    }
}

/// `GET /sobjects/X/FIELD/VALUE`, or the related record when the first part is an id.
pub fn read(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    field: &str,
    value: &str,
) -> ApiResult {
    let object = request.object_named(object)?;
    if RecordId::parse(field).is_some() {
        return related(org, work, request, object, field, value);
    }
    match one(org, work, request, object, field, value) {
        Ok(id) => records::read(org, work, request, &object.name, &id.to_string()),
        Err(error) => listed(request, &object.name, error),
    }
}

fn related(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &Object,
    id: &str,
    relation: &str,
) -> ApiResult {
    let fields = pair(&request.query, "fields").unwrap_or("Id");
    let id = RecordId::parse(id).ok_or_else(ApiError::not_found)?;
    let soql = if let Some(child) = object.child(relation) {
        let owner = request.schema.get(child.child);
        format!(
            "SELECT {fields} FROM {} WHERE {} = '{id}'",
            owner.name,
            owner.get(child.field).name
        )
    } else {
        let field = object
            .field_of_relationship(relation)
            .filter(|f| request.visibility.sees_field(object, f))
            .ok_or_else(ApiError::not_found)?;
        let parent = work
            .value(org, &object.name, id, &field.name)
            .as_id()
            .ok_or_else(ApiError::not_found)?;
        let target = request
            .schema
            .object_of_prefix(parent.prefix())
            .ok_or_else(ApiError::not_found)?;
        return records::read(org, work, request, &target.name, &parent.to_string());
    };
    let mut nested = request.clone();
    nested.query = vec![("q".to_owned(), soql)];
    super::query::query(org, work, &nested, false)
}

/// `PATCH /sobjects/X/FIELD/VALUE`.
pub fn upsert(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    field: &str,
    value: &str,
) -> ApiResult {
    let object = request.object_named(object)?;
    if field.eq_ignore_ascii_case("Id") {
        return records::update(org, work, request, &object.name, value);
    }
    let update_only =
        pair(&request.query, "updateOnly").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    match work.upsert(
        org,
        &object.name,
        (field, value),
        &request.fields()?,
        update_only,
    ) {
        Ok(done) if !done.created && request.version < BODY_SINCE => Ok(Reply::empty(204)),
        Ok(done) => {
            let status = if done.created { 201 } else { 200 };
            Ok(Reply::json(
                status,
                &json!({"id": done.id.to_string(), "success": true, "errors": [], "created": done.created}),
            ))
        }
        Err(error) => listed(request, &object.name, error),
    }
}

/// `DELETE /sobjects/X/FIELD/VALUE`.
pub fn delete(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    field: &str,
    value: &str,
) -> ApiResult {
    let object = request.object_named(object)?;
    match one(org, work, request, object, field, value) {
        Ok(id) => records::delete(org, work, request, &object.name, &id.to_string()),
        Err(error) => listed(request, &object.name, error),
    }
}
