//! Reads listings to their end, each page by an instance of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::org::Org;
use super::{instance, profile};
use crate::asymbl::context::Context;
use crate::asymbl::reads::engine::list;
use crate::asymbl::reads::reader::Reader;
use crate::asymbl::reads::readers::{
    ApplicationStagesReader, ApplicationsReader, CandidatesReader, JobStagesReader, JobsReader,
    TeamsReader, UsersReader,
};
use crate::exports::ats::connector::reads::{
    Coverage, JobPipeline, JobTeam, ListQuery, PageInfo, Progress, Records,
};
use crate::exports::ats::connector::types::{Error, Model};

/// What a page holds: by remote id (of the two job relations the job's) the keys of the rows and their content.
pub type Units = BTreeMap<String, (Vec<String>, String)>;

/// Reads one page.
pub fn page(
    ctx: &Context<Org>,
    profile: &str,
    model: Model,
    query: &ListQuery,
) -> Result<(Records, PageInfo), Error> {
    fn read<R: Reader>(
        ctx: &Context<Org>,
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
    macro_rules! rows {
        ($records:expr) => {
            $records
                .iter()
                .map(|r| {
                    (
                        r.remote_id.clone(),
                        (vec![r.remote_id.clone()], format!("{r:?}")),
                    )
                })
                .collect()
        };
    }
    match records {
        Records::Users(records) => rows!(records),
        Records::Jobs(records) => rows!(records),
        Records::Candidates(records) => rows!(records),
        Records::ApplicationStages(records) => rows!(records),
        Records::Applications(records) => rows!(records),
        Records::JobStages(jobs) => {
            let unit = |job: &JobPipeline| {
                let keys = job
                    .stages
                    .iter()
                    .map(|row| format!("{}:{}", row.job_id, row.stage_id));
                (
                    job.job_id.clone(),
                    (keys.collect(), format!("{:?}", job.stages)),
                )
            };
            jobs.iter().map(unit).collect()
        }
        Records::HiringTeamMembers(jobs) => {
            let unit = |job: &JobTeam| {
                let keys = job
                    .members
                    .iter()
                    .map(|row| format!("{}:{}", row.job_id, row.user_id));
                (
                    job.job_id.clone(),
                    (keys.collect(), format!("{:?}", job.members)),
                )
            };
            jobs.iter().map(unit).collect()
        }
    }
}

pub fn query(since: Option<&str>, cursor: Option<&str>) -> ListQuery {
    ListQuery {
        since: since.map(str::to_owned),
        cursor: cursor.map(str::to_owned),
        page_size: None,
    }
}

/// Reads all pages from a cursor on, each by an instance of its own. Returns the pages, their cursors and the token.
pub fn read(
    org: &Org,
    model: Model,
    since: Option<&str>,
    mut cursor: Option<String>,
) -> (Vec<(Units, PageInfo)>, Vec<String>, String) {
    let known = profile(org);
    let (mut pages, mut cursors) = (Vec::new(), Vec::new());
    loop {
        let ctx = instance(org, "{}");
        let (records, info) = page(&ctx, &known, model, &query(since, cursor.as_deref())).unwrap();
        let progress = info.progress.clone();
        pages.push((units(records), info));
        match progress {
            Progress::More(next) => {
                cursors.push(next.clone());
                cursor = Some(next);
            }
            Progress::Done(token) => return (pages, cursors, token),
        }
    }
}

pub fn ids(pages: &[(Units, PageInfo)]) -> BTreeSet<String> {
    pages
        .iter()
        .flat_map(|(units, _)| units.keys().cloned())
        .collect()
}

pub fn token(org: &Org, model: Model) -> String {
    read(org, model, None, None).2
}

pub fn delta(org: &Org, model: Model, token: &str) -> Vec<(Units, PageInfo)> {
    let pages = read(org, model, Some(token), None).0;
    let notes = &pages[0].1.notes;
    assert!(
        pages
            .iter()
            .all(|(_, info)| info.coverage == Coverage::Changes),
        "{notes:?}"
    );
    pages
}
