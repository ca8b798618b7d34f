//! One file on its way into Salesforce: from bytes at hand or a URL, under a cleaned name, and not twice.
//!
//! What passes by itself (a busy file server, a locked record, an overloaded org) is waited for. An upload whose
//! outcome is not known is repeated only when the candidate's files, looked at anew, show that Salesforce did not take
//! it.

use std::time::Duration;

use serde_json::json;

use super::download::{self, FetchError, check_is_no_page};
use super::fields::{Feed, Fill};
use super::file_name::{self, clean};
use super::refusal::Blame;
use super::{attachments, is_ambiguous, table, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::{failure, problem};
use crate::asymbl::models::Tenant;
use crate::exports::ats::connector::actions::{Attachment, AttachmentContent, AttachmentInput};
use crate::exports::ats::connector::types::{Error, Warning};
use salesforce::transport::FileTransport;
use salesforce::{ErrorKind, FileBody, FileError, ObjectShape, Quota, SalesforceError, Timestamp};

/// Stores files on one contact.
pub struct FileStore<'a, T: FileTransport> {
    pub ctx: &'a Context<T>,
    pub tenant: Tenant<'a>,
    pub contact: &'a str,
    /// `ContentVersion`, as the user sees it.
    pub version: &'a ObjectShape,
    /// On a repeat: the candidate's files, and since when the first call may have stored one.
    pub known: Option<(Timestamp, &'a [Attachment])>,
    /// Whether the file becomes the candidate's primary CV.
    pub mark: bool,
}

/// An attempt that stored nothing, as far as is known.
struct Failed {
    error: Error,
    again: Again,
}

/// Whether another attempt may store the file.
enum Again {
    Never,
    /// At once, but only one time: the host has replaced the token.
    Renewed,
    /// After a pause, of at least this length if there is one.
    After(Option<Duration>),
    /// After a look for the file, since this attempt may have stored it.
    Look(Sent),
}

/// An upload whose outcome is not known.
struct Sent {
    name: String,
    length: Option<u64>,
    /// Salesforce answered, so that nothing is under way any more.
    is_over: bool,
    retry_after: Option<Duration>,
}

impl<T: FileTransport> FileStore<'_, T> {
    /// Stores a file; its id.
    ///
    /// # Errors
    /// `invalid-input`, `unavailable` once waiting did not help, or what Salesforce answers.
    pub fn run(
        &self,
        file: &AttachmentInput,
        warnings: &mut Vec<Warning>,
    ) -> Result<String, Error> {
        let client = &self.ctx.client;
        let started = client.server_now();
        let (mut failures, mut renewed) = (0, false);
        loop {
            let mut own = Vec::new();
            let Failed { error, again } = match self.attempt(file, &mut own) {
                Ok(id) => {
                    warnings.append(&mut own);
                    return Ok(id);
                }
                Err(failed) => failed,
            };
            failures += 1;
            let goes_on = match again {
                Again::Never => false,
                Again::Renewed => !std::mem::replace(&mut renewed, true),
                Again::After(wait) => client.wait_to_repeat(failures, wait),
                Again::Look(sent) => {
                    let goes_on = client.wait_to_repeat(failures, sent.retry_after);
                    match self.look(&sent, started) {
                        Ok(Some(id)) => {
                            warnings.append(&mut own);
                            return Ok(id);
                        }
                        Ok(None) => goes_on && sent.is_over,
                        Err(_) => false,
                    }
                }
            };
            if !goes_on {
                return Err(error);
            }
        }
    }

    /// The field that marks the primary CV.
    pub fn primary(&self) -> String {
        self.tenant.profile.names().api(table::PRIMARY_CV)
    }

    /// Whether the connected user may mark a file as the primary CV.
    pub fn can_mark(&self) -> bool {
        let field = self.version.field(&self.primary());
        field.is_some_and(|field| field.createable)
    }

    fn attempt(
        &self,
        file: &AttachmentInput,
        warnings: &mut Vec<Warning>,
    ) -> Result<String, Failed> {
        let (body, kind) = match self.body(file) {
            Ok(body) => body,
            // A signed URL lives for minutes: the first call may well have stored what it led to.
            Err(error) => {
                let name = clean(&file.name, file.content_type.as_deref()).name;
                let stored = self.stored(&name, None, warnings);
                return stored.ok_or_else(|| not_fetched(error));
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
        if self.mark && self.can_mark() {
            fields[self.primary()] = json!(true);
        }
        let cap = self.ctx.settings.attachment_cap;
        let created = self
            .ctx
            .client
            .create_file(&fields, &cleaned.name, body, cap);
        created
            .map(|id| id.to_string())
            .map_err(|error| self.failed(error, cleaned.name, length))
    }

    /// The file's bytes or the beginning of its download, and its content type.
    fn body<'f>(
        &self,
        file: &'f AttachmentInput,
    ) -> Result<(FileBody<'f, T::Stream>, Option<String>), FetchError> {
        let kind = file.content_type.clone();
        match &file.content {
            AttachmentContent::Data(bytes) => Ok((FileBody::Bytes(bytes), kind)),
            AttachmentContent::Url(url) => {
                let download = download::open(&self.ctx.client, url)?;
                let served = download.headers.get("content-type");
                check_is_no_page(&file.name, kind.as_deref(), served)?;
                let served = served.map(file_name::essence);
                Ok((FileBody::Download(download), kind.or(served)))
            }
        }
    }

    /// The file that the first call stored, where this one repeats it: of the same name and size, or, where the size is
    /// not known, of the same name and not older than that call.
    fn stored(
        &self,
        name: &str,
        length: Option<u64>,
        warnings: &mut Vec<Warning>,
    ) -> Option<String> {
        let (since, files) = self.known?;
        let same = |f: &&Attachment| match length {
            Some(length) => f.file_name == name && f.size == Some(length),
            // The content type of a download may have added an extension.
            None => {
                let extended = f.file_name.strip_prefix(name);
                extended.is_some_and(|end| end.is_empty() || end.starts_with('.'))
                    && is_since(f, since)
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

    /// The file of an upload whose outcome was not known.
    fn look(&self, sent: &Sent, started: Option<Timestamp>) -> Result<Option<String>, Error> {
        let Some(started) = started else {
            return Ok(None);
        };
        // Stamps have whole seconds.
        let since = started.before(Duration::from_secs(1));
        let files = attachments::of(self.ctx, self.tenant, self.contact)?;
        let found = files.iter().rfind(|file| {
            file.file_name == sent.name
                && sent.length.is_none_or(|length| file.size == Some(length))
                && is_since(file, since)
        });
        Ok(found.map(|file| file.remote_id.clone()))
    }

    fn failed(&self, error: FileError, name: String, length: Option<u64>) -> Failed {
        let error = match error {
            FileError::TooLarge(_) => {
                let cap = self.ctx.settings.attachment_cap;
                return not_fetched(FetchError::Refused(format!(
                    "the file has more than the {cap} bytes of the setting `attachment_cap`; it was not stored"
                )));
            }
            FileError::Source(why) => {
                return not_fetched(match download::unanswered(&why) {
                    FetchError::Passing { retry_after, .. } => FetchError::Passing {
                        why: format!("the download broke off: {why}; nothing was stored"),
                        retry_after,
                    },
                    refused => refused,
                });
            }
            FileError::Salesforce(error) => error,
        };
        if is_ambiguous(&error) {
            return Failed {
                again: Again::Look(Sent {
                    name,
                    length,
                    // Behind these two the work may go on.
                    is_over: error.status.is_some_and(|s| !matches!(s, 502 | 504)),
                    retry_after: error.retry_after(),
                }),
                error: Error::Unavailable(failure(format!(
                    "{error}: whether the file was stored is not known; look at the candidate's attachments before sending it again, or \
                     repeat the call with the same idempotency key"
                ))),
            };
        }
        Failed {
            again: again(&error),
            error: self.refused(error),
        }
    }

    /// A refusal of Salesforce in the words of the input.
    fn refused(&self, error: SalesforceError) -> Error {
        let feed = |field: &str, path| Feed {
            field: field.to_owned(),
            path,
            fill: Fill::Asked,
        };
        Blame {
            object: self.version,
            feeds: &[
                feed("Title", "attachment.name"),
                feed("PathOnClient", "attachment.name"),
                feed("VersionData", "attachment.data"),
            ],
            whole: "attachment",
            may_save: false,
        }
        .typed(error)
    }
}

/// Whether the same upload may be sent again: where Salesforce certainly did nothing, and the reason passes.
fn again(error: &SalesforceError) -> Again {
    match &error.kind {
        ErrorKind::Unauthenticated => Again::Renewed,
        ErrorKind::Locked
        | ErrorKind::Unavailable { .. }
        | ErrorKind::RateLimited {
            quota: Quota::Concurrent,
            ..
        } => Again::After(error.retry_after()),
        _ => Again::Never,
    }
}

fn not_fetched(error: FetchError) -> Failed {
    match error {
        FetchError::Refused(why) => Failed {
            error: Error::InvalidInput(vec![problem("attachment.data_url", why)]),
            again: Again::Never,
        },
        FetchError::Passing { why, retry_after } => Failed {
            error: Error::Unavailable(failure(format!(
                "attachment.data_url: {why}; try again later"
            ))),
            again: Again::After(retry_after),
        },
    }
}

fn is_since(file: &Attachment, since: Timestamp) -> bool {
    let at = file.remote_created_at.as_deref();
    at.and_then(|at| Timestamp::parse(at).ok())
        .is_some_and(|at| at >= since)
}
