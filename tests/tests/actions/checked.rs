//! Inputs told whole: by host and connector together, before anything is sent.

use connector_tests::command;
use connector_tests::world::{World, small_org};
use mirror::actions::{Action, ActionError, run};
use serde_json::{Value, json};

use super::{act, input, open_job, with_file};

/// The fields that a refused input's problems name, and what is said of each.
async fn problems(world: &World, action: Action, wanted: &Value) -> Vec<(String, String)> {
    let profile = world.discover().await.discovery.profile;
    world.org.reset_stats();
    let mirror = &mut world.mirror();
    let key = Some("a b".to_owned());
    let response = match run(world.session(), mirror, &profile, action, wanted, key).await {
        Err(ActionError::Input(problems)) => problems,
        Err(other) => panic!("{other}"),
        Ok(made) => panic!("{:?}", made.data),
    };
    assert_eq!(world.org.stats().requests, 0, "{}", action.name());
    response.into_iter().map(|p| (p.field, p.message)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn host_and_connector_report_their_problems_together() {
    let world = World::of(small_org()).await;
    let bad = json!({
        "candidate": {
            "first_name": "a\nb", "email_address": "nobody", "title": "@{x}", "availability_date": "soon",
            "location": { "country": "germany" }, "salary_expectations": { "amount": -1 },
            "additional_email_addresses": [
                { "email_address": "b@example.com", "type": "WORK" },
                { "email_address": "also nobody", "type": "SPARE" },
            ],
            "social_links": [{ "url": "https://x.example/me" }, { "url": "me" }],
        },
        // The last character of an id of 18 must agree with the first 15.
        "application": { "job_id": "a01000000000001AAB", "stage_id": "x" },
        "source": { "name": "a\nb" },
        "attachments": [
            "cv.pdf",
            { "name": "/", "content_type": "pdf", "data": "***", "data_url": "http://files.example/a" },
            { "name": "b.pdf" },
        ],
        "nope": 1,
    });
    let expected = [
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email_address",
        "candidate.title",
        "candidate.availability_date",
        "candidate.location.country",
        "candidate.salary_expectations.amount",
        "candidate.additional_email_addresses[1].email_address",
        "candidate.additional_email_addresses[1].type",
        "candidate.social_links[1].url",
        "application.job_id",
        "application.stage_id",
        "source.name",
        "attachments[0]",
        "attachments[1]",
        "attachments[1].name",
        "attachments[1].content_type",
        "attachments[1].data",
        "attachments[1].data_url",
        "attachments[2]",
        "nope",
        "idempotency_key",
    ];
    let message = problems(&world, Action::CreateCandidate, &bad).await;
    for field in expected {
        let of_it = message
            .iter()
            .filter(|(message, _)| message == field)
            .count();
        assert_eq!(of_it, 1, "{field} in {message:#?}");
    }
    // Nothing is blamed that is not wrong.
    assert_eq!(message.len(), expected.len(), "{message:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_name_inputs_as_the_caller_named_them() {
    let world = World::of(small_org()).await;
    let bad_file = json!({ "name": "..", "content_type": "text/plain\n", "data": "" });
    for (action, bad, expected) in [
        (
            Action::CreateApplication,
            json!({ "job_id": "a01000000000001AAB", "stage_id": 3, "candidate": 1 }),
            &["job_id", "stage_id", "candidate"][..],
        ),
        (
            Action::AddAttachment,
            json!({ "application_id": "a01000000000001AAB", "attachment": bad_file, "nope": null }),
            &[
                "application_id",
                "attachment.name",
                "attachment.content_type",
                "nope",
            ],
        ),
        (
            Action::Move,
            json!({ "application_id": "a01000000000001AAB", "remote_fields": 1 }),
            &["application_id", "stage_id", "remote_fields"],
        ),
        (
            Action::GetAttachments,
            json!({ "candidate_id": "003000000000001AAB", "nope": 1 }),
            &["candidate_id", "nope"],
        ),
    ] {
        let message = problems(&world, action, &bad).await;
        let mut fields: Vec<&str> = message.iter().map(|(field, _)| field.as_str()).collect();
        fields.retain(|field| *field != "idempotency_key");
        fields.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(fields, expected, "{}: {message:#?}", action.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_rejects_a_wrong_input_without_a_request() {
    let world = World::of(small_org()).await;
    let create = json!({ "candidate": { "first_name": "" }, "nope": 1 });
    let moving = json!({ "application_id": "a01000000000001", "stage_id": "a02000000000001" });
    for (action, input, more, message) in [
        ("create-candidate", &create, &[][..], "nope"),
        ("move-application-to-stage", &create, &[], "stage_id"),
        (
            "move-application-to-stage",
            &moving,
            &["--stage", "New"],
            "not both",
        ),
        (
            "move-application-to-stage",
            &json!({ "nope": 1 }),
            &["--stage", "New"],
            "application_id",
        ),
        (
            "get-candidate-attachments",
            &create,
            &["--stage", "New"],
            "--stage",
        ),
        ("create-candidate", &json!([]), &[], "object"),
    ] {
        std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
        let arguments = ["action", action, "--input", "in.json"];
        let arguments: Vec<&str> = arguments.into_iter().chain(more.iter().copied()).collect();
        let done = command::asymbl(world.folder(), &arguments).await;
        // The command line, or the input.
        assert_eq!(done.code, 2, "{action}: {}", done.err);
        assert!(done.err.contains(message), "{action}: {}", done.err);
        assert_eq!(
            world.org.stats().requests,
            0,
            "{action}: {:?}",
            world.org.stats()
        );
    }
}

/// Inputs of the platform that Asymbl has no place for: where each goes, a sound value, and values of wrong shape.
fn ignored() -> Vec<(&'static str, Value, Vec<Value>)> {
    let object = || vec![json!(7), json!("x"), json!([1])];
    vec![
        (
            "candidate.additional_email_addresses",
            json!([{ "type": "PERSONAL", "email_address": "b@example.com" }]),
            vec![
                json!("b@example.com"),
                json!([{ "email_address": "b" }]),
                json!([{ "type": "WORK" }]),
            ],
        ),
        (
            "candidate.additional_phone_numbers",
            json!([{ "type": "HOME", "phone_number": "+1 555 0101" }]),
            vec![json!("+1"), json!([{ "phone_number": 1 }])],
        ),
        ("candidate.company", json!("ACME"), vec![json!(1)]),
        (
            "candidate.gender",
            json!("OTHER"),
            vec![json!("X"), json!(1)],
        ),
        (
            "candidate.social_links",
            json!([{ "url": "https://x.example/me" }]),
            vec![
                json!([{ "url": "not a url" }]),
                json!([{ "url": 1 }]),
                json!(["https://x.example"]),
            ],
        ),
        ("candidate.location.state", json!("BE"), vec![json!(1)]),
        (
            "candidate.location.street_1",
            json!("Main St 1"),
            vec![json!(1)],
        ),
        (
            "screening_question_answers",
            json!([{ "question_id": "q1", "answer": ["a"] }, { "question_id": "q2", "answer": true }]),
            vec![
                json!("x"),
                json!([1]),
                json!([{ "answer": 1 }]),
                json!([{ "question_id": "q" }]),
            ],
        ),
        (
            "sourced_by",
            json!({ "user_id": "u1" }),
            vec![
                json!([1]),
                json!("u1"),
                json!({ "user_id": 1 }),
                json!({ "user": "u1" }),
            ],
        ),
        (
            "gdpr_consent",
            json!({ "given": true, "expires_at": "2027-01-01T00:00:00Z" }),
            vec![
                json!(5),
                json!({ "given": "yes" }),
                json!({ "expires_at": "soon" }),
                json!({ "x": 1 }),
            ],
        ),
        (
            "remote_fields",
            json!({ "asymbl": { "Contact": {} } }),
            object(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_asymbl_lacks_is_a_warning() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let with = |n: usize, path: &str, value: &Value| {
        let mut wanted = input(&job, &format!("ignored{n}@example.com"));
        wanted["candidate"]
            .as_object_mut()
            .unwrap()
            .remove("company");
        let (place, name) = match path.rsplit_once('.') {
            Some((place, name)) => (format!("/{}", place.replace('.', "/")), name),
            None => (String::new(), path),
        };
        wanted.pointer_mut(&place).unwrap()[name] = value.clone();
        wanted
    };
    for (n, (path, sound, wrong)) in ignored().into_iter().enumerate() {
        let made = act(&world, Action::CreateApplication, &with(n, path, &sound)).await;
        let made = made.unwrap_or_else(|error| panic!("{path}: {error}"));
        let ignored = made
            .warnings
            .iter()
            .filter(|w| w["code"] == "input-ignored");
        let response: Vec<&str> = ignored.map(|w| w["message"].as_str().unwrap()).collect();
        assert_eq!(response.len(), 1, "{path}: {response:?}");
        assert!(
            response[0].starts_with(&format!("{path} ")),
            "{path}: {response:?}"
        );
        for value in wrong {
            let error = act(&world, Action::CreateApplication, &with(99, path, &value)).await;
            let error = error
                .err()
                .unwrap_or_else(|| panic!("{path}: {value} passed"));
            assert!(
                matches!(error, ActionError::Input(_)),
                "{path}: {value}: {error}"
            );
            assert!(error.to_string().contains(path), "{path}: {value}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn remote_fields_are_accepted_with_a_warning() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let wanted = input(&job, "remote@example.com");
    let made = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    let application = &made.data["remote_id"];
    let file = json!({ "name": "a.txt", "content_type": "text/plain", "data": "YQ==" });
    let fields = json!({ "workday": { "Workflow_Step_ID": "1" } });
    let to = |stage: &str| json!({ "application_id": application, "stage_id": stage, "remote_fields": fields });
    for (action, wanted) in [
        (Action::Move, to(&stages[1])),
        // Nothing to change.
        (Action::Move, to(&stages[1])),
        (
            Action::AddAttachment,
            json!({ "application_id": application, "attachment": file, "remote_fields": fields }),
        ),
    ] {
        let done = act(&world, action, &wanted).await.unwrap();
        let response: Vec<_> = done
            .warnings
            .iter()
            .filter(|w| w["code"] == "input-ignored")
            .collect();
        assert_eq!(response.len(), 1, "{}: {:?}", action.name(), done.warnings);
        let message = response[0]["message"].as_str().unwrap();
        assert!(message.starts_with("remote_fields "), "{message}");
    }
    let created = with_file(input(&job, "remote2@example.com"), file);
    let made = act(&world, Action::CreateApplication, &created).await;
    assert!(made.is_ok());
}
