//! A file onto a candidate: a cleaned name, the size cap, bytes at hand or streamed from a URL, and the file that an earlier call
//! stored.

use std::time::Duration;

use serde_json::json;

use super::file_name::{self, clean};
use super::input;
use super::refusal::Blame;
use super::{attachments, check_field_on, check_switched_on, id, lookup, table, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::{failure, problem};
use crate::asymbl::models::Tenant;
use crate::exports::ats::connector::actions::{
    ActionContext, AddAttachmentInput, Attached, Attachment, AttachmentContent, AttachmentInput,
    AttachmentKind,
};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::{Download, FileTransport, FileUrl};
use salesforce::{ErrorKind, FileBody, FileError, ObjectShape, SalesforceId, Timestamp};

/// Redirects that a download may follow, all within its origin.
const REDIRECTS: usize = 3;

/// How far the host's clock and Salesforce's may differ.
const CLOCKS: Duration = Duration::from_secs(5 * 60);

/// Attaches a file to an application's candidate, which is where Asymbl keeps files.
///
/// # Errors
/// `invalid-input` with every problem, `not-found`, or what Salesforce answers. Nothing is stored then, except where
/// `unavailable` says that it is unknown.
pub fn add_attachment_to_application<T: FileTransport>(
    ctx: &Context<T>,
    context: &ActionContext,
    input: &AddAttachmentInput,
) -> Result<Attached, Error> {
    let action = "add-attachment-to-application";
    check_switched_on(ctx, action)?;
    check_field_on(ctx, action, Model::Applications, "candidate_id")?;
    let known = ctx.known(&context.profile)?;
    let cap = ctx.settings.actions.attachment_cap;
    let (applicant, mut warnings) = checked(Some(context), input, cap)?;
    let tenant = ctx.tenant(&known.profile);
    let application = lookup::application(ctx, tenant, applicant.as_str())?;
    let Some(contact) = application.candidate_id else {
        return Err(Error::InvalidInput(vec![problem(
            "application_id",
            format!(
                "the application {applicant} has no candidate (any more), and files hang on the candidate"
            ),
        )]));
    };
    let [version] = lookup::shapes(ctx, [table::FILE])?;
    let is_cv = input.attachment.kind == Some(AttachmentKind::Cv);
    let may_mark = is_cv && ctx.settings.actions.mark_primary_cv;
    let repeats = input::repeats(context);
    let existing = if may_mark || repeats.is_some() {
        attachments::of(ctx, tenant, &contact)?
    } else {
        Vec::new()
    };
    let store = Store {
        ctx,
        tenant,
        contact: &contact,
        version: &version,
        known: repeats.map(|since| (since.before(CLOCKS), existing.as_slice())),
        mark: may_mark && !existing.iter().any(|f| f.kind == AttachmentKind::Cv),
    };
    Ok(Attached {
        attachment_id: store.run(&input.attachment, &mut warnings)?,
        candidate_id: Some(contact),
        warnings,
    })
}

/// The application of an input, and what it holds beyond what is written.
///
/// # Errors
/// `invalid-input` with every problem.
pub fn checked(
    context: Option<&ActionContext>,
    input: &AddAttachmentInput,
    cap: u64,
) -> Result<(SalesforceId, Vec<Warning>), Error> {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    input::call(context, &mut problems);
    let applicant = id("application_id", &input.application_id, &mut problems);
    input::attachment("attachment", &input.attachment, cap, &mut problems);
    input::extra(input.extra.as_deref(), &mut problems, &mut warnings);
    match applicant {
        Some(applicant) if problems.is_empty() => Ok((applicant, warnings)),
        _ => Err(Error::InvalidInput(problems)),
    }
}

/// One file on its way.
struct Store<'a, T: FileTransport> {
    ctx: &'a Context<T>,
    tenant: Tenant<'a>,
    contact: &'a str,
    version: &'a ObjectShape,
    /// On a repeat: the candidate's files, and since when the first call may have stored one.
    known: Option<(Timestamp, &'a [Attachment])>,
    mark: bool,
}

impl<T: FileTransport> Store<'_, T> {
    fn run(&self, file: &AttachmentInput, warnings: &mut Vec<Warning>) -> Result<String, Error> {
        let (body, kind) = match self.body(file) {
            Ok(body) => body,
            // A signed URL lives for minutes: the first call may well have stored what it led to.
            Err(error) => {
                let name = clean(&file.name, file.content_type.as_deref()).name;
                return self.stored(&name, None, warnings).ok_or(error);
            }
        };
        let length = match &body {
            FileBody::Bytes(bytes) => Some(bytes.len() as u64),
            FileBody::Download(download) => download.length(),
        };
        let cleaned = clean(&file.name, kind.as_deref());
        if let Some(stored) = self.stored(&cleaned.name, length, warnings) {
            return Ok(stored);
        }
        if let Some(added) = cleaned.added {
            let message =
                format!("the extension .{added} was added to agree with the content type");
            warnings.push(warning("file-renamed", message));
        }
        let mut fields = json!({
            "Title": cleaned.name.rsplit_once('.').map_or(cleaned.name.as_str(), |(stem, _)| stem),
            "PathOnClient": cleaned.name,
            "FirstPublishLocationId": self.contact,
        });
        let primary = self.tenant.profile.names().api(table::PRIMARY_CV);
        if self.mark && self.version.field(&primary).is_some_and(|f| f.createable) {
            fields[primary] = json!(true);
        }
        let cap = self.ctx.settings.actions.attachment_cap;
        let sent = match self
            .ctx
            .client
            .create_file(&fields, &cleaned.name, body, cap)
        {
            // The host has replaced the token by now.
            Err(FileError::Salesforce(error)) if error.kind == ErrorKind::Unauthenticated => {
                let (body, _) = self.body(file)?;
                self.ctx
                    .client
                    .create_file(&fields, &cleaned.name, body, cap)
            }
            sent => sent,
        };
        sent.map(|id| id.to_string())
            .map_err(|error| self.failed(error))
    }

    /// The file that the first call stored, where this one repeats it: of the same name and size, or, where the size is not known,
    /// of the same name and not older than that call.
    fn stored(
        &self,
        name: &str,
        length: Option<u64>,
        warnings: &mut Vec<Warning>,
    ) -> Option<String> {
        let (since, files) = self.known?;
        let same = |f: &&Attachment| match length {
            Some(length) => f.file_name == name && f.size == Some(length),
            None => {
                let at = f.remote_created_at.as_deref();
                // The content type of a download may have added an extension.
                let extended = f.file_name.strip_prefix(name);
                extended.is_some_and(|end| end.is_empty() || end.starts_with('.'))
                    && at
                        .and_then(|at| Timestamp::parse(at).ok())
                        .is_some_and(|at| at >= since)
            }
        };
        // Of several the newest: older ones are other calls'.
        let stored = files.iter().rfind(same)?;
        let by = match length {
            Some(_) => "and size already",
            None => "already, stored since the first call began",
        };
        let message = format!("the candidate has a file of this name {by}; it is not stored again");
        warnings.push(warning("file-exists", message));
        Some(stored.remote_id.clone())
    }

    fn failed(&self, error: FileError) -> Error {
        let wrong = |part: &str, message: String| {
            Error::InvalidInput(vec![problem(format!("attachment.{part}"), message)])
        };
        match error {
            FileError::TooLarge(_) => {
                let cap = self.ctx.settings.actions.attachment_cap;
                wrong(
                    "data_url",
                    format!(
                        "the file has more than the {cap} bytes of the setting `attachment_cap`; it was not stored"
                    ),
                )
            }
            FileError::Source(why) => wrong(
                "data_url",
                format!("the download broke off: {why}; nothing was stored"),
            ),
            FileError::Salesforce(error) if super::is_ambiguous(&error) => {
                Error::Unavailable(failure(format!(
                    "{error}: whether the file was stored is not known; look at the candidate's attachments before sending it again, or \
                     repeat the call with the same idempotency key"
                )))
            }
            FileError::Salesforce(error) => {
                let part = |name: &str| format!("attachment.{name}");
                Blame {
                    object: self.version,
                    fields: vec![
                        ("Title".to_owned(), part("name")),
                        ("PathOnClient".to_owned(), part("name")),
                        ("VersionData".to_owned(), part("data")),
                    ],
                    whole: "attachment",
                }
                .typed(error)
            }
        }
    }

    /// The file's bytes or the beginning of its download, and its content type.
    fn body<'f>(
        &self,
        file: &'f AttachmentInput,
    ) -> Result<(FileBody<'f, T::Stream>, Option<String>), Error> {
        let kind = file.content_type.clone();
        match &file.content {
            AttachmentContent::Data(bytes) => Ok((FileBody::Bytes(bytes), kind)),
            AttachmentContent::Url(url) => {
                let download = self.open(url).map_err(|why| {
                    Error::InvalidInput(vec![problem("attachment.data_url", why)])
                })?;
                let told = download.headers.get("content-type").map(file_name::essence);
                Ok((FileBody::Download(download), kind.or(told)))
            }
        }
    }

    fn open(&self, url: &str) -> Result<Download<T::Stream>, String> {
        let mut url = FileUrl::parse(url).map_err(|e| e.to_string())?;
        for _ in 0..=REDIRECTS {
            let download = self
                .ctx
                .client
                .transport()
                .open(&url)
                .map_err(|e| format!("can't be fetched: {e}"))?;
            match download.status {
                200..=299 => return Ok(download),
                301 | 302 | 303 | 307 | 308 => {
                    let next = download
                        .headers
                        .get("location")
                        .and_then(|l| url.redirected(l));
                    url = next.ok_or(
                        "redirects to another origin, which is not followed: give the final URL",
                    )?;
                }
                status => return Err(format!("can't be fetched: the server answered {status}")),
            }
        }
        Err(format!("redirects more than {REDIRECTS} times"))
    }
}
