use crate::asymbl::models::testing::TestOrg;
use crate::asymbl::models::{
    MODELS, Source, TABLES, appearance, applications, column_set, from_word, table, word,
};

#[test]
fn names_and_models_go_both_ways() {
    for (model, name) in MODELS {
        assert_eq!(
            (word(model), from_word(name), table(model).model),
            (name, Some(model), model)
        );
    }
    assert_eq!(from_word("offers"), None);
}

#[test]
fn every_source_of_the_tables_exists() {
    let mut org = TestOrg::new();
    org.add("bpats__Job__c", "CurrencyIsoCode", "picklist", "");
    for name in ["MailingStateCode", "MailingCountryCode"] {
        org.add("Contact", name, "picklist", "");
    }
    org.tenant(|tenant| {
        for table in TABLES {
            let object = table.object.api(tenant);
            let shape = tenant.profile.object(&object).unwrap();
            for rule in table.rules {
                for name in table.source_fields(tenant, rule.field) {
                    assert!(shape.has(&name), "{object}.{name}");
                }
                for source in rule.sources {
                    if let Source::Other(object, field) = source {
                        assert!(
                            tenant.profile.object(object).is_some_and(|o| o.has(field)),
                            "{object}.{field}"
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn a_field_more_shows_in_the_column_set_and_unread_fields_do_not() {
    let before = TestOrg::new();
    let mut after = TestOrg::new();
    after.add("bpats__Job__c", "New__c", "string", "");
    after.add("bpats__Job__c", "NotCustom", "string", "");
    after.add("bpats__ATS_Stage__c", "Colour__c", "string", "");
    for table in TABLES {
        let (old, new) = (
            before.tenant(|t| column_set(t, table)),
            after.tenant(|t| column_set(t, table)),
        );
        let more: Vec<_> = new.iter().filter(|c| !old.contains(c)).cloned().collect();
        let expected: &[&str] = if table.label == "Jobs" {
            &["bpats__Job__c.New__c"]
        } else {
            &[]
        };
        assert_eq!(more, expected, "{}", table.label);
    }
}

#[test]
fn a_field_that_only_another_one_needs_is_in_the_column_set_too() {
    let mut org = TestOrg::new();
    org.disabled = vec!["applications.outcome".into()];
    let columns = org.tenant(|t| column_set(t, &applications::TABLE));
    let status = "bpats__ATS_Applicant__c.bpats__Applicant_Status__c";
    assert!(columns.iter().any(|column| column == status), "{columns:?}");
}

#[test]
fn labels_types_and_the_orgs_address_are_part_of_the_appearance() {
    let promoting = || TestOrg::with_settings(r#"{"integration_fields": {"jobs": ["Code__c"]}}"#);
    let org = |label: &str, kind: &str| {
        let mut org = promoting();
        for (object, name) in [("bpats__Job__c", "Code__c"), ("Contact", "Since__c")] {
            org.add(object, name, kind, "");
            let shape = org.objects.get_mut(object).unwrap();
            shape.fields.last_mut().unwrap().label = label.to_owned();
        }
        org
    };
    let changed = |other: &TestOrg| -> Vec<_> {
        let before = org("Code", "string");
        let differs = |model| {
            let now = other.tenant(|t| appearance(t, table(model)));
            before.tenant(|t| appearance(t, table(model))) != now
        };
        let models = MODELS.iter().filter(|(model, _)| differs(*model));
        models.map(|(_, name)| *name).collect()
    };
    assert!(changed(&org("Code", "string")).is_empty());
    assert_eq!(changed(&org("Job code", "string")), ["jobs"]);
    assert_eq!(changed(&org("Code", "datetime")), ["jobs", "candidates"]);
    let mut moved = org("Code", "string");
    moved.base_url = "https://elsewhere.my.salesforce.com".to_owned();
    assert_eq!(changed(&moved), ["jobs", "candidates", "applications"]);
}
