//! Every key of a model, with few requests: rows of nothing but ids come two thousand a page.

use super::cursor::{Cursor, Kind};
use super::engine::{read_page, reader};
use super::reader::{Page, Reader};
use super::readers::{
    ApplicationStagesReader, ApplicationsReader, CandidatesReader, JobStagesReader, JobsReader,
    TeamsReader, UsersReader,
};
use super::token;
use super::watermarks::Watermarks;
use crate::asymbl::context::Context;
use crate::exports::ats::connector::reads::{IdPage, KeyVersion};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::transport::Transport;

/// A page of keys.
///
/// # Errors
/// `resync-required` for a cursor or profile that can't be used; else what Salesforce answers.
pub fn list_ids<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    cursor: Option<&str>,
) -> Result<IdPage, Error> {
    match model {
        Model::Users => page::<UsersReader, T>(ctx, profile, cursor),
        Model::Jobs => page::<JobsReader, T>(ctx, profile, cursor),
        Model::Candidates => page::<CandidatesReader, T>(ctx, profile, cursor),
        Model::ApplicationStages => page::<ApplicationStagesReader, T>(ctx, profile, cursor),
        Model::Applications => page::<ApplicationsReader, T>(ctx, profile, cursor),
        Model::JobStages => page::<JobStagesReader, T>(ctx, profile, cursor),
        Model::HiringTeamMembers => page::<TeamsReader, T>(ctx, profile, cursor),
    }
}

fn page<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    came: Option<&str>,
) -> Result<IdPage, Error> {
    let (known, reader) = reader::<R, T>(ctx, profile)?;
    let basis = token::basis(ctx.tenant(&known.profile), R::MODEL);
    let mut cursor = match came {
        Some(text) => Cursor::parse(text, &basis, &[Kind::Keys])?,
        None => {
            ctx.rows.borrow_mut().clear();
            Cursor::begin(basis, Kind::Keys, Watermarks::new(), Watermarks::new())
        }
    };
    let by_rows = reader.all_keys();
    let of_records = by_rows.is_none();
    let phases = by_rows.unwrap_or_else(|| reader.everything());
    cursor = cursor.validate_plan(&phases, came.is_none())?;
    ctx.versions.borrow_mut().clear();
    let mut keys: Vec<String> = Vec::new();
    while let Some(phase) = phases.get(cursor.phase) {
        let rows = read_page(ctx, &*reader, phase, &mut cursor)?;
        if of_records {
            let mut page = Page::default();
            reader.page(ctx, phase, rows, &mut page)?;
            keys.extend(page.items.iter().flat_map(R::keys));
        } else {
            keys.extend(rows.iter().filter_map(|row| reader.key_of(row)));
        }
        if !keys.is_empty() {
            break;
        }
    }
    let versions = ctx.versions.borrow();
    let keys = keys.into_iter().map(|key| KeyVersion {
        version: versions.of(R::row_of(&key)),
        key,
    });
    Ok(IdPage {
        keys: keys.collect(),
        next: (cursor.phase < phases.len()).then(|| cursor.to_text()),
    })
}
