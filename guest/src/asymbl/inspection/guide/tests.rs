use super::*;

fn usual() -> Guide {
    connection_guide(&Settings::default())
}

const KEPT: &str = include_str!("../../../../../docs/connection-guide.md");

#[test]
fn the_page_in_docs_is_the_generated_one() {
    let guide = usual();
    assert!(
        KEPT == guide.markdown,
        "docs/connection-guide.md is not what the connector says: write it anew with `asymbl guide > docs/connection-guide.md`"
    );
}

#[test]
fn every_field_that_the_mapping_reads_is_in_the_guide() {
    let markdown = usual().markdown;
    // Those that every user sees with the record, and those of optional features of the platform.
    let apart = [
        "Id",
        "CreatedDate",
        "LastModifiedDate",
        "CurrencyIsoCode",
        "MailingStateCode",
        "MailingCountryCode",
    ];
    for table in TABLES {
        for field in every_source(table)
            .iter()
            .filter(|f| !apart.contains(&f.as_str()))
        {
            assert!(
                markdown.contains(&format!("`{field}`")),
                "{}: {field}",
                table.label
            );
        }
    }
}

#[test]
fn every_model_and_action_names_its_objects() {
    let markdown = usual().markdown;
    for label in TABLES.map(|table| table.label) {
        assert!(markdown.contains(&format!("| {label} | `")), "{label}");
    }
    for (_, word) in ACTIONS {
        assert!(
            markdown.contains(&format!("| {} | `", word.replace('-', " "))),
            "{word}"
        );
    }
}

#[test]
fn no_step_is_left_with_a_gap() {
    let guide = usual();
    assert!(!guide.markdown.contains("{rights}"));
    assert!(guide.steps.iter().all(|s| !s.body.trim().is_empty()));
    assert_eq!(guide.inputs.iter().filter(|i| i.secret).count(), 1);
}

#[test]
fn the_permission_set_follows_what_is_switched_on() {
    let set = |disabled: &[&str]| {
        let disabled: Vec<String> = disabled.iter().map(|d| (*d).to_owned()).collect();
        let settings = Settings::read("{}", &disabled).0.unwrap();
        let guide = connection_guide(&settings);
        let (_, rest) = guide.markdown.split_once("```xml\n").unwrap();
        rest.split("```").next().unwrap().to_owned()
    };
    let all = set(&[]);
    assert!(all.contains("<editable>true</editable><field>Contact.MailingAddress</field>"));
    assert!(all.contains(
        "<allowCreate>true</allowCreate><allowDelete>false</allowDelete><allowEdit>true</allowEdit>"
    ));
    // Salesforce refuses a set that names what comes with an object.
    for never in [
        "<object>User</object>",
        "<object>ContentVersion</object>",
        "<field>User.",
        "<field>Contact.LastName</field>",
        "<field>bpats__ATS_Stage__c.bpats__Sequence__c</field>",
        "<field>bpats__ATS_Applicant__c.bpats__Stage__c</field>",
    ] {
        assert!(!all.contains(never), "{never}");
    }
    let reading = set(&[
        "create-candidate",
        "create-application",
        "add-attachment-to-application",
        "move-application-to-stage",
    ]);
    assert!(!reading.contains("<editable>true</editable>"));
    assert!(!reading.contains("<allowCreate>true</allowCreate>"));
    assert!(!set(&["jobs.salary_amount"]).contains("bpats__Salary__c"));
}
