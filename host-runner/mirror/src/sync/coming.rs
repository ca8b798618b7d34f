//! Pages on their way: the question, the answers, the task that checks one.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::run::quota_of;
use super::stop::Stopped;
use crate::store::{ListingKind, ListingStart, Position, Quota};
use host_runner::sandbox::contract::{reads, types};
use host_runner::sandbox::{Background, CallError, Job, Page, TextPage};
use host_runner::unified::Model;

/// The bytes of a model's pages that may wait for their turn: each model whose turn has not come has as much.
const ROOM: u32 = 6 << 20;
/// How many pages that may be.
const MOST_WAITING: usize = 32;

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

    /// About how many bytes it has.
    fn bytes(&self) -> u32 {
        let bytes = match self {
            Self::Records(page) => page.bytes(),
            Self::Keys(page) => page.keys.iter().map(|listed| listed.key.len()).sum(),
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
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

/// What is asked of the connector, page after page, and when to stop by oneself.
pub(super) struct Questions {
    pub(super) first: Question,
    pub(super) stop: CancellationToken,
    pub(super) quota_percent: u8,
}

/// A page that arrived, or why none did, with the instance that was asked: it may go on.
pub(super) struct Arrived {
    pub(super) result: Result<Answer, (CallError, Job)>,
    /// The requests that it took.
    pub(super) api_calls: u64,
    pub(super) quota: Option<Quota>,
    /// Its part of the room for pages that wait.
    _room: OwnedSemaphorePermit,
}

/// The pages of a listing on their way: they are asked for one after the other as long as there is room for those that
/// wait.
pub(super) struct Coming {
    arrived: mpsc::Receiver<Arrived>,
    reading: Background<()>,
}

impl Coming {
    /// Asks for a page and those behind it.
    pub(super) fn start(job: Job, questions: Questions) -> Self {
        let (sender, arrived) = mpsc::channel(MOST_WAITING);
        let reading = Background::start(async move || read(job, questions, &sender).await);
        Self { arrived, reading }
    }

    /// The next page. None behind the last one, behind an error, and once the run is to stop.
    pub(super) async fn next(&mut self) -> Option<Arrived> {
        self.arrived.recv().await
    }

    /// Gives up what was not asked for yet. Panics if the reading did.
    pub(super) async fn end(self) {
        drop(self.arrived);
        self.reading.finish().await;
    }
}

async fn read(mut job: Job, questions: Questions, sender: &mpsc::Sender<Arrived>) {
    let room = Arc::new(Semaphore::new(ROOM as usize));
    let mut question = questions.first;
    loop {
        let before = job.stats().requests;
        let result = question.ask(&mut job).await;
        let (api_calls, quota) = (job.stats().requests - before, quota_of(&job));
        let bytes = result.as_ref().map_or(0, Answer::bytes).min(ROOM);
        let Ok(part) = Arc::clone(&room).acquire_many_owned(bytes).await else {
            return;
        };
        let arrived = |result| Arrived {
            result,
            api_calls,
            quota,
            _room: part,
        };
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                // Nobody waits for it where the run has ended.
                let _ = sender.send(arrived(Err((error, job)))).await;
                return;
            }
        };
        let position = answer.position();
        let is_stopped = Stopped::check(&questions.stop, quota, questions.quota_percent).is_err();
        let is_wanted = sender.send(arrived(Ok(answer))).await.is_ok();
        match position {
            Position::At(cursor) if is_wanted && !is_stopped => {
                question.query.cursor = Some(cursor);
                question.query.page_size = None;
            }
            _ => return,
        }
    }
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

/// The pages of a listing that will be begun, on their way before the model's turn.
pub(super) struct Ahead {
    pub(super) model: Model,
    pub(super) start: ListingStart,
    pub(super) pages: Coming,
}

/// Where a listing continues, if it is under way.
pub(super) fn cursor_of(position: &Position) -> Option<&str> {
    match position {
        Position::At(cursor) => Some(cursor),
        Position::Start | Position::End(_) => None,
    }
}
