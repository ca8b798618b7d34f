//! Application stages: every stage row.

use crate::asymbl::context::Context;
use crate::asymbl::models::application_stages::ApplicationStages;
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::Reader;
use crate::asymbl::reads::rows::map;
use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::ApplicationStage;
use salesforce::Record;
use salesforce::transport::Transport;

/// Reads application stages.
pub struct ApplicationStagesReader {
    mapping: ApplicationStages,
}

impl Reader for ApplicationStagesReader {
    const MODEL: Model = Model::ApplicationStages;
    const REFERRED_TO_BY: Option<Model> = Some(Model::Applications);
    const HAS_FEW_ROWS: bool = true;
    type Record = ApplicationStage;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: ApplicationStages::new(tenant)?,
        })
    }

    fn rows(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }

    fn map<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<ApplicationStage>, Error> {
        Ok(map(ctx, &self.mapping, rows)?)
    }

    fn id(record: &ApplicationStage) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<ApplicationStage>) -> Records {
        Records::ApplicationStages(records)
    }
}
