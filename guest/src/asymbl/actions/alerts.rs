//! Duplicate rules that only alert: Salesforce refuses the write, and takes it when a header says that the caller means
//! it (salesforce-api.md 7.4). A rule that blocks takes it in no case.

use super::refusal::duplicates;
use super::warning;
use crate::asymbl::context::Context;
use crate::asymbl::settings::DuplicateAlerts;
use crate::exports::ats::connector::types::Warning;
use salesforce::transport::Transport;
use salesforce::{Call, ErrorKind, SalesforceError, Subrequest};

/// Composite members do not take over the headers of the whole, so each has its own.
const HEADER: (&str, &str) = ("Sforce-Duplicate-Rule-Header", "allowSave=true");

/// Whether a write goes through alerts. The first attempt never does, so that what was found can be told.
pub struct Alerts {
    wanted: bool,
    saving: bool,
}

impl Alerts {
    /// As the tenant's setting says.
    pub fn new<T: Transport>(ctx: &Context<T>) -> Self {
        Self {
            wanted: ctx.settings.duplicate_alerts == DuplicateAlerts::Save,
            saving: false,
        }
    }

    /// Returns true if the write is to be repeated through the alert that refused it, with a warning.
    pub fn save_through(&mut self, error: &SalesforceError, warnings: &mut Vec<Warning>) -> bool {
        let is_alert = matches!(
            error.kind,
            ErrorKind::Duplicate {
                allow_save: true,
                ..
            }
        );
        if !self.wanted || self.saving || !is_alert {
            return false;
        }
        self.saving = true;
        let message = format!(
            "{}; the record is saved all the same, as the setting `duplicate_alerts` says",
            duplicates(error)
        );
        warnings.push(warning("duplicate-alert", message));
        true
    }

    /// A member of a composite, with the header where it is due.
    pub fn on(&self, member: Subrequest) -> Subrequest {
        match self.saving {
            true => member.with_header(HEADER.0, HEADER.1),
            false => member,
        }
    }

    /// A call, likewise.
    pub fn on_call(&self, mut call: Call) -> Call {
        if self.saving {
            call.request = call.request.with_header(HEADER.0, HEADER.1);
        }
        call
    }
}
