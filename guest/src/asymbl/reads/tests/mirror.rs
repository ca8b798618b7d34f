//! What a host keeps, in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::{MODELS, instance, profile};
use crate::asymbl::context::Context;
use crate::asymbl::reads::engine::list;
use crate::asymbl::reads::fake_org::FakeOrg;
use crate::asymbl::reads::get_records;
use crate::asymbl::reads::reader::Reader;
use crate::asymbl::reads::readers::{
    ApplicationStagesReader, ApplicationsReader, CandidatesReader, JobStagesReader, JobsReader,
    TeamsReader, UsersReader,
};
use crate::exports::ats::connector::reads::{
    Coverage, ListQuery, PageInfo, Progress, Recheck, Records,
};
use crate::exports::ats::connector::types::{Error, Model};

/// A row's content, and the records that it refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    pub content: String,
    pub refers_to: Vec<(u8, String)>,
}

/// A remote id, and the content of its rows.
pub type Content = (String, Vec<String>);

/// By remote id, or by job for the two job relations.
pub type Units = BTreeMap<String, Vec<Held>>;

#[derive(Default)]
pub struct Mirror {
    pub models: BTreeMap<u8, Units>,
    pub tokens: BTreeMap<u8, String>,
    pub notes: Vec<String>,
    rechecks: Vec<Recheck>,
}

pub fn page(
    ctx: &Context<FakeOrg>,
    profile: &str,
    model: Model,
    query: &ListQuery,
) -> Result<(Records, PageInfo), Error> {
    fn read<R: Reader>(
        ctx: &Context<FakeOrg>,
        profile: &str,
        query: &ListQuery,
    ) -> Result<(Records, PageInfo), Error> {
        let page = list::<R, _>(ctx, profile, query)?;
        Ok((R::records(page.items), page.info))
    }
    match model {
        Model::Users => read::<UsersReader>(ctx, profile, query),
        Model::Jobs => read::<JobsReader>(ctx, profile, query),
        Model::Candidates => read::<CandidatesReader>(ctx, profile, query),
        Model::ApplicationStages => read::<ApplicationStagesReader>(ctx, profile, query),
        Model::Applications => read::<ApplicationsReader>(ctx, profile, query),
        Model::JobStages => read::<JobStagesReader>(ctx, profile, query),
        Model::HiringTeamMembers => read::<TeamsReader>(ctx, profile, query),
    }
}

pub fn units(records: Records) -> Units {
    fn one(id: &str, content: String, refers_to: Vec<(u8, String)>) -> (String, Vec<Held>) {
        (id.to_owned(), vec![Held { content, refers_to }])
    }
    let to = |model: Model, id: &Option<String>| {
        id.iter()
            .map(|i| (model as u8, i.clone()))
            .collect::<Vec<_>>()
    };
    match records {
        Records::Users(r) => r
            .iter()
            .map(|r| one(&r.remote_id, format!("{r:?}"), Vec::new()))
            .collect(),
        Records::Jobs(r) => r
            .iter()
            .map(|r| one(&r.remote_id, format!("{r:?}"), Vec::new()))
            .collect(),
        Records::Candidates(r) => r
            .iter()
            .map(|r| one(&r.remote_id, format!("{r:?}"), Vec::new()))
            .collect(),
        Records::ApplicationStages(r) => r
            .iter()
            .map(|r| one(&r.remote_id, format!("{r:?}"), Vec::new()))
            .collect(),
        Records::Applications(r) => r
            .iter()
            .map(|r| {
                let refers = [
                    to(Model::ApplicationStages, &r.current_stage_id),
                    to(Model::Jobs, &r.job_id),
                    to(Model::Candidates, &r.candidate_id),
                ];
                one(&r.remote_id, format!("{r:?}"), refers.concat())
            })
            .collect(),
        Records::JobStages(r) => r
            .iter()
            .map(|p| {
                let rows = p.stages.iter().map(|s| Held {
                    content: format!("{s:?}"),
                    refers_to: vec![
                        (Model::ApplicationStages as u8, s.stage_id.clone()),
                        (Model::Jobs as u8, s.job_id.clone()),
                    ],
                });
                (p.job_id.clone(), rows.collect())
            })
            .collect(),
        Records::HiringTeamMembers(r) => r
            .iter()
            .map(|t| {
                let rows = t.members.iter().map(|m| Held {
                    content: format!("{m:?}"),
                    refers_to: vec![
                        (Model::Users as u8, m.user_id.clone()),
                        (Model::Jobs as u8, m.job_id.clone()),
                    ],
                });
                (t.job_id.clone(), rows.collect())
            })
            .collect(),
    }
}

impl Mirror {
    /// A sync of all models, each page by a fresh instance; `between` happens between pages.
    pub fn sync(&mut self, org: &FakeOrg, settings: &str, mut between: impl FnMut(&FakeOrg)) {
        let known = profile(org);
        let mut ctx = instance(org, settings);
        for model in MODELS {
            let since = self.tokens.get(&(model as u8)).cloned();
            let (mut cursor, mut seen) = (None, BTreeSet::new());
            loop {
                let query = ListQuery {
                    since: since.clone(),
                    cursor,
                    page_size: None,
                };
                let (records, info) = page(&ctx, &known, model, &query).unwrap();
                let read = units(records);
                seen.extend(read.keys().cloned());
                self.apply(model, read, info.deleted);
                self.rechecks.extend(info.rechecks);
                self.notes.extend(info.notes.into_iter().map(|n| n.code));
                match info.progress {
                    Progress::More(next) => cursor = Some(next),
                    Progress::Done(token) => {
                        self.tokens.insert(model as u8, token);
                        if info.coverage == Coverage::Everything {
                            let held = self.models.entry(model as u8).or_default().keys();
                            let gone = held.filter(|id| !seen.contains(*id)).cloned().collect();
                            self.apply(model, Units::new(), gone);
                        }
                        break;
                    }
                }
                between(org);
                ctx = instance(org, settings);
            }
        }
        // What is read again can ask for more, now or after the next listings.
        let mut later = Vec::new();
        while let Some(recheck) = self.rechecks.pop() {
            let refers = |held: &Held| {
                held.refers_to
                    .iter()
                    .any(|(m, id)| *m == recheck.referring_to as u8 && recheck.ids.contains(id))
            };
            if let (Model::Candidates, by @ Model::Applications)
            | (Model::Users, by @ Model::HiringTeamMembers) =
                (recheck.model, recheck.referring_to)
            {
                let unused = self.not_referred_to(recheck.model, by, recheck.ids);
                later.extend(self.read_again(&ctx, &known, recheck.model, &unused));
                continue;
            }
            let held = self.models.entry(recheck.model as u8).or_default();
            let mut ids: Vec<String> = held
                .iter()
                .filter(|(_, rows)| rows.iter().any(refers))
                .map(|(id, _)| id.clone())
                .collect();
            if recheck.model == recheck.referring_to {
                ids = recheck.ids;
            }
            later.extend(self.read_again(&ctx, &known, recheck.model, &ids));
        }
        self.rechecks = later;
    }

    /// What the next sync is to read again.
    fn read_again(
        &mut self,
        ctx: &Context<FakeOrg>,
        known: &str,
        model: Model,
        ids: &[String],
    ) -> Vec<Recheck> {
        let mut later = Vec::new();
        for ids in ids.chunks(2_000) {
            let batch = get_records(ctx, known, model, ids).unwrap();
            self.apply(
                model,
                units(batch.found),
                [batch.gone, batch.unseen].concat(),
            );
            later.extend(batch.rechecks);
        }
        later
    }

    fn apply(&mut self, model: Model, read: Units, gone: Vec<String>) {
        let (of, mut left) = self.left_by(model, &read, &gone);
        left.extend(self.members_outside(model, &read));
        let held = self.models.entry(model as u8).or_default();
        for id in gone {
            held.remove(&id);
        }
        held.extend(read);
        if !left.is_empty() {
            self.rechecks.push(Recheck {
                model: of,
                referring_to: of,
                ids: left,
            });
        }
    }

    /// Members of teams who are in no listing of users: the host's part too.
    fn members_outside(&self, model: Model, read: &Units) -> Vec<String> {
        let users = self.models.get(&(Model::Users as u8));
        let is_held = |id: &String| users.is_some_and(|users| users.contains_key(id));
        let rows = read
            .values()
            .flatten()
            .filter(|_| model == Model::HiringTeamMembers);
        rows.flat_map(|row| &row.refers_to)
            .filter(|(to, id)| *to == Model::Users as u8 && !is_held(id))
            .map(|(_, id)| id.clone())
            .collect()
    }

    /// Those of some records which none of another model refers to.
    fn not_referred_to(&self, model: Model, by: Model, ids: Vec<String>) -> Vec<String> {
        let referring = self.models.get(&(by as u8));
        let rows = || {
            let units = referring.into_iter().flatten();
            units.flat_map(|(key, rows)| rows.iter().map(move |row| (key, row)))
        };
        ids.into_iter()
            .filter_map(|id| {
                let (id, by_whom) = match id.split_once(':') {
                    Some((id, by_whom)) => (id.to_owned(), Some(by_whom)),
                    None => (id.clone(), None),
                };
                let place = (model as u8, id.clone());
                let held = rows().any(|(key, row)| {
                    by_whom.is_none_or(|by_whom| by_whom == key) && row.refers_to.contains(&place)
                });
                (!held).then_some(id)
            })
            .collect()
    }

    /// Candidates that applications, and users that teams referred to and do not any more: the host's own part.
    fn left_by(&self, model: Model, read: &Units, gone: &[String]) -> (Model, Vec<String>) {
        let of = match model {
            Model::Applications => Model::Candidates,
            Model::HiringTeamMembers => Model::Users,
            other => return (other, Vec::new()),
        };
        let referred = |units: Option<&Units>, id: &String| -> BTreeSet<String> {
            let rows = units.and_then(|units| units.get(id)).into_iter().flatten();
            rows.flat_map(|row| &row.refers_to)
                .filter(|(to, _)| *to == of as u8)
                .map(|(_, id)| id.clone())
                .collect()
        };
        let held = self.models.get(&(model as u8));
        let left = read.keys().chain(gone).flat_map(|id| {
            let now = referred(Some(read), id);
            let before = referred(held, id);
            before.into_iter().filter(move |id| !now.contains(id))
        });
        (of, left.collect())
    }

    pub fn content(&self, model: Model) -> Vec<Content> {
        let units = self.models.get(&(model as u8)).into_iter().flatten();
        let rows = units.map(|(id, rows)| {
            (
                id.clone(),
                rows.iter().map(|r| r.content.clone()).collect::<Vec<_>>(),
            )
        });
        // A job without rows is no row.
        rows.filter(|(_, rows)| !rows.is_empty()).collect()
    }

    /// What differs from another mirror, in words; none where nothing does.
    pub fn difference(&self, other: &Self) -> Option<String> {
        MODELS.into_iter().find_map(|model| {
            let (mine, theirs) = (self.content(model), other.content(model));
            let only = |a: &[Content], b: &[Content]| {
                let rows = a.iter().filter(|row| !b.contains(row));
                rows.map(|(id, rows)| format!("\n  {id}: {}", rows.join("; ")))
                    .collect::<String>()
            };
            (mine != theirs).then(|| {
                format!(
                    "{model:?}\nonly in the mirror:{}\nonly in the org:{}",
                    only(&mine, &theirs),
                    only(&theirs, &mine)
                )
            })
        })
    }
}
