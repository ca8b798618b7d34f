//! Where a mirror is: in a file or in a database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Login, Mirror, MirrorError, PostgresAddress, PostgresMirror, SqliteMirror};
use host_runner::tenant::TokenVault;
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
    /// Reads a file's name or the URL of a database; `tenant` and `login` as in [`PostgresAddress::parse`].
    ///
    /// # Errors
    /// [`MirrorError::Address`].
    pub fn parse(text: &str, tenant: &str, login: &Login) -> Result<Self, MirrorError> {
        match PostgresAddress::is_url(text) {
            true => {
                let address = PostgresAddress::parse(text, tenant, login)?;
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

    /// Where the tenant's tokens are shared by all machines; none for a file, which one machine has.
    pub fn tokens(&self) -> Option<Arc<dyn TokenVault>> {
        match self {
            Self::File(_) => None,
            Self::Database(address) => Some(Arc::new(address.as_ref().clone())),
        }
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

/// Where the mirrors of many tenants are.
#[derive(Debug, Clone)]
pub enum Mirrors {
    /// Each beside its tenant file.
    Files,
    /// All in one PostgreSQL database, each under the name of its tenant file.
    Database(Box<PostgresAddress>),
}

/// Connections that stay open for the next mirror: enough for the requests that few processors answer at once, and
/// far fewer than the 100 that a server allows by default.
const KEPT: usize = 16;

impl Mirrors {
    /// Reads the URL of a database; without one they are files. `login` as in [`PostgresAddress::parse`].
    ///
    /// # Errors
    /// [`MirrorError::Address`], also where the URL names a tenant.
    pub fn parse(url: Option<&str>, login: &Login) -> Result<Self, MirrorError> {
        let Some(url) = url else {
            return Ok(Self::Files);
        };
        let invalid = |problem: &str| MirrorError::Address {
            problem: problem.into(),
        };
        if !PostgresAddress::is_url(url) {
            return Err(invalid("it does not begin with postgres://"));
        }
        let address = PostgresAddress::parse(url, "", login)?;
        match address.tenant() {
            "" => Ok(Self::Database(Box::new(address.keeping(KEPT)))),
            _ => Err(invalid(
                "leave tenant out: here each mirror has the name of its tenant file",
            )),
        }
    }

    /// As [`Location::tokens`], of any tenant.
    pub fn tokens(&self) -> Option<Arc<dyn TokenVault>> {
        match self {
            Self::Files => None,
            Self::Database(address) => Some(Arc::new(address.as_ref().clone())),
        }
    }

    /// The mirror of the tenant of a file.
    pub fn of(&self, tenant_file: &Path) -> Location {
        match self {
            Self::Files => Location::File(tenant_file.with_extension("mirror.sqlite")),
            Self::Database(address) => {
                let name = tenant_file.file_stem().unwrap_or_default();
                Location::Database(Box::new(address.of_tenant(&name.to_string_lossy())))
            }
        }
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
