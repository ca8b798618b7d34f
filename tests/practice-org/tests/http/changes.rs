//! An org that changes while clients are at work: versions, fields, sharing, automation, page sizes.

use serde_json::{Value, json};

use super::client::{Org, encode, small, start};
use practice_org::PracticeOrg;
use practice_org::description::Description;

pub fn create(org: &Org, object: &str, fields: &Value) -> String {
    let made = org.post(&format!("sobjects/{object}"), fields).expect(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_versions_that_the_org_serves_can_be_narrowed() {
    let org = small();
    org.control("versions", &json!({"highest": 65}));
    let refused = org.get("/services/data/v66.0/limits").expect(404);
    assert_eq!(
        refused.json(),
        json!([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
    );
    org.get("/services/data/v65.0/limits").expect(200);
    let versions = org.get("/services/data").expect(200).json();
    assert_eq!(
        versions.as_array().unwrap().last().unwrap()["version"],
        "65.0"
    );
    let member = json!({"method": "GET", "url": "/services/data/v66.0/limits", "referenceId": "a"});
    let body = json!({"compositeRequest": [member]});
    let replies = org
        .post("/services/data/v65.0/composite", &body)
        .expect(200)
        .json();
    assert_eq!(replies["compositeResponse"][0]["httpStatusCode"], 404);
    let refused = org
        .post("/__practice__/versions", &json!({"highest": 99}))
        .expect(400);
    assert!(refused.text.contains("31 to 68"), "{}", refused.text);
}

#[test]
fn a_field_can_be_renamed_with_its_values() {
    let org = small();
    let field = json!({"name": "Shoe_Size__c", "label": "Shoe Size", "type": "double", "scale": 1, "precision": 4});
    org.control("fields", &json!({"object": "Contact", "field": field}));
    create(
        &org,
        "Contact",
        &json!({"LastName": "Feet", "Shoe_Size__c": 44.5}),
    );
    let rename =
        json!({"object": "Contact", "name": "Shoe_Size__c", "rename": "Foot__c", "label": "Foot"});
    org.send("PATCH", "/__practice__/fields", &rename)
        .expect(200);
    let soql = "SELECT Shoe_Size__c FROM Contact";
    assert_eq!(org.soql(soql).expect(400).code(), "INVALID_FIELD");
    let row = org.first("SELECT Foot__c FROM Contact WHERE LastName = 'Feet'");
    assert_eq!(row["Foot__c"], 44.5);
}

#[test]
fn an_encrypted_field_can_only_be_selected() {
    let description =
        "[[field_changes]]\nobject = \"Contact\"\nname = \"Email\"\nfilterable = false";
    let description = Description::parse(description).unwrap();
    let org = start(
        PracticeOrg::builder()
            .candidates(20)
            .description(description),
    );
    let describe = org.get("sobjects/Contact/describe").expect(200).json();
    let fields = describe["fields"].as_array().unwrap();
    let email = fields
        .iter()
        .find(|field| field["name"] == "Email")
        .unwrap();
    for flag in ["filterable", "sortable", "groupable"] {
        assert_eq!(email[flag], false, "{flag}");
    }
    for (soql, verb) in [
        (
            "SELECT Id FROM Contact WHERE Email = 'a@example.com'",
            "filtered",
        ),
        ("SELECT Id FROM Contact ORDER BY Email", "sorted"),
        (
            "SELECT Email, COUNT(Id) FROM Contact GROUP BY Email",
            "grouped",
        ),
    ] {
        let refused = org.soql(soql).expect(400);
        assert_eq!(refused.code(), "INVALID_FIELD");
        let text = format!("field 'Email' can not be {verb} in a query call");
        assert!(refused.text.contains(&text), "{}", refused.text);
    }
    org.soql("SELECT Email FROM Contact").expect(200);
}

#[test]
fn dates_outside_of_1700_to_4000_are_refused_on_every_way_in() {
    let org = small();
    let field = json!({"name": "Seen__c", "label": "Seen", "type": "datetime"});
    org.control("fields", &json!({"object": "Contact", "field": field}));
    let refused = org
        .post(
            "sobjects/Contact",
            &json!({"LastName": "Day", "Birthdate": "9999-12-31"}),
        )
        .expect(400)
        .json();
    assert_eq!(
        refused,
        json!([{"errorCode": "FIELD_INTEGRITY_EXCEPTION", "message": "Birthdate: invalid date: Fri Dec 31 00:00:00 GMT 9999", "fields": ["Birthdate"]}])
    );
    for (field, value, good) in [
        ("Birthdate", "1699-12-31", false),
        ("Birthdate", "1700-01-01", true),
        ("Birthdate", "4000-12-31", true),
        ("Birthdate", "4001-01-01", false),
        ("Seen__c", "1699-12-31T23:59:59Z", false),
        ("Seen__c", "1700-01-01T00:00:00Z", true),
        ("Seen__c", "4001-01-01T00:00:00Z", false),
    ] {
        let fields = json!({"LastName": "Day", field: value});
        let status = org.post("sobjects/Contact", &fields).status;
        assert_eq!(status == 201, good, "{field} {value}: {status}");
    }
    let record =
        json!({"attributes": {"type": "Contact"}, "LastName": "Day", "Birthdate": "1500-01-01"});
    let several = org
        .post("composite/sobjects", &json!({"records": [record]}))
        .expect(200)
        .json();
    assert_eq!(
        several[0]["errors"][0]["statusCode"],
        "FIELD_INTEGRITY_EXCEPTION"
    );
    let member = json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": "a", "body": {"LastName": "Day", "Birthdate": "1500-01-01"}});
    let body = json!({"allOrNone": true, "compositeRequest": [member]});
    let replies = org.post("composite", &body).expect(200).json();
    assert_eq!(
        replies["compositeResponse"][0]["body"][0]["errorCode"],
        "FIELD_INTEGRITY_EXCEPTION"
    );
    let job = json!({"object": "Contact", "operation": "insert", "contentType": "CSV", "lineEnding": "LF"});
    let job = org.post("jobs/ingest", &job).expect(200).json();
    let url = format!("/{}", job["contentUrl"].as_str().unwrap());
    let rows = b"LastName,Birthdate\nDay,9999-12-31\n";
    let headers = [("Content-Type", "text/csv")];
    org.try_send("PUT", &url, &headers, rows)
        .unwrap()
        .expect(201);
    let job = format!("jobs/ingest/{}", job["id"].as_str().unwrap());
    org.patch(&job, &json!({"state": "UploadComplete"}))
        .expect(200);
    let failed = org.get(&format!("{job}/failedResults")).expect(200).text;
    assert!(failed.contains("FIELD_INTEGRITY_EXCEPTION"), "{failed}");
}

#[test]
fn a_record_outside_of_sharing_does_not_exist() {
    let org = small();
    let rows = org.records("SELECT Id, SystemModstamp FROM Contact ORDER BY Id LIMIT 3");
    let id = rows[0]["Id"].as_str().unwrap().to_owned();
    let count = |org: &Org| {
        let size = |soql: &str| {
            org.soql(soql).expect(200).json()["totalSize"]
                .as_u64()
                .unwrap()
        };
        (
            size("SELECT COUNT() FROM Contact"),
            size("SELECT Id FROM Contact"),
        )
    };
    let approximate = |org: &Org| {
        org.get("limits/recordCount?sObjects=Contact")
            .expect(200)
            .json()
    };
    let (before, approximate_before) = (count(&org), approximate(&org));
    assert_eq!(
        org.control("sharing", &json!({"take": [id]})),
        json!({"unshared": [id]})
    );
    assert_eq!(count(&org), (before.0 - 1, before.1 - 1));
    assert_eq!(approximate(&org), approximate_before);
    org.get(&format!("sobjects/Contact/{id}")).expect(404);
    org.patch(&format!("sobjects/Contact/{id}"), &json!({"Title": "X"}))
        .expect(404);
    org.delete(&format!("sobjects/Contact/{id}")).expect(404);
    let several = json!({"ids": [id], "fields": ["Id"]});
    assert_eq!(
        org.post("composite/sobjects/Contact", &several)
            .expect(200)
            .json(),
        json!([null])
    );
    let semi = format!(
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id = '{id}')"
    );
    assert!(org.records(&semi).is_empty());
    let refused = org
        .post(
            "sobjects/Contact",
            &json!({"LastName": "Report", "ReportsToId": id}),
        )
        .expect(400);
    assert_eq!(
        refused.code(),
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    );

    org.control("sharing", &json!({"give": "SELECT Id FROM Contact"}));
    assert_eq!(count(&org), before);
    let again = org.records("SELECT Id, SystemModstamp FROM Contact ORDER BY Id LIMIT 3");
    assert_eq!(again, rows, "no stamp moved");
    assert_eq!(
        org.get("/__practice__/sharing").expect(200).json(),
        json!({"unshared": []})
    );
}

#[test]
fn changed_and_deleted_lists_leave_out_what_is_not_shared() {
    let org = small();
    org.control("clock", &json!({"advance": "10m"}));
    let ids = [1, 2].map(|n| create(&org, "Contact", &json!({"LastName": format!("Seen {n}")})));
    org.control("clock", &json!({"advance": "10m"}));
    let changed = |org: &Org| {
        let now = org.get("/__practice__/clock").expect(200).json()["now"]
            .as_str()
            .unwrap()
            .to_owned();
        let end = chrono::DateTime::parse_from_rfc3339(&now).unwrap();
        let start = end - chrono::Duration::minutes(15);
        let window = format!(
            "start={}&end={}",
            encode(&start.to_rfc3339()),
            encode(&end.to_rfc3339())
        );
        org.get(&format!("sobjects/Contact/updated/?{window}"))
            .expect(200)
            .json()["ids"]
            .clone()
    };
    assert_eq!(changed(&org), json!(ids));
    org.control(
        "sharing",
        &json!({"take": "SELECT Id FROM Contact WHERE LastName = 'Seen 1'"}),
    );
    assert_eq!(changed(&org), json!([ids[1]]));
}

#[test]
fn notes_and_links_are_told_from_files_by_their_type() {
    let org = small();
    create(
        &org,
        "ContentVersion",
        &json!({"Title": "Debrief", "PathOnClient": "Debrief.snote", "VersionData": "PHA+"}),
    );
    create(
        &org,
        "ContentVersion",
        &json!({"Title": "Portfolio", "ContentUrl": "https://example.com/portfolio"}),
    );
    let types = org.records("SELECT FileType, FileExtension, ContentSize, ContentDocument.FileType FROM ContentVersion WHERE Title IN ('Debrief', 'Portfolio') ORDER BY Title");
    assert_eq!(
        (&types[0]["FileType"], &types[0]["FileExtension"]),
        (&json!("SNOTE"), &json!("snote"))
    );
    assert_eq!(
        (&types[1]["FileType"], &types[1]["FileExtension"]),
        (&json!("LINK"), &Value::Null)
    );
    assert_eq!(types[1]["ContentDocument"]["FileType"], "LINK");
    // Any other type that the platform knows is set by a flow.
    org.control("description", &json!({"flows": [{"object": "ContentVersion", "on": "create", "set": {"FileType": "QUIP_DOC"}}]}));
    create(
        &org,
        "ContentVersion",
        &json!({"Title": "Notes", "PathOnClient": "Notes.quip", "VersionData": "PHA+"}),
    );
    assert_eq!(
        org.first("SELECT FileType FROM ContentVersion WHERE Title = 'Notes'")["FileType"],
        "QUIP_DOC"
    );
}

#[test]
fn pages_of_wide_rows_get_as_large_as_wanted() {
    let org = small();
    let essays: Vec<Value> = (1..=4)
        .map(|n| json!({"name": format!("Essay_{n}__c"), "label": "Essay", "type": "textarea", "length": 131_072}))
        .collect();
    let values = json!({"LastName": "Wide {n}", "RecordTypeId": "@RecordType WHERE DeveloperName = 'Candidate'", "Essay_1__c": "<p>{text:5000}</p>", "Essay_2__c": "{text:9}"});
    org.control("description", &json!({"objects": [{"name": "Contact", "fields": essays}], "records": [{"object": "Contact", "count": 300, "values": values}]}));
    let soql = "SELECT Id, RecordType.DeveloperName, Essay_1__c, Essay_2__c, Essay_3__c, Essay_4__c FROM Contact WHERE LastName LIKE 'Wide%'";
    let rows = |headers: &[(&str, &str)]| {
        let path = format!("query?q={}", encode(soql));
        let page = org
            .try_send("GET", &path, headers, b"")
            .unwrap()
            .expect(200)
            .json();
        page["records"].as_array().unwrap().len()
    };
    assert_eq!(rows(&[]), 200);
    org.control("page-size", &json!({"shrinks": false}));
    assert_eq!(rows(&[]), 300);
    assert_eq!(rows(&[("Sforce-Query-Options", "batchSize=250")]), 250);
    let row = org.first(&format!("{soql} LIMIT 1"));
    assert_eq!(row["Essay_1__c"].as_str().unwrap().len(), 5_007);
    assert_eq!(
        (&row["Essay_2__c"], &row["RecordType"]["DeveloperName"]),
        (&json!("lorem ips"), &json!("Candidate"))
    );
}

#[test]
fn the_identity_of_a_bare_token_is_an_address_that_answers() {
    let org = small();
    let resources = org.get("/services/data/v66.0").expect(200).json();
    let address = resources["identity"].as_str().unwrap();
    let path = address
        .strip_prefix(&org.org.url())
        .expect("an absolute address of the org");
    assert!(
        path.starts_with(&format!("/id/{}/005", org.org.org_id())),
        "{path}"
    );
    // jsforce calls it so, the token as header and as parameter.
    let called = format!("{path}?format=json&oauth_token={}", encode(&org.token));
    let identity = org.get(&called).expect(200).json();
    assert_eq!(identity["organization_id"], org.org.org_id());
}
