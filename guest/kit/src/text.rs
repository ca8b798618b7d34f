//! Typed records as the contract's JSON lines.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::reads::{Records, TextRecords};

/// Members whose text is JSON.
const JSON: [&str; 4] = [
    "custom_fields",
    "integration_fields",
    "extra",
    "remote_data",
];

/// No records.
pub fn empty() -> TextRecords {
    TextRecords {
        lines: String::new(),
        complete_jobs: Vec::new(),
    }
}

/// Writes records as the contract's text.
pub fn records(records: &Records) -> TextRecords {
    let mut text = empty();
    match records {
        Records::Users(items) => lines(&mut text, items),
        Records::Jobs(items) => lines(&mut text, items),
        Records::Candidates(items) => lines(&mut text, items),
        Records::ApplicationStages(items) => lines(&mut text, items),
        Records::Applications(items) => lines(&mut text, items),
        Records::JobStages(jobs) => {
            for job in jobs {
                lines(&mut text, &job.stages);
                text.complete_jobs.push(job.job_id.clone());
            }
        }
        Records::HiringTeamMembers(jobs) => {
            for job in jobs {
                lines(&mut text, &job.members);
                text.complete_jobs.push(job.job_id.clone());
            }
        }
    }
    text
}

/// The natural keys of records.
pub fn keys(records: &Records) -> Vec<String> {
    match records {
        Records::JobStages(jobs) => {
            let rows = jobs.iter().flat_map(|job| &job.stages);
            rows.map(|row| format!("{}:{}", row.job_id, row.stage_id))
                .collect()
        }
        Records::HiringTeamMembers(jobs) => {
            let rows = jobs.iter().flat_map(|job| &job.members);
            rows.map(|row| format!("{}:{}", row.job_id, row.user_id))
                .collect()
        }
        Records::Users(items) => items.iter().map(|it| it.remote_id.clone()).collect(),
        Records::Jobs(items) => items.iter().map(|it| it.remote_id.clone()).collect(),
        Records::Candidates(items) => items.iter().map(|it| it.remote_id.clone()).collect(),
        Records::ApplicationStages(items) => items.iter().map(|it| it.remote_id.clone()).collect(),
        Records::Applications(items) => items.iter().map(|it| it.remote_id.clone()).collect(),
    }
}

/// Each record with the id by which it is read: its own, of a set that of its job.
pub fn by_id(records: Records) -> Vec<(String, Records)> {
    macro_rules! one_by_one {
        ($case:ident, $items:ident, $id:ident) => {
            $items
                .into_iter()
                .map(|it| (it.$id.clone(), Records::$case(vec![it])))
                .collect()
        };
    }
    match records {
        Records::Users(items) => one_by_one!(Users, items, remote_id),
        Records::Jobs(items) => one_by_one!(Jobs, items, remote_id),
        Records::Candidates(items) => one_by_one!(Candidates, items, remote_id),
        Records::ApplicationStages(items) => one_by_one!(ApplicationStages, items, remote_id),
        Records::Applications(items) => one_by_one!(Applications, items, remote_id),
        Records::JobStages(items) => one_by_one!(JobStages, items, job_id),
        Records::HiringTeamMembers(items) => one_by_one!(HiringTeamMembers, items, job_id),
    }
}

fn lines<T: Serialize>(text: &mut TextRecords, items: &[T]) {
    for item in items {
        // A record holds texts, numbers and lists, all of which have a JSON form.
        let value = serde_json::to_value(item).unwrap_or_default();
        text.lines.push_str(&spelt("", value).to_string());
        text.lines.push('\n');
    }
}

/// A value as the contract spells it: words in capitals, texts that are JSON as such.
fn spelt(name: &str, value: Value) -> Value {
    match value {
        Value::Object(members) => {
            // The case of a variant that holds its word as text.
            if let (1, Some(word)) = (members.len(), members.get("Other")) {
                return word.clone();
            }
            let is_there = |(name, value): &(String, Value)| name != "extra" || !value.is_null();
            let member = |(name, value): (String, Value)| {
                let value = spelt(&name, value);
                let name = match name.as_str() {
                    "street1" => "street_1".into(),
                    "street2" => "street_2".into(),
                    "kind" => "type".into(),
                    _ => name,
                };
                (name, value)
            };
            let members = members.into_iter().filter(is_there).map(member);
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(|item| spelt(name, item)).collect(),
        Value::String(text) if JSON.contains(&name) => {
            serde_json::from_str(&text).unwrap_or(Value::Null)
        }
        Value::String(text) if WORDS.contains(&name) => Value::String(screaming(&text)),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => (whole as i64).into(),
            _ => Value::Number(number),
        },
        other => other,
    }
}

/// Members whose text is a word of the contract, spelt as in Rust: `FullTime`.
const WORDS: [&str; 5] = [
    "status",
    "employment_type",
    "visibility",
    "outcome",
    "roles",
];

fn screaming(word: &str) -> String {
    let mut out = String::new();
    for (at, letter) in word.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}
