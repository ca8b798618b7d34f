//! Flows: automation of an org that changes a record after it was saved, takes changes back, or fails.
//!
//! All of it happens in the transaction of the write. To a caller a flow before the save and one after it look alike:
//! the write succeeds, and the record holds something else than what was sent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::values::{filled, invalid};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::SchemaError;
use crate::store::{Database, Draft, QueryOptions, Trigger, Writer};
use crate::value::Value;

/// Which writes set a flow off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moment {
    /// A record is created.
    Create,
    /// A record is changed.
    Update,
    /// Either.
    #[default]
    Any,
}

/// A flow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// API name of the object.
    pub object: String,
    /// Which writes set it off.
    #[serde(default)]
    pub on: Moment,
    /// The condition of the saved record, as in a SOQL WHERE; every record when absent.
    #[serde(default)]
    pub when: Option<String>,
    /// An update sets it off only when one of these fields changes; every update when empty.
    #[serde(default)]
    pub changed: Vec<String>,
    /// Values that the record gets. `@Object WHERE Name = 'X'` refers to a record.
    #[serde(default)]
    pub set: Map<String, Json>,
    /// Fields that an update does not change: they get their old values back.
    #[serde(default)]
    pub restore: Vec<String>,
    /// The flow fails, and the write with it.
    #[serde(default)]
    pub fail: Option<FlowFailure>,
}

/// How a flow fails.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowFailure {
    /// The write's `errorCode`.
    #[serde(default = "flow_trigger")]
    pub code: String,
    /// Its message.
    pub message: String,
    /// How many writes fail; all of them when 0.
    #[serde(default)]
    pub times: u32,
}

fn flow_trigger() -> String {
    "CANNOT_EXECUTE_FLOW_TRIGGER".to_owned()
}

/// Switches the flows on, after trying each condition once so that a wrong one is reported at the start.
pub(super) fn attach(flows: &[Flow], db: &Database) -> Result<(), SchemaError> {
    for flow in flows {
        let soql = format!(
            "SELECT Id FROM {} WHERE ({}) LIMIT 1",
            flow.object,
            flow.condition()
        );
        db.query(&soql, &QueryOptions::default())
            .map_err(|error| invalid(format!("condition of a flow on {}", flow.object), &error))?;
        let mut flow = flow.clone();
        for value in flow.set.values_mut() {
            *value = filled(db, value, 1)
                .map_err(|error| invalid(format!("a flow on {}", flow.object), &error))?;
        }
        let failures = flow.fail.as_ref().map_or(0, |fail| fail.times);
        let running = Running {
            failures_left: Mutex::new(failures),
            at_work: AtomicBool::new(false),
            flow,
        };
        db.add_trigger(&running.flow.object.clone(), Arc::new(running));
    }
    Ok(())
}

impl Flow {
    fn condition(&self) -> &str {
        self.when.as_deref().unwrap_or("Id != null")
    }
}

/// A flow in an org.
struct Running {
    flow: Flow,
    failures_left: Mutex<u32>,
    /// The flow's own write does not set it off again. Writes never run side by side: the database is locked.
    at_work: AtomicBool,
}

impl Running {
    fn run(&self, writer: &mut Writer<'_>, draft: &Draft, id: RecordId) -> Result<(), ApiError> {
        let flow = &self.flow;
        let soql = format!(
            "SELECT Id FROM {} WHERE Id = '{id}' AND ({})",
            flow.object,
            flow.condition()
        );
        if writer.query(&soql, &QueryOptions::default())?.is_empty() {
            return Ok(());
        }
        if let Some(fail) = &flow.fail {
            self.fail(fail)?;
        }
        if !flow.set.is_empty() {
            writer.set_json(&flow.object, id, &flow.set)?;
        }
        let old: Vec<(&str, Value)> = flow
            .restore
            .iter()
            .filter(|field| draft.before.is_some() && draft.changed(field))
            .map(|field| (field.as_str(), draft.old(field)))
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        writer.set_values(&flow.object, id, &old)
    }

    fn fail(&self, fail: &FlowFailure) -> Result<(), ApiError> {
        let mut left = self
            .failures_left
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if fail.times > 0 && *left == 0 {
            return Ok(());
        }
        *left = left.saturating_sub(1);
        let mut error = ApiError::write::<&str>("", fail.message.clone(), []);
        error.code = fail.code.clone().into();
        Err(error)
    }

    fn start(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let Some(id) = draft.id() else { return Ok(()) };
        if self.at_work.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let done = self.run(writer, draft, id);
        self.at_work.store(false, Ordering::Relaxed);
        done
    }
}

impl Trigger for Running {
    fn is_flow(&self) -> bool {
        true
    }

    fn after_insert(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        match self.flow.on {
            Moment::Update => Ok(()),
            _ => self.start(writer, draft),
        }
    }

    fn after_update(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        let changed = &self.flow.changed;
        let concerned = changed.is_empty() || changed.iter().any(|field| draft.changed(field));
        match self.flow.on {
            Moment::Create => Ok(()),
            _ if concerned => self.start(writer, draft),
            _ => Ok(()),
        }
    }
}
