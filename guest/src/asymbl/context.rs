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
use crate::engine::{Ahead, RowCache, Versions};
use crate::exports::ats::connector::types::Error;
use salesforce::transport::Transport;
use salesforce::{ApiVersion, Client};

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
    /// The page asked for ahead.
    pub(super) ahead: RefCell<Option<Ahead<T>>>,
    /// Rows of other objects.
    pub(super) rows: RefCell<RowCache>,
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
            ahead: RefCell::new(None),
            rows: RefCell::new(RowCache::default()),
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
        self.ahead.replace(None);
        self.rows.borrow_mut().clear();
        Ok(known)
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
