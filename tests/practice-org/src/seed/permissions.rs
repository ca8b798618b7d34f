//! Permission sets as rows: the package's own (asymbl-schema.md 4) and those of an org description.

use std::collections::HashMap;

use super::seeder::{Seeder, Stamps};
use crate::description::rights::{self, ObjectRights, PermissionSet};
use crate::id::RecordId;
use crate::schema::Visibility;
use crate::server::config::Variations;
use crate::value::Value;

/// API name, label, and the letters of the rights per object.
type Set = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Letters: read, create, edit, delete, view all, modify all.
const RIGHTS: [Set; 3] = [
    (
        "Asymbl_ATS_User",
        "Asymbl ATS User",
        &[
            ("Contact", "rce"),
            ("bpats__ATS_Applicant__c", "rce"),
            ("bpats__Job__c", "rce"),
            ("bpats__ATS_Stage__c", "rce"),
            ("bpats__ATS_Template__c", "r"),
            ("bpats__ATS_Template_Stage__c", "r"),
        ],
    ),
    (
        ADMIN,
        "Asymbl ATS Admin",
        &[
            ("Account", "rcedvm"),
            ("Contact", "rcedvm"),
            ("bpats__ATS_Applicant__c", "rcedvm"),
            ("bpats__Job__c", "rcedvm"),
            ("bpats__ATS_Stage__c", "rcedvm"),
            ("bpats__ATS_Template__c", "rcedvm"),
            ("bpats__ATS_Template_Stage__c", "rcedvm"),
            ("bpats__Work_Site_Location__c", "rcedvm"),
            ("bpats__ATS_Stage_Tracking__c", "rcedvm"),
        ],
    ),
    (
        "Asymbl_ATS_Job_Portal",
        "Asymbl ATS Job Portal",
        &[("bpats__Job__c", "r")],
    ),
];

/// The set that the integration user has, beside an administrator's profile.
const ADMIN: &str = "Asymbl_ATS_Admin";

/// The package's sets.
fn built_in() -> Vec<PermissionSet> {
    let set = |(name, label, objects): &Set| PermissionSet {
        name: (*name).to_owned(),
        label: (*label).to_owned(),
        namespace: Some("bpats".to_owned()),
        objects: objects
            .iter()
            .map(|(object, rights)| ObjectRights {
                object: (*object).to_owned(),
                rights: (*rights).to_owned(),
                hidden_fields: Vec::new(),
                read_only_fields: Vec::new(),
            })
            .collect(),
    };
    RIGHTS.iter().map(set).collect()
}

/// A user with the sets that are assigned to it; none of them for an administrator.
pub struct Assignee {
    /// The user.
    pub id: RecordId,
    /// Names of the sets.
    pub sets: Vec<String>,
}

/// Writes the sets and their assignments; answers the rights of users who are no administrators.
pub fn seed(
    seeder: &mut Seeder<'_>,
    run_as: RecordId,
    variations: &Variations,
    mut described: Vec<PermissionSet>,
    assignees: &[Assignee],
) -> Result<HashMap<String, Visibility>, String> {
    let schema = seeder.db.schema();
    let mut sets = if seeder.package {
        built_in()
    } else {
        Vec::new()
    };
    sets.append(&mut described);
    let mut assigned: Vec<(RecordId, Vec<String>, bool)> = assignees
        .iter()
        .map(|user| (user.id, user.sets.clone(), true))
        .collect();
    if !variations.permission_sets.is_empty() {
        assigned.retain(|(user, ..)| *user != run_as);
        assigned.push((run_as, variations.permission_sets.clone(), true));
    } else if seeder.package && assigned.iter().all(|(user, ..)| *user != run_as) {
        assigned.push((run_as, vec![ADMIN.to_owned()], false));
    }
    if !assigned
        .iter()
        .any(|(user, _, limited)| *user == run_as && *limited)
    {
        profile_set(seeder, run_as);
    }
    hide(&mut sets, &assigned, run_as, variations);
    let mut ids = HashMap::new();
    for set in &sets {
        ids.insert(set.name.clone(), rows(seeder, set, &schema));
    }
    let mut effective = HashMap::new();
    for (user, names, limited) in assigned {
        let mut of_user = Vec::new();
        for name in &names {
            let found = sets.iter().find(|set| set.name == *name);
            let set = found.ok_or_else(|| format!("there is no permission set {name}"))?;
            of_user.push(set);
            let stamps = seeder.stamps(728, 728);
            let values = vec![
                ("PermissionSetId", Value::from(ids[name])),
                ("AssigneeId", user.into()),
                ("IsActive", true.into()),
            ];
            seeder.put("PermissionSetAssignment", stamps, values);
        }
        if limited {
            effective.insert(user.to_string(), rights::effective(&schema, &of_user));
        }
    }
    Ok(effective)
}

/// An administrator's profile, which shows as a permission set of its own and lets the user see all data (Object
/// Reference: PermissionSet, `IsOwnedByProfile`).
fn profile_set(seeder: &mut Seeder<'_>, user: RecordId) {
    // A fixed moment: the dice of the other rows stay as they are.
    let at = seeder.moment(729);
    let stamps = Stamps {
        created_ms: at,
        modified_ms: at,
    };
    let profile = seeder.profile;
    let set = seeder.put(
        "PermissionSet",
        stamps,
        vec![
            ("Name", format!("X{profile}").into()),
            ("Label", profile.to_string().into()),
            ("IsOwnedByProfile", true.into()),
            ("IsCustom", false.into()),
            ("ProfileId", profile.into()),
            ("PermissionsViewAllData", true.into()),
            ("PermissionsModifyAllData", true.into()),
        ],
    );
    seeder.put(
        "PermissionSetAssignment",
        stamps,
        vec![
            ("PermissionSetId", set.into()),
            ("AssigneeId", user.into()),
            ("IsActive", true.into()),
        ],
    );
}

/// What the running user does not see is not granted by its sets either.
fn hide(
    sets: &mut [PermissionSet],
    assigned: &[(RecordId, Vec<String>, bool)],
    run_as: RecordId,
    variations: &Variations,
) {
    let of_run_as = |set: &PermissionSet| {
        assigned
            .iter()
            .any(|(user, names, _)| *user == run_as && names.contains(&set.name))
    };
    for set in sets.iter_mut().filter(|set| of_run_as(set)) {
        set.objects.retain(|rights| {
            let hidden = |name: &String| name.eq_ignore_ascii_case(&rights.object);
            !variations.hidden_objects.iter().any(hidden)
        });
        for rights in &mut set.objects {
            let fields = variations
                .hidden_fields
                .iter()
                .filter_map(|name| name.split_once('.'));
            let own = fields.filter(|(object, _)| object.eq_ignore_ascii_case(&rights.object));
            rights
                .hidden_fields
                .extend(own.map(|(_, field)| field.to_owned()));
        }
    }
}

/// The rows of one set.
fn rows(seeder: &mut Seeder<'_>, set: &PermissionSet, schema: &crate::schema::Schema) -> RecordId {
    let stamps = seeder.stamps(729, 729);
    let parent = seeder.put(
        "PermissionSet",
        stamps,
        vec![
            ("Name", set.name.clone().into()),
            ("Label", set.label.clone().into()),
            ("NamespacePrefix", set.namespace.clone().into()),
            ("IsCustom", true.into()),
        ],
    );
    for rights in &set.objects {
        let Some(object) = schema.object(&rights.object) else {
            continue;
        };
        let may = |letter: char| Value::Bool(rights.may(letter));
        seeder.put(
            "ObjectPermissions",
            stamps,
            vec![
                ("ParentId", parent.into()),
                ("SobjectType", object.name.clone().into()),
                ("PermissionsRead", may('r')),
                ("PermissionsCreate", may('c')),
                ("PermissionsEdit", may('e')),
                ("PermissionsDelete", may('d')),
                ("PermissionsViewAllRecords", may('v')),
                ("PermissionsModifyAllRecords", may('m')),
            ],
        );
        for field in object
            .fields()
            .filter(|field| rights::is_permissionable(field))
        {
            let (read, edit) = rights.on_field(field);
            if !read {
                continue;
            }
            let name = format!("{}.{}", object.name, field.name);
            seeder.put(
                "FieldPermissions",
                stamps,
                vec![
                    ("ParentId", parent.into()),
                    ("SobjectType", object.name.clone().into()),
                    ("Field", name.into()),
                    ("PermissionsRead", true.into()),
                    ("PermissionsEdit", edit.into()),
                ],
            );
        }
    }
    parent
}
