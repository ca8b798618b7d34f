//! The component's exports, made of a [`Connector`].

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::ats::connector::host::{self, LogLevel};
use crate::reads::{
    ApplicationStagesPage, ApplicationsPage, CandidatesPage, Coverage, Discovery, Guest,
    HiringTeamMembersPage, IdPage, JobStagesPage, JobsPage, KeyVersion, ListQuery, ModelProbe,
    ModelToken, Progress, RecordBatch, Records, TextBatch, TextPage, UsersPage,
};
use crate::types::{Error, Model};
use crate::{Connector, Page, Session, about, failure, text};

/// The exports of a connector.
pub struct Exported<C>(PhantomData<C>);

static HOOK: Once = Once::new();

/// A panic is a trap, and the sandbox has no standard error: without this the host would learn where, but not why.
fn session() -> Result<Session, Error> {
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            host::log(LogLevel::Error, &info.to_string(), &[]);
        }));
    });
    Session::new()
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported(failure(format!("this connector has no {what}")))
}

fn page<C: Connector>(model: Model, query: &ListQuery) -> Result<Page, Error> {
    if C::describe().models.iter().any(|one| one.model == model) {
        return C::list(&session()?, model, query);
    }
    Err(unsupported(word(model)))
}

/// A model's name as the contract writes it.
fn word(model: Model) -> &'static str {
    match model {
        Model::Users => "users",
        Model::Jobs => "jobs",
        Model::Candidates => "candidates",
        Model::ApplicationStages => "application-stages",
        Model::Applications => "applications",
        Model::JobStages => "job-stages",
        Model::HiringTeamMembers => "hiring-team-members",
    }
}

/// All records of a model, page by page.
fn each<C: Connector>(model: Model, mut take: impl FnMut(Records)) -> Result<(), Error> {
    let mut query = ListQuery {
        since: None,
        cursor: None,
        page_size: None,
    };
    loop {
        let page = page::<C>(model, &query)?;
        take(page.records);
        match page.info.progress {
            Progress::More(cursor) => query.cursor = Some(cursor),
            Progress::Done(_) => return Ok(()),
        }
    }
}

macro_rules! typed {
    ($($name:ident $case:ident $page:ident)*) => {
        $(fn $name(_: String, query: ListQuery) -> Result<$page, Error> {
            match page::<C>(Model::$case, &query)? {
                Page { records: Records::$case(items), info } => Ok($page { items, info }),
                // A mistake of the connector's, which its author sees in the host's log.
                _ => panic!("the records are not those of {:?}", Model::$case),
            }
        })*
    };
}

impl<C: Connector> about::Guest for Exported<C> {
    fn describe_connector() -> about::ConnectorDescription {
        C::describe()
    }
}

impl<C: Connector> Guest for Exported<C> {
    fn discover() -> Result<Discovery, Error> {
        C::discover(&session()?)
    }

    typed! {
        list_users Users UsersPage
        list_jobs Jobs JobsPage
        list_candidates Candidates CandidatesPage
        list_application_stages ApplicationStages ApplicationStagesPage
        list_applications Applications ApplicationsPage
        list_job_stages JobStages JobStagesPage
        list_hiring_team_members HiringTeamMembers HiringTeamMembersPage
    }

    fn list_page(_: String, model: Model, query: ListQuery) -> Result<TextPage, Error> {
        let Page { records, info } = page::<C>(model, &query)?;
        let records = text::records(&records);
        Ok(TextPage { records, info })
    }

    fn get_records(_: String, _: Model, _: Vec<String>) -> Result<RecordBatch, Error> {
        Err(unsupported("get-records; get-batch has the same records"))
    }

    /// Looks the ids up in a full listing: a connector whose ATS reads by id should do that.
    fn get_batch(_: String, model: Model, ids: Vec<String>) -> Result<TextBatch, Error> {
        let wanted: BTreeSet<&String> = ids.iter().collect();
        let mut found = text::empty();
        let mut held = BTreeSet::new();
        each::<C>(model, |records| {
            for (id, one) in text::by_id(records) {
                if wanted.contains(&id) {
                    let one = text::records(&one);
                    found.lines.push_str(&one.lines);
                    found.complete_jobs.extend(one.complete_jobs);
                    held.insert(id);
                }
            }
        })?;
        Ok(TextBatch {
            found,
            versions: Vec::new(),
            gone: Vec::new(),
            unseen: ids.into_iter().filter(|id| !held.contains(id)).collect(),
            rechecks: Vec::new(),
        })
    }

    /// A page of the listing gives a page of keys.
    fn list_ids(_: String, model: Model, cursor: Option<String>) -> Result<IdPage, Error> {
        let query = ListQuery {
            since: None,
            cursor,
            page_size: None,
        };
        let page = page::<C>(model, &query)?;
        let key = |key| KeyVersion { key, version: None };
        Ok(IdPage {
            keys: text::keys(&page.records).into_iter().map(key).collect(),
            next: match page.info.progress {
                Progress::More(cursor) => Some(cursor),
                Progress::Done(_) => None,
            },
        })
    }

    fn probe_changes(_: String, _: Vec<ModelToken>) -> Result<Vec<ModelProbe>, Error> {
        Err(unsupported("probe-changes: list each model"))
    }
}

/// Says that a listing returns all records of its model, by which deletions show.
impl Page {
    /// The same page of a listing that returns every record.
    #[must_use]
    pub fn of_everything(mut self) -> Self {
        self.info.coverage = Coverage::Everything;
        self
    }
}
