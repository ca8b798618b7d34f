//! What one instance of the connector keeps between calls.
//!
//! Nothing here is needed for a later call to be right: another instance starts without it. It only spares work: the
//! profile stays parsed while its text is the same, a page asked for ahead waits for its cursor, rows of other objects
//! are read once.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::errors::bad_settings;
use super::models::{Tenant, read_settings};
use super::profile::Profile;
use super::settings::Settings;
use crate::engine::{Ahead, BesideRows, RowCache, Versions};
use crate::exports::ats::connector::types::Error;
use salesforce::transport::Transport;
use salesforce::{ApiVersion, BulkPlan, Client, ColumnKind, Listing};

/// The most rows of a query's page (salesforce-api.md 2.1).
const LARGEST_PAGE: u16 = 2_000;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Helps to find a fault.
    Debug,
    /// Shows progress.
    Info,
    /// Somebody should look at it.
    Warn,
    /// It went wrong.
    Error,
}

/// Where log lines go: level, message, named values.
pub type Log = Box<dyn Fn(Level, &str, &[(&str, &str)])>;

/// The tenant's connection, as the host describes it.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// The org's origin.
    pub base_url: String,
    /// The API version that the tenant chose, as `66.0`.
    pub api_version: Option<String>,
    /// The connector's settings, a JSON object.
    pub settings: String,
    /// What the tenant switched off.
    pub disabled: Vec<String>,
}

/// The profile that was handed in last, and values derived from it.
pub struct Known {
    text: String,
    /// The profile.
    pub profile: Profile,
    /// Values derived from the profile, one per type.
    derived: RefCell<Vec<Rc<dyn Any>>>,
}

impl Known {
    /// Returns the value of this type that is derived from the profile; `make` makes it the first time.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn once<V: 'static, E>(&self, make: impl FnOnce() -> Result<V, E>) -> Result<Rc<V>, E> {
        let made = self
            .derived
            .borrow()
            .iter()
            .cloned()
            .find_map(|value| value.downcast().ok());
        if let Some(value) = made {
            return Ok(value);
        }
        let value = Rc::new(make()?);
        self.derived
            .borrow_mut()
            .push(Rc::clone(&value) as Rc<dyn Any>);
        Ok(value)
    }
}

/// The state of one instance.
pub struct Context<T: Transport> {
    /// The org's API.
    pub client: Client<T>,
    /// The tenant's settings.
    pub settings: Settings,
    base_url: String,
    log: Log,
    /// Messages that were logged once and are not to be logged again.
    logged: RefCell<Vec<String>>,
    known: RefCell<Option<Rc<Known>>>,
    /// Pages asked for ahead: the next one, and the first of the next phase.
    pub(super) ahead: RefCell<Vec<Ahead<T>>>,
    /// Rows of other objects.
    pub(super) rows: RefCell<RowCache>,
    /// Rows that refer to those of a large listing.
    pub(super) beside: RefCell<BesideRows<T>>,
    /// The versions of the rows that the present call has read.
    pub(super) versions: RefCell<Versions>,
}

impl<T: Transport> Context<T> {
    /// A fresh instance's state.
    ///
    /// # Errors
    /// `invalid-input` for settings or an API version that can't be used.
    pub fn new(connection: &Connection, transport: T, log: Log) -> Result<Self, Error> {
        let settings =
            read_settings(&connection.settings, &connection.disabled).map_err(bad_settings)?;
        let version = match connection.api_version.as_deref().map(ApiVersion::parse) {
            None => ApiVersion::DEFAULT,
            Some(Ok(version)) => version,
            Some(Err(why)) => {
                return Err(Error::InvalidInput(vec![super::errors::problem(
                    "api_version",
                    why,
                )]));
            }
        };
        Ok(Self {
            client: Client::new(transport, version),
            settings,
            base_url: connection.base_url.trim_end_matches('/').to_owned(),
            log,
            logged: RefCell::new(Vec::new()),
            known: RefCell::new(None),
            ahead: RefCell::default(),
            rows: RefCell::new(RowCache::default()),
            beside: RefCell::default(),
            versions: RefCell::default(),
        })
    }

    /// The profile of this text, parsed once.
    ///
    /// # Errors
    /// `resync-required` for a text that is not a profile of this connector.
    pub fn known(&self, text: &str) -> Result<Rc<Known>, Error> {
        if let Some(known) = self.known.borrow().as_ref().filter(|k| k.text == text) {
            return Ok(Rc::clone(known));
        }
        let known = Rc::new(Known {
            text: text.to_owned(),
            profile: Profile::parse(text)?,
            derived: RefCell::default(),
        });
        self.known.replace(Some(Rc::clone(&known)));
        // Rows and a page asked for under another profile have other columns.
        self.ahead.take();
        self.beside.take();
        self.rows.borrow_mut().clear();
        Ok(known)
    }

    /// Begins or goes on with a listing, known by its watermarks: what was read for another one is forgotten.
    pub(super) fn enter(&self, listing: String) {
        if self.rows.borrow_mut().enter(listing) {
            self.beside.take();
        }
    }

    /// When a listing goes through Bulk; none for never, as where a caller wants small pages.
    pub(super) fn bulk_plan(&self, listing: &Listing) -> Option<BulkPlan> {
        let from_rows = self.settings.bulk_from_rows;
        let is_small = listing.batch_size.is_some_and(|rows| rows < LARGEST_PAGE);
        let is_on = from_rows > 0 && !is_small && listing.limit.is_none();
        let kinds = is_on.then(|| self.column_kinds(&listing.object, &listing.select));
        Some(BulkPlan {
            from_rows,
            kinds: kinds??.into(),
        })
    }

    /// How Bulk writes the values of some columns; none where it refuses one of them.
    pub(super) fn column_kinds(&self, object: &str, columns: &[String]) -> Option<Vec<ColumnKind>> {
        let known = self.known.borrow();
        let shape = known.as_ref()?.profile.object(object)?;
        let kind = |column: &String| ColumnKind::of(&shape.field(column)?.kind);
        let has_id = columns.iter().any(|column| column == "Id");
        columns
            .iter()
            .map(kind)
            .collect::<Option<_>>()
            .filter(|_| has_id)
    }

    /// Origin of the org, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What mappings rest on.
    pub fn tenant<'a>(&'a self, profile: &'a Profile) -> Tenant<'a> {
        Tenant {
            profile,
            settings: &self.settings,
            base_url: &self.base_url,
        }
    }

    /// Writes a log line.
    pub fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        (self.log)(level, message, fields);
    }

    /// Writes a log line, once in the life of this instance.
    pub fn log_once(&self, level: Level, message: &str) {
        if !self.logged.borrow().iter().any(|logged| logged == message) {
            self.logged.borrow_mut().push(message.to_owned());
            self.log(level, message, &[]);
        }
    }
}
