//! Checksums of rows: a damage that SQLite does not notice, since its pages carry none, is not taken for a value.
//!
//! Each table (but `body`, whose texts carry their own, and the marks in `seen`) has a generated column `sum`, which
//! SQLite writes with the row. Nothing that writes a row has to think of it.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use crate::store::MirrorError;

/// Where a listing, a token, the org and the run that writes are kept: read at each opening, so checked then.
const STATE: [&str; 4] = ["meta", "model_state", "listing", "claim"];

/// Compares a record's checksum.
pub(super) const RECORD_IS_INTACT: &str = "record.sum IS seal(record.number, record.model, record.key, record.id, \
    record.content_hash, record.changed_at, record.remote_deleted_at, record.ref0, record.ref1, record.ref2, \
    record.version)";

/// Teaches a connection the function `seal`, which the generated columns call.
pub(super) fn register(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("seal", -1, flags, seal)
}

/// The first 8 bytes of the SHA-256 of all values, each with its kind and length.
fn seal(values: &mut Context<'_>) -> Result<i64, rusqlite::Error> {
    let mut digest = Sha256::new();
    for at in 0..values.len() {
        match values.get_raw(at) {
            ValueRef::Null => digest.update([0]),
            ValueRef::Integer(number) => {
                digest.update([1]);
                digest.update(number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                digest.update([2]);
                digest.update(number.to_le_bytes());
            }
            ValueRef::Text(bytes) => update(&mut digest, 3, bytes),
            ValueRef::Blob(bytes) => update(&mut digest, 4, bytes),
        }
    }
    let digest: [u8; 32] = digest.finalize().into();
    Ok(i64::from_le_bytes(
        digest.first_chunk().copied().unwrap_or_default(),
    ))
}

fn update(digest: &mut Sha256, kind: u8, bytes: &[u8]) {
    digest.update([kind]);
    digest.update((bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
}

/// The columns of a table but `sum`, in order.
pub(super) fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, MirrorError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Returns true if a row of a table has another checksum than its values.
pub(super) fn is_damaged(connection: &Connection, table: &str) -> Result<bool, MirrorError> {
    let columns = columns(connection, table)?.join(", ");
    let sql = format!("SELECT 1 FROM {table} WHERE sum IS NOT seal({columns})");
    Ok(connection.prepare(&sql)?.exists([])?)
}

/// Refuses a mirror of which a row is damaged that says where it stands.
pub(super) fn check_state(connection: &Connection) -> Result<(), MirrorError> {
    for table in STATE {
        if is_damaged(connection, table)? {
            let detail = format!("its table {table} is not what was written");
            return Err(MirrorError::damaged(detail));
        }
    }
    Ok(())
}
