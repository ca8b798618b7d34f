//! Records by their ids.

use std::collections::BTreeSet;

use super::engine::reader;
use super::reader::{Page, Reader, versions_of};
use super::readers::by_model;
use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::asymbl::models::json::{Lines, WriteJson};
use crate::exports::ats::connector::reads::{RecordBatch, TextBatch};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::SalesforceId;
use salesforce::transport::Transport;

/// Ids in one call; the contract says so.
const MOST: usize = 2_000;

/// Reads records of one model; ids come in any spelling that Salesforce knows, and go out in its canonical one.
///
/// # Errors
/// `invalid-input` for too many ids or one that is none; else what Salesforce answers.
pub fn get_records<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    ids: &[String],
) -> Result<RecordBatch, Error> {
    by_model!(model, typed(ctx, profile, canonical(ids)?))
}

/// The same as text.
///
/// # Errors
/// As [`get_records`].
pub fn get_batch<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    ids: &[String],
) -> Result<TextBatch, Error> {
    by_model!(model, text(ctx, profile, canonical(ids)?))
}

fn typed<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    ids: BTreeSet<String>,
) -> Result<RecordBatch, Error> {
    let (page, unseen) = read::<R, T>(ctx, profile, ids)?;
    Ok(RecordBatch {
        versions: versions_of::<R, T>(ctx, &page.items),
        found: R::records(page.items),
        gone: page.deleted.into_iter().collect(),
        unseen,
        rechecks: page.rechecks,
    })
}

fn text<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    ids: BTreeSet<String>,
) -> Result<TextBatch, Error> {
    let (page, unseen) = read::<R, T>(ctx, profile, ids)?;
    let versions = versions_of::<R, T>(ctx, &page.items);
    let mut found = Lines::default();
    for record in page.items {
        record.write_json(&mut found);
    }
    Ok(TextBatch {
        found: found.into(),
        versions,
        gone: page.deleted.into_iter().collect(),
        unseen,
        rechecks: page.rechecks,
    })
}

/// The records, and the ids of which nothing is to be seen.
fn read<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    mut ids: BTreeSet<String>,
) -> Result<(Page<R::Record>, Vec<String>), Error> {
    let (_, reader) = reader::<R, T>(ctx, profile)?;
    // What these records refer to may have changed since the last listing.
    ctx.rows.borrow_mut().clear();
    ctx.versions.borrow_mut().clear();
    let asked: Vec<String> = ids.iter().cloned().collect();
    let mut page = Page::default();
    reader.by_ids(ctx, &asked, &mut page)?;
    for record in &page.items {
        ids.remove(R::id(record));
    }
    for gone in &page.deleted {
        ids.remove(gone);
    }
    Ok((page, ids.into_iter().collect()))
}

/// The ids in Salesforce's canonical form, each once.
fn canonical(ids: &[String]) -> Result<BTreeSet<String>, Error> {
    if ids.len() > MOST {
        let message = format!(
            "{} ids at once; ask for at most {MOST} in a call",
            ids.len()
        );
        return Err(Error::InvalidInput(vec![problem("ids", message)]));
    }
    let mut problems = Vec::new();
    let mut canonical = BTreeSet::new();
    for (i, id) in ids.iter().enumerate() {
        match SalesforceId::parse(id) {
            Ok(id) => {
                canonical.insert(id.to_string());
            }
            Err(why) => problems.push(problem(format!("ids[{i}]"), why.to_string())),
        }
    }
    if problems.is_empty() {
        Ok(canonical)
    } else {
        Err(Error::InvalidInput(problems))
    }
}
