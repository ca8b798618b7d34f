//! Jobs: every row of the Job object.

use crate::asymbl::context::{Context, Slot};
use crate::asymbl::models::jobs::{Jobs, site_link};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::reads::marks::Marks;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader, Readers, note};
use crate::asymbl::reads::rows::{by_ids, map, split_deleted};
use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::types::{Error, Model, Warning};
use crate::exports::ats::connector::unified::Job;
use salesforce::soql::{eq, ge};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows};

/// Reads jobs.
pub struct JobsReader {
    mapping: Jobs,
    /// The job's lookup to its work site, and the site's object.
    site: Option<(String, String)>,
}

impl JobsReader {
    fn phase(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }
}

impl Reader for JobsReader {
    const MODEL: Model = Model::Jobs;
    type Record = Job;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: Jobs::new(tenant)?,
            site: site_link(tenant).filter(|(_, object)| tenant.profile.object(object).is_some()),
        })
    }

    fn slot(readers: &Readers) -> &Slot<Self> {
        &readers.jobs
    }

    fn objects(&self) -> Vec<String> {
        let site = self.site.iter().map(|(_, object)| object.clone());
        std::iter::once(self.mapping.object().to_owned())
            .chain(site)
            .collect()
    }

    fn untraceable(&self) -> Vec<String> {
        self.site.iter().map(|(_, object)| object.clone()).collect()
    }

    fn everything(&self) -> Vec<Phase> {
        vec![self.phase()]
    }

    fn changes(&self, since: &Marks) -> Vec<Phase> {
        let own = self
            .phase()
            .since(since.get(self.mapping.object()))
            .with_deleted();
        let of_sites = self.site.iter().map(|(lookup, object)| {
            self.phase()
                .whose_parent_changed(lookup, object, since.get(object))
        });
        std::iter::once(own).chain(of_sites).collect()
    }

    /// A deleted work site leaves its jobs without a lookup to find them by.
    fn blind_spot<T: Transport>(
        &self,
        ctx: &Context<T>,
        since: &Marks,
    ) -> Result<Option<Warning>, Error> {
        let Some((_, object)) = &self.site else {
            return Ok(None);
        };
        let mut deleted = Query::from(object)
            .select(["Id"])
            .filter(eq("IsDeleted", true))
            .limit(1);
        if let Some(mark) = since.get(object) {
            deleted = deleted.filter(ge("SystemModstamp", *mark));
        }
        let found = ctx.client.query(&deleted, Rows::WithDeleted)?;
        let reason = "a work site was deleted, which leaves no trace on its jobs, so all jobs are read again";
        Ok((!found.records.is_empty()).then(|| note("work-site-deleted", reason)))
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        _: &Phase,
        rows: Vec<Record>,
        page: &mut Page<Job>,
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
        page: &mut Page<Job>,
    ) -> Result<(), Error> {
        let rows = by_ids(ctx, &self.mapping, ids)?;
        page.items.extend(map(ctx, &self.mapping, &rows)?);
        Ok(())
    }

    fn id(record: &Job) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<Job>) -> Records {
        Records::Jobs(records)
    }
}
