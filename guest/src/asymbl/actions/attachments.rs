//! The files of a candidate: Salesforce files in their latest version, and attachments of the old kind.

use super::file_name::{UNKNOWN, content_type};
use super::input::id;
use super::{check_switched_on, lookup, not_found, table};
use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::asymbl::models::Tenant;
use crate::exports::ats::connector::actions::{
    Attachment, AttachmentKind, AttachmentRequest, AttachmentSource, LocatedAttachment,
};
use crate::exports::ats::connector::types::{Error, Header};
use salesforce::soql::{eq, one_of};
use salesforce::transport::Transport;
use salesforce::{ErrorKind, Query, Record, Rows};

/// Documents asked for in one query.
const DOCUMENTS: usize = 200;

/// Ids of files begin so in every org (salesforce-api.md 8).
const VERSION: &str = "068";
/// Ids of attachments of the old kind.
const LEGACY: &str = "00P";

/// Lists the files of a candidate, live.
///
/// # Errors
/// `invalid-input` for what is not an id, `not-found` for a contact that is not there, else what Salesforce answers.
pub fn get_candidate_attachments<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    candidate: &str,
) -> Result<Vec<Attachment>, Error> {
    check_switched_on(ctx, "get-candidate-attachments")?;
    let known = ctx.known(profile)?;
    let contact = id("candidate_id", candidate)?;
    let query = Query::from("Contact")
        .select(["Id"])
        .filter(eq("Id", contact.as_str()));
    if ctx.client.query_all_pages(&query, Rows::Live)?.is_empty() {
        return Err(not_found("candidate_id", contact.as_str(), "contact"));
    }
    of(ctx, ctx.tenant(&known.profile), contact.as_str())
}

/// The files of a contact, oldest first.
pub fn of<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    contact: &str,
) -> Result<Vec<Attachment>, Error> {
    let [version] = lookup::shapes(ctx, [table::FILE])?;
    let links = Query::from(table::FILE_LINK)
        .select(["ContentDocumentId"])
        .filter(eq("LinkedEntityId", contact));
    let links = ctx.client.query_all_pages(&links, Rows::Live)?;
    let mut documents: Vec<String> = links
        .iter()
        .filter_map(|l| l.string("ContentDocumentId"))
        .collect();
    documents.sort_unstable();
    documents.dedup();
    let primary = tenant.profile.names().api(table::PRIMARY_CV);
    let columns = [
        "Id",
        "Title",
        "PathOnClient",
        "FileExtension",
        "ContentSize",
        "CreatedDate",
        "LastModifiedDate",
        "FileType",
        "ContentLocation",
        "ContentUrl",
        &primary,
    ];
    let columns: Vec<&str> = columns
        .into_iter()
        .filter(|c| version.has_field(c))
        .collect();
    let mut files = Vec::new();
    for some in documents.chunks(DOCUMENTS) {
        let query = Query::from(table::FILE)
            .select(columns.iter().copied())
            .filter(one_of("ContentDocumentId", some.iter().map(String::as_str)))
            .filter(eq("IsLatest", true));
        let rows = ctx.client.query_all_pages(&query, Rows::Live)?;
        let files_only = rows.iter().filter(|row| not_a_file(row).is_none());
        files.extend(files_only.filter_map(|row| file(row, contact, &primary)));
    }
    files.extend(legacy(ctx, contact)?);
    files.sort_by(|a, b| {
        (&a.remote_created_at, &a.remote_id).cmp(&(&b.remote_created_at, &b.remote_id))
    });
    Ok(files)
}

/// What a content version is where it is not a file: its bytes are a note's text, or somewhere else. An interviewer's
/// private note must not leave the org as an attachment.
fn not_a_file(row: &Record) -> Option<&'static str> {
    let kind = row.string("FileType").unwrap_or_default().to_uppercase();
    if kind == "SNOTE" {
        return Some("a note");
    }
    // Links and documents of Google have a URL in place of bytes; of files in a connected system Salesforce holds a
    // pointer.
    let elsewhere = row.string("ContentUrl").is_some()
        || row
            .string("ContentLocation")
            .is_some_and(|place| place != "S")
        || kind == "LINK"
        || ["GOOGLE_", "QUIP_"]
            .iter()
            .any(|maker| kind.starts_with(maker));
    elsewhere.then_some("a link to a document outside Salesforce's files")
}

fn file(row: &Record, contact: &str, primary: &str) -> Option<Attachment> {
    let title = row.string("Title").unwrap_or_default();
    let name = match row.string("FileExtension").filter(|e| !e.is_empty()) {
        Some(end)
            if !title
                .to_lowercase()
                .ends_with(&format!(".{}", end.to_lowercase())) =>
        {
            format!("{title}.{end}")
        }
        _ => title,
    };
    Some(Attachment {
        kind: if row.flag(primary) == Some(true) {
            AttachmentKind::Cv
        } else {
            AttachmentKind::Other
        },
        content_type: content_type(&name).to_owned(),
        size: size(row, "ContentSize"),
        ..attachment(row, contact, name)?
    })
}

/// Attachments of the old kind; none where the user may not see that object.
fn legacy<T: Transport>(ctx: &Context<T>, contact: &str) -> Result<Vec<Attachment>, Error> {
    let query = Query::from(table::LEGACY_FILE)
        .select([
            "Id",
            "Name",
            "ContentType",
            "BodyLength",
            "CreatedDate",
            "LastModifiedDate",
        ])
        .filter(eq("ParentId", contact));
    let rows = match ctx.client.query_all_pages(&query, Rows::Live) {
        Err(error) if error.kind == ErrorKind::ObjectAbsent => return Ok(Vec::new()),
        rows => rows?,
    };
    let one = |row: &Record| {
        let name = row.string("Name").unwrap_or_default();
        let declared = row.string("ContentType").filter(|t| !t.trim().is_empty());
        Some(Attachment {
            content_type: declared.unwrap_or_else(|| content_type(&name).to_owned()),
            size: size(row, "BodyLength"),
            ..attachment(row, contact, name)?
        })
    };
    Ok(rows.iter().filter_map(one).collect())
}

fn attachment(row: &Record, contact: &str, file_name: String) -> Option<Attachment> {
    Some(Attachment {
        remote_id: row.id("Id")?.to_string(),
        candidate_id: contact.to_owned(),
        application_id: None,
        kind: AttachmentKind::Other,
        content_type: UNKNOWN.to_owned(),
        file_name,
        size: None,
        remote_created_at: row.timestamp("CreatedDate").map(|t| t.to_string()),
        remote_updated_at: row.timestamp("LastModifiedDate").map(|t| t.to_string()),
    })
}

fn size(row: &Record, column: &str) -> Option<u64> {
    row.integer(column).and_then(|n| u64::try_from(n).ok())
}

/// What is asked of a file that is to be fetched.
const LOCATED: &[&str] = &[
    "Id",
    "Title",
    "FileExtension",
    "ContentSize",
    "FileType",
    "ContentLocation",
    "ContentUrl",
];
/// Likewise, of one of the old kind.
const LEGACY_LOCATED: &[&str] = &["Id", "Name", "ContentType", "BodyLength"];

/// Where a file's bytes are.
///
/// # Errors
/// `invalid-input` for what is not an id of a file, `not-found`, else what Salesforce answers.
pub fn locate_attachment<T: Transport>(
    ctx: &Context<T>,
    _profile: &str,
    attachment_id: &str,
) -> Result<LocatedAttachment, Error> {
    check_switched_on(ctx, "get-candidate-attachments")?;
    let id = id("attachment_id", attachment_id)?;
    let (object, columns, body) = match id.key_prefix() {
        VERSION => (table::FILE, LOCATED, "VersionData"),
        LEGACY => (table::LEGACY_FILE, LEGACY_LOCATED, "Body"),
        _ => {
            let message = "is not an id of a file: those of files begin with 068, those of attachments with 00P";
            return Err(Error::InvalidInput(vec![problem("attachment_id", message)]));
        }
    };
    let query = Query::from(object)
        .select(columns.iter().copied())
        .filter(eq("Id", id.as_str()));
    let rows = ctx.client.query_all_pages(&query, Rows::Live)?;
    let row = rows
        .first()
        .ok_or_else(|| not_found("attachment_id", id.as_str(), "file"))?;
    if let Some(what) = not_a_file(row) {
        let message = format!("{id} is {what}, which is not handed out");
        return Err(Error::InvalidInput(vec![problem("attachment_id", message)]));
    }
    let found = if object == table::FILE {
        file(row, "", "")
    } else {
        let name = row.string("Name").unwrap_or_default();
        let declared = row
            .string("ContentType")
            .unwrap_or_else(|| content_type(&name).to_owned());
        attachment(row, "", name).map(|a| Attachment {
            content_type: declared,
            size: size(row, "BodyLength"),
            ..a
        })
    };
    let found = found.ok_or_else(|| not_found("attachment_id", id.as_str(), "file"))?;
    Ok(LocatedAttachment {
        source: AttachmentSource::OnConnection(AttachmentRequest {
            path: ctx.client.path(&format!("sobjects/{object}/{id}/{body}")),
            headers: vec![Header {
                name: "accept".to_owned(),
                value: "*/*".to_owned(),
            }],
        }),
        file_name: found.file_name,
        content_type: found.content_type,
        size: found.size,
    })
}
