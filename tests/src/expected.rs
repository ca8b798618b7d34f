//! What a mirror of an org must hold, computed from the org's rows by the words of the mapping page alone. It shares no
//! code with the connector, so that a misunderstanding on one side shows.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use host_runner::unified::Model;
use practice_org::store::{Database, RowView};
use serde_json::{Map, Value, json};

use crate::world::World;
use values::{any, custom_fields, id, location, midnight, page, text};

/// The mirror holds what the org's rows say, record by record and field by field, and nothing else.
///
/// # Panics
/// Where it does not.
pub fn assert_mirrors_the_org(world: &World) {
    assert_mirrors(world, |_| false);
}

/// As [`assert_mirrors_the_org`], but for formulas among the custom fields: when another row feeds one, its value moves
/// without a trace, and no delta can tell.
///
/// # Panics
/// Where it does not.
pub fn assert_mirrors_the_org_but_for_formulas(world: &World) {
    let schema = world.db().schema();
    let calculated = |name: &str| {
        [JOB, APPLICANT, "Contact"].iter().any(|object| {
            schema
                .object(object)
                .and_then(|object| object.field(name))
                .is_some_and(|field| field.calculated)
        })
    };
    assert_mirrors(world, calculated);
}

fn assert_mirrors(world: &World, left_out: impl Fn(&str) -> bool) {
    if let Some(what) = difference(world, left_out) {
        panic!("{what}");
    }
}

/// What differs between the mirror and what it must hold, in words, apart from some fields; none where nothing does.
pub fn difference(world: &World, left_out: impl Fn(&str) -> bool) -> Option<String> {
    let without = |record: &Map<String, Value>| {
        let mut record = record.clone();
        record.retain(|name, _| !left_out(name));
        if let Some(Value::Object(fields)) = record.get_mut("custom_fields") {
            fields.retain(|name, _| !left_out(name));
        }
        record
    };
    let mut lines = Vec::new();
    for model in Model::ALL {
        let mut all = expected(world.db(), &world.org.url(), model);
        for stored in world.live(model) {
            let key = stored.record.key().to_string();
            let Some(wanted) = all.remove(&key) else {
                lines.push(format!("{model} {key} should not be there"));
                continue;
            };
            let wanted = without(wanted.as_object().expect("a record"));
            let content = without(&stored.record.content());
            for (field, value) in wanted.iter().filter(|(f, v)| content.get(*f) != Some(v)) {
                let held = content.get(field).unwrap_or(&Value::Null);
                lines.push(format!("{model} {key} {field}: mirror {held}, org {value}"));
            }
            let more = content.keys().filter(|name| !wanted.contains_key(*name));
            lines.extend(more.map(|name| format!("{model} {key} has {name} too")));
        }
        lines.extend(all.keys().map(|key| format!("{model} {key} is missing")));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Records of a model by natural key, as the mirror's content: no `id`, no stamps, references as remote ids.
pub type Expected = BTreeMap<String, Value>;

const STAGE: &str = "bpats__ATS_Stage__c";
const APPLICANT: &str = "bpats__ATS_Applicant__c";
const JOB: &str = "bpats__Job__c";
const SITE: &str = "bpats__Work_Site_Location__c";

/// Every record that the mirror of an org with the package's own Job must hold.
pub fn expected(db: &Database, url: &str, model: Model) -> Expected {
    match model {
        Model::Users => users(db),
        Model::Jobs => each(db, JOB, |row| job(row, url)),
        Model::Candidates => candidates(db, url),
        Model::ApplicationStages => each(
            db,
            STAGE,
            |row| json!({ "remote_id": id(row), "name": text(row, "Name") }),
        ),
        Model::Applications => each(db, APPLICANT, |row| application(row, url)),
        Model::JobStages => job_stages(db),
        Model::HiringTeamMembers => teams(db),
    }
}

fn each(db: &Database, object: &str, map: impl Fn(&RowView<'_>) -> Value) -> Expected {
    let mut all = Expected::new();
    db.scan(object, |row| {
        all.insert(id(row), map(row));
    });
    all
}

fn users(db: &Database) -> Expected {
    let members: BTreeSet<String> = teams(db)
        .keys()
        .filter_map(|key| Some(key.split_once(':')?.1.to_owned()))
        .collect();
    let mut all = Expected::new();
    db.scan("User", |row| {
        let standard = row.get("UserType").as_str() == Some("Standard");
        if standard || members.contains(&id(row)) {
            let user = json!({
                "remote_id": id(row),
                "first_name": text(row, "FirstName"),
                "last_name": text(row, "LastName"),
                "email": text(row, "Email"),
                "status": if row.get("IsActive").as_bool() == Some(true) { "ACTIVE" } else { "INACTIVE" },
            });
            all.insert(id(row), user);
        }
    });
    all
}

fn job(row: &RowView<'_>, url: &str) -> Value {
    const FEEDS: &[&str] = &[
        "bpats__Job_Number__c",
        "bpats__Job_Description__c",
        "bpats__Short_Description__c",
        "bpats__Type__c",
        "bpats__Status__c",
        "bpats__Is_Closed__c",
        "bpats__Post_Externally__c",
        "bpats__Salary__c",
        SITE,
        "bpats__Location__c",
        "bpats__Posted_Date__c",
        "bpats__Delivery_Lead__c",
        "bpats__Sales_Lead__c",
        "bpats__Hiring_Manager__c",
        "OwnerId",
    ];
    let word = text(row, "bpats__Status__c");
    let status = match word.as_str().unwrap_or_default() {
        _ if row.get("bpats__Is_Closed__c").as_bool() == Some(true) => json!("CLOSED"),
        "Open" => json!("OPEN"),
        "Draft" | "New" | "Pending Approval" => json!("DRAFT"),
        "Closed" | "Filled" | "Cancelled" | "Lost" | "On Hold" => json!("CLOSED"),
        "Archived" => json!("ARCHIVED"),
        _ => word,
    };
    let kind = text(row, "bpats__Type__c");
    let employment = match kind.as_str().unwrap_or_default().to_lowercase() {
        kind if kind == "permanent" || kind == "direct hire" => json!("FULL_TIME"),
        kind if kind == "consulting" || kind.contains("contract") || kind.contains("temp") => {
            json!("CONTRACT")
        }
        _ => kind,
    };
    let amount = any(row, "bpats__Salary__c");
    let site = row.parent(SITE);
    let of_site = |field: &str| site.map_or(Value::Null, |site| text(&site, field));
    let country = Some(of_site("bpats__Country_Code__c"))
        .filter(|code| code != "Other")
        .unwrap_or_default();
    let description = match text(row, "bpats__Job_Description__c") {
        Value::Null => text(row, "bpats__Short_Description__c"),
        own => own,
    };
    json!({
        "remote_id": id(row),
        "name": text(row, "Name"),
        "job_code": text(row, "bpats__Job_Number__c"),
        "description": description,
        "employment_type": employment,
        "status": status,
        "visibility": if row.get("bpats__Post_Externally__c").as_bool() == Some(true) { "PUBLIC" } else { "INTERNAL" },
        "salary_currency": if amount.is_null() { Value::Null } else { text(row, "CurrencyIsoCode") },
        "salary_amount": amount,
        "location": location(&[
            ("state", of_site("bpats__State_Code__c")), ("country", country), ("raw", text(row, "bpats__Location__c")),
        ]),
        "custom_fields": custom_fields(row, FEEDS),
        "integration_fields": [],
        "remote_url": page(url, JOB, row),
        "opened_at": midnight(&any(row, "bpats__Posted_Date__c")),
        "remote_created_at": any(row, "CreatedDate"),
        "remote_updated_at": any(row, "LastModifiedDate"),
    })
}

fn candidates(db: &Database, url: &str) -> Expected {
    let mut candidate_type = None;
    db.scan("RecordType", |row| {
        if row.get("SobjectType").as_str() == Some("Contact")
            && row.get("DeveloperName").as_str() == Some("Candidate")
        {
            candidate_type = Some(row.id());
        }
    });
    let mut first: BTreeMap<String, (String, String, Value)> = BTreeMap::new();
    db.scan(APPLICANT, |row| {
        let Some(contact) = row.get(APPLICANT).as_id() else {
            return;
        };
        let source = Some(text(row, "bpats__Source__c")).filter(|source| !source.is_null());
        let source = source.unwrap_or_else(|| text(row, "bpats__Internal_Source__c"));
        let this = (any(row, "CreatedDate").to_string(), id(row), source);
        let known = first
            .entry(contact.to_string())
            .or_insert_with(|| this.clone());
        if (&this.0, &this.1) < (&known.0, &known.1) {
            *known = this;
        }
    });
    let mut all = Expected::new();
    db.scan("Contact", |row| {
        let typed = candidate_type.is_some() && row.get("RecordTypeId").as_id() == candidate_type;
        let applied = first.get(&id(row));
        if typed || applied.is_some() {
            all.insert(
                id(row),
                candidate(
                    row,
                    applied.map_or(Value::Null, |first| first.2.clone()),
                    url,
                ),
            );
        }
    });
    all
}

fn candidate(row: &RowView<'_>, first_source: Value, url: &str) -> Value {
    let source = Some(text(row, "LeadSource"))
        .filter(|source| !source.is_null())
        .unwrap_or(first_source);
    let mut phones: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    for (field, kind) in [
        ("Phone", "WORK"),
        ("MobilePhone", "MOBILE"),
        ("HomePhone", "HOME"),
        ("OtherPhone", "OTHER"),
    ] {
        if let Value::String(number) = text(row, field)
            && seen.insert(number.clone())
        {
            phones.push(json!({ "phone_number": number, "type": kind }));
        }
    }
    let emails = match text(row, "Email") {
        Value::Null => json!([]),
        email => json!([{ "email_address": email, "type": null }]),
    };
    let street = text(row, "MailingStreet");
    let mut lines = street
        .as_str()
        .unwrap_or_default()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let first_line = lines.next().map_or(Value::Null, |line| json!(line));
    let rest: Vec<&str> = lines.collect();
    json!({
        "remote_id": id(row),
        "first_name": text(row, "FirstName"),
        "last_name": text(row, "LastName"),
        "title": text(row, "Title"),
        "source": source,
        "phone_numbers": phones,
        "email_addresses": emails,
        "location": location(&[
            ("street_1", first_line),
            ("street_2", if rest.is_empty() { Value::Null } else { json!(rest.join(", ")) }),
            ("city", text(row, "MailingCity")), ("state", text(row, "MailingState")),
            ("zip_code", text(row, "MailingPostalCode")), ("country", text(row, "MailingCountry")),
        ]),
        "custom_fields": custom_fields(row, &[]),
        "integration_fields": [],
        "remote_url": page(url, "Contact", row),
        "remote_created_at": any(row, "CreatedDate"),
        "remote_updated_at": any(row, "LastModifiedDate"),
    })
}

fn application(row: &RowView<'_>, url: &str) -> Value {
    const FEEDS: &[&str] = &[
        "bpats__Applicant_Status__c",
        "bpats__Asymbl_Rejection_Reason__c",
        "bpats__Stage__c",
        JOB,
        APPLICANT,
        "bpats__Days_in_Current_Stage__c",
        "bpats__Days_Since_Initial_Application__c",
    ];
    let declined = row.get("bpats__Applicant_Status__c").as_str() == Some("Rejected");
    let hired = row.parent("bpats__Stage__c").is_some_and(|stage| {
        let means_hired = |word: Value| word == "Hired" || word == "Pending";
        means_hired(text(&stage, "Name")) || means_hired(text(&stage, "bpats__Stage_Type__c"))
    });
    json!({
        "remote_id": id(row),
        "outcome": if declined { "DECLINED" } else if hired { "HIRED" } else { "PENDING" },
        "rejection_reason_name": if declined { text(row, "bpats__Asymbl_Rejection_Reason__c") } else { Value::Null },
        "current_stage_id": any(row, "bpats__Stage__c"),
        "job_id": any(row, JOB),
        "candidate_id": any(row, APPLICANT),
        "custom_fields": custom_fields(row, FEEDS),
        "integration_fields": [],
        "remote_url": page(url, APPLICANT, row),
        "remote_created_at": any(row, "CreatedDate"),
        "remote_updated_at": any(row, "LastModifiedDate"),
    })
}

fn job_stages(db: &Database) -> Expected {
    let mut by_job: BTreeMap<String, Vec<(i64, String, String)>> = BTreeMap::new();
    db.scan(STAGE, |row| {
        if let Some(job) = row.get(JOB).as_id() {
            #[allow(clippy::cast_possible_truncation)]
            let sequence =
                (row.get("bpats__Sequence__c").as_f64().unwrap_or(f64::MAX) * 1_000.0) as i64;
            let stage = (sequence, any(row, "CreatedDate").to_string(), id(row));
            by_job.entry(job.to_string()).or_default().push(stage);
        }
    });
    let mut all = Expected::new();
    for (job, mut stages) in by_job {
        stages.sort();
        for (index, (_, _, stage)) in stages.into_iter().enumerate() {
            all.insert(
                format!("{job}:{stage}"),
                json!({ "index": index, "job_id": job, "stage_id": stage }),
            );
        }
    }
    all
}

fn teams(db: &Database) -> Expected {
    // (not active, not Standard, id): the least is the user that a contact is matched with.
    let mut users: Vec<(String, (bool, bool, String))> = Vec::new();
    db.scan("User", |row| {
        let email = text(row, "Email")
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        let inactive = row.get("IsActive").as_bool() != Some(true);
        users.push((
            email,
            (
                inactive,
                row.get("UserType").as_str() != Some("Standard"),
                id(row),
            ),
        ));
    });
    let user_of = |email: &str| {
        let email = email.to_lowercase();
        users
            .iter()
            .filter(|(own, _)| *own == email)
            .map(|(_, user)| user)
            .min()
            .map(|(_, _, id)| id.clone())
    };
    let mut all = Expected::new();
    db.scan(JOB, |row| {
        let mut roles: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let owner = row
            .get("OwnerId")
            .as_id()
            .filter(|owner| owner.prefix() == *b"005");
        let lead = |field: &str| row.get(field).as_id().map(|id| id.to_string());
        if let Some(owner) = owner {
            roles
                .entry(owner.to_string())
                .or_default()
                .insert("RECRUITER");
        }
        if let Some(user) = lead("bpats__Delivery_Lead__c") {
            roles.entry(user).or_default().insert("RECRUITER");
        }
        if let Some(user) = lead("bpats__Sales_Lead__c") {
            roles.entry(user).or_default();
        }
        let manager = row
            .parent("bpats__Hiring_Manager__c")
            .map(|contact| text(&contact, "Email"));
        if let Some(user) = manager.as_ref().and_then(Value::as_str).and_then(user_of) {
            roles.entry(user).or_default().insert("HIRING_MANAGER");
        }
        for (user, roles) in roles {
            let key = format!("{}:{user}", id(row));
            all.insert(
                key,
                json!({ "roles": roles, "job_id": id(row), "user_id": user }),
            );
        }
    });
    all
}
