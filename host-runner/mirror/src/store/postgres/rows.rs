//! The rows of a page: told apart into new, changed and unchanged ones, and written.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::link::Link;
use super::{marks, wanted};
use crate::store::code::code;
use crate::store::{Counts, Listing, MirrorError};
use host_runner::unified::{Model, OrgId, Timestamp, UnifiedId, UnifiedRecord};

/// What writing rows needs to know besides them.
pub(super) struct Rows<'a> {
    pub(super) link: &'a Link,
    pub(super) org: &'a OrgId,
    pub(super) model: Model,
    /// The listing whose seen-marks the rows get, if one is open that may end by tombstoning the unseen.
    pub(super) marks: Option<Listing>,
    /// Whether what a record refers to is looked for; a listing of everything does so at its end, for all records at
    /// once.
    pub(super) looks_for_references: bool,
    pub(super) now: Timestamp,
}

/// What the database holds of a record, as far as a page must know it.
struct Held<'a> {
    /// None for a record that this page brings.
    number: Option<i64>,
    /// None where the record is not what was written.
    hash: Option<[u8; 16]>,
    remote: Remote<'a>,
    is_deleted: bool,
    version: Option<u64>,
    bytes: i64,
    /// What is to be written of it at the end of the page.
    write: Write,
}

/// What is to be written of a record, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Write {
    Nothing,
    /// The source row and the version: nobody is told.
    Refreshed,
    /// All of it.
    Changed,
}

/// A source row: the text of one on the page, or the hash of a stored one.
enum Remote<'a> {
    Text(Option<&'a str>),
    Hash(Option<[u8; 32]>),
}

impl Remote<'_> {
    fn is(&self, text: Option<&str>) -> bool {
        match self {
            Self::Text(own) => *own == text,
            Self::Hash(hash) => *hash == text.map(|text| Sha256::digest(text).into()),
        }
    }
}

fn bytes_of(row: &UnifiedRecord) -> i64 {
    let length = row.content_json().len() + row.remote_data().map_or(0, str::len);
    i64::try_from(length).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    /// Writes records; `changed_at` moves only when the unified content of one moves or it comes back. A key that comes
    /// twice is as if it came on two pages.
    pub(super) fn upsert(
        &self,
        rows: &[UnifiedRecord],
        versions: &[u64],
    ) -> Result<Counts, MirrorError> {
        if rows.is_empty() {
            return Ok(Counts::default());
        }
        let mut held = self.held(rows)?;
        let (mut counts, mut grown) = (Counts::default(), 0);
        let mut returned = Vec::new();
        let mut last: HashMap<&str, (&UnifiedRecord, Option<u64>)> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let key = row.key().as_str();
            let version = versions.get(at).copied();
            last.insert(key, (row, version));
            if let Some(known) = held.get_mut(key) {
                grown += bytes_of(row) - known.bytes;
                let is_back = known.is_deleted;
                known.take(row, version, &mut counts);
                if is_back {
                    returned.push(key);
                }
            } else {
                counts.inserted += 1;
                grown += bytes_of(row);
                returned.push(key);
                held.insert(key.to_owned(), Held::new(row, version));
            }
        }
        let mut seen = HashSet::new();
        let once = rows.iter().filter(|row| seen.insert(row.key().as_str()));
        let ordered: Vec<(&UnifiedRecord, Option<u64>)> = once
            .filter_map(|row| last.get(row.key().as_str()).copied())
            .collect();
        self.write(&ordered, &held)?;
        let new = counts.inserted.cast_signed();
        let back = counts.undeleted.cast_signed();
        marks::count(self.link, self.org, self.model, new, new + back)?;
        self.note(grown, &returned)?;
        let numbers: Vec<i64> = held.values().filter_map(|one| one.number).collect();
        marks::shown(self.link, self.org, self.marks.as_ref(), &numbers)?;
        Ok(counts)
    }

    /// What is held of the rows' keys. The server hashes the texts itself: the hash beside them does not tell what has
    /// become of them.
    fn held<'a>(
        &self,
        rows: &'a [UnifiedRecord],
    ) -> Result<HashMap<String, Held<'a>>, MirrorError> {
        let keys: Vec<&str> = rows.iter().map(|row| row.key().as_str()).collect();
        // A first load comes in the order of the keys: one look instead of one for each.
        let last = self.link.first(
            "SELECT key FROM asymbl.record WHERE org = $1 AND model = $2 ORDER BY key DESC LIMIT 1",
            &[&self.org.as_str(), &code(self.model)],
        )?;
        let last: Option<String> = last.map(|row| row.try_get(0)).transpose()?;
        if last.is_none_or(|last| keys.iter().all(|key| *key > last.as_str())) {
            return Ok(HashMap::new());
        }
        let found = self.link.rows(
            &format!(
                "SELECT key, number, content_hash, substr(sha256(convert_to(content, 'UTF8')), 1, 16),
                        sha256(convert_to(remote_data, 'UTF8')), remote_deleted_at IS NOT NULL, version,
                        octet_length(content)::bigint + coalesce(octet_length(remote_data), 0)
                 FROM {BY_KEY}"
            ),
            &[&self.org.as_str(), &code(self.model), &keys],
        )?;
        let mut held = HashMap::new();
        for row in found {
            let (stored, actual): (&[u8], &[u8]) = (row.try_get(2)?, row.try_get(3)?);
            let hash = actual.try_into().ok().filter(|_| stored == actual);
            let remote: Option<&[u8]> = row.try_get(4)?;
            let version: Option<i64> = row.try_get(6)?;
            let known = Held {
                number: Some(row.try_get(1)?),
                hash,
                remote: Remote::Hash(remote.and_then(|remote| remote.try_into().ok())),
                is_deleted: row.try_get(5)?,
                version: version.map(i64::cast_unsigned),
                bytes: row.try_get(7)?,
                write: Write::Nothing,
            };
            held.insert(row.try_get(0)?, known);
        }
        Ok(held)
    }

    fn write(
        &self,
        rows: &[(&UnifiedRecord, Option<u64>)],
        held: &HashMap<String, Held<'_>>,
    ) -> Result<(), MirrorError> {
        let mut columns = [Columns::default(), Columns::default(), Columns::default()];
        let [new, changed, refreshed] = &mut columns;
        for (row, version) in rows {
            let Some(known) = held.get(row.key().as_str()) else {
                continue;
            };
            match (known.number, known.write) {
                (None, _) => new.add(self.org, row, *version),
                (Some(_), Write::Changed) => changed.add(self.org, row, *version),
                (Some(_), Write::Refreshed) => refreshed.add(self.org, row, *version),
                (Some(_), Write::Nothing) => {}
            }
        }
        let place = (self.org.as_str(), code(self.model));
        new.insert(self.link, place, self.now)?;
        changed.update(self.link, place, self.now)?;
        refreshed.refresh(self.link, place, self.now)?;
        if self.looks_for_references {
            let written: Vec<&UnifiedRecord> =
                new.rows.iter().chain(&changed.rows).copied().collect();
            wanted::add_of(self.link, self.org, self.model, &written)?;
        }
        Ok(())
    }

    /// Counts the bytes that came, and takes what is there now from the list of what is wanted.
    fn note(&self, grown: i64, returned: &[&str]) -> Result<(), MirrorError> {
        if grown != 0 {
            self.link.execute(
                "UPDATE asymbl.org SET bytes = bytes + $2 WHERE org = $1",
                &[&self.org.as_str(), &grown],
            )?;
        }
        wanted::remove(self.link, self.org, self.model, returned)
    }
}

impl<'a> Held<'a> {
    /// A record that a page brings.
    fn new(row: &'a UnifiedRecord, version: Option<u64>) -> Self {
        Self {
            number: None,
            hash: Some(row.content_hash()),
            remote: Remote::Text(row.remote_data()),
            is_deleted: false,
            version,
            bytes: bytes_of(row),
            write: Write::Changed,
        }
    }

    /// Compares a row with what is held, and takes its place.
    fn take(&mut self, row: &'a UnifiedRecord, version: Option<u64>, counts: &mut Counts) {
        let hash = row.content_hash();
        let remote = row.remote_data();
        let write = if self.is_deleted {
            counts.undeleted += 1;
            Write::Changed
        } else if self.hash != Some(hash) {
            counts.updated += 1;
            Write::Changed
        } else {
            counts.unchanged += 1;
            match self.remote.is(remote) && self.version == version {
                true => Write::Nothing,
                false => Write::Refreshed,
            }
        };
        *self = Self {
            number: self.number,
            hash: Some(hash),
            remote: Remote::Text(remote),
            is_deleted: false,
            version,
            bytes: bytes_of(row),
            write: self.write.max(write),
        };
    }
}

/// Rows as the arrays of a statement, one a column.
#[derive(Default)]
struct Columns<'a> {
    rows: Vec<&'a UnifiedRecord>,
    keys: Vec<&'a str>,
    ids: Vec<UnifiedId>,
    hashes: Vec<[u8; 16]>,
    versions: Vec<Option<i64>>,
    references: [Vec<Option<&'a str>>; 3],
    reference_ids: [Vec<Option<UnifiedId>>; 3],
    contents: Vec<&'a str>,
    remote_data: Vec<Option<&'a str>>,
}

/// The org and the number of the model.
type Place<'a> = (&'a str, i16);

impl<'a> Columns<'a> {
    fn add(&mut self, org: &OrgId, row: &'a UnifiedRecord, version: Option<u64>) {
        let model = row.model();
        self.rows.push(row);
        self.keys.push(row.key().as_str());
        self.ids.push(UnifiedId::of(org, model, row.key()));
        self.hashes.push(row.content_hash());
        self.versions.push(version.map(u64::cast_signed));
        let mut targets = model.references();
        for (place, reference) in row.references().into_iter().enumerate() {
            let target = targets.next().map(|(_, target)| target);
            let id = target.zip(reference);
            let id = id.map(|(target, id)| UnifiedId::of_reference(org, target, id));
            // Both have as many places as a record has references.
            if let (Some(ids), Some(references)) = (
                self.reference_ids.get_mut(place),
                self.references.get_mut(place),
            ) {
                ids.push(id);
                references.push(reference);
            }
        }
        self.contents.push(row.content_json());
        self.remote_data.push(row.remote_data());
    }

    /// Runs a statement whose values are org, model, moment and then the columns.
    fn run(
        &self,
        link: &Link,
        sql: &str,
        place: Place<'_>,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = self.ids.iter().map(UnifiedId::as_str).collect();
        let hashes: Vec<&[u8]> = self.hashes.iter().map(<[u8; 16]>::as_slice).collect();
        let [id0, id1, id2] = self.reference_ids.each_ref().map(|ids| {
            let texts = ids.iter().map(|id| id.as_ref().map(UnifiedId::as_str));
            texts.collect::<Vec<Option<&str>>>()
        });
        let [ref0, ref1, ref2] = &self.references;
        link.execute(
            sql,
            &[
                &place.0,
                &place.1,
                &now.millis(),
                &self.keys,
                &ids,
                &hashes,
                &self.versions,
                ref0,
                ref1,
                ref2,
                &id0,
                &id1,
                &id2,
                &self.contents,
                &self.remote_data,
            ],
        )?;
        Ok(())
    }

    fn insert(&self, link: &Link, place: Place<'_>, now: Timestamp) -> Result<(), MirrorError> {
        self.run(link, INSERT, place, now)
    }

    fn update(&self, link: &Link, place: Place<'_>, now: Timestamp) -> Result<(), MirrorError> {
        let sql = format!(
            "{INSERT} ON CONFLICT (org, model, key) DO UPDATE SET id = excluded.id, content_hash = excluded.content_hash,
                 changed_at = excluded.changed_at, remote_deleted_at = NULL, version = excluded.version,
                 ref0 = excluded.ref0, ref1 = excluded.ref1, ref2 = excluded.ref2, ref0_id = excluded.ref0_id,
                 ref1_id = excluded.ref1_id, ref2_id = excluded.ref2_id, content = excluded.content,
                 remote_data = excluded.remote_data"
        );
        self.run(link, &sql, place, now)
    }

    /// Writes the version and the source row alone.
    fn refresh(&self, link: &Link, place: Place<'_>, now: Timestamp) -> Result<(), MirrorError> {
        let sql = format!(
            "{INSERT} ON CONFLICT (org, model, key)
             DO UPDATE SET version = excluded.version, remote_data = excluded.remote_data"
        );
        self.run(link, &sql, place, now)
    }
}

/// The records of an org and a model with one of some keys: an index lookup for each. Asked with `= ANY`, the planner
/// reads all records of the model for a page of a thousand keys.
pub(super) const BY_KEY: &str = "unnest($3::text[]) AS asked (asked_key) CROSS JOIN LATERAL
     (SELECT * FROM asymbl.record WHERE org = $1 AND model = $2 AND key = asked_key LIMIT 1) AS held";

/// Writes the arrays of a page as rows. Rows that exist are found by their conflict: an index lookup each, whatever the
/// planner thinks of the org.
const INSERT: &str = "INSERT INTO asymbl.record (org, model, changed_at, key, id, content_hash, version, ref0, ref1, ref2,
                                   ref0_id, ref1_id, ref2_id, content, remote_data)
     SELECT $1, $2, $3, page.* FROM
         unnest($4::text[], $5::text[], $6::bytea[], $7::bigint[], $8::text[], $9::text[], $10::text[],
                $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]) AS page";
