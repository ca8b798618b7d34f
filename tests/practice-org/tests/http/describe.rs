use super::client::{small, start};
use practice_org::PracticeOrg;
use serde_json::{Value, json};

/// The keys of salesforce-api.md 6.
const FIELD_KEYS: &str = "aggregatable autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive compoundFieldName controllerName createable custom defaultValue \
defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo groupable \
highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues polymorphicForeignKey precision \
queryByDistance referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead";

const TYPES: &str = "id reference string textarea picklist multipicklist combobox boolean int long double currency percent date datetime time email phone url address location base64 encryptedstring";

fn field<'a>(describe: &'a Value, name: &str) -> Option<&'a Value> {
    describe["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["name"] == name)
}

#[test]
fn every_described_field_has_all_keys_and_a_known_type() {
    let org = small();
    let global = org.get("sobjects").expect(200).json();
    assert_eq!(
        (&global["encoding"], &global["maxBatchSize"]),
        (&json!("UTF-8"), &json!(200))
    );
    for object in global["sobjects"].as_array().unwrap() {
        let path = object["urls"]["describe"].as_str().unwrap();
        let describe = org.get(path).expect(200).json();
        for key in [
            "childRelationships",
            "recordTypeInfos",
            "supportedScopes",
            "namedLayoutInfos",
            "keyPrefix",
            "queryable",
            "replicateable",
        ] {
            assert!(describe.get(key).is_some(), "{path} {key}");
        }
        for field in describe["fields"].as_array().unwrap() {
            for key in FIELD_KEYS.split_whitespace() {
                assert!(field.get(key).is_some(), "{path} {} {key}", field["name"]);
            }
            assert!(
                TYPES.split(' ').any(|known| field["type"] == known),
                "{path} {}",
                field["type"]
            );
        }
    }
}

#[test]
fn contact_shows_the_packages_fields_compounds_and_record_types() {
    let org = small();
    let contact = org.get("sobjects/Contact/describe").expect(200).json();
    assert_eq!(
        field(&contact, "MailingCity").unwrap()["compoundFieldName"],
        "MailingAddress"
    );
    assert_eq!(
        field(&contact, "MailingAddress").unwrap()["type"],
        "address"
    );
    let status = field(&contact, "bpats__Contact_Relationship__c").unwrap();
    assert!(
        status["picklistValues"]
            .as_array()
            .unwrap()
            .iter()
            .any(|value| value["value"] == "Do Not Use")
    );
    let types: Vec<&str> = contact["recordTypeInfos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|info| info["developerName"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["Candidate", "Client", "Master"]);
    let applicant = org
        .get("sobjects/bpats__ats_applicant__C/describe")
        .expect(200)
        .json();
    assert_eq!(
        field(&applicant, "bpats__Contact_Job_Relationship__c").unwrap()["unique"],
        true
    );
    assert_eq!(
        field(&applicant, "bpats__Applicant_Email__c").unwrap()["calculated"],
        true
    );
    assert_eq!(
        field(&applicant, "OwnerId").unwrap()["referenceTo"],
        json!(["Group", "User"])
    );
}

#[test]
fn a_hidden_field_and_a_hidden_object_look_absent() {
    let org = start(
        PracticeOrg::builder()
            .candidates(50)
            .hidden_field("Contact.Email"),
    );
    let contact = org.get("sobjects/Contact/describe").expect(200).json();
    assert!(field(&contact, "Email").is_none() && field(&contact, "Phone").is_some());
    assert_eq!(
        org.soql("SELECT Email FROM Contact").expect(400).code(),
        "INVALID_FIELD"
    );
    org.control("hide", &json!({"object": "bpats__Job__c"}));
    assert_eq!(
        org.get("sobjects/bpats__Job__c/describe")
            .expect(404)
            .code(),
        "NOT_FOUND"
    );
    assert_eq!(
        org.soql("SELECT Id FROM bpats__Job__c").expect(400).code(),
        "INVALID_TYPE"
    );
    org.control("show", &json!({"object": "bpats__Job__c"}));
    org.get("sobjects/bpats__Job__c/describe").expect(200);
}

#[test]
fn a_describe_that_did_not_change_is_304_until_a_field_is_added() {
    let org = small();
    let first = org.get("sobjects/Contact/describe").expect(200);
    let since = [("If-Modified-Since", first.header("last-modified"))];
    let unchanged = org
        .try_send("GET", "sobjects/Contact/describe", &since, b"")
        .unwrap()
        .expect(304);
    assert_eq!(unchanged.text, "");
    org.control("clock", &json!({"advance": "1m"}));
    org.control("fields", &json!({"object": "Contact", "field": {"name": "Shoe_Size__c", "label": "Shoe Size", "type": "double"}}));
    let changed = org
        .try_send("GET", "sobjects/Contact/describe", &since, b"")
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(
        field(&changed, "Shoe_Size__c").unwrap()["label"],
        "Shoe Size"
    );
    org.soql("SELECT Shoe_Size__c FROM Contact LIMIT 1")
        .expect(200);
}

#[test]
fn an_org_without_the_package_has_only_standard_objects() {
    let org = start(PracticeOrg::builder().candidates(20).no_package());
    org.get("sobjects/bpats__Job__c/describe").expect(404);
    let contact = org.get("sobjects/Contact/describe").expect(200).json();
    assert!(
        contact["fields"]
            .as_array()
            .unwrap()
            .iter()
            .all(|field| field["custom"] == false)
    );
    assert!(!org.records("SELECT Id FROM Contact").is_empty());
}
