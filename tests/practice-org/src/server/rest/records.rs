//! Single records: `POST /sobjects/X`, `GET`, `PATCH` and `DELETE /sobjects/X/ID` (salesforce-api.md 7.1).

use serde_json::json;

use super::super::call::pair;
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::files;
use super::request::Request;
use super::work::Work;

/// `POST /sobjects/X`.
pub fn create(org: &Org, work: &mut Work<'_, '_>, request: &Request, object: &str) -> ApiResult {
    let object = &request.object_named(object)?.name;
    let (fields, extra) = match files::multipart(request)? {
        Some(parts) => parts,
        None => (request.fields()?, Vec::new()),
    };
    let extra: Vec<_> = extra
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let id = work.insert(org, object, &fields, &extra)?;
    let reply = Reply::json(
        201,
        &json!({"id": id.to_string(), "success": true, "errors": []}),
    );
    Ok(reply.with_header(
        "Location",
        format!("{}/sobjects/{object}/{id}", request.base()),
    ))
}

/// `GET /sobjects/X/ID?fields=A,B`.
pub fn read(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    id: &str,
) -> ApiResult {
    let object = &request.object_named(object)?.name;
    let wanted: Option<Vec<&str>> = pair(&request.query, "fields").map(|text| {
        text.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect()
    });
    Ok(Reply::json_bytes(
        200,
        work.get(org, object, id, wanted.as_deref(), request.version)?,
    ))
}

/// `PATCH /sobjects/X/ID`.
pub fn update(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    id: &str,
) -> ApiResult {
    let object = &request.object_named(object)?.name;
    work.update(org, object, id, &request.fields()?)?;
    Ok(Reply::empty(204))
}

/// `DELETE /sobjects/X/ID`.
pub fn delete(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    id: &str,
) -> ApiResult {
    let object = &request.object_named(object)?.name;
    work.delete(org, object, id)?;
    Ok(Reply::empty(204))
}
