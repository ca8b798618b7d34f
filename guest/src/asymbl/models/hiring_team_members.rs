//! Hiring team members: who works on each job, from the job's lookups to users and contacts.
//!
//! A hiring manager in Asymbl is a contact of the client. One becomes a member only when a user has the same e-mail
//! address (asymbl-schema.md 2).

use std::collections::BTreeMap;

use super::common::{Frame, distinct};
use super::json::{Lines, WriteJson};
use super::table::{
    FurtherNeed, Object,
    Source::{Other, Own, TeamLookups},
    Table, field, host_assigned, is_on,
};
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::row::{row_id, trimmed};
use crate::exports::ats::connector::reads::JobTeam;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{HiringTeamMember, HiringTeamRole};
use salesforce::Record;

const M: Model = Model::HiringTeamMembers;

/// Key prefix of users in every org; the other owners are queues (`00G`).
const USER_PREFIX: &str = "005";

/// The table.
#[rustfmt::skip]
pub const TABLE: Table = Table {
    rules: &[
        field("roles", &[])
            .note("by the setting `hiring_team`; may be empty"),
        field("job_id", &[Own("Id")]),
        field("user_id", &[TeamLookups, Other(names::CONTACT, "Email"), Other(names::USER, "Email")])
            .note("users on the job's lookups; a hiring manager is a contact, matched to a user by e-mail address"),
        host_assigned("id"),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
    ],
    other_columns: |tenant| vec![(names::USER, matched_columns(tenant))],
    needs: &[
        FurtherNeed {
            object: Object::Named(names::USER),
            field: "IsActive",
            affects: "which user a contact is",
            when: |_| true,
        },
        FurtherNeed {
            object: Object::Named(names::USER),
            field: "UserType",
            affects: "which user a contact is",
            when: |_| true,
        },
    ],
    steered_by: |settings| format!("{:?};", settings.hiring_team),
    notes: &["One row for each job and user, roles merged; a job's team comes whole."],
    ..Table::new(M, "Job hiring team members", Object::Job)
};

/// How a job row becomes the job's team.
#[derive(Debug, Clone)]
pub struct HiringTeams {
    frame: Frame,
    lookups: Vec<Lookup>,
    /// Columns of the users that hiring managers are matched with; none where they can't be.
    user_columns: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Lookup {
    field: String,
    role: Option<HiringTeamRole>,
    to_contact: bool,
}

impl HiringTeams {
    /// The job's lookups that make its team.
    pub fn lookups(&self) -> impl Iterator<Item = &str> {
        self.lookups.iter().map(|lookup| lookup.field.as_str())
    }
}

/// The user whose e-mail address a contact has, by contact id.
pub type Managers = BTreeMap<String, String>;

impl Mapping for HiringTeams {
    const TABLE: &'static Table = &TABLE;
    type Record = JobTeam;
    type Related = Managers;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, shape) = Frame::new(tenant, &TABLE)?;
        let roles_on = is_on(tenant, M, "roles");
        let lookups = tenant.settings.hiring_team.iter().filter_map(|t| {
            let field = shape.field(&t.field)?;
            let to_contact = field.refers_to(names::CONTACT);
            (to_contact || field.refers_to(names::USER)).then(|| Lookup {
                field: t.field.clone(),
                role: t.role.filter(|_| roles_on),
                to_contact,
            })
        });
        Ok(Self {
            lookups: lookups.collect(),
            user_columns: can_match(tenant).then(|| matched_columns(tenant)),
            frame,
        })
    }

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn related<F: Fetch>(&self, fetch: &mut F, rows: &[Record]) -> Result<Managers, F::Error> {
        let Some(user_columns) = &self.user_columns else {
            return Ok(Managers::new());
        };
        let fields = self.lookups.iter().filter(|l| l.to_contact);
        let ids = distinct(fields.flat_map(|l| rows.iter().map(|row| trimmed(row, &l.field))));
        if ids.is_empty() {
            return Ok(Managers::new());
        }
        let columns = ["Id".to_owned(), "Email".to_owned()];
        let contacts = fetch.rows(names::CONTACT, &columns, "Id", &ids)?;
        let contacts: Vec<(String, String)> = contacts
            .iter()
            .filter_map(|row| Some((row_id(row)?, trimmed(row, "Email")?.to_lowercase())))
            .collect();
        let addresses = distinct(contacts.iter().map(|(_, email)| Some(email.clone())));
        if addresses.is_empty() {
            return Ok(Managers::new());
        }
        let users = fetch.rows(names::USER, user_columns, "Email", &addresses)?;
        let by_email = best_users(&users);
        Ok(contacts
            .into_iter()
            .filter_map(|(contact, email)| Some((contact, by_email.get(&email)?.clone())))
            .collect())
    }

    fn map(&self, row: &Record, managers: &Managers) -> Option<JobTeam> {
        let job_id = row_id(row)?;
        let mut members: Vec<HiringTeamMember> = Vec::new();
        for lookup in &self.lookups {
            let Some(user_id) = lookup.user(row, managers) else {
                continue;
            };
            let at = members
                .iter()
                .position(|m| m.user_id == user_id)
                .unwrap_or_else(|| {
                    members.push(HiringTeamMember {
                        job_id: job_id.clone(),
                        user_id,
                        roles: Vec::new(),
                    });
                    members.len() - 1
                });
            let roles = &mut members[at].roles;
            roles.extend(lookup.role.filter(|r| !roles.contains(r)));
            roles.sort_by_key(|r| *r as u8);
        }
        Some(JobTeam { job_id, members })
    }
}

impl Lookup {
    /// The user that the row's lookup leads to; none where it is empty, a queue, or a contact without a user.
    fn user(&self, row: &Record, managers: &Managers) -> Option<String> {
        let id = trimmed(row, &self.field)?;
        if self.to_contact {
            managers.get(&id).cloned()
        } else {
            id.starts_with(USER_PREFIX).then_some(id)
        }
    }
}

/// What [`best_users`] looks at, as far as it can be read.
pub fn matched_columns(tenant: Tenant<'_>) -> Vec<String> {
    let user = tenant.profile.user();
    let wanted = ["Id", "Email", "IsActive", "UserType"].into_iter();
    let has = wanted.filter(|column| user.is_some_and(|user| user.has(column)));
    has.map(str::to_owned).collect()
}

/// For each e-mail address, in lower case, the id of the user whom a contact with it is: active before inactive, then
/// Standard, then the lowest id.
pub fn best_users(rows: &[Record]) -> BTreeMap<String, String> {
    let mut best: BTreeMap<String, (bool, bool, String)> = BTreeMap::new();
    for row in rows {
        let (Some(id), Some(email)) = (row_id(row), trimmed(row, "Email")) else {
            continue;
        };
        // False sorts first.
        let rank = (
            row.flag("IsActive") != Some(true),
            !super::users::is_standard(row),
            id,
        );
        let held = best
            .entry(email.to_lowercase())
            .or_insert_with(|| rank.clone());
        if rank < *held {
            *held = rank;
        }
    }
    best.into_iter()
        .map(|(email, (_, _, id))| (email, id))
        .collect()
}

/// The job's lookups to contacts that make someone a member.
pub fn manager_lookups(tenant: Tenant<'_>) -> Vec<String> {
    let Some(job) = tenant.profile.job() else {
        return Vec::new();
    };
    let lookups = tenant.settings.hiring_team.iter().map(|t| &t.field);
    lookups
        .filter(|name| job.field(name).is_some_and(|f| f.refers_to(names::CONTACT)))
        .cloned()
        .collect()
}

/// Those of [`manager_lookups`] whose contacts can be matched with users: all or none.
pub fn matched_lookups(tenant: Tenant<'_>) -> Vec<String> {
    if can_match(tenant) {
        manager_lookups(tenant)
    } else {
        Vec::new()
    }
}

/// Whether contacts can be matched with users: the e-mail addresses of both can be read, and asked for in a query.
fn can_match(tenant: Tenant<'_>) -> bool {
    let email = |object: &str| tenant.profile.object(object)?.field("Email");
    let is_asked = |object: &str| email(object).is_some_and(|field| !field.unfilterable);
    is_asked(names::CONTACT) && is_asked(names::USER)
}

impl WriteJson for JobTeam {
    fn write_json(&self, lines: &mut Lines) {
        for member in &self.members {
            lines.record(|record| {
                record.texts("roles", member.roles.iter().map(|role| role_word(*role)));
                record.text("job_id", Some(&member.job_id));
                record.text("user_id", Some(&member.user_id));
            });
        }
        lines.complete(&self.job_id);
    }
}

fn role_word(role: HiringTeamRole) -> &'static str {
    match role {
        HiringTeamRole::HiringManager => "HIRING_MANAGER",
        HiringTeamRole::Recruiter => "RECRUITER",
        HiringTeamRole::Coordinator => "COORDINATOR",
        HiringTeamRole::Sourcer => "SOURCER",
        HiringTeamRole::Interviewer => "INTERVIEWER",
    }
}
