use super::*;

const KEPT: &str = include_str!("../../../../../docs/connection-guide.md");

#[test]
fn the_page_in_docs_is_the_generated_one() {
    let guide = connection_guide();
    assert!(
        KEPT == guide.markdown,
        "docs/connection-guide.md is not what the connector says: write it anew with `asymbl guide > docs/connection-guide.md`"
    );
}

#[test]
fn every_field_that_the_mapping_reads_is_in_the_guide() {
    let markdown = connection_guide().markdown;
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
    let markdown = connection_guide().markdown;
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
    let guide = connection_guide();
    assert!(!guide.markdown.contains("{rights}"));
    assert!(guide.steps.iter().all(|s| !s.body.trim().is_empty()));
    assert_eq!(guide.inputs.iter().filter(|i| i.secret).count(), 1);
}
