//! What every org has before people and jobs: the organization itself, profiles, the users that the rest refers to,
//! record types, permission sets.

use super::permissions;
use super::seeder::{RecordTypes, Seeded, Seeder, Stamps};
use crate::description::Description;
use crate::id::RecordId;
use crate::package::CUSTOM_JOB;
use crate::schema::SchemaError;
use crate::server::config::Variations;
use crate::store::LoadRow;
use crate::value::Value;

/// The package's namespace.
const NAMESPACE: &str = "bpats";

/// Organization, profile, the users that everything else refers to, record types, permission sets.
pub fn foundation(
    seeder: &mut Seeder<'_>,
    variations: &Variations,
    description: &Description,
) -> Result<Seeded, SchemaError> {
    let old = seeder.stamps(730, 730);
    let user_id = seeder.db.reserve_ids("User", 1)?[0];
    seeder.by = user_id;
    let org_id = seeder.put(
        "Organization",
        old,
        vec![
            ("Name", "Lighthouse Staffing".into()),
            ("Country", "US".into()),
            ("City", "Boston".into()),
            ("PrimaryContact", "Integration User".into()),
            ("DefaultLocaleSidKey", "en_US".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("TimeZoneSidKey", "America/New_York".into()),
            ("OrganizationType", "Enterprise Edition".into()),
            ("InstanceName", "PRC1".into()),
            ("IsSandbox", variations.sandbox.into()),
            ("FiscalYearStartMonth", Value::Int(1)),
        ],
    );
    profiles(seeder, old);
    publishers(seeder, old);
    for name in ["Managing Director", "Recruiting", "Sales"] {
        seeder.put(
            "UserRole",
            old,
            vec![
                ("Name", name.into()),
                ("DeveloperName", name.replace(' ', "_").into()),
            ],
        );
    }
    integration_user(seeder, old, user_id)?;
    if seeder.package {
        let db = seeder.db;
        seeder.record_types = RecordTypes {
            candidate: match variations.no_candidate_record_type {
                true => None,
                false => Some(db.add_record_type("Contact", "Candidate", "Candidate", true)?),
            },
            client: Some(db.add_record_type("Contact", "Client", "Client", false)?),
        };
        if seeder.names == CUSTOM_JOB {
            job_mapping(seeder, old);
        }
    }
    let (run_as, assignees) = described_users(seeder, description, user_id)?;
    let sets = description.permission_sets.clone();
    let rights = permissions::seed(seeder, run_as, variations, sets, &assignees)
        .map_err(SchemaError::Invalid)?;
    Ok(Seeded {
        org_id,
        org_id_18: org_id.to_string(),
        run_as,
        rights,
    })
}

fn profiles(seeder: &mut Seeder<'_>, old: Stamps) {
    seeder.profile = seeder.put(
        "Profile",
        old,
        vec![
            ("Name", "System Administrator".into()),
            ("UserType", "Standard".into()),
        ],
    );
    seeder.put(
        "Profile",
        old,
        vec![
            ("Name", "Standard User".into()),
            ("UserType", "Standard".into()),
        ],
    );
}

/// Whose objects and fields the org holds: Salesforce's and an installed package's. Every internal user sees it.
fn publishers(seeder: &mut Seeder<'_>, old: Stamps) {
    seeder.put(
        "Publisher",
        old,
        vec![
            ("DurableId", "Salesforce".into()),
            ("Name", "Salesforce".into()),
            ("IsSalesforce", true.into()),
        ],
    );
    if seeder.package {
        seeder.put(
            "Publisher",
            old,
            vec![
                ("DurableId", NAMESPACE.into()),
                ("Name", "Asymbl".into()),
                ("NamespacePrefix", NAMESPACE.into()),
                ("IsSalesforce", false.into()),
                ("MajorVersion", Value::Int(3)),
                ("MinorVersion", Value::Int(12)),
            ],
        );
    }
}

fn integration_user(
    seeder: &mut Seeder<'_>,
    old: Stamps,
    user_id: RecordId,
) -> Result<(), SchemaError> {
    let profile = seeder.profile;
    let row = LoadRow {
        id: Some(user_id),
        created_ms: old.created_ms,
        modified_ms: old.modified_ms,
        by: user_id,
        values: vec![
            ("Username", "integration@practice-org.example.com".into()),
            ("FirstName", "Integration".into()),
            ("LastName", "User".into()),
            ("Email", "integration@practice-org.example.com".into()),
            ("Alias", "integ".into()),
            ("CommunityNickname", "integration".into()),
            ("CompanyName", "Lighthouse Staffing".into()),
            ("IsActive", true.into()),
            ("UserType", "Standard".into()),
            ("TimeZoneSidKey", "America/New_York".into()),
            ("LocaleSidKey", "en_US".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("EmailEncodingKey", "UTF-8".into()),
            ("ProfileId", profile.into()),
        ],
    };
    seeder.db.bulk_load("User", [row]).map(|_| ())
}

/// The package's metadata that makes the org's own object the Job.
fn job_mapping(seeder: &mut Seeder<'_>, old: Stamps) {
    seeder.put(
        "bpats__ATS_Job_Object_Mapping__mdt",
        old,
        vec![
            ("DeveloperName", "Position".into()),
            ("MasterLabel", "Position".into()),
            ("Label", "Position".into()),
            ("QualifiedApiName", "Position".into()),
            ("bpats__Object_Name__c", CUSTOM_JOB.object.into()),
            (
                "bpats__Lookup_Name_on_Applicant_Object__c",
                CUSTOM_JOB.on_applicant.into(),
            ),
            (
                "bpats__Lookup_Name_on_Stage_Object__c",
                CUSTOM_JOB.on_stage.into(),
            ),
            (
                "bpats__Lookup_Name_on_Interview_Object__c",
                "Position__c".into(),
            ),
            ("bpats__Is_Closed_Field__c", "Closed__c".into()),
            ("bpats__Is_Trigger_Deployed__c", true.into()),
        ],
    );
}

/// The users of a description; also who integrations run as.
fn described_users(
    seeder: &mut Seeder<'_>,
    description: &Description,
    usual: RecordId,
) -> Result<(RecordId, Vec<permissions::Assignee>), SchemaError> {
    let mut assignees = Vec::new();
    let mut run_as = description.run_as.is_none().then_some(usual);
    for user in &description.users {
        let stamps = seeder.stamps(727, 727);
        let profile = seeder.profile;
        let values = vec![
            ("Username", Value::copied(&user.username)),
            ("FirstName", Value::copied(&user.first_name)),
            ("LastName", Value::copied(&user.last_name)),
            ("Email", Value::copied(&user.username)),
            ("IsActive", user.active.into()),
            ("UserType", "Standard".into()),
            ("TimeZoneSidKey", "America/New_York".into()),
            ("ProfileId", profile.into()),
        ];
        let id = seeder.put("User", stamps, values);
        if description.run_as.as_ref() == Some(&user.username) {
            run_as = Some(id);
        }
        if !user.permission_sets.is_empty() {
            let sets = user.permission_sets.clone();
            assignees.push(permissions::Assignee { id, sets });
        }
    }
    let unknown = || {
        let name = description.run_as.as_deref().unwrap_or_default();
        SchemaError::Invalid(format!("run_as names no user of the description: {name}"))
    };
    Ok((run_as.ok_or_else(unknown)?, assignees))
}
