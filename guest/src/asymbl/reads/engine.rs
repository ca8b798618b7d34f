//! Runs a listing, a page a call.
//!
//! Every call works out the same phases from profile, settings and cursor, reads one page of the phase that the cursor
//! names, and says where it goes on. Nothing is kept that another instance would miss.

use std::rc::Rc;

use super::cursor::{At, Cursor, Kind};
use super::phase::Phase;
use super::reader::{Page, Reader, note, versions_of};
use super::token::{self, Basis, Token};
use super::watermarks::{self, Watermarks};
use crate::asymbl::context::{Context, Known, Level};
use crate::asymbl::errors::failure;
use crate::asymbl::models::word;
use crate::engine::Ahead;
use crate::exports::ats::connector::reads::{Coverage, Deletions, ListQuery, PageInfo, Progress};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::Transport;
use salesforce::{ListFlight, Position, Record, SalesforceError};

/// A page of records of a model.
pub struct Listed<R> {
    /// The records.
    pub items: Vec<R>,
    /// The rest.
    pub info: PageInfo,
}

/// Returns the profile and the reader of a model that is switched on.
pub(super) fn reader<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
) -> Result<(Rc<Known>, Rc<R>), Error> {
    check_switched_on(ctx, R::MODEL)?;
    let known = ctx.known(profile)?;
    let reader = known.once(|| R::new(ctx.tenant(&known.profile)))?;
    Ok((known, reader))
}

/// Refuses a model that the tenant switched off.
///
/// # Errors
/// `unsupported`, with what to change.
pub fn check_switched_on<T: Transport>(ctx: &Context<T>, model: Model) -> Result<(), Error> {
    if ctx.settings.scopes.model_on(model) {
        return Ok(());
    }
    let name = word(model);
    Err(Error::Unsupported(failure(format!(
        "the model {name} is switched off for this tenant: remove `{name}` from its switched-off scopes"
    ))))
}

/// Lists a page of a model.
///
/// # Errors
/// `resync-required` for a token, cursor or profile that can't be used; else what Salesforce answers.
pub fn list<R: Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    query: &ListQuery,
) -> Result<Listed<R::Record>, Error> {
    let (known, reader) = reader::<R, T>(ctx, profile)?;
    let basis = token::basis(ctx.tenant(&known.profile), R::MODEL);
    let (mut cursor, notes) = match &query.cursor {
        Some(text) => (
            Cursor::parse(text, &basis, &[Kind::Everything, Kind::Changes])?,
            Vec::new(),
        ),
        None => begin(ctx, &known, &*reader, basis, query.since.as_deref())?,
    };
    ctx.enter(format!("{:?}", cursor.watermarks));
    ctx.versions.borrow_mut().clear();
    let phases = phases(&*reader, &cursor);
    cursor = cursor.validate_plan(&phases, query.cursor.is_none())?;
    cursor.resize(query.page_size);
    let coverage = match cursor.kind {
        Kind::Changes => Coverage::Changes,
        _ => Coverage::Everything,
    };
    let mut page = Page {
        notes,
        ..Page::default()
    };
    let has_more = fill(ctx, &*reader, &phases, &mut cursor, &mut page)?;
    let mut deletions = Deletions::Listed;
    let progress = match has_more {
        true => Progress::More(cursor.to_text()),
        false => {
            reader.finish(
                ctx,
                &cursor.carried_ids_before,
                &cursor.carried_ids,
                &mut page,
            )?;
            if cursor.kind == Kind::Changes {
                let note = check_deletes(ctx, &known, &*reader, &cursor.since)?;
                if let Some(note) = note {
                    deletions = Deletions::Incomplete;
                    page.notes.push(note);
                }
            }
            Progress::Done(
                Token::new(cursor.basis, cursor.watermarks, cursor.carried_ids).to_text(),
            )
        }
    };
    let versions = versions_of::<R, T>(ctx, &page.items);
    Ok(Listed {
        items: page.items,
        info: PageInfo {
            versions,
            progress,
            coverage,
            deleted: page.deleted.into_iter().collect(),
            rechecks: page.rechecks,
            deletions,
            notes: page.notes,
        },
    })
}

/// Reads phases until one gives rows: a phase without rows is not worth a page of its own. Returns true if more
/// follows.
fn fill<R: Reader, T: Transport>(
    ctx: &Context<T>,
    reader: &R,
    phases: &[Phase],
    cursor: &mut Cursor,
    page: &mut Page<R::Record>,
) -> Result<bool, Error> {
    while let Some(phase) = phases.get(cursor.phase) {
        let next = cursor.phase + 1;
        let rows = read_page(ctx, reader, phase, cursor)?;
        if let Some(following) = phases.get(next)
            && following.step == phase.step
            && (cursor.at.is_none() || is_ending(ctx))
        {
            ask_ahead(ctx, following, cursor, cursor.place_before(next));
        }
        let had_rows = !rows.is_empty();
        reader.page(ctx, phase, rows, page)?;
        cursor.carried_ids = token::unite(cursor.carried_ids.take(), page.carried_ids.drain(..));
        if had_rows && cursor.phase < phases.len() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The phases of a listing. A delta that became a listing of everything still reads the changes: only they name deleted
/// records, whose traces on other records the host is to follow.
fn phases<R: Reader>(reader: &R, cursor: &Cursor) -> Vec<Phase> {
    let mut phases = match cursor.kind {
        Kind::Changes => Vec::new(),
        _ => reader.everything(),
    };
    if !cursor.since.is_empty() {
        phases.extend(reader.changes(&cursor.since));
    }
    phases
}

/// Takes the watermarks and decides whether everything is listed or the changes.
fn begin<R: Reader, T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    reader: &R,
    basis: Basis,
    since: Option<&str>,
) -> Result<(Cursor, Vec<Warning>), Error> {
    // An invalid token is reported before anything is requested.
    let token = since.map(|text| Token::parse(text, &basis)).transpose()?;
    let held = token.as_ref().map(|token| &token.watermarks);
    let watermarks = watermarks::take(
        ctx,
        known,
        &reader.objects(),
        held.unwrap_or(&Watermarks::new()),
    )?;
    let mut notes = match ctx.client.server_now() {
        Some(now) => watermarks::lagging(&watermarks, now),
        None => Vec::new(),
    };
    let Some(token) = token else {
        return Ok((
            Cursor::begin(basis, Kind::Everything, watermarks, Watermarks::new()),
            notes,
        ));
    };
    let lost = token.basis.fields.added_since(&basis.fields);
    if lost > 0 {
        notes.push(note(
            "fields-lost",
            format!(
                "{lost} fields that {} was read from before can't be read any more; they come empty from now on",
                word(R::MODEL)
            ),
        ));
    }
    let reason = why_everything(ctx, known, reader, &token, &basis, &watermarks)?;
    let kind = if reason.is_some() {
        Kind::Everything
    } else {
        Kind::Changes
    };
    notes.extend(reason);
    let mut since = watermarks.clone();
    since.extend(
        token
            .watermarks
            .into_iter()
            .filter(|(object, _)| watermarks.contains_key(object)),
    );
    let mut cursor = Cursor::begin(basis, kind, watermarks, since);
    if kind == Kind::Changes {
        cursor.carried_ids_before = token.carried_ids;
    }
    Ok((cursor, notes))
}

/// Says why a delta is not enough, so that everything is read again.
fn why_everything<R: Reader, T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    reader: &R,
    token: &Token,
    basis: &Basis,
    watermarks: &Watermarks,
) -> Result<Option<Warning>, Error> {
    if let Some(reason) = back_fill_reason(token, basis, watermarks, R::MODEL) {
        return Ok(Some(reason));
    }
    if let Some(reason) = reader.blind_spot(ctx, &token.watermarks)? {
        return Ok(Some(reason));
    }
    let untraced =
        watermarks::untraced_deletes(ctx, known, &of(reader.untraceable(), &token.watermarks))?;
    let mut objects = reader.untraceable().into_iter();
    Ok(objects.find(|object| untraced.contains(object)).map(|object| {
        let model = word(R::MODEL);
        let what = format!(
            "rows of {object} were deleted for good, which leaves no trace on {model}, so all of it is read again"
        );
        note("deleted-for-good", what)
    }))
}

/// Returns the objects whose rows may be purged unnoticed, with their watermarks.
pub(super) fn watched<R: Reader>(reader: &R, watermarks: &Watermarks) -> Watermarks {
    let vanishing = reader.vanishing().into_iter();
    of(vanishing.chain(reader.untraceable()), watermarks)
}

fn of(objects: impl IntoIterator<Item = String>, watermarks: &Watermarks) -> Watermarks {
    let objects = objects.into_iter();
    objects
        .filter_map(|object| Some((object.clone(), *watermarks.get(&object)?)))
        .collect()
}

/// Warns if records may have been purged since the last listing. Asked at the end: a row that is purged while
/// the listing reads was neither shown as deleted nor, next time, deleted since the watermark.
fn check_deletes<R: Reader, T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    reader: &R,
    since: &Watermarks,
) -> Result<Option<Warning>, Error> {
    let untraced = watermarks::untraced_deletes(ctx, known, &of(reader.vanishing(), since))?;
    let what = || {
        format!(
            "{} may have been deleted for good since the last sync, which only comparing all ids shows",
            word(R::MODEL)
        )
    };
    Ok((!untraced.is_empty()).then(|| note("deletes-unknown", what())))
}

/// Why the rows that Salesforce sees a change in are not enough.
fn back_fill_reason(
    token: &Token,
    now: &Basis,
    watermarks: &watermarks::Watermarks,
    model: Model,
) -> Option<Warning> {
    let name = word(model);
    let everything = "so all of it is read again";
    if token.basis.settings != now.settings {
        let message =
            format!("settings, record types or labels that steer {name} changed, {everything}");
        return Some(note("settings-changed", message));
    }
    let added = now.fields.added_since(&token.basis.fields);
    if added > 0 {
        let message = format!("{name} has newly readable fields ({added}), {everything}");
        return Some(note("fields-added", message));
    }
    if let Some(object) = watermarks
        .keys()
        .find(|o| !token.watermarks.contains_key(*o))
    {
        let message = format!("{name} now also depends on {object}, {everything}");
        return Some(note("objects-added", message));
    }
    if token.carried_ids.is_none() {
        let message =
            format!("more depends on other records than a token of {name} can hold, {everything}");
        return Some(note("too-many-dependencies", message));
    }
    None
}

/// Reads the page that the cursor stands at, moves the cursor behind it, and asks for the next page before the host
/// does. What is too much at once is asked for in smaller pieces, and so is the rest of the listing.
pub(super) fn read_page<R: Reader, T: Transport>(
    ctx: &Context<T>,
    reader: &R,
    phase: &Phase,
    cursor: &mut Cursor,
) -> Result<Vec<Record>, Error> {
    let (rows, next) = loop {
        match read_rows(ctx, reader, phase, cursor) {
            Err(error) if error.asks_for_less() && cursor.shrink() => {
                ctx.log(
                    Level::Warn,
                    "asking for fewer rows at once",
                    &[("error", &error.to_string())],
                );
            }
            read => break read?,
        }
    };
    ctx.versions.borrow_mut().note(&rows);
    let (at, ahead) = next.unzip();
    cursor.at = at;
    if cursor.at.is_none() {
        cursor.phase += 1;
    }
    let flight = ahead.flatten();
    ctx.ahead.borrow_mut().extend(flight.map(|flight| Ahead {
        place: cursor.place(),
        flight,
    }));
    Ok(rows)
}

/// Returns true if the next page is one of the last of a Bulk job.
fn is_ending<T: Transport>(ctx: &Context<T>) -> bool {
    let ahead = ctx.ahead.borrow();
    ahead.iter().any(|ahead| ahead.flight.is_ending())
}

/// Asks for the first page of a later phase, which begins at `place`. Phases of the same meaning are read in the same
/// way: by a query.
fn ask_ahead<T: Transport>(ctx: &Context<T>, phase: &Phase, cursor: &Cursor, place: String) {
    if ctx.ahead.borrow().iter().any(|ahead| ahead.place == place) {
        return;
    }
    let listing = planned(ctx, cursor.sized(phase.clone())).listing;
    let flight = ctx.client.start_list(&listing, None);
    ctx.ahead.borrow_mut().push(Ahead { place, flight });
}

/// Returns the page at which the cursor stands, if it was asked for. Drops all others but the next phase's first.
fn take_ahead<T: Transport>(ctx: &Context<T>, cursor: &Cursor) -> Option<ListFlight<T>> {
    let (here, next) = (cursor.place(), cursor.place_before(cursor.phase + 1));
    let mut asked = ctx.ahead.borrow_mut();
    asked.retain(|ahead| ahead.place == here || ahead.place == next);
    let at = asked.iter().position(|ahead| ahead.place == here)?;
    Some(asked.swap_remove(at).flight)
}

/// The phase with the way that its listing takes.
fn planned<T: Transport>(ctx: &Context<T>, mut phase: Phase) -> Phase {
    phase.listing.bulk = ctx.bulk_plan(&phase.listing);
    phase
}

/// Rows; where the rest begins, and the flight that brings it.
type Read<T> = (Vec<Record>, Option<(At, Option<ListFlight<T>>)>);

fn read_rows<R: Reader, T: Transport>(
    ctx: &Context<T>,
    reader: &R,
    phase: &Phase,
    cursor: &Cursor,
) -> Result<Read<T>, SalesforceError> {
    let phase = planned(ctx, cursor.sized(phase.clone()));
    if let Some((rows, next)) = reader.read(ctx, &phase, cursor.at.as_ref())? {
        return Ok((rows, next.map(|at| (at, None))));
    }
    let listing = &phase.listing;
    let position = match &cursor.at {
        Some(At::Rows(position)) => Some(position),
        _ => None,
    };
    let ahead = take_ahead(ctx, cursor);
    let mut flight = ahead.unwrap_or_else(|| ctx.client.start_list(listing, position));
    // Its job goes on while the listing's own is waited for.
    ctx.beside.borrow_mut().hasten(&ctx.client);
    ctx.client.prepare_list(&mut flight);
    ctx.beside.borrow_mut().hasten(&ctx.client);
    let page = ctx.client.finish_list(listing, flight)?;
    let is_bulk = |at: Option<&Position>| at.is_some_and(Position::is_bulk);
    let ways = (is_bulk(position), is_bulk(page.next.as_ref()));
    ctx.beside
        .borrow_mut()
        .go_on(ways.0, ways.1, page.total_size);
    if let Some(error) = &page.given_up {
        let message = "going on by plain queries instead of a Bulk job";
        ctx.log(Level::Warn, message, &[("error", &error.to_string())]);
    }
    let next = page.next.map(|position| {
        let ahead = page.ahead;
        let ahead = ahead.unwrap_or_else(|| ctx.client.start_list(listing, Some(&position)).kept());
        (At::Rows(position), Some(ahead))
    });
    Ok((page.records, next))
}
