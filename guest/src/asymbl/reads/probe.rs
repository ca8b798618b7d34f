//! Which models have changes worth a delta, for all of them at once.
//!
//! Each object is asked for its low-water mark, its newest stamp and, where rows may vanish, its log of deletions, and
//! the models' records are counted, as many questions to a call as it holds. When the newest stamp lies before a
//! token's watermark, nothing changed, and the token may move on to the marks taken before the question.

use super::engine::{check_switched_on, watched};
use super::reader::Reader;
use super::readers::{
    ApplicationStagesReader, ApplicationsReader, CandidatesReader, JobStagesReader, JobsReader,
    TeamsReader, UsersReader,
};
use super::token::{self, Token};
use super::watermarks::{self, Watermarks};
use crate::asymbl::context::{Context, Known};
use crate::engine::watermarks::Surveys;
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
    counts: Counts,
}

/// What gives the number of a model's records.
enum Counts {
    /// Nothing.
    Unknown,
    /// The sum of counting queries.
    Of(Vec<Query>),
    /// The rows of this object, one of those that are asked for their newest stamp anyway.
    RowsOf(String),
}

impl Counts {
    fn queries(&self) -> &[Query] {
        match self {
            Self::Of(queries) => queries,
            Self::Unknown | Self::RowsOf(_) => &[],
        }
    }

    /// The number, of all answers to counting queries those to its own coming next.
    fn sum(
        &self,
        counted: &mut impl Iterator<Item = Option<u64>>,
        surveys: &Surveys,
    ) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Of(queries) => {
                let of_model: Vec<_> = counted.take(queries.len()).collect();
                of_model.into_iter().sum()
            }
            Self::RowsOf(object) => surveys.get(object)?.count,
        }
    }
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
    let since = |asked| Asked::watermarks(asked).chain(Asked::watched(asked));
    let since = oldest(asked.iter().flat_map(since));
    let watched = oldest(asked.iter().flat_map(Asked::watched));
    let rows_of = asked.iter().filter_map(|asked| match &asked.counts {
        Counts::RowsOf(object) => Some(object.clone()),
        _ => None,
    });
    let counts = asked.iter().flat_map(|asked| asked.counts.queries());
    let counts: Vec<Query> = counts.cloned().collect();
    let (surveys, counted) =
        watermarks::survey(ctx, &known, &since, &watched, &rows_of.collect(), &counts)?;
    let mut counted = counted.into_iter();
    let answers = tokens.iter().zip(asked).map(|(given, asked)| {
        let changed = asked.changed(&surveys);
        let count = asked.counts.sum(&mut counted, &surveys);
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

    fn changed(&self, surveys: &Surveys) -> bool {
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

fn moved_to(mut token: Token, surveys: &Surveys) -> Token {
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
            counts: reader.map_or(Counts::Unknown, |reader| Counts::Of(reader.estimate())),
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
        counts: match (reader.counts().filter(|_| same), objects.as_slice()) {
            (None, _) => Counts::Unknown,
            (Some(_), [object]) if R::HAS_FEW_ROWS && watermarks::can_be_deleted(known, object) => {
                Counts::RowsOf(object.clone())
            }
            (Some(queries), _) => Counts::Of(queries),
        },
        objects: same.then_some(objects),
    })
}
