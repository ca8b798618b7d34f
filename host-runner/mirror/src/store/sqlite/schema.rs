//! The file's format: its marks, its tables, and how it is opened without harming a file that is not ours.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::formats::STEPS;
use super::sums;
use crate::store::MirrorError;
use host_runner::unified::OrgId;

/// "ATSm": what `file` and SQLite's tools show as the application of the database.
const APPLICATION_ID: i64 = 0x4154_536D;
/// The format this program writes. [`STEPS`] has an entry for each.
pub(super) const VERSION: i64 = 7;

/// Makes an empty file that only its owner can read: it will hold personal data. SQLite gives its side files the same
/// rights.
pub(super) fn create_private(path: &Path) -> Result<(), MirrorError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| MirrorError::storage(path, error.to_string()))
}

/// The file's name as SQLite takes it for nothing else: to it, `:memory:` and `file:x` are no files.
fn file_name(path: &Path) -> Result<PathBuf, MirrorError> {
    std::path::absolute(path).map_err(|error| MirrorError::storage(path, error.to_string()))
}

/// Opens the file; an empty or new one becomes a mirror of `wanted`.
pub(super) fn open(
    path: &Path,
    wanted: Option<&OrgId>,
) -> Result<(Connection, OrgId), MirrorError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file_name(path)?, flags)?;
    // Longer than any page's transaction takes, and than a checkpoint on a slow disk.
    connection.busy_timeout(Duration::from_secs(10))?;
    prepare(&connection)?;
    // Looked at before anything is written: a file that is not ours stays as it is.
    let fresh = is_fresh(&connection, path)?;
    if fresh && wanted.is_none() {
        return Err(MirrorError::Missing {
            path: path.to_owned(),
        });
    }
    let known = match fresh {
        false => Some(check_org(&connection, path, wanted)?),
        true => None,
    };
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(MirrorError::Unwritable {
            path: path.to_owned(),
            detail: "the file can't be written".into(),
        });
    }
    if fresh {
        // Rows are 1 to 4 kB: a page of 8 kB holds a few of them instead of one and a half-empty rest.
        connection.pragma_update(None, "page_size", 8192)?;
    }
    // Readers go on while a page is written. NORMAL: a transaction outlives the death of the process (it is in the
    // system's cache); a power cut may take the last pages, each together with its cursor, so they are read again.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // 16 MB: the inner pages of all indexes of a million records. The default of 2 MB makes random ids slow.
    connection.pragma_update(None, "cache_size", -16_384)?;
    // 64 MB between checkpoints: the inner pages of the indexes are copied back once for many pages of rows.
    connection.pragma_update(None, "wal_autocheckpoint", 8000)?;
    // What one large transaction made of the log is given back to the disk.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);

    let is_current = number(&connection, "user_version")? == VERSION;
    let found = match known.filter(|_| is_current) {
        // No transaction: a run that writes must not hold up those who only read.
        Some(known) => known,
        None => {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            migrate(&transaction, path, wanted)?;
            let found = check_org(&transaction, path, wanted)?;
            transaction.commit()?;
            found
        }
    };
    check_tables(&connection)?;
    Ok((connection, found))
}

/// What every connection needs before it reads.
fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    sums::register(connection)?;
    // Plans are made for any values. Otherwise SQLite compares them with the conditions of partial indexes, and plans a
    // prepared statement anew each time that it is run: two thirds of the time that a page of records takes.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Opens a mirror that can't be written, as on read-only media. SQLite's log of changes needs a file to write to beside
/// the mirror, so one that holds changes can't be read there.
pub(super) fn open_read_only(path: &Path) -> Result<(Connection, OrgId), MirrorError> {
    if has_log(path) {
        return Err(MirrorError::ReadOnlyLog {
            path: path.to_owned(),
        });
    }
    let mut address = url::Url::from_file_path(file_name(path)?)
        .map_err(|()| MirrorError::storage(path, "its name is not one of a file"))?;
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(address.as_str(), flags)?;
    prepare(&connection)?;
    if is_fresh(&connection, path)? {
        return Err(MirrorError::Missing {
            path: path.to_owned(),
        });
    }
    let found = number(&connection, "user_version")?;
    if found < VERSION {
        return Err(MirrorError::ReadOnlyFormat {
            path: path.to_owned(),
            found,
        });
    }
    let org = check_org(&connection, path, None)?;
    check_tables(&connection)?;
    Ok((connection, org))
}

/// Returns true if changes wait beside the file that are not in it: another process has it open, or was killed.
pub(super) fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(PathBuf::from(log)).is_ok_and(|log| log.len() > 0)
}

/// Makes an empty mirror's tables, of a page size, for a copy.
pub(super) fn make_tables(connection: &Connection, page_size: i64) -> Result<(), MirrorError> {
    sums::register(connection)?;
    connection.pragma_update(None, "page_size", page_size)?;
    for step in STEPS {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

/// Refuses a file whose tables and indexes are not declared as this program declares them: a damage may have made
/// another index or check of one.
fn check_tables(connection: &Connection) -> Result<(), MirrorError> {
    // The same for all mirrors, and slower to make than all else at an opening.
    static EXPECTED: OnceLock<Declarations> = OnceLock::new();
    let expected = match EXPECTED.get() {
        Some(expected) => expected,
        None => {
            let model = Connection::open_in_memory()?;
            make_tables(&model, 8192)?;
            let made = declarations(&model)?;
            EXPECTED.get_or_init(|| made)
        }
    };
    match declarations(connection)? == *expected {
        true => Ok(()),
        false => Err(MirrorError::damaged("its tables are declared otherwise")),
    }
}

/// Names of tables, and what declares them and their indexes.
type Declarations = BTreeSet<(String, String)>;

/// What declares the tables and indexes, but for those that SQLite makes and the one that is made when needed.
fn declarations(connection: &Connection) -> Result<Declarations, MirrorError> {
    let mut statement = connection.prepare(
        "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'record_id'
         AND name NOT LIKE 'sqlite_%'",
    )?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn number(connection: &Connection, pragma: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Whether nothing was ever written to it; an error when what was written is not ours.
fn is_fresh(connection: &Connection, path: &Path) -> Result<bool, MirrorError> {
    let not_ours = || MirrorError::NotAMirror {
        path: path.to_owned(),
    };
    let application = match number(connection, "application_id") {
        Ok(application) => application,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(not_ours());
        }
        Err(error) => return Err(error.into()),
    };
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if application == 0 && tables == 0 {
        return Ok(true);
    }
    if application != APPLICATION_ID {
        return Err(not_ours());
    }
    let version = number(connection, "user_version")?;
    if version > VERSION {
        return Err(MirrorError::SchemaNewer {
            path: path.to_owned(),
            found: version,
            supported: VERSION,
        });
    }
    Ok(false)
}

/// Brings the tables to the present format; two processes that open a new file at once make it once.
fn migrate(
    transaction: &Transaction<'_>,
    path: &Path,
    wanted: Option<&OrgId>,
) -> Result<(), MirrorError> {
    let fresh = is_fresh(transaction, path)?;
    let version = number(transaction, "user_version")?;
    for (step, target) in STEPS.iter().zip(1_i64..) {
        if target > version {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", target)?;
        }
    }
    if let (true, Some(org)) = (fresh, wanted) {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute(
            "INSERT INTO meta (name, value) VALUES ('org', ?1)",
            params![org.as_str()],
        )?;
    }
    Ok(())
}

fn check_org(
    connection: &Connection,
    path: &Path,
    wanted: Option<&OrgId>,
) -> Result<OrgId, MirrorError> {
    let org: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name = 'org'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let found = org
        .and_then(|org| OrgId::parse(org).ok())
        .ok_or_else(|| MirrorError::damaged("it does not say which org it mirrors"))?;
    match wanted {
        Some(wanted) if *wanted != found => Err(MirrorError::OtherOrg {
            path: path.to_owned(),
            found,
            wanted: wanted.clone(),
        }),
        _ => Ok(found),
    }
}
