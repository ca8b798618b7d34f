//! Application stages, from the package's ATS Stage: a row per stage and job.

use super::common::{Frame, Picked};
use super::rules::{Rule, Source::Own, made, platform};
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::row::row_id;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::ApplicationStage;
use salesforce::Record;

const M: Model = Model::ApplicationStages;

/// The table.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    platform("id"),
    Rule { field: "remote_id", sources: &[Own("Id")], note: "" },
    platform("changed_at"),
    platform("remote_deleted_at"),
    Rule { field: "name", sources: &[Own("Name")], note: "a stage belongs to one job: names repeat" },
    made("remote_data", "the source row as received"),
];

/// How a stage row becomes an application stage.
#[derive(Debug, Clone)]
pub struct ApplicationStages {
    frame: Frame,
    name: Picked,
}

impl Mapping for ApplicationStages {
    const MODEL: Model = M;
    type Record = ApplicationStage;
    type Related = ();

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, shape) = Frame::new(tenant, M)?;
        Ok(Self {
            name: Picked::new(tenant, M, shape, "name"),
            frame,
        })
    }

    fn object(&self) -> &str {
        &self.frame.object
    }

    fn columns(&self) -> &[String] {
        &self.frame.columns
    }

    fn related<F: Fetch>(&self, _: &mut F, _: &[Record]) -> Result<(), F::Error> {
        Ok(())
    }

    fn map(&self, row: &Record, (): &()) -> Option<ApplicationStage> {
        Some(ApplicationStage {
            remote_id: row_id(row)?,
            name: self.name.text(row),
            remote_data: self.frame.remote_data(row),
        })
    }
}
