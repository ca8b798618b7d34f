//! `query`, `queryAll` and the pages behind their locators (salesforce-api.md 2.1 and 2.2).

use super::super::call::pair;
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::request::Request;
use super::work::Work;
use super::{catalogue, columns};
use crate::error::ApiError;
use crate::store::{PageContext, ResultSet};

/// Bounds of the `batchSize` hint.
const BATCH: std::ops::RangeInclusive<usize> = 200..=2_000;

/// `GET /query?q=` and `GET /queryAll?q=`.
pub fn query(org: &Org, work: &mut Work<'_, '_>, request: &Request, all_rows: bool) -> ApiResult {
    let Some(soql) = pair(&request.query, "q") else {
        return match pair(&request.query, "explain") {
            Some(_) => Err(ApiError::new(
                "UNKNOWN_EXCEPTION",
                "explain is not supported by the practice org",
            )),
            None => Err(ApiError::new(
                "MALFORMED_QUERY",
                "A query string has to be specified",
            )),
        };
    };
    let columns = pair(&request.query, "columns").is_some();
    if let Some(reply) = catalogue::query(request, soql, columns, org.paging.rows())? {
        return Ok(reply);
    }
    let options = org.rights.query_options(&request.session, all_rows);
    let result = work.query(org, soql, &options)?;
    if columns {
        return Ok(columns::reply(request, &result));
    }
    page(org, work, request, &result, 0, batch_hint(request), None)
}

/// `GET /query/LOCATOR` and `GET /queryAll/LOCATOR`.
pub fn more(org: &Org, work: &mut Work<'_, '_>, request: &Request, locator: &str) -> ApiResult {
    let now = org.now_ms();
    let (id, cursor, offset) = org
        .paging
        .locators()
        .find(locator, request.session.id, now)?;
    let hint = batch_hint(request).or(cursor.page_size);
    page(org, work, request, &cursor.result, offset, hint, Some(id))
}

/// `Sforce-Query-Options: batchSize=N`; outside of 200 to 2,000 it is taken to the nearer bound.
fn batch_hint(request: &Request) -> Option<usize> {
    let options = request.header("sforce-query-options")?;
    let value = options
        .split([',', ';'])
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"))?;
    let size: usize = value.1.trim().parse().ok()?;
    Some(size.clamp(*BATCH.start(), *BATCH.end()))
}

fn page(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    result: &ResultSet,
    offset: usize,
    hint: Option<usize>,
    locator: Option<String>,
) -> ApiResult {
    let size = org.paging.rows_of(result, hint);
    let base = request.base();
    let version = format!("{}.0", request.version);
    let (session, now) = (request.session.id, org.now_ms());
    let mut child_locator = |rest: ResultSet| {
        let id = org.paging.locators().keep(rest, Some(size), session, now);
        format!("{base}/query/{id}-0")
    };
    let mut context = PageContext {
        version: &version,
        child_page: size,
        child_locator: &mut child_locator,
    };
    let page = work.page(result, offset, size, &mut context);
    let next = page.next;
    let mut body = Vec::with_capacity(page.records.len() + 160);
    body.extend_from_slice(format!("{{\"totalSize\":{}", result.total_size()).as_bytes());
    if next < result.len() {
        let id = locator.unwrap_or_else(|| {
            org.paging
                .locators()
                .keep(result.clone(), hint, session, now)
        });
        body.extend_from_slice(
            format!(",\"done\":false,\"nextRecordsUrl\":\"{base}/query/{id}-{next}\"").as_bytes(),
        );
    } else {
        body.extend_from_slice(b",\"done\":true");
    }
    body.extend_from_slice(b",\"records\":");
    body.extend_from_slice(&page.records);
    body.push(b'}');
    Ok(Reply::json_bytes(200, body).with_rows(page.rows))
}
