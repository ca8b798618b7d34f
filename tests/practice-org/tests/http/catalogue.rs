//! The catalogue objects EntityDefinition, FieldDefinition and their kin, with their restrictions (salesforce-api.md
//! 6).

use serde_json::{Value, json};

use crate::client::{Org, encode, small};

fn tooling(org: &Org, soql: &str) -> Vec<Value> {
    let answer = org.get(&format!("tooling/query?q={}", encode(soql)));
    let answer = answer.expect(200).json();
    assert_eq!(answer["done"], true);
    answer["records"].as_array().unwrap().clone()
}

#[test]
fn entity_definitions_list_what_the_caller_sees() {
    let org = small();
    let soql = "SELECT DurableId, QualifiedApiName, NamespacePrefix FROM EntityDefinition WHERE QualifiedApiName IN ('Contact', 'bpats__Job__c') ORDER BY QualifiedApiName";
    let found = tooling(&org, soql);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["NamespacePrefix"], "bpats");
    assert_eq!(found[0]["attributes"]["type"], "EntityDefinition");
    assert_eq!(org.records(soql), found);
    org.control("hide", &json!({"object": "bpats__Job__c"}));
    assert_eq!(tooling(&org, soql).len(), 1);
}

#[test]
fn field_definitions_need_their_object_and_ignore_limit() {
    let org = small();
    let soql = "SELECT QualifiedApiName, DataType, EntityDefinition.QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Contact' LIMIT 2";
    let found = tooling(&org, soql);
    let describe = org.get("sobjects/Contact/describe").json();
    assert_eq!(found.len(), describe["fields"].as_array().unwrap().len());
    let email = found
        .iter()
        .find(|row| row["QualifiedApiName"] == "AccountId")
        .unwrap();
    assert_eq!(email["DataType"], "Lookup(Account)");
    assert_eq!(email["EntityDefinition"]["QualifiedApiName"], "Contact");
    let one = tooling(
        &org,
        "SELECT Label FROM FieldDefinition WHERE DurableId = 'Contact.Email'",
    );
    assert_eq!(one.len(), 1);
    let bare = org
        .soql("SELECT QualifiedApiName FROM FieldDefinition")
        .expect(400);
    assert!(
        bare.text
            .contains("A filter on a reified column is required [EntityDefinitionId,DurableId]")
    );
}

#[test]
fn particles_and_accesses_say_what_the_user_may_write() {
    let org = small();
    let me = org.get("/services/oauth2/userinfo").json()["user_id"].clone();
    let me = me.as_str().unwrap();
    let particle = tooling(
        &org,
        "SELECT DataType, IsCreatable, FieldDefinition.Label FROM EntityParticle WHERE EntityDefinitionId = 'Contact' AND QualifiedApiName = 'Email'",
    );
    assert_eq!(particle[0]["DataType"], "email");
    assert_eq!(
        (
            &particle[0]["IsCreatable"],
            &particle[0]["FieldDefinition"]["Label"]
        ),
        (&json!(true), &json!("Email"))
    );
    let entity = tooling(
        &org,
        &format!(
            "SELECT IsReadable, IsDeletable FROM UserEntityAccess WHERE UserId = '{me}' AND EntityDefinition.QualifiedApiName = 'Contact'"
        ),
    );
    assert_eq!(entity.len(), 1);
    assert_eq!(entity[0]["IsDeletable"], true);
    let fields = format!(
        "SELECT FieldDefinition.QualifiedApiName, IsUpdatable FROM UserFieldAccess WHERE UserId = '{me}' AND EntityDefinitionId = 'Contact'"
    );
    let updatable = |name: &str| {
        tooling(&org, &fields)
            .into_iter()
            .find(|row| row["FieldDefinition"]["QualifiedApiName"] == name)
            .map(|row| row["IsUpdatable"].clone())
    };
    assert_eq!(updatable("Email"), Some(json!(true)));
    assert_eq!(updatable("CreatedDate"), Some(json!(false)));
    org.control("hide", &json!({"object": "Contact", "field": "Email"}));
    assert_eq!(updatable("Email"), None);
}

#[test]
fn only_equality_joined_by_and_is_permitted() {
    let org = small();
    for (soql, text) in [
        (
            "SELECT COUNT() FROM EntityDefinition",
            "does not support COUNT",
        ),
        (
            "SELECT Label FROM EntityDefinition GROUP BY Label",
            "does not support GROUP BY",
        ),
        (
            "SELECT Label FROM EntityDefinition WHERE Label = 'A' OR Label = 'B'",
            "does not support OR",
        ),
        (
            "SELECT Label FROM EntityDefinition WHERE NOT Label = 'A'",
            "does not support NOT",
        ),
        (
            "SELECT Label FROM EntityDefinition WHERE Label LIKE 'A%'",
            "Only equals comparisons permitted",
        ),
        (
            "SELECT Nope FROM EntityDefinition",
            "No such column 'Nope' on entity 'EntityDefinition'",
        ),
    ] {
        let refused = org.soql(soql).expect(400);
        assert!(refused.text.contains(text), "{soql}: {}", refused.text);
    }
}
