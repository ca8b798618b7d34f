//! The long text of a record, packed: rows of one model look alike, so a dictionary made of the first ones makes each
//! of the others eight times smaller (988 bytes of a candidate's source row become 124, in 2 µs).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension, params};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

use super::formats::code;
use crate::store::MirrorError;
use host_runner::lock;
use host_runner::unified::{Model, UnifiedRecord};

/// The fastest level that is not a loss: lower ones take as long for texts of this size, and give more.
const LEVEL: i32 = 1;
/// Bytes of a dictionary: twice as many make rows only 5 % smaller.
const DICTIONARY: usize = 16 << 10;
/// Rows of a page that a dictionary is made of: fewer do not show what is common.
const SAMPLES: std::ops::Range<usize> = 100..256;
/// Rows of a listing from which on a dictionary is made. It takes 15 ms, as long as to sync 100 rows, and a small org's
/// mirror is small without it.
const ROWS: u64 = 500;
/// The number that stands for no dictionary.
const NONE: i64 = 0;
/// No text is longer, since no answer of the connector is. A larger size in a file is a damage.
const LONGEST: u64 = 256 << 20;

/// The dictionaries in use, as far as they were needed.
#[derive(Default)]
pub(super) struct Packs {
    writing: Mutex<BTreeMap<Model, (i64, Compressor<'static>)>>,
    reading: Mutex<BTreeMap<i64, Decompressor<'static>>>,
}

/// A packed text.
pub(super) struct Packed {
    /// Number of the dictionary.
    pub(super) dictionary: i64,
    pub(super) bytes: Vec<u8>,
}

fn damaged(why: std::io::Error) -> MirrorError {
    MirrorError::damaged(format!("a record can't be unpacked: {why}"))
}

impl Packs {
    /// Forgets dictionaries that a transaction made which came to nothing.
    pub(super) fn forget(&self) {
        lock(&self.writing).clear();
        lock(&self.reading).clear();
    }

    /// Makes a dictionary of a page's rows, where the model has none yet and they are enough; `before` are those of the
    /// listing's earlier pages.
    pub(super) fn learn(
        &self,
        connection: &Connection,
        model: Model,
        rows: &[UnifiedRecord],
        before: u64,
    ) -> Result<(), MirrorError> {
        let mut writing = lock(&self.writing);
        if rows.len() < SAMPLES.start
            || before + (rows.len() as u64) < ROWS
            || writing
                .get(&model)
                .is_some_and(|(number, _)| *number != NONE)
        {
            return Ok(());
        }
        writing.remove(&model);
        if latest(connection, model)?.is_some() {
            return Ok(());
        }
        let samples = rows.iter().take(SAMPLES.end);
        let samples: Vec<String> = samples.map(UnifiedRecord::stored_text).collect();
        // Rows that have nothing in common make none.
        let Ok(dictionary) = zstd::dict::from_samples(&samples, DICTIONARY) else {
            return Ok(());
        };
        connection.execute(
            "INSERT INTO dictionary (model, bytes) VALUES (?1, ?2)",
            params![code(model), dictionary],
        )?;
        Ok(())
    }

    /// Packs the text of a record.
    pub(super) fn pack(
        &self,
        connection: &Connection,
        record: &UnifiedRecord,
    ) -> Result<Packed, MirrorError> {
        let mut writing = lock(&self.writing);
        let model = record.model();
        let (dictionary, compressor) = match writing.entry(model) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (number, bytes) = latest(connection, model)?.unwrap_or((NONE, Vec::new()));
                entry.insert((number, compressor(&bytes).map_err(damaged)?))
            }
        };
        Ok(Packed {
            dictionary: *dictionary,
            bytes: compressor
                .compress(record.stored_text().as_bytes())
                .map_err(damaged)?,
        })
    }

    /// The text that was packed.
    pub(super) fn unpack(
        &self,
        connection: &Connection,
        dictionary: i64,
        packed: &[u8],
    ) -> Result<String, MirrorError> {
        let mut reading = lock(&self.reading);
        let decompressor = match reading.entry(dictionary) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let sql = "SELECT bytes FROM dictionary WHERE number = ?1";
                let bytes: Option<Vec<u8>> = connection
                    .query_row(sql, [dictionary], |row| row.get(0))
                    .optional()?;
                if bytes.is_none() && dictionary != NONE {
                    return Err(MirrorError::damaged(format!(
                        "there is no dictionary {dictionary}"
                    )));
                }
                let decompressor = Decompressor::with_dictionary(&bytes.unwrap_or_default());
                entry.insert(decompressor.map_err(damaged)?)
            }
        };
        let size = get_frame_content_size(packed).ok().flatten();
        let size = size
            .filter(|size| *size <= LONGEST)
            .and_then(|size| usize::try_from(size).ok());
        let Some(size) = size else {
            return Err(MirrorError::damaged("a record has no size"));
        };
        let unpacked = decompressor.decompress(packed, size).map_err(damaged)?;
        String::from_utf8(unpacked).map_err(|_| MirrorError::damaged("a record is not a text"))
    }
}

fn compressor(dictionary: &[u8]) -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_dictionary(LEVEL, dictionary)?;
    // The number of the dictionary stands beside.
    compressor.set_parameter(CParameter::DictIdFlag(false))?;
    // SQLite's pages carry no checksum, and the hash of the content leaves the source row out.
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    Ok(compressor)
}

/// The dictionary that a model's rows are packed with now.
fn latest(connection: &Connection, model: Model) -> Result<Option<(i64, Vec<u8>)>, MirrorError> {
    let sql = "SELECT number, bytes FROM dictionary WHERE model = ?1 ORDER BY number DESC LIMIT 1";
    let found = connection.query_row(sql, [code(model)], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}
