//! What the check says that an action needs is what the action asks of Salesforce: no field less, none more.

use std::collections::BTreeSet;

use connector_tests::tap::{Sent, Tap};
use connector_tests::world::{ids, session};
use mirror::actions::{Action as Write, run as act};
use mirror::sync::discover;
use practice_org::description::Description;
use practice_org::schema::Schema;

use super::*;

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const JOB: &str = "bpats__Job__c";

/// What models and actions touch.
const OBJECTS: [&str; 9] = [
    "User",
    "bpats__Work_Site_Location__c",
    "Contact",
    APPLICANT,
    STAGE,
    JOB,
    "ContentVersion",
    "ContentDocumentLink",
    "Attachment",
];
/// Their standard fields come with the object, so they are no rights of their own.
const FILES: [&str; 3] = ["ContentVersion", "ContentDocumentLink", "Attachment"];
/// Fields that nobody can hide from who sees the record.
const ALWAYS: [&str; 4] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// Every setting that moves an input.
const SETTINGS: &str = r#"
[connector]
phone_field = "OtherPhone"
candidate_account = "ACCOUNT"
contact_external_id_field = "Email_Hash__c"
candidate_email_fields = ["Second_Email__c"]
mark_primary_cv = true
fields.candidates.title = "Headline__c"
fields.candidates.last_name = "Known_As__c"
"#;

const MORE_FIELDS: &str = r#"
[[objects]]
name = "Contact"
label = "Contact"
fields = [
  { name = "Email_Hash__c", label = "Email Hash", type = "string", length = 64, unique = true },
  { name = "Second_Email__c", label = "Second Email", type = "email" },
  { name = "Headline__c", label = "Headline", type = "string", length = 200 },
  { name = "Known_As__c", label = "Known As", type = "string", length = 80 },
]
"#;

fn org() -> practice_org::server::Builder {
    small_org().description(Description::parse(MORE_FIELDS).unwrap())
}

async fn world(builder: practice_org::server::Builder) -> World {
    let world = World::of(builder).await;
    let account = ids(world.db(), "Account")[0].to_string();
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let settings = SETTINGS.replace("ACCOUNT", &account);
    write_private(&world.tenant(), &format!("{file}{settings}"));
    world
}

/// Rights as the check names them: `create Contact.LastName`.
type Rights = BTreeSet<String>;

/// What the check finds missing where the user sees the objects and none of their fields: all that is needed.
async fn needed() -> (Value, Rights) {
    let plain = World::of(org()).await;
    let schema = plain.db().schema();
    let mut builder = org();
    for object in OBJECTS {
        for field in schema.object(object).unwrap().fields() {
            if field.name != "Id" {
                builder = builder.hidden_field(&format!("{object}.{}", field.name));
            }
        }
    }
    let world = world(builder).await;
    let report = json_of(&run(&world, &["check", "--records", "0", "--json"]).await);
    let mut of_models = Rights::new();
    for name in ["jobs", "candidates", "applications"] {
        of_models.extend(rights(model(&report, name)));
    }
    (report, of_models)
}

fn rights(finding: &Value) -> Rights {
    let missing = finding["missing"].as_array().unwrap();
    missing
        .iter()
        .map(|m| m["right"].as_str().unwrap().to_owned())
        .collect()
}

fn split(right: &str) -> (&str, &str) {
    right.split_once(' ').unwrap()
}

/// `Object.Field` of a query, wherever in it the field stands.
fn of_query(schema: &Schema, soql: &str) -> Rights {
    let mut quoted = false;
    let plain: String = soql
        .chars()
        .map(|c| {
            quoted ^= c == '\'';
            match quoted || !(c.is_alphanumeric() || c == '_') {
                true => ' ',
                false => c,
            }
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let from = words.iter().position(|w| *w == "FROM").unwrap();
    let object = schema.object(words[from + 1]).unwrap();
    let fields = words
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != from + 1)
        .filter_map(|(_, word)| object.field(word));
    fields
        .map(|field| format!("{}.{}", object.name, field.name))
        .collect()
}

/// `Object.Field` of what is written, with the word for it.
fn written(sent: &Sent) -> Rights {
    let mut found = Rights::new();
    let mut add = |word: &str, object: &str, body: &Value| {
        for field in body.as_object().unwrap().keys() {
            found.insert(format!("{word} {object}.{field}"));
        }
    };
    for body in sent.bodies() {
        if let Some(members) = body["compositeRequest"].as_array() {
            for member in members.iter().filter(|m| m["method"] != "GET") {
                let object = member["url"].as_str().unwrap().rsplit('/').next().unwrap();
                add("create", object, &member["body"]);
            }
        } else if body.get("PathOnClient").is_some() {
            add("create", "ContentVersion", &body);
        } else {
            assert!(
                sent.requests()
                    .iter()
                    .any(|(m, t)| *m == "PATCH" && t.contains(APPLICANT))
            );
            add("edit", APPLICANT, &body);
        }
    }
    found
}

/// Whether a row is in the bin shows to everyone who sees the row.
const SYSTEM: [&str; 1] = ["IsDeleted"];

#[tokio::test(flavor = "multi_thread")]
async fn a_model_asks_for_what_the_check_says_that_it_needs() {
    let (report, _) = needed().await;
    let world = world(org()).await;
    let tap = Tap::before(&world.org.url());
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(&world.tenant(), &file.replace(&world.org.url(), &tap.url()));
    let schema = world.db().schema();
    for promised in coverage::models() {
        tap.take();
        let listed = run(&world, &["list", &promised.name, "--limit", "50", "--json"]).await;
        assert_eq!(listed.code, 0, "{}", listed.err);
        let asked: Rights = tap
            .take()
            .queries()
            .iter()
            .filter(|soql| OBJECTS.iter().any(|o| soql.contains(&format!("FROM {o}"))))
            .flat_map(|soql| of_query(&schema, soql))
            .collect();
        let table: BTreeSet<String> = rights(model(&report, &promised.name))
            .iter()
            .map(|right| split(right).1.to_owned())
            .collect();
        assert!(!table.is_empty());
        let idle: Vec<&String> = table.difference(&asked).collect();
        assert!(idle.is_empty(), "{}: needs no {idle:?}", promised.name);
        // Every custom field is read for custom_fields, as far as the user sees it.
        let untold: Vec<&String> = asked
            .difference(&table)
            .filter(|f| is_own_right(f) && !f.ends_with("__c"))
            .filter(|f| !SYSTEM.contains(&f.split_once('.').unwrap().1))
            .collect();
        assert!(
            untold.is_empty(),
            "{}: the check lacks {untold:?}",
            promised.name
        );
    }
}

/// Whether a right is one that an administrator gives field by field.
fn is_own_right(field: &str) -> bool {
    let (object, name) = field.split_once('.').unwrap();
    !ALWAYS.contains(&name) && (!FILES.contains(&object) || name.ends_with("__c"))
}

fn without_files(mut input: Value) -> Value {
    input.as_object_mut().unwrap().remove("attachments");
    input
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_needs_exactly_what_the_check_names() {
    let (report, of_models) = needed().await;
    let world = world(org()).await;
    let tap = Tap::before(&world.org.url());
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(&world.tenant(), &file.replace(&world.org.url(), &tap.url()));
    let session = session(&world.tenant());
    let profile = discover(&session).await.unwrap().discovery.profile;
    let mut mirror = world.mirror();
    let schema = world.db().schema();
    let stage_of = |job: &str| -> Vec<String> {
        let all = ids(world.db(), STAGE);
        all.into_iter()
            .filter(|s| {
                connector_tests::world::text(world.db(), STAGE, *s, "bpats__Job__c").as_deref()
                    == Some(job)
            })
            .map(|s| s.to_string())
            .collect()
    };
    let job = ids(world.db(), JOB)
        .into_iter()
        .find(|job| {
            connector_tests::world::text(world.db(), JOB, *job, "bpats__Status__c").as_deref()
                == Some("Open")
                && stage_of(&job.to_string()).len() > 1
        })
        .unwrap()
        .to_string();
    let create = |email: &str, period: &str, source: &str| {
        json!({
            "candidate": {
                "first_name": "Ada", "last_name": "Lovelace", "email_address": email, "title": "Engineer", "phone_number": "+1 555 0100",
                "location": {"city": "Berlin", "country": "DE", "zip_code": "10115"},
                "availability_date": "2026-12-01", "salary_expectations": {"amount": 50, "period": period},
            },
            "application": {"job_id": job},
            "attachments": [{"name": "cv.pdf", "content_type": "application/pdf", "data": "JVBERi0="}],
            "source": {"name": source},
        })
    };
    let mut made = Value::Null;
    for (word, action) in [
        ("create-candidate", Write::CreateCandidate),
        ("create-application", Write::CreateApplication),
        ("add-attachment-to-application", Write::AddAttachment),
        ("move-application-to-stage", Write::Move),
        ("get-candidate-attachments", Write::GetAttachments),
    ] {
        tap.take();
        let inputs = match word {
            "create-candidate" | "create-application" => vec![
                create(&format!("{word}@example.com"), "YEAR", "linkedin"),
                // Without a file, so that the next action stores the first CV.
                without_files(create(&format!("{word}.2@example.com"), "HOUR", "A friend")),
            ],
            "add-attachment-to-application" => vec![json!({
                "application_id": made["remote_id"],
                "attachment": {"name": "cv.pdf", "content_type": "application/pdf", "data": "JVBERi0=", "type": "CV"},
            })],
            "move-application-to-stage" => {
                vec![json!({"application_id": made["remote_id"], "stage_id": stage_of(&job)[1]})]
            }
            _ => vec![json!({"candidate_id": made["candidate"]["remote_id"]})],
        };
        for input in inputs {
            let outcome = act(&session, &mut mirror, &profile, action, &input, None)
                .await
                .unwrap_or_else(|error| panic!("{word}: {error}"));
            if word == "create-application" {
                made = outcome.data;
            }
        }
        let sent = tap.take();
        let table = rights(named(&report, "actions", "action", word));
        let writes: Rights = written(&sent)
            .into_iter()
            .filter(|right| is_own_right(split(right).1))
            .collect();
        let mut read = Rights::new();
        let mut looked_up = Rights::new();
        for soql in sent.queries() {
            let fields = of_query(&schema, &soql);
            // The record that the action answers with is read with everything that its model has.
            if !soql.contains("SystemModstamp") {
                looked_up.extend(fields.iter().cloned());
            }
            read.extend(fields);
        }
        let writable: Rights = table
            .iter()
            .filter(|right| split(right).0 != "read")
            .cloned()
            .collect();
        assert_eq!(
            writes, writable,
            "{word}: what is written, and what the check says"
        );
        for right in table.iter().filter(|right| split(right).0 == "read") {
            let field = split(right).1;
            assert!(read.contains(field), "{word} needs no {right}: {read:?}");
        }
        let known: BTreeSet<&str> = table
            .iter()
            .chain(&of_models)
            .map(|right| split(right).1)
            .collect();
        for field in looked_up.iter().filter(|f| is_own_right(f)) {
            assert!(
                known.contains(field.as_str()),
                "{word} asks for {field}, and the check does not say so"
            );
        }
    }
}
