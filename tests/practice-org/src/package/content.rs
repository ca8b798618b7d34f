//! What the platform does with a new ContentVersion: a document above it, links to its owner and to the record it was
//! published on (salesforce-api.md 8).

use std::sync::Arc;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::{Database, Draft, Trigger, Writer};
use crate::value::Value;

/// Attaches the behaviour.
pub fn install(db: &Database) {
    db.add_trigger("ContentVersion", Arc::new(NewVersion));
    db.add_trigger("Attachment", Arc::new(NewAttachment));
}

/// The attachment of the old kind: the platform counts its bytes.
struct NewAttachment;

impl Trigger for NewAttachment {
    fn before_insert(&self, _: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        if let Value::Blob(body) = draft.get("Body") {
            draft.set("BodyLength", i64::try_from(body.len()).unwrap_or(i64::MAX));
        }
        Ok(())
    }
}

struct NewVersion;

/// Earlier versions are the latest no longer; returns how many there are.
fn retire(writer: &mut Writer<'_>, document: RecordId) -> Result<usize, ApiError> {
    let earlier = writer.find("ContentVersion", "ContentDocumentId", &Value::Id(document));
    for id in &earlier {
        writer.set_values("ContentVersion", *id, &[("IsLatest", Value::Bool(false))])?;
    }
    Ok(earlier.len())
}

fn new_document(
    writer: &mut Writer<'_>,
    version: &Draft,
    size: i64,
    file_type: &str,
    extension: &str,
) -> Result<RecordId, ApiError> {
    writer.insert_values(
        "ContentDocument",
        &[
            ("Title", version.get("Title")),
            ("PublishStatus", Value::from("P")),
            ("ContentSize", Value::Int(size)),
            ("FileType", Value::copied(file_type)),
            ("FileExtension", Value::copied(extension)),
        ],
    )
}

/// The file name extension, without the dot.
fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

impl Trigger for NewVersion {
    fn before_insert(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        let path = draft
            .get("PathOnClient")
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let existing = draft.get("ContentDocumentId").as_id();
        // A link has an address and no contents (salesforce-api.md 8 knows stored files only; the type is the
        // platform's).
        let link = draft.get("ContentUrl");
        if path.is_empty() && existing.is_none() && link.is_null() {
            return Err(ApiError::write(
                "REQUIRED_FIELD_MISSING",
                "Required fields are missing: [PathOnClient]",
                ["PathOnClient"],
            ));
        }
        let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let kind = extension(file);
        let file_type = match link.is_null() {
            true => kind.to_uppercase(),
            false => "LINK".to_owned(),
        };
        if let Value::Text(address) = &link {
            draft.set("ContentLocation", "L");
            if draft.get("Title").is_null() {
                draft.set("Title", Value::copied(address));
            }
        } else if draft.get("Title").is_null() {
            draft.set(
                "Title",
                Value::copied(file.strip_suffix(&format!(".{kind}")).unwrap_or(file)),
            );
        }
        let size = match draft.get("VersionData") {
            Value::Blob(data) => i64::try_from(data.len()).unwrap_or(i64::MAX),
            _ => 0,
        };
        let versions = match existing {
            Some(document) => retire(writer, document)?,
            None => {
                let document = new_document(writer, draft, size, &file_type, kind)?;
                draft.set("ContentDocumentId", document);
                0
            }
        };
        draft.set("IsLatest", true);
        draft.set("VersionNumber", Value::from((versions + 1).to_string()));
        draft.set("ContentSize", Value::Int(size));
        draft.set("FileType", Value::from(file_type));
        draft.set("FileExtension", Value::copied(kind));
        draft.set("PublishStatus", "P");
        draft.set("ContentModifiedDate", Value::DateTime(writer.now_ms()));
        Ok(())
    }

    fn after_insert(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let (Some(version), Some(document)) = (draft.id(), draft.get("ContentDocumentId").as_id())
        else {
            return Ok(());
        };
        writer.set_values(
            "ContentDocument",
            document,
            &[
                ("LatestPublishedVersionId", Value::Id(version)),
                ("Title", draft.get("Title")),
            ],
        )?;
        let mut link = |entity: Value, share: &'static str| {
            let values = [
                ("ContentDocumentId", Value::Id(document)),
                ("LinkedEntityId", entity),
                ("ShareType", Value::from(share)),
                ("Visibility", Value::from("AllUsers")),
            ];
            writer.insert_values("ContentDocumentLink", &values)
        };
        if draft.get("VersionNumber").as_str() == Some("1") {
            link(draft.get("OwnerId"), "I")?;
            let place = draft.get("FirstPublishLocationId");
            if !place.is_null() && place != draft.get("OwnerId") {
                link(place, "V")?;
            }
        }
        Ok(())
    }
}
