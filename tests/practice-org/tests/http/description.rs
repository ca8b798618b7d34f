//! An org of another package, described in TOML: objects, users, rights, rules.

use practice_org::PracticeOrg;
use practice_org::description::Description;
use serde_json::{Value, json};

use crate::client::{Org, start};

const OTHER_PACKAGE: &str = r#"
package = false
run_as = "sync@example.com"

[[objects]]
name = "acme__Talent__c"
label = "Talent"
label_plural = "Talents"
name_field = { label = "Talent Name" }
fields = [
  { name = "acme__Email__c", label = "Email", type = "email" },
  { name = "acme__Level__c", label = "Level", type = "picklist", values = ["Junior", "Senior"], restricted = true },
  { name = "acme__Code__c", label = "Code", type = "string", length = 5, required = true },
  { name = "acme__Account__c", label = "Account", type = "reference", reference_to = "Account", child_relationship = "Talents__r" },
  { name = "acme__Rate__c", label = "Rate", type = "currency", precision = 10, scale = 2 },
  { name = "acme__Locked__c", label = "Locked", type = "boolean", default = false },
]

[[record_types]]
object = "acme__Talent__c"
name = "Contractor"
label = "Contractor"
default = true

[[permission_sets]]
name = "Sync"
label = "Sync"
objects = [
  { object = "acme__Talent__c", rights = "rce", hidden_fields = ["acme__Rate__c"], read_only_fields = ["acme__Level__c"] },
  { object = "Contact", rights = "r" },
]

[[users]]
username = "sync@example.com"
last_name = "Sync"
permission_sets = ["Sync"]

[[validation_rules]]
object = "acme__Talent__c"
when = "acme__Email__c = null AND acme__Code__c LIKE 'E%'"
message = "Employees need an e-mail address."
field = "acme__Email__c"

[[duplicate_rules]]
object = "acme__Talent__c"
name = "Same_Email"
action = "alert"
fields = ["acme__Email__c"]
message = "You're creating a duplicate record. We recommend you use an existing record instead."

[[duplicate_rules]]
object = "acme__Talent__c"
name = "Same_Code"
action = "block"
fields = ["acme__Code__c"]

[[record_locks]]
object = "acme__Talent__c"
when = "acme__Locked__c = true"

[[records]]
object = "acme__Talent__c"
count = 3
values = { Name = "Talent {n}", acme__Code__c = "T{n}", acme__Email__c = "t{n}@example.com", acme__Level__c = "Senior", acme__Account__c = "@Account" }
"#;

fn other() -> Org {
    start(
        PracticeOrg::builder()
            .candidates(20)
            .description(Description::parse(OTHER_PACKAGE).unwrap()),
    )
}

fn create(org: &Org, fields: Value) -> crate::client::Answer {
    org.post("sobjects/acme__Talent__c", &fields)
}

#[test]
fn an_org_description_adds_objects_rows_and_record_types() {
    let org = other();
    let describe = org
        .get("sobjects/acme__Talent__c/describe")
        .expect(200)
        .json();
    assert_eq!(describe["label"], "Talent");
    let rows = org.records("SELECT Name, acme__Account__c, RecordType.DeveloperName FROM acme__Talent__c ORDER BY Name");
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2]["Name"], "Talent 3");
    assert!(rows[0]["acme__Account__c"].is_string());
    assert_eq!(rows[0]["RecordType"]["DeveloperName"], "Contractor");
    assert_eq!(
        org.soql("SELECT Id FROM bpats__Job__c").expect(400).code(),
        "INVALID_TYPE"
    );
}

#[test]
fn the_running_user_sees_and_may_what_its_permission_sets_say() {
    let org = other();
    assert_eq!(
        org.soql("SELECT acme__Rate__c FROM acme__Talent__c")
            .expect(400)
            .code(),
        "INVALID_FIELD"
    );
    let fields = org.get("sobjects/acme__Talent__c/describe").json();
    let field = |name: &str| {
        fields["fields"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["name"] == name)
            .cloned()
    };
    assert!(field("acme__Rate__c").is_none());
    assert_eq!(field("acme__Level__c").unwrap()["updateable"], false);
    assert_eq!(field("acme__Email__c").unwrap()["updateable"], true);
    org.get("sobjects/Account/describe").expect(404);
    let refused = org
        .post("sobjects/Contact", &json!({"LastName": "X"}))
        .expect(403);
    assert_eq!(refused.code(), "INSUFFICIENT_ACCESS_OR_READONLY");
    let refused = create(
        &org,
        json!({"acme__Code__c": "X", "acme__Level__c": "Junior"}),
    )
    .expect(400)
    .json();
    assert_eq!(
        refused[0]["message"],
        "Unable to create/update fields: acme__Level__c. Please check the security settings of this field and verify that it is read/write for your profile or permission set."
    );
}

#[test]
fn the_permission_rows_agree_with_the_rights_in_force() {
    let org = other();
    let object = org.first(
        "SELECT PermissionsRead, PermissionsEdit, PermissionsDelete FROM ObjectPermissions WHERE ParentId IN \
         (SELECT PermissionSetId FROM PermissionSetAssignment WHERE Assignee.Username = 'sync@example.com') AND SobjectType = 'acme__Talent__c'",
    );
    assert_eq!(
        (
            &object["PermissionsRead"],
            &object["PermissionsEdit"],
            &object["PermissionsDelete"]
        ),
        (&json!(true), &json!(true), &json!(false))
    );
    let may = |field: &str| {
        let rows = org.records(&format!(
            "SELECT PermissionsEdit FROM FieldPermissions WHERE Field = 'acme__Talent__c.{field}'"
        ));
        rows.first().map(|row| row["PermissionsEdit"] == true)
    };
    assert_eq!(
        (
            may("acme__Email__c"),
            may("acme__Level__c"),
            may("acme__Rate__c")
        ),
        (Some(true), Some(false), None)
    );
    org.control(
        "hide",
        &json!({"object": "acme__Talent__c", "field": "acme__Email__c"}),
    );
    assert_eq!(may("acme__Email__c"), None);
    org.control(
        "show",
        &json!({"object": "acme__Talent__c", "field": "acme__Email__c"}),
    );
    assert_eq!(may("acme__Email__c"), Some(true));
}

#[test]
fn a_validation_rule_refuses_with_its_own_text_and_field() {
    let org = other();
    let refused = create(&org, json!({"acme__Code__c": "E9"}))
        .expect(400)
        .json();
    assert_eq!(
        refused,
        json!([{"message": "Employees need an e-mail address.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["acme__Email__c"]}])
    );
    let id = create(
        &org,
        json!({"acme__Code__c": "E9", "acme__Email__c": "e9@example.com"}),
    )
    .expect(201)
    .json()["id"]
        .clone();
    let path = format!("sobjects/acme__Talent__c/{}", id.as_str().unwrap());
    assert_eq!(
        org.patch(&path, &json!({"acme__Email__c": null}))
            .expect(400)
            .code(),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    );
    assert_eq!(org.get(&path).json()["acme__Email__c"], "e9@example.com");
}

#[test]
fn an_alert_rule_shows_the_duplicates_and_can_be_overridden() {
    let org = other();
    let fields = json!({"acme__Code__c": "N1", "acme__Email__c": "T2@example.com"});
    let refused = create(&org, fields.clone()).expect(400).json();
    assert_eq!(refused[0]["errorCode"], "DUPLICATES_DETECTED");
    assert!(refused[0].get("fields").is_none());
    let result = &refused[0]["duplicateResut"];
    assert_eq!(
        (&result["allowSave"], &result["duplicateRule"]),
        (&json!(true), &json!("Same_Email"))
    );
    let record = &result["matchResults"][0]["matchRecords"][0]["record"];
    let url = record["attributes"]["url"].as_str().unwrap();
    assert!(
        url.starts_with("/services/data/v66.0/sobjects/acme__Talent__c/"),
        "{url}"
    );
    assert!(record.get("Name").is_none());
    let send = |header: &str| {
        let headers = [
            ("Sforce-Duplicate-Rule-Header", header),
            ("Content-Type", "application/json"),
        ];
        org.try_send(
            "POST",
            "sobjects/acme__Talent__c",
            &headers,
            fields.to_string().as_bytes(),
        )
        .unwrap()
    };
    let detailed = send("includeRecordDetails=true").expect(400).json();
    assert_eq!(
        detailed[0]["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]["Name"],
        "Talent 2"
    );
    send("allowSave=true; runAsCurrentUser=true").expect(201);
}

#[test]
fn a_block_rule_cannot_be_overridden() {
    let org = other();
    let headers = [
        ("Sforce-Duplicate-Rule-Header", "allowSave=true"),
        ("Content-Type", "application/json"),
    ];
    let body = json!({"acme__Code__c": "t1"}).to_string();
    let refused = org
        .try_send(
            "POST",
            "sobjects/acme__Talent__c",
            &headers,
            body.as_bytes(),
        )
        .unwrap()
        .expect(400)
        .json();
    assert_eq!(refused[0]["duplicateResut"]["allowSave"], false);
    assert_eq!(refused[0]["message"], "Use one of these records?");
}

#[test]
fn a_duplicate_rule_can_spell_its_key_right() {
    let text = OTHER_PACKAGE.replace(
        "action = \"block\"",
        "action = \"block\"\nright_spelling = true",
    );
    let org = start(
        PracticeOrg::builder()
            .candidates(20)
            .description(Description::parse(&text).unwrap()),
    );
    let refused = org
        .post("sobjects/acme__Talent__c", &json!({"acme__Code__c": "t1"}))
        .expect(400)
        .json();
    assert_eq!(refused[0]["duplicateResult"]["duplicateRule"], "Same_Code");
    assert!(refused[0].get("duplicateResut").is_none());
}

#[test]
fn a_locked_record_can_be_neither_changed_nor_deleted() {
    let org = other();
    let id = create(&org, json!({"acme__Code__c": "L", "acme__Locked__c": true}))
        .expect(201)
        .json()["id"]
        .clone();
    let path = format!("sobjects/acme__Talent__c/{}", id.as_str().unwrap());
    let refused = org
        .patch(&path, &json!({"acme__Code__c": "M"}))
        .expect(400)
        .json();
    assert_eq!(refused[0]["errorCode"], "ENTITY_IS_LOCKED");
}

#[test]
fn described_objects_check_required_fields_and_lengths() {
    let org =
        start(PracticeOrg::builder().candidates(5).description(
            Description::parse(&OTHER_PACKAGE.replace("run_as", "# run_as")).unwrap(),
        ));
    let code = |fields: Value| {
        create(&org, fields).expect(400).json()[0]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        code(json!({"Name": "X"})),
        "Required fields are missing: [acme__Code__c]"
    );
    assert_eq!(
        code(json!({"acme__Code__c": "123456"})),
        "Code: data value too large: 123456 (max length=5)"
    );
    assert_eq!(
        code(json!({"acme__Code__c": "Z", "acme__Level__c": "Guru"})),
        "Level: bad value for restricted picklist field: Guru"
    );
}

#[test]
fn the_packages_user_set_limits_the_running_user() {
    let org = start(
        PracticeOrg::builder()
            .candidates(30)
            .permission_set("Asymbl_ATS_User"),
    );
    org.soql("SELECT Id FROM bpats__Job__c").expect(200);
    org.get("sobjects/bpats__Placement__c/describe").expect(404);
    let id = org.first("SELECT Id FROM Contact LIMIT 1")["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        org.delete(&format!("sobjects/Contact/{id}"))
            .expect(403)
            .code(),
        "INSUFFICIENT_ACCESS_OR_READONLY"
    );
}

#[test]
fn a_description_that_does_not_fit_is_told_at_the_start() {
    assert!(
        Description::parse("surprise = 1")
            .unwrap_err()
            .to_string()
            .contains("surprise")
    );
    let bad = r#"
        [[validation_rules]]
        object = "Contact"
        when = "Nope = 1"
        message = "x"
    "#;
    let builder = PracticeOrg::builder()
        .candidates(5)
        .description(Description::parse(bad).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime.block_on(builder.start()).unwrap_err().to_string();
    assert!(error.contains("No such column 'Nope'"), "{error}");
}

#[test]
fn the_readmes_description_starts_an_org() {
    let readme = include_str!("../../README.md");
    let text = readme
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let org = start(
        PracticeOrg::builder()
            .candidates(5)
            .description(Description::parse(text).unwrap()),
    );
    assert_eq!(org.records("SELECT Id FROM acme__Talent__c").len(), 50);
}
