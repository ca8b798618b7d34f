//! A few records or rows of a model, the latest first: for tests of a model and for looking at its source.

use super::engine::reader;
use super::reader::{Page, Reader};
use super::readers::by_model;
use crate::asymbl::context::Context;
use crate::asymbl::models::json::{Lines, WriteJson};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows};

/// Up to `limit` records of a model as a JSON array, through the mapping that listings use; for the two job relations:
/// the records of as many jobs.
///
/// # Errors
/// As a listing.
pub fn sample<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    limit: u32,
) -> Result<String, Error> {
    by_model!(model, records(ctx, profile, limit))
}

/// Up to `limit` rows that a model's records come from, with these columns.
///
/// # Errors
/// As a listing.
pub fn sample_rows<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    columns: &[String],
    limit: u32,
) -> Result<Vec<Record>, Error> {
    by_model!(model, rows(ctx, profile, columns, limit))
}

fn records<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    limit: u32,
) -> Result<String, Error> {
    let (_, reader) = reader::<R, T>(ctx, profile)?;
    // What the records refer to is read anew, as it is now.
    ctx.rows.borrow_mut().clear();
    let mut page = Page::default();
    for phase in reader.everything() {
        let rows = match reader.read(ctx, &phase, None)? {
            Some((rows, _)) => rows,
            None => latest(ctx, &phase.listing, &phase.listing.select, limit)?,
        };
        reader.page(ctx, &phase, rows, &mut page)?;
        if page.items.len() >= limit as usize {
            break;
        }
    }
    let mut lines = Lines::default();
    for record in page.items.iter().take(limit as usize) {
        record.write_json(&mut lines);
    }
    Ok(lines.into_array())
}

fn rows<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    columns: &[String],
    limit: u32,
) -> Result<Vec<Record>, Error> {
    let (_, reader) = reader::<R, T>(ctx, profile)?;
    let mut rows = Vec::new();
    for phase in reader.everything() {
        let left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if left > 0 {
            rows.extend(latest(ctx, &phase.listing, columns, left)?);
        }
    }
    Ok(rows)
}

fn latest<T: Transport>(
    ctx: &Context<T>,
    listing: &salesforce::Listing,
    columns: &[String],
    limit: u32,
) -> Result<Vec<Record>, Error> {
    let mut query = Query::from(&listing.object)
        .select(columns)
        .order_by_descending("SystemModstamp")
        .limit(limit);
    if let Some(filter) = &listing.filter {
        query = query.filter(filter.clone());
    }
    Ok(ctx.client.query(&query, Rows::Live)?.records)
}
