//! Which models have changes worth a delta, for all of them at once.
//!
//! Each object is asked for its low-water mark, its newest stamp and, where rows may vanish, its log of deletions, as
//! many objects to a call as it holds. When the newest stamp lies before a token's watermark, nothing changed, and the
//! token may move on to the marks taken before the question.

use std::collections::BTreeMap;

use super::engine::{check_switched_on, watched};
use super::reader::Reader;
use super::readers::{
    ApplicationStagesReader, ApplicationsReader, CandidatesReader, JobStagesReader, JobsReader,
    TeamsReader, UsersReader,
};
use super::token::{self, Token};
use super::watermarks::{self, Watermarks};
use crate::asymbl::context::{Context, Known};
use crate::engine::watermarks::Survey;
use crate::exports::ats::connector::reads::{ModelProbe, ModelToken};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::transport::Transport;
use salesforce::{Query, Timestamp};

/// What one model asks.
struct Asked {
    /// None when only the number of records is asked for.
    token: Option<Token>,
    /// None when a delta is due whatever the rows say.
    objects: Option<Vec<String>>,
    /// The objects whose rows may be purged unnoticed.
    watched: Watermarks,
    /// What gives the number of records.
    counts: Option<Vec<Query>>,
}

/// Probes the models of some tokens.
///
/// # Errors
/// `resync-required` for a profile or token that can't be used; else what Salesforce answers.
pub fn probe_changes<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    tokens: &[ModelToken],
) -> Result<Vec<ModelProbe>, Error> {
    let known = ctx.known(profile)?;
    let asked: Vec<Asked> = tokens
        .iter()
        .map(|t| ask(ctx, &known, t))
        .collect::<Result<_, _>>()?;
    // First, because the answer also tells the time, which the other questions need.
    let counts = counts(ctx, &asked)?;
    let since = |asked| Asked::watermarks(asked).chain(Asked::watched(asked));
    let since = oldest(asked.iter().flat_map(since));
    let watched = oldest(asked.iter().flat_map(Asked::watched));
    let surveys = watermarks::survey(ctx, &known, &since, &watched)?;
    let answers = tokens
        .iter()
        .zip(asked)
        .zip(counts)
        .map(|((given, asked), count)| {
            let changed = asked.changed(&surveys);
            let moved = asked.token.filter(|_| !changed);
            let token = match moved {
                Some(token) => moved_to(token, &surveys).to_text(),
                None => given.token.clone(),
            };
            ModelProbe {
                model: given.model,
                changed,
                token,
                count,
            }
        });
    Ok(answers.collect())
}

/// The oldest watermark of each object.
fn oldest<'a>(watermarks: impl Iterator<Item = (&'a String, Timestamp)>) -> Watermarks {
    let mut oldest = Watermarks::new();
    for (object, watermark) in watermarks {
        let held = oldest.entry(object.clone()).or_insert(watermark);
        *held = watermark.min(*held);
    }
    oldest
}

impl Asked {
    fn watermarks(&self) -> impl Iterator<Item = (&String, Timestamp)> {
        let objects = self.objects.iter().flatten();
        let token = self.token.as_ref();
        objects.filter_map(move |o| Some((o, *token?.watermarks.get(o)?)))
    }

    fn watched(&self) -> impl Iterator<Item = (&String, Timestamp)> {
        self.watched.iter().map(|(object, since)| (object, *since))
    }

    fn changed(&self, surveys: &BTreeMap<String, Survey>) -> bool {
        let survey = |object: &String| surveys.get(object);
        self.objects.is_none()
            || self
                .watched
                .keys()
                .any(|object| survey(object).is_none_or(|survey| survey.is_untraced))
            || self.watermarks().any(|(object, watermark)| {
                let newest = survey(object).and_then(|survey| survey.newest);
                newest.is_some_and(|newest| newest >= watermark.to_second())
            })
    }
}

fn moved_to(mut token: Token, surveys: &BTreeMap<String, Survey>) -> Token {
    for (object, watermark) in &mut token.watermarks {
        if let Some(survey) = surveys.get(object) {
            *watermark = (*watermark).max(survey.watermark);
        }
    }
    token
}

fn ask<T: Transport>(ctx: &Context<T>, known: &Known, given: &ModelToken) -> Result<Asked, Error> {
    check_switched_on(ctx, given.model)?;
    match given.model {
        Model::Users => ask_of::<UsersReader, T>(ctx, known, given),
        Model::Jobs => ask_of::<JobsReader, T>(ctx, known, given),
        Model::Candidates => ask_of::<CandidatesReader, T>(ctx, known, given),
        Model::ApplicationStages => ask_of::<ApplicationStagesReader, T>(ctx, known, given),
        Model::Applications => ask_of::<ApplicationsReader, T>(ctx, known, given),
        Model::JobStages => ask_of::<JobStagesReader, T>(ctx, known, given),
        Model::HiringTeamMembers => ask_of::<TeamsReader, T>(ctx, known, given),
    }
}

fn ask_of<R: Reader, T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    given: &ModelToken,
) -> Result<Asked, Error> {
    let tenant = ctx.tenant(&known.profile);
    let reader = known.once(|| R::new(tenant));
    if given.token.is_empty() {
        return Ok(Asked {
            token: None,
            objects: None,
            watched: Watermarks::new(),
            // A model that the user may not read has no count, which must not cost the others theirs.
            counts: reader.ok().map(|reader| reader.estimate()),
        });
    }
    let reader = reader?;
    let now = token::basis(tenant, R::MODEL);
    let token = Token::parse(&given.token, &now)?;
    let objects = reader.objects();
    let same = token.basis == now
        && token.carried_ids.is_some()
        && objects.iter().all(|o| token.watermarks.contains_key(o));
    Ok(Asked {
        watched: match same {
            true => watched(&*reader, &token.watermarks),
            false => Watermarks::new(),
        },
        token: Some(token),
        objects: same.then_some(objects),
        counts: reader.counts().filter(|_| same),
    })
}

/// Returns the number of records that each model has, where it can be counted.
fn counts<T: Transport>(ctx: &Context<T>, asked: &[Asked]) -> Result<Vec<Option<u64>>, Error> {
    let queries: Vec<Query> = asked
        .iter()
        .filter_map(|a| a.counts.clone())
        .flatten()
        .collect();
    if queries.is_empty() {
        return Ok(asked.iter().map(|_| None).collect());
    }
    let mut counted = ctx.client.counts(&queries)?.into_iter();
    let mut sum = |queries: &Vec<Query>| -> Option<u64> {
        let of_model: Vec<Option<u64>> = counted.by_ref().take(queries.len()).collect();
        of_model.into_iter().sum()
    };
    Ok(asked
        .iter()
        .map(|asked| asked.counts.as_ref().and_then(&mut sum))
        .collect())
}
