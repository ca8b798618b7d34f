//! `/limits` and `/limits/recordCount` (salesforce-api.md 5 and 6).

use serde_json::json;

use super::super::bulk_v1::jobs::DAILY_BATCHES;
use super::super::call::pair;
use super::super::jobs::DAILY_QUERY_JOBS;
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::request::Request;

/// `GET /limits`.
pub fn limits(org: &Org) -> ApiResult {
    let (used, max) = org.quota.usage();
    let batches = org.async_jobs().batches_used;
    let jobs = org.jobs().used;
    let left = |max: u64, used: u64| json!({"Max": max, "Remaining": max.saturating_sub(used)});
    let full = |max: u64| json!({"Max": max, "Remaining": max});
    Ok(Reply::json(
        200,
        &json!({
            "ConcurrentAsyncGetReportInstances": full(200),
            "ConcurrentSyncReportRuns": full(20),
            "DailyApiRequests": left(max, used),
            "DailyAsyncApexExecutions": full(250_000),
            "DailyBulkApiBatches": left(DAILY_BATCHES, batches),
            "DailyBulkV2QueryFileStorageMB": full(976_562),
            "DailyBulkV2QueryJobs": left(DAILY_QUERY_JOBS, jobs),
            "DataStorageMB": full(10_240),
            "FileStorageMB": full(10_240),
            "HourlyDashboardRefreshes": full(200),
            "MassEmail": full(5_000),
            "SingleEmail": full(5_000),
        }),
    ))
}

/// `GET /limits/recordCount?sObjects=A,B`; without the parameter all objects. Counts leave out deleted rows.
pub fn record_count(org: &Org, request: &Request) -> ApiResult {
    let wanted = pair(&request.query, "sObjects").map(|names| {
        names
            .split(',')
            .map(|name| name.trim().to_lowercase())
            .collect::<Vec<_>>()
    });
    let counts: Vec<_> = org
        .rights
        .object_counts()
        .into_iter()
        .filter(|(name, _)| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&name.to_lowercase()))
        })
        .map(|(name, count)| json!({"count": count, "name": name}))
        .collect();
    Ok(Reply::json(200, &json!({"sObjects": counts})))
}
