//! From where the next delta reads each object.
//!
//! A stamp is set inside a transaction and seen when it commits, minutes later. So the watermark is neither "now" nor
//! "the newest stamp seen" but Salesforce's own low-water mark, `latestDateCovered`, taken before the first page
//! (salesforce-api.md 3.2). It bounds the next start only: this listing reads rows up to the present.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use crate::exports::ats::connector::types::Warning;
use salesforce::encode;
use salesforce::transport::Transport;
use salesforce::{
    Answer, Call, Client, Composite, ErrorKind, SalesforceError, Subrequest, Timestamp,
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

/// Objects in one question about deletions: each answer lists what was deleted, so a call's answer stays small.
const GROUP: usize = 8;

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
    let objects_logged = objects.iter().map(String::as_str);
    let logged: Vec<&str> = objects_logged.filter(|object| is_logged(object)).collect();
    let mut watermarks: Watermarks = objects
        .iter()
        .map(|o| (o.clone(), now.before(LAG)))
        .collect();
    if logged.is_empty() {
        return Ok(watermarks);
    }
    let taken = client.watermarks(&logged, now.before(WINDOW), now)?;
    for (object, watermark) in logged.into_iter().zip(taken) {
        match watermark {
            // No answer may move the watermark past the moment of asking.
            Ok(watermark) => {
                watermarks.insert(object.to_owned(), watermark.min(now));
            }
            Err(error) if is_about_the_connection(&error) => return Err(error),
            Err(error) => {
                refused(object, &error);
                let held = before
                    .get(object)
                    .filter(|watermark| **watermark > now.before(PATIENCE));
                if let (Some(held), Some(watermark)) = (held, watermarks.get_mut(object)) {
                    *watermark = (*watermark).min(*held);
                }
            }
        }
    }
    Ok(watermarks)
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

#[derive(Deserialize)]
struct DeleteLog {
    #[serde(rename = "earliestDateAvailable")]
    earliest: Timestamp,
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
    let now = server_now(client)?;
    let logged: Vec<(&String, &Timestamp)> = since.iter().collect();
    let mut untraced = BTreeSet::new();
    for group in logged.chunks(GROUP) {
        let composite = group.iter().enumerate().fold(
            Composite::new(),
            |composite, (i, (object, watermark))| {
                let start = encode::query_value(&watermark.min(&&now.before(WINDOW)).to_soql());
                let (object, end) = (
                    encode::path_segment(object),
                    encode::query_value(&now.to_soql()),
                );
                let path = format!("sobjects/{object}/deleted/?start={start}&end={end}");
                composite.add(Subrequest::get(format!("d{i}"), client.path(&path)))
            },
        );
        let answers = client.composite(&composite, "ask how far deletions are known")?;
        for ((object, watermark), answer) in group.iter().zip(&answers) {
            let log = answer.ok().and_then(|body| {
                body.parse::<DeleteLog>()
                    .map_err(SalesforceError::malformed)
            });
            let complete = match log {
                Ok(log) => log.earliest < **watermark,
                Err(error) if is_about_the_connection(&error) => return Err(error),
                Err(error) => !matches!(
                    error.kind,
                    ErrorKind::ReplicationDate | ErrorKind::TooManyIds
                ),
            };
            if !complete {
                untraced.insert((*object).clone());
            }
        }
    }
    Ok(untraced)
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
