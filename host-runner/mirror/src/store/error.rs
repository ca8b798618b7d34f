//! What can go wrong with a mirror, in words that say what to do.

use std::path::{Path, PathBuf};

use super::run::Holder;
use host_runner::unified::{Model, OrgId};

/// Why a mirror can not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// A live run holds the mirror.
    #[error("the mirror is in use by {0}; wait for it to end or stop it")]
    Claimed(Holder),
    /// A later run took the mirror over: this one must stop.
    #[error(
        "this run (number {ours}) lost the mirror to {holder}; nothing more was written, the later run goes on from the last page"
    )]
    Fenced {
        /// The fence token of the run that was refused.
        ours: u64,
        /// Who holds the mirror, or held it last.
        holder: Holder,
    },
    /// The file is the mirror of another org.
    #[error("{} is the mirror of org {found}, but the tenant's org is {wanted}; use another mirror for it", path.display())]
    OtherOrg {
        /// The file.
        path: PathBuf,
        /// The org it mirrors.
        found: OrgId,
        /// The org asked for.
        wanted: OrgId,
    },
    /// Written by a later version of this program.
    #[error("{} has mirror format {found}, this program knows up to {supported}; use a newer version of it", path.display())]
    SchemaNewer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        supported: i64,
    },
    /// There is no file.
    #[error("there is no mirror at {}; a sync makes one", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Some other file.
    #[error("{} is not a mirror, it was left untouched; choose another path", path.display())]
    NotAMirror {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the mirror {} is damaged ({detail}); run `asymbl mirror check --repair`, or move the file away and sync again to \
         rebuild it",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the storage says.
        detail: String,
    },
    /// No room left.
    #[error("the disk is full: {} could not grow; the last whole page is kept, free some space and run again", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another process held the file's write lock for longer than the wait.
    #[error("{} is busy: another process has been writing to it for too long; try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A listing is not where the call needs it.
    #[error("{model}: {problem}")]
    Listing {
        /// The model.
        model: Model,
        /// What is missing.
        problem: &'static str,
    },
    /// A row that does not belong on its page.
    #[error("{model}: the record {key} does not belong on this page: {problem}")]
    ForeignRow {
        /// The model of the page.
        model: Model,
        /// The row's key.
        key: String,
        /// Why not.
        problem: &'static str,
    },
    /// It can't be written, and holds changes that can't be read without writing.
    #[error(
        "{} can't be written, and was not closed in order; copy it and the file with the ending -wal beside it to a \
         folder that can be written, and name the copy",
        path.display()
    )]
    ReadOnlyLog {
        /// The file.
        path: PathBuf,
    },
    /// It can't be written, and its format is older than this program's.
    #[error(
        "{} can't be written, and its format {found} is older than this program's; copy it to a folder that can be \
         written, and name the copy",
        path.display()
    )]
    ReadOnlyFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// It, or its folder, can't be written or opened.
    #[error(
        "the mirror {} can't be opened for writing ({detail}); check that its folder exists and that this user may write \
         there",
        path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the storage says.
        detail: String,
    },
    /// Anything else that the storage says.
    #[error(
        "the mirror {} failed ({detail}); check the disk, then run `asymbl mirror check`",
        path.display()
    )]
    Storage {
        /// The file.
        path: PathBuf,
        /// What the storage says.
        detail: String,
    },
    /// The URL of a database is not one.
    #[error(
        "the mirror's URL is invalid: {problem}; write postgres://USER@HOST/DATABASE and put the password into \
         PGPASSWORD or ~/.pgpass"
    )]
    Address {
        /// What is wrong, without the URL: it may hold a password.
        problem: String,
    },
    /// No connection to a database.
    #[error(
        "can't connect to the mirror {place} ({detail}); check the URL, the password and that the server accepts \
         connections from here"
    )]
    Unreachable {
        /// The database, without its password.
        place: String,
        /// What the system or the server says.
        detail: String,
    },
    /// A database refused or lost a statement.
    #[error(
        "the mirror {place} failed ({detail}); check the database server, then repeat the command"
    )]
    Database {
        /// The database, without its password.
        place: String,
        /// What the server says.
        detail: String,
    },
    /// A database holds something that this program did not write.
    #[error("the mirror {place} was altered ({detail}); run `asymbl sync --full` to write it anew")]
    Altered {
        /// The database, without its password.
        place: String,
        /// What is not as it was written.
        detail: String,
    },
}

impl MirrorError {
    /// Names the file in an error that arose below where it is known.
    pub(super) fn at(mut self, file: &Path) -> Self {
        if let Self::Corrupt { path, .. }
        | Self::DiskFull { path }
        | Self::Busy { path }
        | Self::Unwritable { path, .. }
        | Self::Storage { path, .. } = &mut self
        {
            file.clone_into(path);
        }
        self
    }

    /// Names the database in an error that arose below where it is known.
    pub(super) fn in_database(self, database: &str) -> Self {
        let place = database.to_owned();
        match self {
            Self::Corrupt { detail, .. } => Self::Altered { place, detail },
            Self::Database { detail, .. } => Self::Database { place, detail },
            Self::Busy { .. } => self.at(Path::new(database)),
            other => other,
        }
    }

    /// A file that the system does not let us use.
    pub(super) fn storage(path: &Path, detail: impl Into<String>) -> Self {
        Self::Unwritable {
            path: path.to_owned(),
            detail: detail.into(),
        }
    }

    /// What fixes it, for programs; none where the message alone says it.
    pub fn fix(&self) -> Option<&'static str> {
        match self {
            Self::Corrupt { .. } => Some("run `asymbl mirror check --repair`, then `asymbl sync`"),
            Self::Unwritable { .. } | Self::ReadOnlyLog { .. } | Self::ReadOnlyFormat { .. } => {
                Some("make the mirror's folder writable, or copy the mirror to one that is")
            }
            Self::DiskFull { .. } => Some("free some space, then repeat the command"),
            Self::Storage { .. } => Some("check the disk, then run `asymbl mirror check`"),
            Self::Busy { .. } => Some("repeat the command later"),
            Self::Unreachable { .. } | Self::Database { .. } => {
                Some("check the database server, then repeat the command")
            }
            Self::Altered { .. } => Some("run `asymbl sync --full`"),
            _ => None,
        }
    }

    /// A stored value that no version of this program writes.
    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self::Corrupt {
            path: PathBuf::new(),
            detail: detail.into(),
        }
    }
}

impl From<rusqlite::Error> for MirrorError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = PathBuf::new();
        let detail = error.to_string();
        // Values of a kind that no version of this program writes.
        if let rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) = error
        {
            return Self::Corrupt { path, detail };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { path, detail }
            }
            // Our statements fit our tables and break none of their rules, unless those are damaged.
            Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation) => {
                Self::Corrupt { path, detail }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Unwritable { path, detail }
            }
            _ => Self::Storage { path, detail },
        }
    }
}
