//! Which models have changes worth a delta, for all of them at once.
//!
//! One composite takes the watermarks of all objects, then one query an object asks for its newest stamp. When that
//! lies before a token's watermark, nothing changed, and the token may move on to the watermarks taken before the
//! question.

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
use crate::exports::ats::connector::reads::{ModelProbe, ModelToken};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::soql::ge;
use salesforce::transport::Transport;
use salesforce::{Query, Rows, Timestamp};

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
    let mut oldest = Watermarks::new();
    for (object, watermark) in asked.iter().flat_map(Asked::watermarks) {
        let held = oldest.entry(object.clone()).or_insert(watermark);
        *held = watermark.min(*held);
    }
    let objects: Vec<String> = oldest.keys().cloned().collect();
    // Before the questions: what commits later than these watermarks tell is asked for again next time.
    let watermarks = if objects.is_empty() {
        Watermarks::new()
    } else {
        watermarks::take(ctx, &known, &objects, &oldest)?
    };
    let newest = newest_stamps(ctx, &known, &oldest)?;
    let mut watched = Watermarks::new();
    for (object, watermark) in asked.iter().flat_map(|asked| &asked.watched) {
        let held = watched.entry(object.clone()).or_insert(*watermark);
        *held = (*watermark).min(*held);
    }
    let untraced = watermarks::untraced_deletes(ctx, &known, &watched)?;
    let counts = counts(ctx, &asked)?;
    let answers = tokens
        .iter()
        .zip(asked)
        .zip(counts)
        .map(|((given, asked), count)| {
            let changed = asked.objects.is_none()
                || asked.watched.keys().any(|object| untraced.contains(object))
                || asked.watermarks().any(|(object, watermark)| {
                    newest
                        .get(object)
                        .is_some_and(|n| *n >= watermark.to_second())
                });
            let moved = asked.token.filter(|_| !changed);
            let token = match moved {
                Some(token) => moved_to(token, &watermarks).to_text(),
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

impl Asked {
    fn watermarks(&self) -> impl Iterator<Item = (&String, Timestamp)> {
        let objects = self.objects.iter().flatten();
        let token = self.token.as_ref();
        objects.filter_map(move |o| Some((o, *token?.watermarks.get(o)?)))
    }
}

fn moved_to(mut token: Token, watermarks: &Watermarks) -> Token {
    for (object, watermark) in &mut token.watermarks {
        if let Some(new) = watermarks.get(object) {
            *watermark = (*watermark).max(*new);
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
        watched: watched(&*reader, &token.watermarks),
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

/// The newest stamp of each object, deleted rows included; nothing for an object without rows since its watermark.
fn newest_stamps<T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    since: &Watermarks,
) -> Result<BTreeMap<String, Timestamp>, Error> {
    let queries: Vec<(&String, Query, Rows)> = since
        .iter()
        .map(|(object, watermark)| {
            let query = Query::from(object).select(["Id", "SystemModstamp"]);
            let query = query
                .filter(ge("SystemModstamp", *watermark))
                .order_by_descending("SystemModstamp")
                .limit(1);
            let deletable = known
                .profile
                .object(object)
                .is_some_and(|o| o.has("IsDeleted"));
            (
                object,
                query,
                if deletable {
                    Rows::WithDeleted
                } else {
                    Rows::Live
                },
            )
        })
        .collect();
    let asked: Vec<(&Query, Rows)> = queries
        .iter()
        .map(|(_, query, rows)| (query, *rows))
        .collect();
    let mut newest = BTreeMap::new();
    if asked.is_empty() {
        return Ok(newest);
    }
    for ((object, ..), page) in queries.iter().zip(ctx.client.query_many(&asked)?) {
        if let Some(stamp) = page?
            .records
            .first()
            .and_then(|row| row.timestamp("SystemModstamp"))
        {
            newest.insert((*object).clone(), stamp);
        }
    }
    Ok(newest)
}
