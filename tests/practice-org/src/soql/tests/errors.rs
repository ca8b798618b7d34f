//! Refusals, in the platform's words.

use super::small;
use crate::schema::Visibility;
use crate::soql::QueryOptions;

fn refusal(soql: &str, visibility: &Visibility) -> (String, String) {
    let (db, ..) = small();
    let options = QueryOptions {
        visibility: visibility.clone(),
        ..QueryOptions::default()
    };
    match db.query(soql, &options) {
        Ok(_) => panic!("accepted: {soql}"),
        Err(error) => {
            assert_eq!((error.status, error.fields), (400, None));
            (error.code.into_owned(), error.message)
        }
    }
}

#[test]
fn an_unknown_column_is_shown_with_excerpt_caret_and_position() {
    let (code, message) = refusal("SELECT Id,Foo FROM Account", &Visibility::everything());
    assert_eq!(code, "INVALID_FIELD");
    assert_eq!(
        message,
        "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. If you are \
         attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or \
         the describe call for the appropriate names."
    );
}

#[test]
fn what_is_hidden_is_unknown() {
    let hidden = Visibility::everything()
        .hide_field("Contact", "Title")
        .hide_object("Account");
    for (soql, code, text) in [
        (
            "SELECT Title FROM Contact",
            "INVALID_FIELD",
            "No such column 'Title' on entity 'Contact'.",
        ),
        (
            "SELECT Id FROM Contact WHERE Title = 'x'",
            "INVALID_FIELD",
            "No such column 'Title'",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Title",
            "INVALID_FIELD",
            "No such column 'Title'",
        ),
        (
            "SELECT Id FROM Account",
            "INVALID_TYPE",
            "sObject type 'Account' is not supported.",
        ),
        (
            "SELECT Account.Name FROM Contact",
            "INVALID_FIELD",
            "Didn't understand relationship 'Account' in field path.",
        ),
    ] {
        let (found, message) = refusal(soql, &hidden);
        assert_eq!(found, code, "{soql}");
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn queries_the_platform_refuses_are_refused() {
    let long = format!(
        "SELECT Id FROM Contact WHERE LastName = '{}'",
        "x".repeat(4001)
    );
    let too_long = format!(
        "SELECT Id FROM Contact WHERE LastName = '{}'",
        "x".repeat(100_000)
    );
    for (soql, code, text) in [
        (
            "SELECT Id FROM Contact WHERE LastName = 'a' AND LastName = 'b' OR LastName = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        (
            "SELECT Id FRM Contact",
            "MALFORMED_QUERY",
            "unexpected token: 'Contact'",
        ),
        (
            "SELECT Id FROM Contact WHERE",
            "MALFORMED_QUERY",
            "unexpected token: '<EOF>'",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = Smith",
            "MALFORMED_QUERY",
            "unexpected token: 'Smith'",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 'x",
            "MALFORMED_QUERY",
            "'<EOF>'",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01'",
            "INVALID_FIELD",
            "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01",
            "INVALID_FIELD",
            "must be of type dateTime",
        ),
        (
            "SELECT Id FROM Contact WHERE Id = 'abc'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: abc",
        ),
        (
            "SELECT Id FROM Contact WHERE Id LIKE '003%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        (
            "SELECT Id FROM Contact WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact ORDER BY Description",
            "INVALID_FIELD",
            "can not be sorted",
        ),
        (
            "SELECT Id, Id FROM Contact",
            "INVALID_FIELD",
            "duplicate field selected: Id",
        ),
        (
            "SELECT FIELDS(ALL) FROM Contact",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201",
            "MALFORMED_QUERY",
            "at most 200",
        ),
        (
            "SELECT Id FROM Contact OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "2000",
        ),
        (
            "SELECT Id FROM Nothing__c",
            "INVALID_TYPE",
            "sObject type 'Nothing__c' is not supported. If you are attempting to use a custom object",
        ),
        (
            "SELECT Id, LastName FROM Contact GROUP BY LastName",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Id",
        ),
        (
            "SELECT SUM(LastName) FROM Contact",
            "MALFORMED_QUERY",
            "does not support aggregate operator SUM",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 'a' OR AccountId IN (SELECT Id FROM Account)",
            "MALFORMED_QUERY",
            "Semi join sub-selects are only allowed at the top level",
        ),
        (
            "SELECT Id FROM Contact WHERE Id IN (SELECT ReportsToId FROM Contact)",
            "MALFORMED_QUERY",
            "should not be on the same object type",
        ),
        (
            "SELECT Id FROM ContentDocumentLink",
            "MALFORMED_QUERY",
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id",
        ),
        (
            "SELECT Id FROM ContentDocumentLink WHERE ShareType = 'V' AND ContentDocumentId = '069000000000001AAA'",
            "MALFORMED_QUERY",
            "filtering on non-id fields is only permitted",
        ),
        (
            "SELECT Id, (SELECT Id FROM Nobodies) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Nobodies' in FROM part of query call.",
        ),
        (&long, "INVALID_QUERY_FILTER_OPERATOR", "4000"),
        (&too_long, "MALFORMED_QUERY", "100000"),
    ] {
        let (found, message) = refusal(soql, &Visibility::everything());
        assert_eq!(found, code, "{soql}: {message}");
        assert!(message.contains(text), "{soql}: {message}");
    }
}

#[test]
fn the_position_counts_rows_and_survives_other_scripts() {
    let (_, message) = refusal(
        "SELECT Id\nFROM Contact\nWHERE LastName = 'ü' AND Nope = 1",
        &Visibility::everything(),
    );
    assert!(
        message.contains("\nERROR at Row:3:Column:26\n"),
        "{message}"
    );
}
