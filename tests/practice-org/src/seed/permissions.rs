//! The package's permission sets and the object rights in them (asymbl-schema.md 4).

use super::Seeder;
use crate::id::RecordId;
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
        "Asymbl_ATS_Admin",
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

/// The sets; the integration user has the admin set.
pub fn seed(seeder: &mut Seeder<'_>, run_as: RecordId) {
    for (name, label, objects) in RIGHTS {
        let stamps = seeder.stamps(729, 729);
        let set = seeder.put(
            "PermissionSet",
            stamps,
            vec![
                ("Name", name.into()),
                ("Label", label.into()),
                ("NamespacePrefix", "bpats".into()),
                ("IsCustom", true.into()),
            ],
        );
        for (object, rights) in objects {
            let may = |letter: char| Value::Bool(rights.contains(letter));
            seeder.put(
                "ObjectPermissions",
                stamps,
                vec![
                    ("ParentId", set.into()),
                    ("SobjectType", (*object).into()),
                    ("PermissionsRead", may('r')),
                    ("PermissionsCreate", may('c')),
                    ("PermissionsEdit", may('e')),
                    ("PermissionsDelete", may('d')),
                    ("PermissionsViewAllRecords", may('v')),
                    ("PermissionsModifyAllRecords", may('m')),
                ],
            );
        }
        if name == "Asymbl_ATS_Admin" {
            seeder.put(
                "PermissionSetAssignment",
                stamps,
                vec![
                    ("PermissionSetId", set.into()),
                    ("AssigneeId", run_as.into()),
                    ("IsActive", true.into()),
                ],
            );
        }
    }
}
