use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::*;

mod lines;

const ORG: &str = "00D5g00000AbCdEEAU";

fn org() -> OrgId {
    OrgId::parse(ORG).unwrap()
}

fn record(model: Model, fields: Value) -> Result<UnifiedRecord, RecordError> {
    let Value::Object(content) = fields else {
        panic!("a record is an object")
    };
    UnifiedRecord::new(model, content, None)
}

#[test]
fn ids_are_those_that_an_independent_implementation_gives() {
    // Made with Python's hashlib and big integers.
    let vectors = [
        (
            ORG,
            "users",
            "0055g00000XyZabAAC",
            "FicoDbdRo6a8en2jLy5ytKQr",
        ),
        (
            ORG,
            "candidates",
            "0035g00000XyZabAAC",
            "6WWPaq1ibCoUtHEVGzdbormo",
        ),
        (
            ORG,
            "applications",
            "a0D5g000003CCCCCC4",
            "2v921NzCENqjp6Px5jcjdPpv",
        ),
        (
            ORG,
            "job-stages",
            "a0B5g000001AAAAAA4:a0C5g000002BBBBBB4",
            "HyUZ4UdDVW8fsgU1QkqwA3sK",
        ),
        (
            "00D000000000001EAA",
            "hiring-team-members",
            "a0B5g000001AAAAAA4:0055g00000XyZabAAC",
            "G8UvCXH7bvAsCmPvLFsYMVUf",
        ),
        ("o", "jobs", "1", "5mCFjMH92hg2Zhp5bVqdiawZ"),
        (
            "org",
            "application-stages",
            "Grün",
            "FUNByXa8CcdEfALuvRnHv1DG",
        ),
        // Its digest begins with a zero byte, which base58 shows as a leading 1.
        ("o", "jobs", "255", "1NcFSYS5G42rMqoRAmqZGxiw"),
    ];
    for (org, model, key, expected) in vectors {
        let model: Model = model.parse().unwrap();
        let key = NaturalKey::parse(model, key).unwrap();
        let id = UnifiedId::of(&OrgId::parse(org).unwrap(), model, &key);
        assert_eq!(id.as_str(), expected, "{org} {model} {key}");
    }
}

#[test]
fn the_shortest_and_the_longest_digest_give_24_characters() {
    let mut mixed = [1; 32];
    mixed[..2].fill(0);
    let mut one = [0; 32];
    one[31] = 1;
    let vectors = [
        ([0; 32], "111111111111111111111111"),
        (one, "111111111111111111111111"),
        ([0xff; 32], "JEKNVnkbo3jma5nREBBJCDoX"),
        (mixed, "11CfhVktJrWPkJZqSPY8Ty5k"),
    ];
    for (digest, expected) in vectors {
        assert_eq!(UnifiedId::of_digest(&digest).as_str(), expected);
    }
}

#[test]
fn a_sync_reads_what_is_pointed_at_before_what_points() {
    let place = |model| {
        Model::SYNC_ORDER
            .iter()
            .position(|other| *other == model)
            .unwrap()
    };
    for model in Model::ALL {
        for (field, target) in model.references() {
            assert!(place(target) < place(model), "{model}.{field}");
        }
    }
}

#[test]
fn a_mistyped_model_is_answered_with_the_nearest_name() {
    let cases = [
        ("candidate", Some(Model::Candidates)),
        ("Aplications", Some(Model::Applications)),
        ("job_stages", Some(Model::JobStages)),
        ("hiring-team", Some(Model::HiringTeamMembers)),
        ("zzz", None),
    ];
    for (given, expected) in cases {
        let error = given.parse::<Model>().unwrap_err();
        assert_eq!(error.suggestion, expected, "{given}");
        assert!(error.to_string().contains(given));
    }
    assert!(
        "jobz"
            .parse::<Model>()
            .unwrap_err()
            .to_string()
            .contains("did you mean \"jobs\"?"),
    );
}

#[test]
fn an_empty_record_prints_every_key_with_its_empty_value() {
    let candidate = record(Model::Candidates, json!({ "remote_id": "C1" })).unwrap();
    assert_eq!(
        list_line(&candidate),
        r#"{"remote_id":"C1","first_name":null,"last_name":null,"title":null,"source":null,"phone_numbers":[],"email_addresses":[],"location":null,"custom_fields":{},"integration_fields":[],"remote_url":null,"remote_created_at":null,"remote_updated_at":null,"remote_data":null}"#
    );
}

#[test]
fn a_mirrored_line_resolves_references_and_keeps_null_ones_null() {
    let application = record(
        Model::Applications,
        json!({ "remote_id": "A1", "candidate_id": "C1", "outcome": "HIRED", "remote_created_at": "2026-01-02T03:04:05.000Z" }),
    )
    .unwrap();
    let stamps = MirrorStamps {
        changed_at: Timestamp::from_millis(1_700_000_000_001),
        remote_deleted_at: None,
    };
    assert_eq!(
        mirror_line(&org(), &application, &stamps),
        r#"{"id":"DH74BoMXRmtDzrHzeT2HfrKk","remote_id":"A1","changed_at":"2023-11-14T22:13:20.001Z","remote_deleted_at":null,"outcome":"HIRED","rejection_reason_name":null,"current_stage_id":null,"job_id":null,"candidate_id":"CoDjheQNqz3fuSAhxiPcqWTN","custom_fields":{},"integration_fields":[],"remote_url":null,"remote_created_at":"2026-01-02T03:04:05.000Z","remote_updated_at":null,"remote_data":null}"#
    );
    let stage = record(
        Model::JobStages,
        json!({ "index": 3, "job_id": "J1", "stage_id": "S1" }),
    )
    .unwrap();
    let deleted = MirrorStamps {
        remote_deleted_at: Some(stamps.changed_at),
        ..stamps
    };
    assert_eq!(
        mirror_line(&org(), &stage, &deleted),
        r#"{"index":3,"job_id":"AGDy3eBAvG34vqQAhFy26Xjc","stage_id":"B4ZQNmGR8KLdYaDeDgJu6pCE","id":"4KeCqhqZnGuRmCQKknHb6udf","changed_at":"2023-11-14T22:13:20.001Z","remote_deleted_at":"2023-11-14T22:13:20.001Z"}"#
    );
    assert_eq!(
        list_line(&stage),
        r#"{"index":3,"job_id":"J1","stage_id":"S1"}"#
    );
}

#[test]
fn a_record_from_a_mirror_is_the_one_that_was_stored() {
    let line = r#"{"remote_id":"A","outcome":null,"rejection_reason_name":null,"current_stage_id":"S","job_id":null,"candidate_id":"C","custom_fields":{"job_id":"no"},"integration_fields":[],"remote_url":null,"remote_created_at":null,"remote_updated_at":null,"remote_data":null}"#;
    let parsed = UnifiedRecord::parse(Model::Applications, line).unwrap();
    let key = parsed.key().clone();
    let stored = UnifiedRecord::trusted(Model::Applications, key, parsed.stored_text());
    assert_eq!(stored.references(), parsed.references());
    assert_eq!(list_line(&stored), line);
}

#[test]
fn a_source_row_of_an_old_mirror_is_printed_on_one_line() {
    let key = NaturalKey::parse(Model::ApplicationStages, "S1").unwrap();
    let content = r#"{"remote_id":"S1","name":null}"#;
    let raw = "{\n \"A\": 1.0,\r\n \"B\": \"a\\nb\"}";
    let text = stored_text(content, Some(raw));
    let stage = UnifiedRecord::trusted(Model::ApplicationStages, key, text);
    let stamps = MirrorStamps {
        changed_at: Timestamp::from_millis(0),
        remote_deleted_at: None,
    };
    let line = mirror_line(&org(), &stage, &stamps);
    assert!(
        line.ends_with(r#""remote_data":{  "A": 1.0,   "B": "a\nb"}}"#),
        "{line}"
    );
}

#[test]
fn date_times_of_any_spelling_are_written_in_one() {
    let cases = [
        ("2026-11-24T09:30:00.000+0000", "2026-11-24T09:30:00.000Z"),
        ("2026-11-24T09:30:00Z", "2026-11-24T09:30:00.000Z"),
        ("2026-11-24T09:30:00.5+02:00", "2026-11-24T07:30:00.500Z"),
        ("2026-11-24T09:30:00.123456", "2026-11-24T09:30:00.123Z"),
        ("2026-11-24", "2026-11-24T00:00:00.000Z"),
        ("1700-02-28T00:00:00.000Z", "1700-02-28T00:00:00.000Z"),
    ];
    for (given, expected) in cases {
        assert_eq!(Timestamp::parse(given).unwrap().to_string(), expected);
    }
    for bad in [
        "",
        "2026-13-01",
        "2026-02-30T00:00:00.000Z",
        "12:00",
        "2026-11-24T09:30:00.000+0000x",
        "+12026-01-01",
    ] {
        assert!(Timestamp::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_source_row_takes_no_part_in_the_hash_and_every_field_does() {
    let hash = |fields: Value, raw: &str| {
        let Value::Object(fields) = fields else {
            panic!("a record is an object")
        };
        let raw = RawValue::from_string(raw.to_owned()).unwrap();
        UnifiedRecord::new(Model::Jobs, fields, Some(raw))
            .unwrap()
            .content_hash()
    };
    let one = hash(json!({"remote_id": "J", "custom_fields": {"A": 1}}), "1");
    assert_eq!(
        one,
        hash(json!({"custom_fields": {"A": 1}, "remote_id": "J"}), "2")
    );
    assert_ne!(
        one,
        hash(json!({"remote_id": "J", "custom_fields": {"A": 2}}), "1")
    );
    // What moves from one field to the next is a change, though the values read in a row are the same.
    let name = hash(json!({"remote_id": "J", "name": "x"}), "1");
    assert_ne!(name, hash(json!({"remote_id": "J", "job_code": "x"}), "1"));
}

proptest! {
    #[test]
    fn every_id_has_the_published_pattern(org in "[a-zA-Z0-9]{1,18}", model in 0..7_usize, key in "[^\\p{Cc}:]{1,30}") {
        let model = Model::ALL[model];
        let key = match model.join_fields() {
            Some(_) => NaturalKey::join(model, &key, "x").unwrap(),
            None => NaturalKey::parse(model, key).unwrap(),
        };
        let id = UnifiedId::of(&OrgId::parse(org).unwrap(), model, &key);
        let alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        prop_assert_eq!(id.as_str().len(), 24);
        prop_assert!(id.as_str().chars().all(|character| alphabet.contains(character)));
        prop_assert_eq!(UnifiedId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn a_stamp_reads_back_as_it_was_written(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
        let stamp = Timestamp::from_millis(millis);
        prop_assert_eq!(Timestamp::parse(&stamp.to_string()), Ok(stamp));
        prop_assert!(Timestamp::is_canonical(&stamp.to_string()));
    }

    #[test]
    fn a_printed_line_is_json_with_the_keys_of_the_model(name in any::<String>(), custom in any::<String>()) {
        let job = record(Model::Jobs, json!({ "remote_id": "J", "name": name, "custom_fields": { custom: name } })).unwrap();
        let line = mirror_line(&org(), &job, &MirrorStamps { changed_at: Timestamp::from_millis(0), remote_deleted_at: None });
        prop_assert!(!line.contains('\n'));
        let back: Map<String, Value> = serde_json::from_str(&line).unwrap();
        let keys: Vec<&str> = back.keys().map(String::as_str).collect();
        let fields: Vec<&str> = Model::Jobs.fields().iter().map(|field| field.name).collect();
        prop_assert_eq!(keys, fields);
        prop_assert_eq!(back["name"].as_str(), Some(name.as_str()));
    }
}
