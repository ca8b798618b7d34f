use super::*;
use crate::client::ApiVersion;
use crate::fixtures;
use crate::transport::testing::Scripted;

fn client(script: Scripted) -> Client<Scripted> {
    Client::new(script, ApiVersion::DEFAULT)
}

fn composite(bodies: &[(u16, String)]) -> String {
    let members: Vec<_> = bodies
        .iter()
        .map(|(status, body)| format!(r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"d"}}"#))
        .collect();
    format!(r#"{{"compositeResponse":[{}]}}"#, members.join(","))
}

#[test]
fn recorded_describes_become_shapes_and_an_absent_object_none() {
    let contact = fixtures::read("describe-contact.json");
    let rest = [
        "describe-account.json",
        "describe-custom-object.json",
        "describe-custom-object-2.json",
    ]
    .map(fixtures::read);
    let mut bodies: Vec<_> = std::iter::once(contact)
        .chain(rest)
        .map(|b| (200, b))
        .collect();
    bodies.push((404, fixtures::read("error-describe.json")));
    let client = client(Scripted::new().answer(200, composite(&bodies)));
    let shapes = client
        .describe(&["Contact", "Account", "A__c", "B__c", "Gone__c"])
        .unwrap();
    assert_eq!(client.calls(), 1);
    assert!(shapes[4].is_none());
    let contact = shapes[0].as_ref().unwrap();
    assert_eq!(
        (contact.name.as_str(), contact.key_prefix.as_deref()),
        ("Contact", Some("003"))
    );
    assert!(contact.replicateable && contact.createable && contact.queryable);
    let email = contact.field("email").unwrap();
    assert_eq!((email.kind.as_str(), email.custom), ("email", false));
    assert_eq!(
        contact
            .field("MailingCity")
            .unwrap()
            .compound_field_name
            .as_deref(),
        Some("MailingAddress")
    );
    assert_eq!(
        contact.field("AccountId").unwrap().reference_to,
        ["Account"]
    );
    let salutation = contact.field("Salutation").unwrap();
    assert!(
        salutation
            .picklist
            .iter()
            .any(|v| v.value == "Mr." && v.active)
    );
    for shape in shapes.iter().flatten() {
        assert!(!shape.fields.is_empty(), "{}", shape.name);
        let stored = serde_json::to_string(shape).unwrap();
        assert_eq!(
            &serde_json::from_str::<ObjectShape>(&stored).unwrap(),
            shape
        );
    }
    let stored = serde_json::to_string(contact).unwrap().len();
    assert!(
        stored * 4 < bodies[0].1.len(),
        "{stored} of {}",
        bodies[0].1.len()
    );
}

#[test]
fn the_recorded_list_of_objects_is_read() {
    let list = fixtures::read("describe-global.json");
    let objects = client(Scripted::new().answer(200, list)).objects().unwrap();
    let account = objects.iter().find(|o| o.name == "Account").unwrap();
    assert_eq!(account.key_prefix.as_deref(), Some("001"));
    assert!(account.queryable && account.replicateable && !account.custom);
}

#[test]
fn many_objects_are_spread_over_calls_and_keep_their_order() {
    let shape = |name: &str| {
        (
            200,
            format!(
                r#"{{"name":"{name}","label":null,"fields":[{{"name":"Id","referenceTo":null,"picklistValues":null,"length":null}}],"recordTypeInfos":null}}"#
            ),
        )
    };
    let names: Vec<_> = (0..30).map(|i| format!("O{i}__c")).collect();
    let script = names.chunks(25).fold(Scripted::new(), |script, group| {
        script.answer(
            200,
            composite(&group.iter().map(|n| shape(n)).collect::<Vec<_>>()),
        )
    });
    let client = client(script);
    let asked: Vec<_> = names.iter().map(String::as_str).collect();
    let shapes = client.describe(&asked).unwrap();
    let found: Vec<_> = shapes.iter().flatten().map(|s| s.name.as_str()).collect();
    assert_eq!(found, asked);
    assert_eq!(client.calls(), 2);
}

#[test]
fn an_error_that_is_not_absence_is_an_error() {
    let body = r#"[{"errorCode":"INSUFFICIENT_ACCESS","message":"no"}]"#.to_owned();
    let client = client(Scripted::new().answer(200, composite(&[(403, body)])));
    let error = client.describe(&["Contact"]).unwrap_err();
    assert_eq!(
        (error.kind.clone(), error.step.as_ref()),
        (ErrorKind::Permission, "describe Contact")
    );
}
