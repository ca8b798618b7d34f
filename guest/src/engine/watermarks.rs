//! From where the next delta reads each object.
//!
//! A stamp is set inside a transaction and seen when it commits, minutes later. So the watermark is neither "now" nor
//! "the newest stamp seen" but Salesforce's own low-water mark, `latestDateCovered`, taken before the first page
//! (salesforce-api.md 3.2). It bounds the next start only: this listing reads rows up to the present.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::exports::ats::connector::types::Warning;
use salesforce::soql::{Aggregate, ge};
use salesforce::transport::Transport;
use salesforce::{
    Answer, Call, Client, ErrorKind, Log, LogWindow, Query, QueryPage, Record, Rows,
    SalesforceError, SubResponse, Subrequest, Timestamp,
};

/// By the object's API name.
pub type Watermarks = BTreeMap<String, Timestamp>;

/// How far back an object is read whose change log can't be asked: an ordinary transaction lasts ten minutes at most
/// (salesforce-api.md 3.2), and the stamp may be set at its beginning.
const LAG: Duration = Duration::from_secs(15 * 60);

/// For how long the watermark of an object whose change log is refused stays where it is: the log may have stood still
/// for a transaction that is longer than an ordinary one.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Window of the `/updated` call; only its `latestDateCovered` matters. Both ends are cut to the minute and must differ
/// by more than one (salesforce-api.md 3.3).
const WINDOW: Duration = Duration::from_secs(2 * 60);

/// A watermark older than this is worth a note.
const STANDING_STILL: Duration = Duration::from_secs(30 * 60);

/// Salesforce's clock, from the latest answer; where there was none yet, from one that costs nothing.
///
/// # Errors
/// When Salesforce can't be asked or does not tell the time.
pub fn server_now<T: Transport>(client: &Client<T>) -> Result<Timestamp, SalesforceError> {
    if let Some(now) = client.server_now() {
        return Ok(now);
    }
    let versions = Call::get("/services/data", "ask for Salesforce's time");
    let now = client.run(&versions, |answer: Answer| {
        let listed = answer.body.parse::<Vec<serde::de::IgnoredAny>>();
        listed.map_err(SalesforceError::malformed)?;
        Ok(answer.server_now)
    })?;
    now.ok_or_else(|| {
        SalesforceError::malformed(
            "Salesforce's answer has no Date header, the connector's only clock",
        )
    })
}

/// Takes the watermarks of some objects. Costs one call. An object without a change log gets one that lies `LAG` back;
/// so is one whose log is refused, unless its watermark of `before` is younger than `PATIENCE` and stays. `is_logged`
/// says which have a log, `refused` hears of each that is refused.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn take<T: Transport>(
    client: &Client<T>,
    objects: &[String],
    is_logged: impl Fn(&str) -> bool,
    before: &Watermarks,
    mut refused: impl FnMut(&str, &SalesforceError),
) -> Result<Watermarks, SalesforceError> {
    let now = server_now(client)?;
    let logged = objects.iter().filter(|object| is_logged(object));
    let logged: Vec<&String> = logged.collect();
    let mut watermarks: Watermarks = objects
        .iter()
        .map(|o| (o.clone(), now.before(LAG)))
        .collect();
    let questions = logged.iter().map(|object| mark(client, object, now));
    let answers = client.read_each(questions, "read low-water marks")?;
    for (object, answer) in logged.into_iter().zip(&answers) {
        let taken = taken(answer, object, now, before.get(object), &mut refused)?;
        watermarks.insert(object.clone(), taken);
    }
    Ok(watermarks)
}

/// The question for an object's low-water mark.
fn mark<T: Transport>(client: &Client<T>, object: &str, now: Timestamp) -> Subrequest {
    client.log_member(object, Log::Updated, now.before(WINDOW), now)
}

/// The question what was deleted of an object since its watermark.
fn deletions<T: Transport>(
    client: &Client<T>,
    object: &str,
    since: Timestamp,
    now: Timestamp,
) -> Subrequest {
    let start = since.min(now.before(WINDOW));
    client.log_member(object, Log::Deleted, start, now)
}

/// The watermark that the answer to [`mark`] gives.
fn taken(
    answer: &SubResponse,
    object: &str,
    now: Timestamp,
    before: Option<&Timestamp>,
    refused: &mut impl FnMut(&str, &SalesforceError),
) -> Result<Timestamp, SalesforceError> {
    match LogWindow::answered(answer, object) {
        // No answer may move the watermark past the moment of asking.
        Ok(window) => Ok(window.latest_date_covered.min(now)),
        Err(error) if is_about_the_connection(&error) => Err(error),
        Err(error) => {
            refused(object, &error);
            let held = before.filter(|watermark| **watermark > now.before(PATIENCE));
            let lagging = now.before(LAG);
            Ok(held.map_or(lagging, |held| lagging.min(*held)))
        }
    }
}

fn is_about_the_connection(error: &SalesforceError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Unauthenticated
            | ErrorKind::SessionNotValidForApi
            | ErrorKind::Account(_)
            | ErrorKind::RateLimited { .. }
            | ErrorKind::Unavailable { .. }
            | ErrorKind::Blocked
            | ErrorKind::Malformed
    )
}

/// Whether rows of an object may have vanished for good since a watermark, by the answer to [`deletions`].
fn is_untraced(
    answer: &SubResponse,
    object: &str,
    since: Timestamp,
) -> Result<bool, SalesforceError> {
    match LogWindow::answered(answer, object) {
        Ok(window) => Ok(window
            .earliest_date_available
            .is_some_and(|earliest| earliest >= since)),
        Err(error) if is_about_the_connection(&error) => Err(error),
        Err(error) => Ok(matches!(
            error.kind,
            ErrorKind::ReplicationDate | ErrorKind::TooManyIds
        )),
    }
}

/// Those of some objects of which rows may have vanished for good since a watermark, without a trace in the recycle
/// bin: the log of deletions was purged within the window or is too long, or a row that was deleted after the watermark
/// is no longer in the bin (salesforce-api.md 3.3). Costs one call.
///
/// # Errors
/// When Salesforce can't be asked. An object whose log is refused for another reason tells nothing.
pub fn untraced_deletes<T: Transport>(
    client: &Client<T>,
    since: &Watermarks,
) -> Result<BTreeSet<String>, SalesforceError> {
    if since.is_empty() {
        return Ok(BTreeSet::new());
    }
    let now = server_now(client)?;
    let questions = since
        .iter()
        .map(|(object, since)| deletions(client, object, *since, now));
    let answers = client.read_each(questions, "ask how far deletions are known")?;
    let mut untraced = BTreeSet::new();
    for ((object, since), answer) in since.iter().zip(&answers) {
        if is_untraced(answer, object, *since)? {
            untraced.insert(object.clone());
        }
    }
    Ok(untraced)
}

/// What is asked of one object to see whether it changed.
pub struct Question {
    /// Its watermark.
    pub since: Timestamp,
    /// Whether it has change logs.
    pub is_logged: bool,
    /// Whether its rows can be deleted.
    pub can_be_deleted: bool,
    /// From where its deletions are to be traced, if at all.
    pub deleted_since: Option<Timestamp>,
    /// Whether its live rows are to be counted with the same query; for an object of few rows, since it reads them all.
    pub is_counted: bool,
}

/// What one object answered.
pub struct Survey {
    /// From where to look next if nothing changed.
    pub watermark: Timestamp,
    /// Its newest stamp; none when no row has one since the watermark.
    pub newest: Option<Timestamp>,
    /// Whether rows may have vanished for good without a trace; see [`untraced_deletes`].
    pub is_untraced: bool,
    /// Its live rows, where they were to be counted.
    pub count: Option<u64>,
}

/// By the object's API name.
pub type Surveys = BTreeMap<String, Survey>;

/// The column with the newest stamp and the one with the number of rows, of each group of rows.
const NEWEST: &str = "newest";
const NUMBER: &str = "number";

impl Question {
    /// Asks for the newest row since the watermark, or for the newest and the number of the live and the deleted rows.
    fn newest(&self, object: &str) -> Query {
        if self.is_counted {
            return Query::from(object)
                .select(["IsDeleted"])
                .aggregate(Aggregate::Max, "SystemModstamp", NEWEST)
                .aggregate(Aggregate::Count, "Id", NUMBER);
        }
        Query::from(object)
            .select(["Id", "SystemModstamp"])
            .filter(ge("SystemModstamp", self.since))
            .order_by_descending("SystemModstamp")
            .limit(1)
    }

    fn rows(&self) -> Rows {
        match self.can_be_deleted {
            true => Rows::WithDeleted,
            false => Rows::Live,
        }
    }

    /// The newest stamp, and the number of live rows where it was asked for, by the rows that answer.
    fn answered(&self, rows: &[Record]) -> (Option<Timestamp>, Option<u64>) {
        if !self.is_counted {
            let newest = rows.first().and_then(|row| row.timestamp("SystemModstamp"));
            return (newest, None);
        }
        let newest = rows.iter().filter_map(|row| row.timestamp(NEWEST)).max();
        let live = rows.iter().find(|row| row.flag("IsDeleted") == Some(false));
        let number = live.map_or(Some(0), |row| row.integer(NUMBER));
        (newest, number.and_then(|number| number.try_into().ok()))
    }
}

/// Asks some objects whether they changed, and counts rows besides, five queries to a call. A low-water mark is taken
/// in the call that asks for the newest row, before it: what commits later than the mark tells is asked for again next
/// time. `refused` hears of each log that is refused. A count is none where Salesforce refuses it or does not manage
/// it in time: nothing is repeated, since who wants a count has another way.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn survey<T: Transport>(
    client: &Client<T>,
    questions: &BTreeMap<String, Question>,
    counts: &[Query],
    mut refused: impl FnMut(&str, &SalesforceError),
) -> Result<(Surveys, Vec<Option<u64>>), SalesforceError> {
    if questions.is_empty() && counts.is_empty() {
        return Ok((Surveys::new(), Vec::new()));
    }
    let now = server_now(client)?;
    let count = |query| Ok(vec![client.query_member(query, Rows::Live)?]);
    let members = |(object, asked): (&String, &Question)| {
        let mark = asked.is_logged.then(|| mark(client, object, now));
        let deletions = asked.deleted_since.filter(|_| asked.is_logged);
        let deletions = deletions.map(|since| self::deletions(client, object, since, now));
        let newest = client.query_member(&asked.newest(object), asked.rows())?;
        Ok([mark, Some(newest), deletions]
            .into_iter()
            .flatten()
            .collect())
    };
    let groups: Vec<Vec<Subrequest>> = counts
        .iter()
        .map(count)
        .chain(questions.iter().map(members))
        .collect::<Result<_, SalesforceError>>()?;
    let mut answers = client.read_groups(&groups, "ask what changed")?.into_iter();
    let counted = answers.by_ref().take(counts.len()).map(|answer| {
        let page = answer.first()?.ok().and_then(QueryPage::parse);
        Some(page.ok()?.total_size)
    });
    let counted = counted.collect();
    let mut surveys = Surveys::new();
    for ((object, asked), answers) in questions.iter().zip(answers) {
        let mut answers = answers.iter();
        let watermark = match asked.is_logged.then(|| answers.next()).flatten() {
            Some(mark) => taken(mark, object, now, Some(&asked.since), &mut refused)?,
            None => now.before(LAG),
        };
        let newest = match answers.next() {
            Some(answer) => client.first_page(answer, &asked.newest(object), asked.rows())?,
            None => continue,
        };
        let (newest, count) = asked.answered(&newest.records);
        let is_untraced = match (answers.next(), asked.deleted_since) {
            (Some(deletions), Some(since)) => is_untraced(deletions, object, since)?,
            _ => false,
        };
        let survey = Survey {
            watermark,
            newest,
            is_untraced,
            count,
        };
        surveys.insert(object.clone(), survey);
    }
    Ok((surveys, counted))
}

/// What people should know of watermarks that lag far behind.
pub fn lagging(watermarks: &Watermarks, now: Timestamp) -> Vec<Warning> {
    let far = watermarks
        .iter()
        .filter(|(_, watermark)| **watermark < now.before(STANDING_STILL));
    far.map(|(object, watermark)| {
        let minutes = (now.as_millis() - watermark.as_millis()) / 60_000;
        Warning {
            code: "watermark-stands-still".to_owned(),
            message: format!(
                "Salesforce's change log of {object} is complete only up to {watermark}, {minutes} minutes ago (a long transaction is \
                 open on its instance); the next delta reads from there again"
            ),
        }
    })
    .collect()
}
