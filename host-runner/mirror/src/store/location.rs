//! Where a mirror is: in a file or in a database.

use std::fmt;
use std::path::PathBuf;

use super::{Mirror, MirrorError, PostgresAddress, PostgresMirror, SqliteMirror};
use host_runner::unified::OrgId;

/// The place of a mirror.
#[derive(Debug, Clone)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Database(Box<PostgresAddress>),
}

impl Location {
    /// Reads a file's name or the URL of a database; `tenant` and `password` as in [`PostgresAddress::parse`].
    ///
    /// # Errors
    /// [`MirrorError::Address`].
    pub fn parse(text: &str, tenant: &str, password: Option<&str>) -> Result<Self, MirrorError> {
        match PostgresAddress::is_url(text) {
            true => {
                let address = PostgresAddress::parse(text, tenant, password)?;
                Ok(Self::Database(Box::new(address)))
            }
            false => Ok(Self::File(text.into())),
        }
    }

    /// Opens the mirror of `org`, and makes it if there is none.
    ///
    /// # Errors
    /// As [`SqliteMirror::open`] and [`PostgresMirror::open`].
    pub fn open(&self, org: &OrgId) -> Result<Box<dyn Mirror>, MirrorError> {
        Ok(match self {
            Self::File(path) => Box::new(SqliteMirror::open(path, org)?),
            Self::Database(address) => Box::new(PostgresMirror::open(address, org)?),
        })
    }

    /// Opens a mirror that exists, of whichever org.
    ///
    /// # Errors
    /// [`MirrorError::Missing`]; else as [`SqliteMirror::open_existing`] and [`PostgresMirror::open_existing`].
    pub fn open_existing(&self) -> Result<Box<dyn Mirror>, MirrorError> {
        Ok(match self {
            Self::File(path) => Box::new(SqliteMirror::open_existing(path)?),
            Self::Database(address) => Box::new(PostgresMirror::open_existing(address)?),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(out),
            Self::Database(address) => address.fmt(out),
        }
    }
}
