//! Files onto a candidate: cleaned names, the size cap, bytes at hand or streamed from a URL.

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
    AttachmentKind, AttachmentOutcome,
};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use crate::salesforce::{ErrorKind, FileBody, FileError, ObjectShape};
use crate::transport::{Download, FileTransport, FileUrl};

/// Redirects that a download may follow, all within its origin.
const REDIRECTS: usize = 3;

/// Where files go.
pub struct Target<'a> {
    /// The contact's id.
    pub contact: &'a str,
    /// Created by this call, so it has no files yet.
    pub is_new: bool,
    /// The call may be a repeat: files that are there already are not stored again.
    pub is_repeat: bool,
}

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
    check_switched_on(ctx, "add-attachment-to-application")?;
    check_field_on(
        ctx,
        "add-attachment-to-application",
        Model::Applications,
        "candidate_id",
    )?;
    let known = ctx.known(&context.profile)?;
    let mut problems = Vec::new();
    input::key(context, &mut problems);
    let applicant = id("application_id", &input.application_id, &mut problems);
    input::attachment(
        "attachment",
        &input.attachment,
        ctx.settings.actions.attachment_cap,
        &mut problems,
    );
    let Some(applicant) = applicant.filter(|_| problems.is_empty()) else {
        return Err(Error::InvalidInput(problems));
    };
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
    let mut warnings = Vec::new();
    let target = Target {
        contact: &contact,
        is_new: false,
        is_repeat: context.idempotency_key.is_some(),
    };
    let files = std::slice::from_ref(&input.attachment);
    let kinds = [input.attachment.kind.unwrap_or(AttachmentKind::Other)];
    let mut outcomes = store_all(
        ctx,
        tenant,
        &target,
        files,
        &kinds,
        "attachment",
        &mut warnings,
    );
    match outcomes.pop() {
        Some(AttachmentOutcome::Stored(attachment_id)) => Ok(Attached {
            attachment_id,
            candidate_id: Some(contact),
            warnings,
        }),
        Some(AttachmentOutcome::Failed(error)) => Err(error),
        None => Err(Error::Unavailable(failure("the file came to nothing"))),
    }
}

/// Stores the files of a create; each by itself, since the records exist whatever becomes of a file.
pub fn all<T: FileTransport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    target: &Target<'_>,
    files: &[AttachmentInput],
    warnings: &mut Vec<Warning>,
) -> Vec<AttachmentOutcome> {
    let kind = |(i, file): (usize, &AttachmentInput)| {
        file.kind.unwrap_or(if i == 0 {
            AttachmentKind::Cv
        } else {
            AttachmentKind::Other
        })
    };
    let kinds: Vec<AttachmentKind> = files.iter().enumerate().map(kind).collect();
    store_all(ctx, tenant, target, files, &kinds, "attachments", warnings)
}

fn store_all<T: FileTransport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    target: &Target<'_>,
    files: &[AttachmentInput],
    kinds: &[AttachmentKind],
    path: &str,
    warnings: &mut Vec<Warning>,
) -> Vec<AttachmentOutcome> {
    if files.is_empty() {
        return Vec::new();
    }
    let prepared = lookup::shapes(ctx, [table::FILE]).and_then(|[version]| {
        let existing = if target.is_new {
            Vec::new()
        } else {
            attachments::of(ctx, tenant, target.contact)?
        };
        Ok((version, existing))
    });
    let (version, existing) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            return files
                .iter()
                .map(|_| AttachmentOutcome::Failed(error.clone()))
                .collect();
        }
    };
    let mut primary = existing.iter().any(|f| f.kind == AttachmentKind::Cv);
    let mut outcomes = Vec::new();
    for (i, (file, kind)) in files.iter().zip(kinds).enumerate() {
        let path = if path == "attachments" {
            format!("attachments[{i}]")
        } else {
            path.to_owned()
        };
        let store = Store {
            ctx,
            tenant,
            contact: target.contact,
            version: &version,
            known: if target.is_repeat { &existing } else { &[] },
            mark: *kind == AttachmentKind::Cv && !primary && ctx.settings.actions.mark_primary_cv,
            path,
        };
        outcomes.push(match store.run(file, warnings) {
            Ok(id) => {
                primary |= store.mark;
                AttachmentOutcome::Stored(id)
            }
            Err(error) => AttachmentOutcome::Failed(error),
        });
    }
    outcomes
}

/// One file on its way.
struct Store<'a, T: FileTransport> {
    ctx: &'a Context<T>,
    tenant: Tenant<'a>,
    contact: &'a str,
    version: &'a ObjectShape,
    known: &'a [Attachment],
    mark: bool,
    path: String,
}

impl<T: FileTransport> Store<'_, T> {
    fn run(&self, file: &AttachmentInput, warnings: &mut Vec<Warning>) -> Result<String, Error> {
        let (body, kind) = self.body(file)?;
        let length = match &body {
            FileBody::Bytes(bytes) => Some(bytes.len() as u64),
            FileBody::Download(download) => download.length(),
        };
        let cleaned = clean(&file.name, kind.as_deref());
        if let Some(added) = cleaned.added {
            let message = format!(
                "{}: the extension .{added} was added to agree with the content type",
                self.path
            );
            warnings.push(warning("file-renamed", message));
        }
        let same =
            |f: &&Attachment| f.file_name == cleaned.name && f.size.is_some() && f.size == length;
        if let Some(stored) = self.known.iter().find(same) {
            let message = format!(
                "{}: the candidate has a file of this name and size already; it is not stored again",
                self.path
            );
            warnings.push(warning("file-exists", message));
            return Ok(stored.remote_id.clone());
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

    fn failed(&self, error: FileError) -> Error {
        let wrong = |part: &str, message: String| {
            Error::InvalidInput(vec![problem(format!("{}.{part}", self.path), message)])
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
                    "{error}: whether {} was stored is not known; look at the candidate's attachments before sending it again, or repeat \
                 the call with an idempotency key",
                    self.path
                )))
            }
            FileError::Salesforce(error) => {
                let part = |name: &str| format!("{}.{name}", self.path);
                Blame {
                    object: self.version,
                    fields: vec![
                        ("Title".to_owned(), part("name")),
                        ("PathOnClient".to_owned(), part("name")),
                        ("VersionData".to_owned(), part("data")),
                    ],
                    whole: &self.path,
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
                    Error::InvalidInput(vec![problem(format!("{}.data_url", self.path), why)])
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
