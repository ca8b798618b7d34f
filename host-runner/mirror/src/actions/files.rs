//! The files of a create, each stored in a call of its own once the records are there: whatever becomes of a file, the
//! records' ids are told.

use std::time::{Duration, Instant};

use super::file_url::origin;
use host_runner::egress::{Grant, GrantGuard};
use host_runner::sandbox::contract::{actions as contract, types};
use host_runner::sandbox::{CallError, ErrorKind, Job, Outage};
use host_runner::session::Session;
use host_runner::unified::Timestamp;

/// What became of the files of a create.
#[derive(Default)]
pub(super) struct Stored {
    /// One for each, in order: its id, or why it is not stored.
    pub(super) files: Vec<Result<String, Failure>>,
    /// What the connector wants known, with the file's place before it.
    pub(super) warnings: Vec<types::Warning>,
}

/// A file that was not stored.
pub(super) struct Failure {
    /// What kind of error kept it from being stored.
    pub(super) kind: ErrorKind,
    /// In words for a person.
    pub(super) message: String,
}

/// Stores the files of a create. All of them together have the time of one call.
pub(super) async fn store(
    session: &Session,
    job: Job,
    context: &contract::ActionContext,
    created: &contract::Created,
    attachments: Vec<contract::AttachmentInput>,
) -> Stored {
    let mut context = context.clone();
    if !created.application_created && context.repeats.is_none() {
        // Whoever wrote the application may have stored its files.
        context.repeats = Some(Timestamp::now().to_string());
    }
    let time = session.tenant().file().limits().wall_per_call;
    let mut storing = Storing {
        session,
        job: Some(job),
        ends: Instant::now() + time,
        time,
    };
    let mut stored = Stored::default();
    for (i, mut file) in attachments.into_iter().enumerate() {
        let first = if i == 0 {
            contract::AttachmentKind::Cv
        } else {
            contract::AttachmentKind::Other
        };
        file.kind.get_or_insert(first);
        let input = contract::AddAttachmentInput {
            application_id: created.application_id.clone(),
            attachment: file,
            extra: None,
        };
        let place = format!("attachments[{i}]");
        stored
            .files
            .push(match storing.one(&context, &input).await {
                Ok(attached) => {
                    let placed = attached.warnings.into_iter().map(|warning| types::Warning {
                        message: format!("{place}: {}", warning.message),
                        ..warning
                    });
                    stored.warnings.extend(placed);
                    Ok(attached.attachment_id)
                }
                Err(error) => Err(storing.failure(error, &place)),
            });
    }
    stored
}

struct Storing<'a> {
    session: &'a Session,
    /// None: the last one ended with its call.
    job: Option<Job>,
    ends: Instant,
    time: Duration,
}

impl Storing<'_> {
    async fn one(
        &mut self,
        context: &contract::ActionContext,
        input: &contract::AddAttachmentInput,
    ) -> Result<contract::Attached, CallError> {
        let late = || CallError::from(Outage::Wall(self.time));
        let left = self.ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late());
        }
        let mut job = match self.job.take() {
            Some(job) => job,
            None => self.session.start_writing().await?,
        };
        let grant = grant(self.session, &job, &input.attachment);
        let answer = job.add_attachment_to_application(context, input);
        let answer = tokio::time::timeout(left, answer).await;
        drop(grant);
        match answer {
            // The instance is in the middle of its call: there is no way back into it.
            Err(_) | Ok(Err(CallError::Outage(Outage::Wall(_)))) => Err(late()),
            Ok(Err(CallError::Outage(outage))) => Err(outage.into()),
            Ok(answer) => {
                self.job = Some(job);
                answer
            }
        }
    }

    fn failure(&self, error: CallError, place: &str) -> Failure {
        let kind = error.kind();
        let message = match error {
            CallError::Outage(Outage::Wall(time)) => format!(
                "not stored within the {time:?} that the files of a call have together (`limits.wall_seconds_per_call` of the tenant \
                 file); the same call again stores what is missing"
            ),
            error => {
                let error = at(error, place).to_string();
                match self.job.as_ref().and_then(Job::last_problem) {
                    Some(problem) => format!("{error} ({problem})"),
                    None => error,
                }
            }
        };
        Failure { kind, message }
    }
}

/// The error with the file's place in the create's input.
fn at(error: CallError, place: &str) -> CallError {
    let CallError::Connector(error) = error else {
        return error;
    };
    let mut error = *error;
    if let types::Error::InvalidInput(problems) = &mut error {
        for problem in problems {
            if let Some(part) = problem.field.strip_prefix("attachment") {
                problem.field = format!("{place}{part}");
            }
        }
    }
    CallError::Connector(Box::new(error))
}

/// Opens the origin of a file for as long as the guard lives.
pub(super) fn grant(
    session: &Session,
    job: &Job,
    file: &contract::AttachmentInput,
) -> Option<GrantGuard> {
    let contract::AttachmentContent::Url(url) = &file.content else {
        return None;
    };
    let tenant = session.tenant().file();
    let origin = origin(url)?;
    let grant = Grant::outside(
        origin,
        tenant.attachment_origins(),
        tenant.limits().attachment,
    );
    Some(job.gate()?.grant(grant))
}
