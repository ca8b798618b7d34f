use super::*;
use crate::fixtures;

fn of(status: u16, body: &str) -> SalesforceError {
    decode(status, body, &Hints::default())
}

fn json(status: u16, code: &str, message: &str) -> SalesforceError {
    of(
        status,
        &format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#),
    )
}

#[test]
fn the_two_quotas_behind_one_code_are_told_apart() {
    let quota = |message: &str, limit: Option<LimitInfo>| {
        let body = format!(r#"[{{"message":"{message}","errorCode":"REQUEST_LIMIT_EXCEEDED"}}]"#);
        match decode(
            403,
            &body,
            &Hints {
                retry_after: None,
                limit,
            },
        )
        .kind
        .clone()
        {
            ErrorKind::RateLimited { quota, .. } => quota,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(quota("TotalRequests Limit exceeded.", None), Quota::Daily);
    assert_eq!(
        quota(
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            None
        ),
        Quota::Concurrent
    );
    assert_eq!(
        quota("ConcurrentPerOrgLongTxn Limit exceeded.", None),
        Quota::Concurrent
    );
    let limit = |used| LimitInfo {
        used,
        max: 100,
        app: None,
    };
    assert_eq!(quota("Grenze erreicht", Some(limit(100))), Quota::Daily);
    assert_eq!(quota("Grenze erreicht", Some(limit(7))), Quota::Concurrent);
    assert_eq!(quota("Grenze erreicht", None), Quota::Daily);
}

#[test]
fn an_unknown_column_is_named_with_its_object() {
    let query = json(
        400,
        "INVALID_FIELD",
        r"\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c'",
    );
    let named = |column: &str, entity: &str| ErrorKind::InvalidField {
        column: Some(column.into()),
        entity: Some(entity.into()),
    };
    assert_eq!(query.kind, named("Foo", "Account"));
    let write = json(
        400,
        "INVALID_FIELD",
        "No such column 'foo' on sobject of type Bar__c",
    );
    assert_eq!(write.kind, named("foo", "Bar__c"));
}

#[test]
fn a_duplicate_rule_is_read_in_both_spellings() {
    for key in ["duplicateResut", "duplicateResult"] {
        let error = of(
            400,
            &format!(
                r#"[{{"{key}":{{"allowSave":true,"duplicateRule":"Standard_Contact_Duplicate_Rule","duplicateRuleEntityType":"Contact",
            "errorMessage":"You're creating a duplicate record.","matchResults":[{{"entityType":"Contact","errors":[],
            "matchEngine":"FuzzyMatchEngine","matchRecords":[{{"additionalInformation":[],"fieldDiffs":[],"matchConfidence":100.0,
            "record":{{"attributes":{{"type":"Contact","url":"/services/data/v54.0/sobjects/Contact/0038M0000016Wv8QAE"}},
            "Id":"0038M0000016Wv8QAE"}}}}],"rule":"Standard_Contact_Match_Rule_v1_1","size":1,"success":true}}]}},
            "errorCode":"DUPLICATES_DETECTED","message":"Use one of these records?"}}]"#
            ),
        );
        let expected = ErrorKind::Duplicate {
            rule: Some("Standard_Contact_Duplicate_Rule".into()),
            allow_save: true,
            matches: vec![SalesforceId::parse("0038M0000016Wv8").unwrap()],
        };
        assert_eq!(error.kind, expected);
    }
}

#[test]
fn a_duplicate_value_names_the_record_that_holds_it() {
    let error = json(
        400,
        "DUPLICATE_VALUE",
        "duplicate value found: Ext__c duplicates value on record with id: 0038M0000016Wv8",
    );
    let existing = SalesforceId::parse("0038M0000016Wv8QAE").ok();
    assert_eq!(error.kind, ErrorKind::DuplicateValue { existing });
    let silent = json(400, "DUPLICATE_VALUE", "duplicate value found: <unknown>");
    assert_eq!(silent.kind, ErrorKind::DuplicateValue { existing: None });
}

#[test]
fn pages_of_the_front_servers_are_readable_errors() {
    let long = of(
        414,
        "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>",
    );
    assert_eq!(long.kind, ErrorKind::RequestTooLong);
    assert_eq!(
        long.to_string(),
        "Bad Message 414 reason: URI Too Long (414)"
    );
    let header = of(
        431,
        "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>",
    );
    assert_eq!(header.kind, ErrorKind::RequestTooLong);
    let down = of(
        503,
        "<html><head><style>p{color:red}</style></head><body><p>We are down for maintenance</p></body></html>",
    );
    assert_eq!(down.kind, ErrorKind::Unavailable { retry_after: None });
    assert_eq!(down.message, "We are down for maintenance");
    assert_eq!(of(400, "<html>odd</html>").kind, ErrorKind::Malformed);
    let endless = of(400, &"x".repeat(5000));
    assert!(endless.message.len() < 250);
}

#[test]
fn empty_and_plain_bodies_are_judged_by_their_status() {
    let unavailable = ErrorKind::Unavailable { retry_after: None };
    for (status, body, kind) in [
        (406, "", unavailable.clone()),
        (420, "", unavailable.clone()),
        (502, "", unavailable.clone()),
        (401, "", ErrorKind::Unauthenticated),
        (404, "", ErrorKind::NotFound),
        (410, "", ErrorKind::VersionRefused),
        (403, "Bad_OAuth_Token", ErrorKind::Unauthenticated),
        (403, "", ErrorKind::Forbidden),
        (403, "<html>blocked</html>", ErrorKind::Forbidden),
        (500, "null", unavailable),
        (400, "[]", ErrorKind::Other),
    ] {
        assert_eq!(of(status, body).kind, kind, "{status} {body}");
    }
    assert_eq!(
        of(406, "").to_string(),
        "Salesforce answered 406 without saying why (406)"
    );
}

#[test]
fn retry_after_is_kept() {
    let hints = Hints {
        retry_after: Some(Duration::from_secs(7)),
        limit: None,
    };
    assert_eq!(
        decode(503, "", &hints).retry_after(),
        Some(Duration::from_secs(7))
    );
    let body = r#"[{"message":"ConcurrentRequests","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    assert_eq!(
        decode(403, body, &hints).retry_after(),
        Some(Duration::from_secs(7))
    );
}

#[test]
fn other_forms_of_errors_are_read() {
    let collection = of(
        200,
        r#"{"success":false,"errors":[{"statusCode":"STRING_TOO_LONG","message":"First Name: too large","fields":["FirstName"]},{"statusCode":"REQUIRED_FIELD_MISSING","message":"m","fields":["LastName"]}]}"#,
    );
    assert_eq!(collection.kind, ErrorKind::Write(WriteProblem::TooLong));
    assert_eq!(collection.fields, ["FirstName"]);
    assert_eq!(collection.all().len(), 2);
    assert_eq!(
        collection.to_string(),
        "First Name: too large (200 STRING_TOO_LONG) [FirstName]"
    );
    let oauth = of(
        400,
        r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#,
    );
    assert_eq!(
        (oauth.kind.clone(), oauth.code.as_str()),
        (ErrorKind::Unauthenticated, "invalid_grant")
    );
    let bulk = of(
        400,
        r#"{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}"#,
    );
    assert_eq!(bulk.kind, ErrorKind::Unauthenticated);
}

#[test]
fn recorded_errors_are_read() {
    for (name, status, code) in [
        ("error-delete.json", 404, "NOT_FOUND"),
        ("error-describe.json", 404, "NOT_FOUND"),
        ("error-find.json", 404, "NOT_FOUND"),
        ("error-query.json", 400, "INVALID_FIELD"),
        ("error-search.json", 400, "MALFORMED_SEARCH"),
        ("error-session-expired.json", 401, "INVALID_SESSION_ID"),
        ("error-upsert.json", 404, "NOT_FOUND"),
        ("error-write.json", 400, "INVALID_FIELD"),
        ("oauth-error.json", 400, "invalid_grant"),
        ("oauth-refresh-error.json", 400, "invalid_grant"),
    ] {
        let body = fixtures::read(name);
        let error = of(status, &body);
        assert_eq!(error.code, code, "{name}");
        assert!(
            !matches!(error.kind, ErrorKind::Other | ErrorKind::Malformed),
            "{name}"
        );
    }
    let several = of(300, &fixtures::read("error-multiple-choices.json"));
    assert_eq!(several.kind, ErrorKind::MultipleMatches);
    assert_eq!(several.message, "several records have this external id");
}

proptest::proptest! {
    #[test]
    fn no_body_panics(status in 300u16..600, body in ".*") {
        let _ = of(status, &body).to_string();
        let _ = of(status, &format!("[{{\"message\":{},\"errorCode\":5}}]", serde_json::json!(body))).to_string();
    }
}

#[test]
fn a_lock_inside_a_trigger_or_flow_is_a_lock() {
    for (code, message) in [
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "pkg.Trigger: execution of AfterUpdate caused by: System.DmlException: Update failed. First exception on row 0; first \
             error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: []",
        ),
        (
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "The \"Rollups\" process failed. UNABLE_TO_LOCK_ROW: unable to obtain access.",
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "System.QueryException: Record Currently Unavailable: The record ...",
        ),
        (
            "APEX_ERROR",
            "System.UnexpectedException: QUERY_TIMEOUT: Your query request was running for too long.",
        ),
    ] {
        let body = format!(r#"[{{"errorCode":"{code}","message":{message:?},"fields":[]}}]"#);
        assert_eq!(
            decode(400, &body, &Hints::default()).kind,
            ErrorKind::Locked,
            "{code}"
        );
    }
    let rule = r#"[{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"LOCKED jobs take nobody","fields":[]}]"#;
    assert_eq!(
        decode(400, rule, &Hints::default()).kind,
        ErrorKind::Write(WriteProblem::ValidationRule)
    );
}

#[test]
fn an_alert_beside_what_blocks_can_not_be_saved() {
    let rule = |allow: bool| {
        format!(
            r#"{{"duplicateResut":{{"allowSave":{allow},"duplicateRule":"R"}},"errorCode":"DUPLICATES_DETECTED","message":"x"}}"#
        )
    };
    let other = r#"{"errorCode":"REQUIRED_FIELD_MISSING","message":"x","fields":["A"]}"#.to_owned();
    for (errors, expected) in [
        (vec![rule(true)], true),
        (vec![rule(true), rule(false)], false),
        (vec![rule(true), other], false),
    ] {
        let body = format!("[{}]", errors.join(","));
        let ErrorKind::Duplicate { allow_save, .. } =
            decode(400, &body, &Hints::default()).kind.clone()
        else {
            panic!("{body}");
        };
        assert_eq!(allow_save, expected, "{body}");
    }
}

#[test]
fn an_unfilterable_column_is_told_from_a_hidden_one() {
    let body = r#"[{"message":"field 'Email' can not be filtered in a query call","errorCode":"INVALID_FIELD"}]"#;
    let column = "Email".to_owned();
    assert_eq!(
        decode(400, body, &Hints::default()).kind,
        ErrorKind::Unfilterable { column }
    );
}
