//! Users: people of the customer's company, from `User`.

use super::common::{Frame, Picked, is_email};
use super::rules::{Rule, Source::Own, made, platform};
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::row::row_id;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{User, UserStatus};
use salesforce::Record;

const M: Model = Model::Users;

/// The table.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    platform("id"),
    Rule { field: "remote_id", sources: &[Own("Id")], note: "" },
    platform("changed_at"),
    platform("remote_deleted_at"),
    Rule { field: "first_name", sources: &[Own("FirstName")], note: "" },
    Rule { field: "last_name", sources: &[Own("LastName")], note: "" },
    Rule { field: "email", sources: &[Own("Email")], note: "none when it is no valid address" },
    Rule { field: "status", sources: &[Own("IsActive")], note: "ACTIVE or INACTIVE: whether the user may log in" },
    made("remote_data", "the source row as received"),
];

/// How a user row becomes a user.
#[derive(Debug, Clone)]
pub struct Users {
    frame: Frame,
    first_name: Picked,
    last_name: Picked,
    email: Picked,
    status: Picked,
}

impl Mapping for Users {
    const MODEL: Model = M;
    type Record = User;
    type Related = ();

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, shape) = Frame::new(tenant, M)?;
        let pick = |field: &str| Picked::new(tenant, M, shape, field);
        Ok(Self {
            first_name: pick("first_name"),
            last_name: pick("last_name"),
            email: pick("email"),
            status: pick("status"),
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

    fn map(&self, row: &Record, (): &()) -> Option<User> {
        Some(User {
            remote_id: row_id(row)?,
            first_name: self.first_name.text(row),
            last_name: self.last_name.text(row),
            email: self.email.text(row).filter(|e| is_email(e)),
            status: self
                .status
                .first()
                .and_then(|f| row.flag(f))
                .map(|active| match active {
                    true => UserStatus::Active,
                    false => UserStatus::Inactive,
                }),
            remote_data: self.frame.remote_data(row),
        })
    }
}

/// Whether a user row is one of the people who are users by themselves; others come in only as members of a hiring team.
pub fn is_standard(row: &Record) -> bool {
    row.text("UserType").is_some_and(|t| t == "Standard")
}

/// The fields of the job that point to users who are on its hiring team.
pub fn team_lookups(tenant: Tenant<'_>) -> Vec<String> {
    let Some(job) = tenant.profile.job() else {
        return Vec::new();
    };
    let lookups = tenant.settings.hiring_team.iter().map(|t| &t.field);
    lookups
        .filter(|name| job.field(name).is_some_and(|f| f.refers_to(names::USER)))
        .cloned()
        .collect()
}
