//! Application stages: every stage row.

use crate::asymbl::context::{Context, Slot};
use crate::asymbl::models::application_stages::ApplicationStages;
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::reads::marks::Marks;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader, Readers};
use crate::asymbl::reads::rows::{by_ids, map, split_deleted};
use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::ApplicationStage;
use salesforce::Record;
use salesforce::transport::Transport;

/// Reads application stages.
pub struct ApplicationStagesReader {
    mapping: ApplicationStages,
}

impl ApplicationStagesReader {
    fn phase(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }
}

impl Reader for ApplicationStagesReader {
    const MODEL: Model = Model::ApplicationStages;
    type Record = ApplicationStage;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: ApplicationStages::new(tenant)?,
        })
    }

    fn slot(readers: &Readers) -> &Slot<Self> {
        &readers.application_stages
    }

    fn objects(&self) -> Vec<String> {
        vec![self.mapping.object().to_owned()]
    }

    fn everything(&self) -> Vec<Phase> {
        vec![self.phase()]
    }

    fn changes(&self, since: &Marks) -> Vec<Phase> {
        vec![
            self.phase()
                .since(since.get(self.mapping.object()))
                .with_deleted(),
        ]
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        _: &Phase,
        rows: Vec<Record>,
        page: &mut Page<ApplicationStage>,
    ) -> Result<(), Error> {
        let (live, gone) = split_deleted(rows);
        page.items.extend(map(ctx, &self.mapping, &live)?);
        page.deleted.extend(gone.iter().cloned());
        page.recheck(Model::Applications, Self::MODEL, gone);
        Ok(())
    }

    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
        page: &mut Page<ApplicationStage>,
    ) -> Result<(), Error> {
        let rows = by_ids(ctx, &self.mapping, ids)?;
        page.items.extend(map(ctx, &self.mapping, &rows)?);
        Ok(())
    }

    fn id(record: &ApplicationStage) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<ApplicationStage>) -> Records {
        Records::ApplicationStages(records)
    }
}
