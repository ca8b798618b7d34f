//! Applications: every applicant row.
//!
//! An applicant's own stamp does not tell all. Its outcome follows the stage's name; and when a job or contact is merged,
//! deleted or restored, the platform re-points the applicant's lookups without triggers and perhaps without a stamp
//! (salesforce-api.md 3.4). So a delta also reads the applicants of stages, jobs and contacts that changed; what pointed to a
//! record that is gone, the listings of jobs and candidates ask the host to read again.

use crate::asymbl::context::{Context, Slot};
use crate::asymbl::models::applications::{Applications, links};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::reads::marks::Marks;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader, Readers};
use crate::asymbl::reads::rows::{Find, find, map, split_deleted};
use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::Application;
use crate::salesforce::Record;
use crate::transport::Transport;

/// Reads applications.
pub struct ApplicationsReader {
    mapping: Applications,
    /// Lookup and object of what an applicant points to, where both can be read.
    parents: Vec<(String, String)>,
}

impl ApplicationsReader {
    fn phase(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }
}

impl Reader for ApplicationsReader {
    const MODEL: Model = Model::Applications;
    type Record = Application;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let mapping = Applications::new(tenant)?;
        let profile = tenant.profile;
        let links = links(tenant);
        let parents = [
            (links.stage, profile.names().api(names::STAGE)),
            (links.job, profile.job_link.object.clone()),
            (links.contact, names::CONTACT.to_owned()),
        ];
        let own = profile.object(mapping.object());
        let seen = |(lookup, object): &(String, String)| {
            own.is_some_and(|o| o.has(lookup)) && profile.object(object).is_some()
        };
        Ok(Self {
            parents: parents.into_iter().filter(seen).collect(),
            mapping,
        })
    }

    fn slot(readers: &Readers) -> &Slot<Self> {
        &readers.applications
    }

    fn objects(&self) -> Vec<String> {
        let parents = self.parents.iter().map(|(_, object)| object.clone());
        std::iter::once(self.mapping.object().to_owned())
            .chain(parents)
            .collect()
    }

    fn everything(&self) -> Vec<Phase> {
        vec![self.phase()]
    }

    fn changes(&self, since: &Marks) -> Vec<Phase> {
        let own = self
            .phase()
            .since(since.get(self.mapping.object()))
            .with_deleted();
        let of_parents = self.parents.iter().map(|(lookup, object)| {
            self.phase()
                .whose_parent_changed(lookup, object, since.get(object))
        });
        std::iter::once(own).chain(of_parents).collect()
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        _: &Phase,
        rows: Vec<Record>,
        page: &mut Page<Application>,
    ) -> Result<(), Error> {
        let (live, gone) = split_deleted(rows);
        page.items.extend(map(ctx, &self.mapping, &live)?);
        page.deleted.extend(gone);
        Ok(())
    }

    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
    ) -> Result<Vec<Application>, Error> {
        let rows = find(
            ctx,
            &Find::new(self.mapping.object(), self.mapping.columns(), "Id"),
            ids,
        )?;
        Ok(map(ctx, &self.mapping, &rows)?)
    }

    fn id(record: &Application) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<Application>) -> Records {
        Records::Applications(records)
    }
}
