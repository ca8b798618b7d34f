//! Application stages, from the package's ATS Stage: a row per stage and job.

use super::common::{Frame, pick};
use super::json::{Lines, WriteJson};
use super::table::{Object, Source::Own, Table, computed, field, host_assigned};
use super::takes::TEXT;
use super::{Mapping, Missing, Tenant};
use crate::asymbl::names::STAGE;
use crate::asymbl::row::row_id;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::ApplicationStage;
use salesforce::Record;

const M: Model = Model::ApplicationStages;

/// The table.
#[rustfmt::skip]
pub const TABLE: Table = Table {
    rules: &[
        host_assigned("id"),
        field("remote_id", &[Own("Id")]),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
        field("name", &[Own("Name")]).choosable(TEXT)
            .note("a stage belongs to one job: names repeat"),
        computed("remote_data", "the source row as received"),
    ],
    notes: &["A stage belongs to one job."],
    ..Table::new(M, "Application stages", Object::Named(STAGE))
};

/// How a stage row becomes an application stage.
#[derive(Debug, Clone)]
pub struct ApplicationStages {
    frame: Frame,
}

impl Mapping for ApplicationStages {
    const TABLE: &'static Table = &TABLE;
    type Record = ApplicationStage;
    type Related = ();

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, _) = Frame::new(tenant, &TABLE)?;
        Ok(Self { frame })
    }

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn map(&self, row: &Record, (): &()) -> Option<ApplicationStage> {
        Some(ApplicationStage {
            remote_id: row_id(row)?,
            name: pick!(self, "name").text(row),
            extra: None,
            remote_data: self.frame.remote_data(row),
        })
    }
}

impl WriteJson for ApplicationStage {
    fn write_json(&self, lines: &mut Lines) {
        lines.record(|record| {
            record.text("remote_id", Some(&self.remote_id));
            record.text("name", self.name.as_deref());
            record.json("remote_data", self.remote_data.as_deref());
        });
    }
}
