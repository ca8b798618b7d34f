//! Results of batches: for a query a list of result ids and the rows behind each, for writes one line a row.

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::super::rest::bulk::rows::write_line;
use super::infos;
use super::jobs::{Batch, Content, Job, STYLE, Work};
use super::refusal::{Answer, Refused, refused};
use crate::id::RecordId;
use crate::store::PageContext;

fn completed(batch: &Batch) -> Result<(), Refused> {
    match batch.state() {
        "Completed" => Ok(()),
        state => Err(refused(
            "InvalidBatch",
            format!("The batch is {state}, not Completed"),
        )),
    }
}

/// `GET .../result`: ids of results, or the outcomes of writes.
pub fn list(job: &Job, batch: &Batch) -> Answer {
    completed(batch)?;
    let as_json = job.content == Content::Json;
    match &batch.work {
        Work::Query { result_id, .. } if as_json => Ok(Reply::other(
            200,
            "application/json",
            json!([result_id]).to_string(),
        )),
        Work::Query { result_id, .. } => {
            let body = json!({"result": [result_id]});
            Ok(infos::reply(200, "result-list", &body, false))
        }
        Work::Ingest(_) if as_json => Ok(outcomes_as_json(batch)),
        Work::Ingest(_) => Ok(outcomes_as_csv(batch)),
        Work::Refused(_) | Work::NotProcessed => Err(refused("InvalidBatch", "No results")),
    }
}

fn outcomes_as_json(batch: &Batch) -> Reply {
    let Work::Ingest(outcomes) = &batch.work else {
        return Reply::empty(404);
    };
    let list: Vec<Value> = outcomes
        .iter()
        .map(|outcome| match &outcome.result {
            Ok((id, created)) => {
                json!({"success": true, "created": created, "id": id, "errors": []})
            }
            Err(error) => json!({"success": false, "created": false, "id": null, "errors": [{
                "statusCode": error.code, "message": error.message,
                "fields": error.fields.clone().unwrap_or_default(), "extendedErrorDetails": null,
            }]}),
        })
        .collect();
    Reply::other(200, "application/json", Value::Array(list).to_string())
}

fn outcomes_as_csv(batch: &Batch) -> Reply {
    let Work::Ingest(outcomes) = &batch.work else {
        return Reply::empty(404);
    };
    let mut out = Vec::new();
    let mut line = |cells: [&str; 4]| write_line(&mut out, cells.into_iter(), STYLE);
    line(["Id", "Success", "Created", "Error"]);
    for outcome in outcomes {
        match &outcome.result {
            Ok((id, created)) => line([id, "true", if *created { "true" } else { "false" }, ""]),
            Err(error) => {
                let fields = error.fields.as_deref().unwrap_or_default().join(",");
                let text = format!("{}:{}:{fields} --", error.code, error.message);
                line(["", "false", "false", &text]);
            }
        }
    }
    Reply::other(200, "text/csv;charset=UTF-8", out).with_rows(outcomes.len())
}

/// `GET .../result/RESULT`: the rows of a query.
pub fn rows(job: &Job, batch: &Batch, result: &str) -> Answer {
    completed(batch)?;
    let Work::Query {
        rows,
        from,
        to,
        result_id,
    } = &batch.work
    else {
        return Err(refused("InvalidBatch", "The batch is not a query"));
    };
    if RecordId::parse(result).map(|id| id.to_string()).as_deref() != Some(result_id) {
        let message = format!("Unable to find result {result}");
        return Err(refused("InvalidBatch", message));
    }
    let count = to - from;
    if job.content == Content::Json {
        let version = format!("{}.0", job.version);
        let page = rows.page(
            *from,
            count,
            &mut PageContext {
                version: &version,
                child_page: count,
                // Child lists are refused when the batch is added.
                child_locator: &mut |_| String::new(),
            },
        );
        let reply = Reply::other(200, "application/json", page.records);
        return Ok(reply.with_rows(page.rows));
    }
    let mut out = Vec::new();
    write_line(&mut out, rows.columns().iter().map(String::as_str), STYLE);
    let written = rows.csv(*from, count, &mut out, STYLE);
    // Without the charset tap-salesforce, as any reader of text/* by the letter, takes the rows for Latin-1.
    Ok(Reply::other(200, "text/csv;charset=UTF-8", out).with_rows(written))
}
