//! What an action gave, as JSON in the shapes of the unified model (unified-model.md 3.4, 3.5).

use serde_json::{Map, Value, json};

use super::error::ActionError;
use super::files::{Failure, Stored};
use crate::store::Mirror;
use host_runner::sandbox::contract::{actions as contract, types};
use host_runner::sandbox::{CallError, record};
use host_runner::unified::{Model, NaturalKey, UnifiedId, UnifiedRecord};

/// What an action gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// In the shape of the unified model.
    pub data: Value,
    /// `{"code", "message"}` each.
    pub warnings: Vec<Value>,
    /// The records are written, but a file is not, or one of them could not be read back.
    pub is_partial: bool,
}

/// Keys of a candidate that Asymbl has no values for; the platform's clients want them all the same.
const CANDIDATE_EXTRAS: [&str; 3] = ["company", "confidential", "social_media"];

fn warnings(warnings: impl IntoIterator<Item = types::Warning>) -> Vec<Value> {
    warnings
        .into_iter()
        .map(|w| json!({ "code": w.code, "message": w.message }))
        .collect()
}

/// The stored line of a record, as the mirror holds it now.
fn line(mirror: &dyn Mirror, record: &UnifiedRecord) -> Result<Map<String, Value>, ActionError> {
    let text = match mirror.by_key(record.model(), record.key())? {
        Some(stored) => stored.line(mirror.org()),
        // The tenant switched the model off, so the mirror has no stamps for it.
        None => {
            let mut line = host_runner::unified::list_line(record);
            let id = UnifiedId::of(mirror.org(), record.model(), record.key());
            line.insert_str(1, &format!("\"id\":\"{id}\","));
            line
        }
    };
    serde_json::from_str(&text).map_err(|e| broken(&e))
}

fn broken(why: &dyn std::fmt::Display) -> ActionError {
    ActionError::Broken(CallError::BrokenContract(why.to_string()))
}

fn candidate(
    mirror: &dyn Mirror,
    record: &UnifiedRecord,
) -> Result<Map<String, Value>, ActionError> {
    let mut object = line(mirror, record)?;
    for name in CANDIDATE_EXTRAS {
        object.insert(
            name.to_owned(),
            if name == "social_media" {
                json!([])
            } else {
                Value::Null
            },
        );
    }
    object.insert("tags".to_owned(), json!([]));
    Ok(object)
}

/// An application with what it refers to spelled out, as far as the mirror knows it.
fn application(
    mirror: &dyn Mirror,
    record: &UnifiedRecord,
) -> Result<Map<String, Value>, ActionError> {
    let mut object = line(mirror, record)?;
    object.insert(
        "current_stage".to_owned(),
        referred(mirror, record, "current_stage_id", Model::ApplicationStages)?,
    );
    object.insert(
        "job".to_owned(),
        referred(mirror, record, "job_id", Model::Jobs)?,
    );
    if let Some(stage) = object
        .get_mut("current_stage")
        .and_then(Value::as_object_mut)
    {
        let index = match (
            record.reference("job_id"),
            record.reference("current_stage_id"),
        ) {
            (Some(job), Some(stage)) => {
                let key = NaturalKey::join(Model::JobStages, job, stage).map_err(|e| broken(&e))?;
                mirror
                    .by_key(Model::JobStages, &key)?
                    .map(|row| row.record.value("index"))
            }
            _ => None,
        };
        stage.insert("index".to_owned(), index.unwrap_or(Value::Null));
    }
    object.insert("rejected_at".to_owned(), Value::Null);
    object.insert("screening_question_answers".to_owned(), json!([]));
    Ok(object)
}

fn referred(
    mirror: &dyn Mirror,
    record: &UnifiedRecord,
    field: &str,
    model: Model,
) -> Result<Value, ActionError> {
    let Some(remote) = record.reference(field) else {
        return Ok(Value::Null);
    };
    let key = NaturalKey::parse(model, remote).map_err(|e| broken(&e))?;
    let stored = mirror.by_key(model, &key)?;
    let name = stored.map(|s| s.record.value("name")).unwrap_or_default();
    Ok(
        json!({ "id": UnifiedId::of(mirror.org(), model, &key).as_str(), "name": name, "remote_id": remote }),
    )
}

/// The two records of a create, for the mirror; none for one that could not be read back.
pub(super) fn records(
    created: &contract::Created,
) -> Result<[Option<UnifiedRecord>; 2], ActionError> {
    let read =
        |model, line: &Option<String>| line.as_deref().map(|line| record(model, line)).transpose();
    Ok([
        read(Model::Candidates, &created.candidate).map_err(ActionError::Broken)?,
        read(Model::Applications, &created.application).map_err(ActionError::Broken)?,
    ])
}

/// What is known of a record that is there but could not be read: its ids.
fn unread(
    mirror: &dyn Mirror,
    model: Model,
    remote_id: &str,
) -> Result<Map<String, Value>, ActionError> {
    let key = NaturalKey::parse(model, remote_id).map_err(|e| broken(&e))?;
    let id = UnifiedId::of(mirror.org(), model, &key);
    Ok(Map::from_iter([
        ("id".to_owned(), id.as_str().into()),
        ("remote_id".to_owned(), remote_id.into()),
    ]))
}

/// What create-candidate and create-application give.
pub(super) fn created(
    mirror: &dyn Mirror,
    [person, applied]: &[Option<UnifiedRecord>; 2],
    created: contract::Created,
    stored: Stored,
    candidate_first: bool,
) -> Result<Outcome, ActionError> {
    let mut warnings = warnings(created.warnings.into_iter().chain(stored.warnings));
    let mut files = Vec::new();
    let mut is_partial = person.is_none() || applied.is_none();
    for (i, outcome) in stored.files.into_iter().enumerate() {
        files.push(match outcome {
            Ok(id) => json!({ "remote_id": id, "error": null }),
            Err(Failure { kind, message }) => {
                is_partial = true;
                let message = format!(
                    "the records are written, but attachments[{i}] is not stored: {message}"
                );
                warnings.push(json!({ "code": "attachment-failed", "message": message }));
                json!({ "remote_id": null, "error": { "kind": kind.name(), "message": message } })
            }
        });
    }
    let person = match person {
        Some(person) => candidate(mirror, person)?,
        None => unread(mirror, Model::Candidates, &created.candidate_id)?,
    };
    let applied = match applied {
        Some(applied) => application(mirror, applied)?,
        None => unread(mirror, Model::Applications, &created.application_id)?,
    };
    let mut data;
    if candidate_first {
        data = person;
        data.insert("applications".to_owned(), json!([applied]));
    } else {
        data = applied;
        data.insert("candidate".to_owned(), Value::Object(person));
    }
    data.insert(
        "candidate_created".to_owned(),
        created.candidate_created.into(),
    );
    data.insert(
        "application_created".to_owned(),
        created.application_created.into(),
    );
    data.insert("attachments".to_owned(), files.into());
    Ok(Outcome {
        data: Value::Object(data),
        warnings,
        is_partial,
    })
}

/// What move-application-to-stage gives.
pub(super) fn moved(
    mirror: &dyn Mirror,
    record: &UnifiedRecord,
    moved: contract::Moved,
) -> Result<Outcome, ActionError> {
    let mut data = application(mirror, record)?;
    data.insert("changed".to_owned(), moved.changed.into());
    Ok(Outcome {
        data: Value::Object(data),
        warnings: warnings(moved.warnings),
        is_partial: false,
    })
}

/// What add-attachment-to-application gives.
pub(super) fn attached(attached: contract::Attached) -> Outcome {
    Outcome {
        data: json!({ "attachment_remote_id": attached.attachment_id, "candidate_remote_id": attached.candidate_id }),
        warnings: warnings(attached.warnings),
        is_partial: false,
    }
}

/// What get-candidate-attachments gives. `data_url` is for a platform to fill, which serves files; here they are
/// downloaded by id (unified-model.md 3.5).
pub(super) fn listed(
    mirror: &dyn Mirror,
    files: Vec<contract::Attachment>,
) -> Result<Outcome, ActionError> {
    let mut results = Vec::new();
    for file in files {
        let candidate = NaturalKey::parse(Model::Candidates, file.candidate_id.as_str())
            .map_err(|e| broken(&e))?;
        results.push(json!({
            "id": UnifiedId::of_attachment(mirror.org(), &file.remote_id).as_str(),
            "remote_id": file.remote_id,
            "candidate_id": UnifiedId::of(mirror.org(), Model::Candidates, &candidate).as_str(),
            "candidate_remote_id": file.candidate_id,
            "application_id": file.application_id,
            "type": match file.kind {
                contract::AttachmentKind::Cv => "CV",
                contract::AttachmentKind::CoverLetter => "COVER_LETTER",
                contract::AttachmentKind::Other => "OTHER",
            },
            "data_url": null,
            "file_name": file.file_name,
            "content_type": file.content_type,
            "size": file.size,
            "remote_created_at": file.remote_created_at,
            "remote_updated_at": file.remote_updated_at,
        }));
    }
    Ok(Outcome {
        data: json!({ "results": results }),
        warnings: Vec::new(),
        is_partial: false,
    })
}
