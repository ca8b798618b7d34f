//! Users: people of the customer's company, from `User`.

use super::common::{Frame, is_email, pick};
use super::json::{Lines, WriteJson};
use super::table::{
    FurtherNeed, Object, Source::Own, Table, always, computed, field, host_assigned,
};
use super::takes::{EMAIL, TEXT};
use super::{Mapping, Missing, Tenant};
use crate::asymbl::names;
use crate::asymbl::row::row_id;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{User, UserStatus};
use salesforce::Record;

const M: Model = Model::Users;

/// The table.
#[rustfmt::skip]
pub const TABLE: Table = Table {
    rules: &[
        host_assigned("id"),
        field("remote_id", &[Own("Id")]),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
        field("first_name", &[Own("FirstName")]).choosable(TEXT),
        field("last_name", &[Own("LastName")]).choosable(TEXT),
        field("email", &[Own("Email")]).choosable(EMAIL)
            .note("none when it is not a valid address"),
        field("status", &[Own("IsActive")])
            .note("ACTIVE or INACTIVE: whether the user may log in"),
        computed("remote_data", "the source row as received"),
    ],
    extra_columns: &[always(Own("UserType"))],
    needs: &[FurtherNeed {
        object: Object::Named(names::USER),
        field: "UserType",
        affects: "users of other types left out",
        when: |_| true,
    }],
    // Users of other types count where they are on a job's team; a hiring manager is a contact.
    follows: &[always(Object::Job), always(Object::Named(names::CONTACT))],
    steered_by: |settings| format!("{:?};", settings.hiring_team),
    notes: &["Users of type Standard, and others who are on a hiring team."],
    ..Table::new(M, "Users", Object::Named(names::USER))
};

/// How a user row becomes a user.
#[derive(Debug, Clone)]
pub struct Users {
    frame: Frame,
}

impl Mapping for Users {
    const TABLE: &'static Table = &TABLE;
    type Record = User;
    type Related = ();

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, _) = Frame::new(tenant, &TABLE)?;
        Ok(Self { frame })
    }

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn map(&self, row: &Record, (): &()) -> Option<User> {
        Some(User {
            remote_id: row_id(row)?,
            first_name: pick!(self, "first_name").text(row),
            last_name: pick!(self, "last_name").text(row),
            email: pick!(self, "email").text(row).filter(|e| is_email(e)),
            status: pick!(self, "status")
                .first()
                .and_then(|f| row.flag(f))
                .map(|active| match active {
                    true => UserStatus::Active,
                    false => UserStatus::Inactive,
                }),
            extra: None,
            remote_data: self.frame.remote_data(row),
        })
    }
}

/// Whether a user row is one of the people who are users by themselves; others come in only as members of a hiring
/// team.
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

impl WriteJson for User {
    fn write_json(&self, lines: &mut Lines) {
        lines.record(|record| {
            record.text("remote_id", Some(&self.remote_id));
            record.text("first_name", self.first_name.as_deref());
            record.text("last_name", self.last_name.as_deref());
            record.text("email", self.email.as_deref());
            let status = self.status.map(|status| match status {
                UserStatus::Active => "ACTIVE",
                UserStatus::Inactive => "INACTIVE",
            });
            record.text("status", status);
            record.json("remote_data", self.remote_data.as_deref());
        });
    }
}
