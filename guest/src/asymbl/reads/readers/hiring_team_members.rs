//! Hiring team members: the team of every job, always whole.
//!
//! A hiring manager is a contact who is a user by e-mail address. So besides the job's own changes a delta follows
//! those of contacts and users: their jobs are found by the lookup, or, where that is gone, by the host's rows of the
//! user.

use crate::asymbl::context::Context;
use crate::asymbl::models::hiring_team_members::{HiringTeams, matched_lookups};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader, note};
use crate::asymbl::reads::rows::{Find, find, map, values_of};
use crate::asymbl::reads::watermarks::Watermarks;
use crate::exports::ats::connector::reads::{JobTeam, Records};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::soql::{Condition, and, eq, ge, in_query, is_null, not_null, one_of};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows};

const EMAIL: &str = "Email";
/// Addresses in one query for the jobs of contacts.
const ADDRESSES: usize = 500;

/// Reads hiring teams.
pub struct TeamsReader {
    mapping: HiringTeams,
    /// The job's lookups to contacts; none where contacts can't be matched with users.
    manager_lookups: Vec<String>,
    /// Deleted contacts of whom nobody can say whose manager they were.
    untraceable: Condition,
}

impl TeamsReader {
    /// The users who have one of the e-mail addresses of some rows.
    fn users_of<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<String>, Error> {
        let addresses: Vec<String> = values_of(rows, EMAIL).into_iter().collect();
        let columns = ["Id".to_owned()];
        let users = find(ctx, &Find::new(names::USER, &columns, EMAIL), &addresses)?;
        Ok(values_of(&users, "Id").into_iter().collect())
    }

    /// The jobs whose manager is a contact with one of the e-mail addresses of some rows.
    fn jobs_of<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<Record>, Error> {
        let addresses: Vec<String> = values_of(rows, EMAIL).into_iter().collect();
        let mut jobs = Vec::new();
        for addresses in addresses.chunks(ADDRESSES) {
            for lookup in &self.manager_lookups {
                let contacts = Query::from(names::CONTACT)
                    .select(["Id"])
                    .filter(one_of(EMAIL, addresses.iter().map(String::as_str)));
                let query = Query::from(self.mapping.object()).select(self.mapping.columns());
                jobs.extend(
                    ctx.client
                        .query_all_pages(&query.filter(in_query(lookup, contacts)), Rows::Live)?,
                );
            }
        }
        Ok(jobs)
    }
}

impl Reader for TeamsReader {
    const MODEL: Model = Model::HiringTeamMembers;
    type Record = JobTeam;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let has = |field: &str| tenant.profile.contact().is_some_and(|c| c.has(field));
        let mut untraceable = vec![eq("IsDeleted", true)];
        // A merged contact's jobs are the winner's now, whose own stamp moved.
        untraceable.extend(has("MasterRecordId").then(|| is_null("MasterRecordId")));
        Ok(Self {
            untraceable: and(untraceable),
            mapping: HiringTeams::new(tenant)?,
            manager_lookups: matched_lookups(tenant),
        })
    }

    fn objects(&self) -> Vec<String> {
        let mut objects = vec![self.mapping.object().to_owned()];
        if !self.manager_lookups.is_empty() {
            objects.extend([names::CONTACT.to_owned(), names::USER.to_owned()]);
        }
        objects
    }

    fn untraceable(&self) -> Vec<String> {
        let contacts = Some(names::CONTACT.to_owned());
        contacts
            .filter(|_| !self.manager_lookups.is_empty())
            .into_iter()
            .collect()
    }

    fn rows(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }

    fn map<T: Transport>(&self, ctx: &Context<T>, rows: &[Record]) -> Result<Vec<JobTeam>, Error> {
        Ok(map(ctx, &self.mapping, rows)?)
    }

    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        let (contacts, users) = (since.get(names::CONTACT), since.get(names::USER));
        let mut phases = vec![self.changed_rows(since)];
        if self.manager_lookups.is_empty() {
            return phases;
        }
        let of_managers = self.manager_lookups.iter();
        phases.extend(of_managers.map(|lookup| {
            self.rows()
                .whose_parent_changed(lookup, names::CONTACT, contacts)
        }));
        phases.push(
            Phase::new(Step::DeletedManagers, names::CONTACT, ["Id", EMAIL])
                .filter(eq("IsDeleted", true))
                .since(contacts)
                .with_deleted(),
        );
        phases.push(Phase::new(Step::ChangedUsers, names::USER, ["Id", EMAIL]).since(users));
        phases
    }

    /// A deleted contact leaves its jobs without a lookup to find them by, and its e-mail address may be another one
    /// than that which made somebody a manager.
    fn blind_spot<T: Transport>(
        &self,
        ctx: &Context<T>,
        since: &Watermarks,
    ) -> Result<Option<Warning>, Error> {
        let (false, Some(watermark)) = (self.manager_lookups.is_empty(), since.get(names::CONTACT))
        else {
            return Ok(None);
        };
        let deleted = Query::from(names::CONTACT)
            .select(["Id"])
            .filter(self.untraceable.clone());
        let deleted = deleted.filter(ge("SystemModstamp", *watermark)).limit(1);
        let found = ctx.client.query(&deleted, Rows::WithDeleted)?;
        let reason = "a contact that may have been a hiring manager was deleted, which leaves no trace on jobs, so all teams are read again";
        Ok((!found.records.is_empty()).then(|| note("hiring-manager-deleted", reason)))
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        phase: &Phase,
        rows: Vec<Record>,
        page: &mut Page<JobTeam>,
    ) -> Result<(), Error> {
        match phase.step {
            Step::DeletedManagers => {
                page.recheck(Self::MODEL, Model::Users, self.users_of(ctx, &rows)?)
            }
            Step::ChangedUsers => {
                let jobs = self.jobs_of(ctx, &rows)?;
                page.items.extend(self.map(ctx, &jobs)?);
                page.recheck(
                    Self::MODEL,
                    Model::Users,
                    values_of(&rows, "Id").into_iter().collect(),
                );
            }
            _ => self.put(ctx, rows, page)?,
        }
        Ok(())
    }

    fn id(record: &JobTeam) -> &str {
        &record.job_id
    }

    fn keys(record: &JobTeam) -> Vec<String> {
        record
            .members
            .iter()
            .map(|m| format!("{}:{}", m.job_id, m.user_id))
            .collect()
    }

    fn row_of(key: &str) -> &str {
        key.split_once(':').map_or(key, |(job, _)| job)
    }

    /// Not every job has members. That of jobs tells enough.
    fn counts(&self) -> Option<Vec<Query>> {
        None
    }

    /// A user on two lookups of a job counts twice.
    fn estimate(&self) -> Vec<Query> {
        let filled = |lookup| self.rows().filter(not_null(lookup)).count();
        self.mapping.lookups().map(filled).collect()
    }

    fn records(records: Vec<JobTeam>) -> Records {
        Records::HiringTeamMembers(records)
    }

    fn all_keys(&self) -> Option<Vec<Phase>> {
        None
    }
}
