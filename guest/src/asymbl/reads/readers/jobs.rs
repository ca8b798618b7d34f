//! Jobs: every row of the Job object.

use crate::asymbl::context::Context;
use crate::asymbl::models::jobs::{Jobs, site_link};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Reader, note};
use crate::asymbl::reads::rows::map;
use crate::asymbl::reads::watermarks::Watermarks;
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

impl Reader for JobsReader {
    const MODEL: Model = Model::Jobs;
    const REFERRED_TO_BY: Option<Model> = Some(Model::Applications);
    type Record = Job;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: Jobs::new(tenant)?,
            site: site_link(tenant).filter(|(_, object)| tenant.profile.object(object).is_some()),
        })
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

    fn rows(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }

    fn map<T: Transport>(&self, ctx: &Context<T>, rows: &[Record]) -> Result<Vec<Job>, Error> {
        Ok(map(ctx, &self.mapping, rows)?)
    }

    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        let of_sites = self.site.iter().map(|(lookup, object)| {
            self.rows()
                .whose_parent_changed(lookup, object, since.get(object))
        });
        std::iter::once(self.changed_rows(since))
            .chain(of_sites)
            .collect()
    }

    /// A deleted work site leaves its jobs without a lookup to find them by.
    fn blind_spot<T: Transport>(
        &self,
        ctx: &Context<T>,
        since: &Watermarks,
    ) -> Result<Option<Warning>, Error> {
        let Some((_, object)) = &self.site else {
            return Ok(None);
        };
        let mut deleted = Query::from(object)
            .select(["Id"])
            .filter(eq("IsDeleted", true))
            .limit(1);
        if let Some(watermark) = since.get(object) {
            deleted = deleted.filter(ge("SystemModstamp", *watermark));
        }
        let found = ctx.client.query(&deleted, Rows::WithDeleted)?;
        let reason = "a work site was deleted, which leaves no trace on its jobs, so all jobs are read again";
        Ok((!found.records.is_empty()).then(|| note("work-site-deleted", reason)))
    }

    fn id(record: &Job) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<Job>) -> Records {
        Records::Jobs(records)
    }
}
