//! What the connected user's permission sets and profile grant, as far as the user may see that itself.
//!
//! Describe tells what the user may do, but not why, nor whether sharing hides records: that is in the permission
//! objects (salesforce-api.md 6). None of it is needed for the check, so what can't be read is left out.

use std::collections::BTreeMap;

use crate::asymbl::context::Context;
use crate::asymbl::row::trimmed;
use crate::exports::ats::connector::types::Error;
use salesforce::soql::{and, eq, in_query, one_of};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows};

/// What is known of the grants; empty where nothing can be seen.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// Labels of the assigned permission sets, the profile's own aside; none where they can't be seen.
    pub sets: Option<Vec<String>>,
    /// By object: whether all its records are seen, shared or not. `None` where that is unknown.
    view_all: Option<BTreeMap<String, bool>>,
    /// All records of all objects.
    view_all_data: bool,
    /// Nothing of the package was found in the org.
    pub package_is_absent: bool,
}

impl Grants {
    /// Whether a permission set of this label is assigned.
    pub fn has(&self, label: &str) -> bool {
        self.sets
            .iter()
            .flatten()
            .any(|set| set.eq_ignore_ascii_case(label))
    }

    /// Whether the user sees all records of an object; `None` where that is unknown.
    pub fn sees_all(&self, object: &str) -> Option<bool> {
        let view_all = self.view_all.as_ref()?;
        Some(self.view_all_data || view_all.get(object).copied().unwrap_or(false))
    }
}

/// Reads them, in two calls.
pub(super) fn look<T: Transport>(ctx: &Context<T>, objects: &[&str]) -> Result<Grants, Error> {
    let Ok(Some(user)) = ctx.client.connected_user() else {
        return Ok(Grants::default());
    };
    let user = user.to_string();
    let assigned = || {
        Query::from("PermissionSetAssignment")
            .select(["PermissionSetId"])
            .filter(eq("AssigneeId", user.as_str()))
    };
    let sets = Query::from("PermissionSet")
        .select(["Label", "IsOwnedByProfile", "PermissionsViewAllData"])
        .filter(in_query("Id", assigned()))
        .order_by("Label");
    let objects = Query::from("ObjectPermissions")
        .select(["SobjectType", "PermissionsViewAllRecords"])
        .filter(and([
            in_query("ParentId", assigned()),
            one_of("SobjectType", objects.iter().copied()),
        ]));
    let mut answers = ctx
        .client
        .query_many(&[(&sets, Rows::Live), (&objects, Rows::Live)])?
        .into_iter()
        .map(|answer| answer.ok().map(|page| page.records));
    let (sets, objects) = (answers.next().flatten(), answers.next().flatten());
    Ok(learn(sets.as_deref(), objects.as_deref()))
}

fn learn(sets: Option<&[Record]>, objects: Option<&[Record]>) -> Grants {
    let is = |row: &Record, column: &str| row.flag(column) == Some(true);
    // A user always has a profile: no row at all means that none may be seen.
    let sets = sets.filter(|rows| !rows.is_empty());
    let mut view_all: BTreeMap<String, bool> = BTreeMap::new();
    for row in objects.into_iter().flatten() {
        if let Some(object) = trimmed(row, "SobjectType") {
            *view_all.entry(object).or_default() |= is(row, "PermissionsViewAllRecords");
        }
    }
    Grants {
        package_is_absent: false,
        view_all: sets.and(objects).map(|_| view_all),
        view_all_data: sets
            .into_iter()
            .flatten()
            .any(|row| is(row, "PermissionsViewAllData")),
        sets: sets.map(|rows| {
            rows.iter()
                .filter(|row| !is(row, "IsOwnedByProfile"))
                .filter_map(|row| trimmed(row, "Label"))
                .collect()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asymbl::models::testing::record;

    #[test]
    fn sets_and_profile_add_up() {
        let sets = [
            record(r#"{"Label":"00ex1","IsOwnedByProfile":true,"PermissionsViewAllData":false}"#),
            record(
                r#"{"Label":"Asymbl ATS User","IsOwnedByProfile":false,"PermissionsViewAllData":false}"#,
            ),
        ];
        let objects = [
            record(r#"{"SobjectType":"Contact","PermissionsViewAllRecords":false}"#),
            record(r#"{"SobjectType":"Contact","PermissionsViewAllRecords":true}"#),
            record(r#"{"SobjectType":"bpats__Job__c","PermissionsViewAllRecords":false}"#),
        ];
        let grants = learn(Some(&sets), Some(&objects));
        assert_eq!(
            grants.sets.as_deref(),
            Some(&["Asymbl ATS User".to_owned()][..])
        );
        assert!(grants.has("asymbl ats user") && !grants.has("Asymbl ATS Admin"));
        assert_eq!(grants.sees_all("Contact"), Some(true));
        assert_eq!(grants.sees_all("bpats__Job__c"), Some(false));
        assert_eq!(grants.sees_all("bpats__ATS_Stage__c"), Some(false));
        let all = [record(r#"{"Label":"A","PermissionsViewAllData":true}"#)];
        assert_eq!(learn(Some(&all), Some(&[])).sees_all("Contact"), Some(true));
    }

    #[test]
    fn what_cannot_be_seen_is_not_taken_for_missing() {
        for (sets, objects) in [(None, None), (Some(&[][..]), Some(&[][..]))] {
            let grants = learn(sets, objects);
            assert_eq!(
                (grants.sets.as_deref(), grants.sees_all("Contact")),
                (None, None)
            );
        }
    }
}
