//! A page on its way: the question, the answer, the task that checks it.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::store::{ListingKind, ListingStart, Position};
use host_runner::sandbox::contract::{reads, types};
use host_runner::sandbox::{Background, CallError, Job, Page, TextPage};
use host_runner::unified::Model;

/// A page of either kind, not checked yet.
pub(super) enum Answer {
    Records(TextPage),
    Keys(reads::IdPage),
}

impl Answer {
    /// How many things it brings that are stored: records, keys, deletions, rechecks.
    pub(super) fn items(&self) -> usize {
        match self {
            Self::Records(page) => page.items(),
            Self::Keys(page) => page.keys.len(),
        }
    }

    /// The position of the listing after this page.
    pub(super) fn position(&self) -> Position {
        match self {
            Self::Records(page) => match &page.info.progress {
                reads::Progress::More(cursor) => Position::At(cursor.clone()),
                reads::Progress::Done(token) => Position::End(Some(token.clone())),
            },
            Self::Keys(page) => match &page.next {
                Some(cursor) => Position::At(cursor.clone()),
                None => Position::End(None),
            },
        }
    }
}

/// What is asked of the connector: one page.
pub(super) struct Question {
    pub(super) model: Model,
    pub(super) kind: ListingKind,
    pub(super) profile: Arc<types::Profile>,
    pub(super) query: reads::ListQuery,
}

impl Question {
    async fn ask(&self, job: &mut Job) -> Result<Answer, CallError> {
        if self.kind == ListingKind::Ids {
            let cursor = self.query.cursor.as_ref();
            let page = job.list_ids(self.model, &self.profile, cursor).await;
            return page.map(Answer::Keys);
        }
        let page = job.list_text(self.model, &self.profile, &self.query).await;
        page.map(Answer::Records)
    }
}

/// A page on its way: the instance that is asked, how many requests it had made before, and its answer.
pub(super) type Coming = Background<(Job, u64, Result<Answer, CallError>)>;

/// Asks for a page.
pub(super) fn ask(mut job: Job, question: Question) -> Coming {
    Background::start(async move || {
        let before = job.stats().requests;
        let answer = question.ask(&mut job).await;
        (job, before, answer)
    })
}

/// A page that was checked.
pub(super) enum Checked {
    Records(Page),
    Keys(reads::IdPage),
}

/// A page that arrived, whose records are being checked in a task of its own.
pub(super) struct Checking {
    task: JoinHandle<Result<Checked, CallError>>,
    /// The requests that it took.
    pub(super) api_calls: u64,
}

impl Checking {
    pub(super) fn start(answer: Answer, api_calls: u64) -> Self {
        let task = tokio::spawn(async move {
            match answer {
                Answer::Records(page) => page.checked().map(Checked::Records),
                Answer::Keys(page) => Ok(Checked::Keys(page)),
            }
        });
        Self { task, api_calls }
    }

    pub(super) async fn finish(self) -> Result<Checked, CallError> {
        // Nobody cancels it before: it ended or panicked.
        let checked = self.task.await;
        checked.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// The first page of a listing that will be begun, on its way before the model's turn.
pub(super) struct Ahead {
    pub(super) model: Model,
    pub(super) start: ListingStart,
    pub(super) page: Coming,
}

/// Where a listing continues, if it is under way.
pub(super) fn cursor_of(position: &Position) -> Option<&str> {
    match position {
        Position::At(cursor) => Some(cursor),
        Position::Start | Position::End(_) => None,
    }
}
