//! The contract's pages as the mirror takes them.

use super::error::SyncError;
use crate::store::{Coverage, Gone, Page as MirrorPage, Progress, Recheck};
use host_runner::sandbox::contract::reads;
use host_runner::sandbox::{Page, unified_model};
use host_runner::unified::{KeyError, Model, UnifiedRecord};

/// Converts the contract's page to the mirror's.
pub(super) fn mirror_page(
    model: Model,
    page: Page,
    api_calls: u64,
) -> Result<MirrorPage, SyncError> {
    let info = page.info;
    let mut rechecks: Vec<Recheck> = info.rechecks.into_iter().flat_map(rechecks).collect();
    // A source that never tells deletions is compared after each delta: the mirror would keep deleted people.
    if info.deletions != reads::Deletions::Listed {
        rechecks.push(Recheck::all(model));
    }
    Ok(MirrorPage {
        versions: versions_of(&page.rows, info.versions),
        rows: page.rows,
        complete_sets: page.complete_sets,
        gone: gone(model, &info.deleted)?,
        coverage: match info.coverage {
            reads::Coverage::Changes => Coverage::Changes,
            reads::Coverage::Everything => Coverage::Everything,
        },
        progress: match info.progress {
            reads::Progress::More(cursor) => Progress::More(cursor),
            reads::Progress::Done(token) => Progress::Done(Some(token)),
        },
        rechecks,
        api_calls,
        ..MirrorPage::default()
    })
}

/// Returns the versions if there is one for each row: a connector may give none.
pub(super) fn versions_of(rows: &[UnifiedRecord], versions: Vec<u64>) -> Vec<u64> {
    if versions.len() == rows.len() {
        versions
    } else {
        Vec::new()
    }
}

pub(super) fn gone(model: Model, ids: &[String]) -> Result<Vec<Gone>, KeyError> {
    ids.iter().map(|id| Gone::parse(model, id)).collect()
}

pub(super) fn rechecks(recheck: reads::Recheck) -> impl Iterator<Item = Recheck> {
    let (model, target, ids) = match recheck {
        reads::Recheck::Referrers(referrers) => (
            unified_model(referrers.model),
            unified_model(referrers.referring_to),
            referrers.ids,
        ),
        reads::Recheck::UsersOutsideTeams(ids) => (Model::Users, Model::HiringTeamMembers, ids),
        reads::Recheck::CandidatesWithoutApplication(candidates) => {
            let ids = candidates.into_iter().map(|it| match it.application_id {
                Some(application) => format!("{}:{application}", it.candidate_id),
                None => it.candidate_id,
            });
            (Model::Candidates, Model::Applications, ids.collect())
        }
    };
    ids.into_iter().map(move |remote_id| Recheck {
        model,
        target,
        remote_id,
    })
}
