//! Users: people of the customer's company, and whoever else is on a hiring team.
//!
//! Users of other types come and go with the job's lookups, which move no stamp on the user. They are few, so a delta
//! reads them all, and the token remembers who they were.

use std::collections::BTreeSet;

use crate::asymbl::context::Context;
use crate::asymbl::models::hiring_team_members::{best_users, matched_columns, matched_lookups};
use crate::asymbl::models::users::{Users, is_standard, team_lookups};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::reads::phase::{Phase, Step, pointed_to_by};
use crate::asymbl::reads::reader::{Page, Reader};
use crate::asymbl::reads::rows::{Find, find, map, values_of};
use crate::asymbl::reads::token::CarriedIds;
use crate::asymbl::reads::watermarks::Watermarks;
use crate::exports::ats::connector::reads::{Recheck, Records};
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::User;
use salesforce::soql::{eq, ne};
use salesforce::transport::Transport;
use salesforce::{Query, Record};

const TYPE: &str = "UserType";
const STANDARD: &str = "Standard";
const EMAIL: &str = "Email";

/// Reads users.
pub struct UsersReader {
    mapping: Users,
    /// Whether the user may read what type users are of; if not, all count as standard.
    typed: bool,
    job: String,
    /// The job's lookups to users.
    team_lookups: Vec<String>,
    /// The job's lookups to contacts, who are on the team as the user with their address; none where addresses can't be
    /// read.
    manager_lookups: Vec<String>,
    /// What decides which of several users with one address it is.
    matched_columns: Vec<String>,
}

impl UsersReader {
    fn phase(&self, step: Step) -> Phase {
        Phase {
            step,
            ..self.rows()
        }
    }

    fn others_on_teams(&self) -> impl Iterator<Item = Phase> {
        let lookups = self.team_lookups.iter().filter(|_| self.typed);
        lookups.map(|lookup| {
            let phase = self.phase(Step::TeamUsers).filter(ne(TYPE, STANDARD));
            phase.filter(pointed_to_by(lookup, &self.job))
        })
    }

    /// Those of some users who count: standard ones, and others while they are on a team.
    fn users_among<T: Transport>(
        &self,
        ctx: &Context<T>,
        users: Vec<Record>,
    ) -> Result<Vec<Record>, Error> {
        let (standard, others): (Vec<_>, Vec<_>) = users
            .into_iter()
            .partition(|row| !self.typed || is_standard(row));
        if others.is_empty() {
            return Ok(standard);
        }
        let doubtful: Vec<String> = values_of(&others, "Id").into_iter().collect();
        let columns = ["Id".to_owned()];
        let mut on_team = BTreeSet::new();
        for lookup in &self.team_lookups {
            let query = Find::new(self.mapping.object(), &columns, "Id")
                .filter(pointed_to_by(lookup, &self.job));
            on_team.extend(values_of(&find(ctx, &query, &doubtful)?, "Id"));
        }
        on_team.extend(self.managers(ctx, &others)?);
        let counts = |row: &Record| row.string("Id").is_some_and(|id| on_team.contains(&id));
        Ok(standard
            .into_iter()
            .chain(others.into_iter().filter(counts))
            .collect())
    }

    /// The users whom hiring managers with an e-mail address of some users are.
    fn managers<T: Transport>(
        &self,
        ctx: &Context<T>,
        users: &[Record],
    ) -> Result<BTreeSet<String>, Error> {
        let addresses: Vec<String> = values_of(users, EMAIL).into_iter().collect();
        let columns = [EMAIL.to_owned()];
        let mut managed = BTreeSet::new();
        for lookup in &self.manager_lookups {
            let query =
                Find::new(names::CONTACT, &columns, EMAIL).filter(pointed_to_by(lookup, &self.job));
            managed.extend(values_of(&find(ctx, &query, &addresses)?, EMAIL));
        }
        let managed: Vec<String> = managed.into_iter().collect();
        let query = Find::new(self.mapping.object(), &self.matched_columns, EMAIL);
        let rivals = find(ctx, &query, &managed)?;
        Ok(best_users(&rivals).into_values().collect())
    }

    /// Puts those of some users who count on the page, and says of the others that they do not.
    fn sort_out<T: Transport>(
        &self,
        ctx: &Context<T>,
        users: Vec<Record>,
        mut ids: BTreeSet<String>,
        page: &mut Page<User>,
    ) -> Result<(), Error> {
        let users = self.users_among(ctx, users)?;
        for id in values_of(&users, "Id") {
            ids.remove(&id);
        }
        self.look_again(&users, page);
        page.items.extend(self.map(ctx, &users)?);
        page.deleted.extend(ids);
        Ok(())
    }

    /// Whoever counts only by a team, and leaves it before teams are read: then no team leads back.
    fn look_again(&self, users: &[Record], page: &mut Page<User>) {
        let others = users.iter().filter(|row| self.typed && !is_standard(row));
        let ids: Vec<String> = others.filter_map(|row| row.string("Id")).collect();
        if !ids.is_empty() {
            page.rechecks.push(Recheck::UsersOutsideTeams(ids));
        }
    }
}

impl Reader for UsersReader {
    const MODEL: Model = Model::Users;
    type Record = User;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: Users::new(tenant)?,
            typed: tenant.profile.user().is_some_and(|u| u.has(TYPE)),
            job: tenant.profile.job_link.object.clone(),
            team_lookups: team_lookups(tenant),
            manager_lookups: matched_lookups(tenant),
            matched_columns: matched_columns(tenant),
        })
    }

    fn objects(&self) -> Vec<String> {
        // The job's lookups say which others count.
        let job = Some(self.job.clone()).filter(|_| self.typed && !self.team_lookups.is_empty());
        std::iter::once(self.mapping.object().to_owned())
            .chain(job)
            .collect()
    }

    fn rows(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }

    fn map<T: Transport>(&self, ctx: &Context<T>, rows: &[Record]) -> Result<Vec<User>, Error> {
        Ok(map(ctx, &self.mapping, rows)?)
    }

    fn everything(&self) -> Vec<Phase> {
        let people = self.rows();
        let people = if self.typed {
            people.filter(eq(TYPE, STANDARD))
        } else {
            people
        };
        std::iter::once(people)
            .chain(self.others_on_teams())
            .collect()
    }

    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        let changed = self
            .phase(Step::ToClassify)
            .since(since.get(self.mapping.object()));
        std::iter::once(changed)
            .chain(self.others_on_teams())
            .collect()
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        phase: &Phase,
        rows: Vec<Record>,
        page: &mut Page<User>,
    ) -> Result<(), Error> {
        match phase.step {
            Step::ToClassify => {
                let ids = values_of(&rows, "Id");
                self.sort_out(ctx, rows, ids, page)?;
            }
            Step::TeamUsers => {
                page.carried_ids.extend(values_of(&rows, "Id"));
                self.look_again(&rows, page);
                page.items.extend(self.map(ctx, &rows)?);
            }
            _ => page.items.extend(self.map(ctx, &rows)?),
        }
        Ok(())
    }

    fn finish<T: Transport>(
        &self,
        ctx: &Context<T>,
        before: &CarriedIds,
        now: &CarriedIds,
        page: &mut Page<User>,
    ) -> Result<(), Error> {
        let (Some(before), Some(now)) = (before, now) else {
            return Ok(());
        };
        let left: BTreeSet<String> = before.difference(now).cloned().collect();
        if left.is_empty() {
            return Ok(());
        }
        // Whoever became a standard user meanwhile stays.
        let asked: Vec<String> = left.iter().cloned().collect();
        let rows = self.find(ctx, &asked)?;
        self.sort_out(ctx, rows, left, page)
    }

    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
        page: &mut Page<User>,
    ) -> Result<(), Error> {
        let users = self.find(ctx, ids)?;
        let found = values_of(&users, "Id");
        self.sort_out(ctx, users, found, page)
    }

    fn id(record: &User) -> &str {
        &record.remote_id
    }

    /// Those whom teams name by an e-mail address are in no listing.
    fn counts(&self) -> Option<Vec<Query>> {
        None
    }

    fn records(records: Vec<User>) -> Records {
        Records::Users(records)
    }
}
