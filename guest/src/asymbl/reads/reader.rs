//! What every model tells the engine: which rows to read, and what they mean.

use std::collections::BTreeSet;

use super::cursor::At;
use super::phase::Phase;
use super::rows::{Find, find, split_deleted};
use super::token::CarriedIds;
use super::watermarks::Watermarks;
use crate::asymbl::context::Context;
use crate::asymbl::models::json::WriteJson;
use crate::asymbl::models::{Missing, Tenant};
use crate::exports::ats::connector::reads::{Recheck, Records, Referrers};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::Transport;
use salesforce::{Listing, Query, Record, SalesforceError};

/// What a page has gathered.
pub struct Page<R> {
    /// Records.
    pub items: Vec<R>,
    /// Remote ids of records that are gone.
    pub deleted: BTreeSet<String>,
    /// What the host is to read again.
    pub rechecks: Vec<Recheck>,
    /// For people.
    pub notes: Vec<Warning>,
    /// Ids to remember for the next delta.
    pub carried_ids: Vec<String>,
}

impl<R> Default for Page<R> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            deleted: BTreeSet::new(),
            rechecks: Vec::new(),
            notes: Vec::new(),
            carried_ids: Vec::new(),
        }
    }
}

impl<R> Page<R> {
    /// Asks the host to read again what refers to some records.
    pub fn recheck(&mut self, model: Model, referring_to: Model, ids: Vec<String>) {
        if !ids.is_empty() {
            self.rechecks.push(Recheck::Referrers(Referrers {
                model,
                referring_to,
                ids,
            }));
        }
    }
}

/// Rows, and where the rest of them begins; none at the end.
pub type RowsRead = (Vec<Record>, Option<At>);

/// Reads one model. Its methods are given the context of the call; by itself it only holds names.
pub trait Reader: Sized + 'static {
    /// The model.
    const MODEL: Model;
    /// The model whose records refer to records of this one, and are to be read again when one is gone.
    const REFERRED_TO_BY: Option<Model> = None;
    /// Whether each of its records is a row of one object that holds few, so that a question may read them all.
    const HAS_FEW_ROWS: bool = false;
    /// A record, or the records of a job for the two job relations.
    type Record: WriteJson;

    /// Works out the names for a tenant.
    ///
    /// # Errors
    /// When the user may not read the model's object.
    fn new(tenant: Tenant<'_>) -> Result<Self, Missing>;

    /// The objects whose changes change the model, by API name; only those that the user may read.
    fn objects(&self) -> Vec<String> {
        vec![self.rows().listing.object]
    }

    /// Those of them whose rows, when they vanish for good, take records of the model along, which comparing keys
    /// shows.
    fn vanishing(&self) -> Vec<String> {
        self.objects().into_iter().take(1).collect()
    }

    /// Those of them whose rows, when they vanish for good, leave records changed that nothing points at any more.
    fn untraceable(&self) -> Vec<String> {
        Vec::new()
    }

    /// All rows of the model's object.
    fn rows(&self) -> Phase;

    /// The records of some rows of the model's object.
    ///
    /// # Errors
    /// When what they refer to can't be read.
    fn map<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<Self::Record>, Error>;

    /// The phases that give every record once.
    fn everything(&self) -> Vec<Phase> {
        vec![self.rows()]
    }

    /// The phases that give what changed since the watermarks.
    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        vec![self.changed_rows(since)]
    }

    /// The rows of the model's object that changed since its watermark, deleted ones too.
    fn changed_rows(&self, since: &Watermarks) -> Phase {
        let rows = self.rows();
        let watermark = since.get(&rows.listing.object);
        rows.since(watermark).with_deleted()
    }

    /// What a delta from here can't see, so that everything is read; with the reason.
    ///
    /// # Errors
    /// When Salesforce can't be asked.
    fn blind_spot<T: Transport>(
        &self,
        _ctx: &Context<T>,
        _since: &Watermarks,
    ) -> Result<Option<Warning>, Error> {
        Ok(None)
    }

    /// Reads the rows of a phase that is not a plain listing; none for those that are.
    ///
    /// # Errors
    /// As any query.
    fn read<T: Transport>(
        &self,
        _ctx: &Context<T>,
        _phase: &Phase,
        _at: Option<&At>,
    ) -> Result<Option<RowsRead>, SalesforceError> {
        Ok(None)
    }

    /// Puts what the rows of a phase mean on the page.
    ///
    /// # Errors
    /// When what they refer to can't be read.
    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        _phase: &Phase,
        rows: Vec<Record>,
        page: &mut Page<Self::Record>,
    ) -> Result<(), Error> {
        self.put(ctx, rows, page)
    }

    /// Puts the records of some rows of the model's object on the page, and those that are deleted.
    ///
    /// # Errors
    /// When what they refer to can't be read.
    fn put<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: Vec<Record>,
        page: &mut Page<Self::Record>,
    ) -> Result<(), Error> {
        let (live, deleted) = split_deleted(rows);
        page.items.extend(self.map(ctx, &live)?);
        page.deleted.extend(deleted.iter().cloned());
        if let Some(model) = Self::REFERRED_TO_BY {
            page.recheck(model, Self::MODEL, deleted);
        }
        Ok(())
    }

    /// What only shows at the end, from the ids remembered by the token before and by this listing.
    ///
    /// # Errors
    /// As any query.
    fn finish<T: Transport>(
        &self,
        _ctx: &Context<T>,
        _before: &CarriedIds,
        _now: &CarriedIds,
        _page: &mut Page<Self::Record>,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// Puts the records of these ids on the page, of which none may be deleted, and says of those of another model that
    /// they are gone.
    ///
    /// # Errors
    /// As any query.
    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
        page: &mut Page<Self::Record>,
    ) -> Result<(), Error> {
        let rows = self.find(ctx, ids)?;
        page.items.extend(self.map(ctx, &rows)?);
        Ok(())
    }

    /// The live rows of the model's object with these ids.
    ///
    /// # Errors
    /// As any query.
    fn find<T: Transport>(&self, ctx: &Context<T>, ids: &[String]) -> Result<Vec<Record>, Error> {
        let Listing { object, select, .. } = self.rows().listing;
        Ok(find(ctx, &Find::new(&object, &select, "Id"), ids)?)
    }

    /// A record's id; the job's for the two job relations.
    fn id(record: &Self::Record) -> &str;

    /// The natural keys of a record.
    fn keys(record: &Self::Record) -> Vec<String> {
        vec![Self::id(record).to_owned()]
    }

    /// The id of the row whose version is that of the record with this natural key.
    fn row_of(key: &str) -> &str {
        key
    }

    /// The phases that together give every record once, as counting queries; none where a count would tell nothing.
    fn counts(&self) -> Option<Vec<Query>> {
        let phases = self.everything().into_iter();
        Some(phases.map(|phase| phase.count()).collect())
    }

    /// About how many records there are, as counting queries, for people who watch a listing.
    fn estimate(&self) -> Vec<Query> {
        let phases = self.all_keys().unwrap_or_else(|| self.everything());
        phases.into_iter().map(|phase| phase.count()).collect()
    }

    /// Records as the contract's variant.
    fn records(records: Vec<Self::Record>) -> Records;

    /// The phases that give every key; rows have at least `Id`. None: the records must be read for it.
    fn all_keys(&self) -> Option<Vec<Phase>> {
        let mut phases = self.everything();
        for phase in &mut phases {
            phase.listing.select = vec!["Id".to_owned(), "SystemModstamp".to_owned()];
        }
        Some(phases)
    }

    /// The key of a row of [`all_keys`](Reader::all_keys).
    fn key_of(&self, row: &Record) -> Option<String> {
        row.string("Id")
    }
}

/// Those of some objects that the user may read.
pub fn readable(tenant: Tenant<'_>, objects: impl IntoIterator<Item = String>) -> Vec<String> {
    objects
        .into_iter()
        .filter(|o| tenant.profile.object(o).is_some())
        .collect()
}

/// The versions of some records, in order; empty when that of one is not known.
pub fn versions_of<R: Reader, T: Transport>(ctx: &Context<T>, records: &[R::Record]) -> Vec<u64> {
    let versions = ctx.versions.borrow();
    let keys = records.iter().flat_map(R::keys);
    let versions: Option<Vec<u64>> = keys.map(|key| versions.of(R::row_of(&key))).collect();
    versions.unwrap_or_default()
}

/// A note for people.
pub fn note(code: &str, message: impl Into<String>) -> Warning {
    Warning {
        code: code.to_owned(),
        message: message.into(),
    }
}
