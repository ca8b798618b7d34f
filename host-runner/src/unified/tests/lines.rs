//! The lines that a connector writes.

use super::*;

#[test]
fn a_line_comes_out_as_it_went_in() {
    let filled = [
        (r#""name":null"#, r#""name":"é \"q\" \u0001""#),
        (
            r#""salary_amount":null"#,
            r#""salary_amount":99999999999999.99"#,
        ),
        (
            r#""location":null"#,
            r#""location":{"city":null,"country":"DE","state":null,"street_1":null,"street_2":null,"zip_code":"01234","raw":null}"#,
        ),
        (
            r#""custom_fields":{}"#,
            r#""custom_fields":{"B__c":50000.0,"A__c":-122.39427869999999}"#,
        ),
        (
            r#""integration_fields":[]"#,
            r#""integration_fields":[{"key":"X"}]"#,
        ),
        (r#""remote_data":null"#, r#""remote_data":{"Id": 1.0}"#),
    ];
    let mut line = list_line(&record(Model::Jobs, json!({"remote_id": "J"})).unwrap());
    for (empty, value) in filled {
        assert!(line.contains(empty), "{empty}: {line}");
        line = line.replacen(empty, value, 1);
    }
    let job = UnifiedRecord::parse(Model::Jobs, &line).unwrap();
    assert_eq!(list_line(&job), line);
    assert_eq!(job.remote_data(), Some(r#"{"Id": 1.0}"#));
    assert_eq!(job.text("name").as_deref(), Some("é \"q\" \u{1}"));
    let member = r#"{"roles":["RECRUITER"],"job_id":"J","user_id":"U"}"#;
    let parsed = UnifiedRecord::parse(Model::HiringTeamMembers, member).unwrap();
    assert_eq!(list_line(&parsed), member);
    assert_eq!(parsed.key().as_str(), "J:U");
    assert_eq!(parsed.references(), [Some("J"), Some("U"), None]);
    assert_eq!(parsed.reference("user_id"), Some("U"));
}

#[test]
fn records_of_one_text_are_told_apart() {
    let line = |id: &str, raw: &str| {
        format!(
            r#"{{"remote_id":"{id}","outcome":null,"rejection_reason_name":null,"current_stage_id":"S{id}","job_id":null,"candidate_id":"C","custom_fields":{{}},"integration_fields":[],"remote_url":null,"remote_created_at":null,"remote_updated_at":null,"remote_data":{raw}}}"#
        )
    };
    let lines = [line("A", "null"), line("B", r#"{"é":1}"#)];
    let text = lines.join("\n");
    for text in [text.clone(), text.clone() + "\n"] {
        let records = UnifiedRecord::parse_lines(Model::Applications, text).unwrap();
        assert_eq!(records.len(), 2);
        for (record, line) in records.iter().zip(&lines) {
            assert_eq!(list_line(record), *line);
            let alone = UnifiedRecord::parse(Model::Applications, line).unwrap();
            assert_eq!(record.content_hash(), alone.content_hash());
            assert_eq!(record.references(), alone.references());
            assert_eq!(record.key(), alone.key());
        }
        assert_eq!(records[1].reference("current_stage_id"), Some("SB"));
    }
    // A record is one line, since a mirror stores it so.
    let error = UnifiedRecord::parse(Model::Applications, &text).unwrap_err();
    assert!(matches!(error, RecordError::Trailing { .. }), "{error}");
    let broken = lines[0].replace(r#""custom_fields":{}"#, "\"custom_fields\":{\n}");
    assert!(UnifiedRecord::parse(Model::Applications, &broken).is_err());
}

#[test]
fn a_record_that_does_not_fit_its_model_is_refused() {
    let cases = [
        (
            Model::Users,
            json!({ "remote_id": "U", "salary": 1 }),
            "the field \"salary\"",
        ),
        (
            Model::Users,
            json!({ "remote_id": "U", "email": 1 }),
            "users.email: expected a string or null, got 1",
        ),
        (
            Model::Users,
            json!({ "first_name": "A" }),
            "users.remote_id: expected a string without escapes, got null",
        ),
        (
            Model::Users,
            json!({ "remote_id": "a\u{0}b" }),
            "expected a string without escapes",
        ),
        (
            Model::Jobs,
            json!({ "remote_id": "J", "opened_at": "yesterday" }),
            "expected a date-time",
        ),
        (
            Model::Jobs,
            json!({ "remote_id": "J", "location": { "town": "X" } }),
            "jobs.location",
        ),
        (
            Model::Candidates,
            json!({ "remote_id": "C", "phone_numbers": ["1"] }),
            "candidates.phone_numbers",
        ),
        (
            Model::JobStages,
            json!({ "index": 0, "job_id": "J" }),
            "one colon",
        ),
        (
            Model::JobStages,
            json!({ "index": 0, "job_id": "J:1", "stage_id": "S" }),
            "one colon",
        ),
        (
            Model::HiringTeamMembers,
            json!({ "job_id": "J", "user_id": "U", "roles": [1] }),
            "an array of HIRING_MANAGER, RECRUITER",
        ),
        (
            Model::Users,
            json!({ "remote_id": "U", "status": "AWAY" }),
            "one of ACTIVE, INACTIVE, or null",
        ),
        (
            Model::Users,
            json!({ "remote_id": "u".repeat(256) }),
            "has 256 bytes, more than the 255",
        ),
    ];
    for (model, fields, expected) in cases {
        let error = record(model, fields.clone()).unwrap_err().to_string();
        assert!(error.contains(expected), "{fields}: {error}");
    }
}

#[test]
fn a_line_that_is_not_written_as_the_contract_says_is_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let cases = [
        (
            r#"{"remote_id":"S","remote_data":null}"#.to_owned(),
            "expected the field \"name\" next",
        ),
        (
            r#"{"name":"x","remote_id":"S","remote_data":null}"#.to_owned(),
            "expected the field \"remote_id\" next",
        ),
        (
            r#"{ "remote_id":"S","name":"x","remote_data":null}"#.to_owned(),
            "expected the field \"remote_id\" next",
        ),
        (
            r#"{"remote_id":"S","name":"x"}"#.to_owned(),
            "expected the field \"remote_data\" next",
        ),
        (
            r#"{"remote_id":"S","name":"x","remote_data":null,"more":1}"#.to_owned(),
            "expected the end of the record",
        ),
        (
            r#"{"remote_id":"S","name":"x","remote_data":null"#.to_owned(),
            "expected the end of the record",
        ),
        (
            r#"{"remote_id":"S","name":"x","remote_data":null} "#.to_owned(),
            "expected the end of the record",
        ),
        (
            r#"{"remote_id":"S","name":"\ud83d","remote_data":null}"#.to_owned(),
            "expected a string or null",
        ),
        (
            r#"{"remote_id":"S\n","name":null,"remote_data":null}"#.to_owned(),
            "a string without escapes",
        ),
        (
            r#"{"remote_id":null,"name":null,"remote_data":null}"#.to_owned(),
            "a string without escapes",
        ),
        (
            r#"{"remote_id":"S","name":null,"remote_data":{"a":}}"#.to_owned(),
            "expected JSON",
        ),
        (
            format!(r#"{{"remote_id":"S","name":null,"remote_data":{deep}}}"#),
            "expected JSON",
        ),
        (String::new(), "expected the field \"remote_id\" next"),
    ];
    for (line, expected) in cases {
        let error = UnifiedRecord::parse(Model::ApplicationStages, &line)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{line}: {error}");
    }
}
