//! Applications: every applicant row.
//!
//! An applicant's own stamp does not tell all. Its outcome follows the stage's name; and when a job or contact is
//! merged, deleted or restored, the platform re-points the applicant's lookups without triggers and perhaps without a
//! stamp (salesforce-api.md 3.4). So a delta also reads the applicants of stages, jobs and contacts that changed; what
//! pointed to a record that is gone, the listings of jobs and candidates ask the host to read again.

use crate::asymbl::context::Context;
use crate::asymbl::models::applications::{Applications, links};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader};
use crate::asymbl::reads::rows::{map, values_of};
use crate::asymbl::reads::watermarks::Watermarks;
use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::Application;
use salesforce::Record;
use salesforce::soql::eq;
use salesforce::transport::Transport;

/// Reads applications.
pub struct ApplicationsReader {
    mapping: Applications,
    /// What an applicant points to, where lookup and object can be read.
    parents: Vec<Parent>,
}

struct Parent {
    model: Model,
    lookup: String,
    object: String,
    /// Whether the model is switched on: its own listing tells what is gone.
    is_listed: bool,
}

impl ApplicationsReader {
    fn unlisted(&self) -> impl Iterator<Item = &Parent> {
        self.parents.iter().filter(|parent| !parent.is_listed)
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
            (
                Model::ApplicationStages,
                links.stage,
                profile.names().api(names::STAGE),
            ),
            (Model::Jobs, links.job, profile.job_link.object.clone()),
            (Model::Candidates, links.contact, names::CONTACT.to_owned()),
        ];
        let own = profile.object(mapping.object());
        let seen = |(_, lookup, object): &(Model, String, String)| {
            own.is_some_and(|o| o.has(lookup)) && profile.object(object).is_some()
        };
        let parents = parents
            .into_iter()
            .filter(seen)
            .map(|(model, lookup, object)| Parent {
                is_listed: tenant.settings.scopes.model_on(model),
                model,
                lookup,
                object,
            });
        Ok(Self {
            parents: parents.collect(),
            mapping,
        })
    }

    fn objects(&self) -> Vec<String> {
        let parents = self.parents.iter().map(|parent| parent.object.clone());
        std::iter::once(self.mapping.object().to_owned())
            .chain(parents)
            .collect()
    }

    fn untraceable(&self) -> Vec<String> {
        self.unlisted()
            .map(|parent| parent.object.clone())
            .collect()
    }

    fn rows(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }

    fn map<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<Application>, Error> {
        Ok(map(ctx, &self.mapping, rows)?)
    }

    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        let of_parents = self.parents.iter().map(|parent| {
            let Parent { lookup, object, .. } = parent;
            self.rows()
                .whose_parent_changed(lookup, object, since.get(object))
        });
        let deleted_parents = self.unlisted().map(|Parent { model, object, .. }| {
            Phase::new(Step::DeletedParents(*model), object, ["Id"])
                .filter(eq("IsDeleted", true))
                .since(since.get(object))
                .with_deleted()
        });
        std::iter::once(self.changed_rows(since))
            .chain(of_parents)
            .chain(deleted_parents)
            .collect()
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        phase: &Phase,
        rows: Vec<Record>,
        page: &mut Page<Application>,
    ) -> Result<(), Error> {
        if let Step::DeletedParents(parent) = phase.step {
            page.recheck(
                Self::MODEL,
                parent,
                values_of(&rows, "Id").into_iter().collect(),
            );
            return Ok(());
        }
        self.put(ctx, rows, page)
    }

    fn id(record: &Application) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<Application>) -> Records {
        Records::Applications(records)
    }
}
