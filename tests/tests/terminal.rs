//! What others write can't control the terminal of whoever runs the command, nor forge a line of its output.

use connector_tests::command::{Outcome, asymbl};
use connector_tests::world::{World, fields, ids, small_org, write_private};
use host_runner::tenant::MODELS;
use practice_org::server::faults::{Action, FaultBody, Rule};
use practice_org::value::Value as OrgValue;
use serde_json::{Value, json};

/// Clears the screen, rings the bell, begins a line of its own, goes back to its start, sets a colour the short way,
/// reverses the reading direction.
const EVIL: &str = "E\u{1b}[2J\u{7}\nerror: forged\r\u{9b}31m\u{202e}";

/// A synced org in which people, positions, stages and files have such names.
async fn evil_world() -> World {
    let world = World::of(small_org()).await;
    let name = json!({ "Name": EVIL });
    for (object, value) in [
        (
            "Contact",
            json!({ "FirstName": EVIL, "LastName": EVIL, "Title": EVIL }),
        ),
        ("User", json!({ "FirstName": EVIL, "LastName": EVIL })),
        ("bpats__Job__c", name.clone()),
        ("bpats__ATS_Stage__c", name),
        ("ContentVersion", json!({ "Title": EVIL })),
    ] {
        for id in ids(world.db(), object) {
            let value = fields(value.clone());
            world.write(|writer| writer.update(object, &id.to_string(), &value));
        }
    }
    // Each field's label, too.
    let label = Action::Replace {
        find: r#""label":""#.into(),
        with: r#""label":"E\u001b[2J\u0007\nerror: forged\r\u009b31m\u202e"#.into(),
    };
    world
        .org
        .fault(Rule::next(label).on_kind("describe").times(0));
    world
}

/// Runs a command that must print text, and nothing in it that a terminal obeys.
async fn assert_plain(world: &World, arguments: &[&str]) -> Outcome {
    let run = asymbl(world.folder(), arguments).await;
    let text = format!("{}{}", run.out, run.err);
    assert!(!text.is_empty(), "{arguments:?} prints nothing");
    let obeyed = |c: char| c != '\n' && c.is_control() || matches!(c, '\u{202e}' | '\u{2028}');
    if let Some(at) = text.find(obeyed) {
        let start = text[..at]
            .char_indices()
            .rev()
            .nth(60)
            .map_or(0, |(start, _)| start);
        panic!("{arguments:?}: {:?}", &text[start..=at]);
    }
    let forged = text.lines().find(|line| line.starts_with("error: forged"));
    assert_eq!(forged, None, "{arguments:?}: {text}");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_the_org_controls_the_terminal() {
    let world = evil_world().await;
    let sync = assert_plain(&world, &["sync", "--verbose"]).await;
    assert_eq!(sync.code, 0, "{}", sync.err);
    let mut shown = 0;
    for model in MODELS {
        for command in ["list", "records"] {
            let run = assert_plain(&world, &[command, model]).await;
            assert_eq!(run.code, 0, "{}", run.err);
            shown += run
                .out
                .matches(r"E\u001b[2J\u0007\nerror: forged\r\u009b31m\u202e")
                .count();
        }
        assert_plain(&world, &["fields", model, "--sample", "20"]).await;
    }
    assert!(shown > 100, "the names must be there, escaped: {shown}");
    assert_plain(&world, &["check", "--unmasked"]).await;
    for arguments in [&["guide"][..], &["inspect"], &["inspect", "--coverage"]] {
        assert_plain(&world, arguments).await;
    }
    assert_plain(&world, &["report", "--html", "report.html"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_name_and_no_json_for_people_controls_the_terminal() {
    let world = evil_world().await;
    world.sync().await;
    let act = async |action: &str, input: Value| -> Value {
        std::fs::write(world.folder().join("input.json"), input.to_string()).unwrap();
        let arguments = ["action", action, "--input", "input.json"];
        let run = assert_plain(&world, &arguments).await;
        assert_eq!(run.code, 0, "{}", run.err);
        serde_json::from_str(&run.out).expect("still JSON")
    };
    let job = ids(world.db(), "bpats__Job__c").into_iter().find(|job| {
        let closed = world.db().read("bpats__Job__c", *job, |row| {
            row.get("bpats__Is_Closed__c").to_value()
        });
        closed == Some(OrgValue::Bool(false))
    });
    let made = act(
        "create-candidate",
        json!({
            "candidate": { "first_name": "A", "last_name": "B", "email_address": "a@b.example" },
            "application": { "job_id": job.expect("an open job").to_string() },
            "attachments": [{ "name": "a.txt", "content_type": "text/plain", "data": "YQ==" }],
        }),
    )
    .await;
    for id in ids(world.db(), "ContentVersion") {
        let title = fields(json!({ "Title": EVIL }));
        world.write(|writer| writer.update("ContentVersion", &id.to_string(), &title));
    }
    let candidate = &made["data"]["remote_id"];
    let answer = act(
        "get-candidate-attachments",
        json!({ "candidate_id": candidate }),
    )
    .await;
    let file = answer["data"]["results"][0]["remote_id"]
        .as_str()
        .unwrap_or_else(|| panic!("no file: {made} {answer}"));
    let run = assert_plain(&world, &["attachment", file, "--output", "file"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains(r"\u001b[2J"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_message_controls_the_terminal() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let refused = |status, body| Action::Status {
        status,
        code: Some("EVIL\u{1b}[2J\u{7}".into()),
        message: Some(EVIL.into()),
        body,
        retry_after: None,
    };
    for body in [FaultBody::Json, FaultBody::Text(EVIL.into())] {
        world.org.clear_faults();
        // Not at the token endpoint, where what is not known is repeated for minutes.
        for kind in ["query", "composite", "describe", "batch"] {
            let rule = Rule::next(refused(400, body.clone()));
            world.org.fault(rule.on_kind(kind).times(0));
        }
        for arguments in [
            &["sync"][..],
            &["sync", "--full"],
            &["list", "candidates"],
            &["fields", "candidates"],
            &["check"],
            &[
                "request",
                "GET",
                "/services/data/v66.0/query?q=SELECT+Id+FROM+User",
                "--output",
                "file",
            ],
        ] {
            let run = assert_plain(&world, arguments).await;
            assert_ne!(run.code, 0, "{}", run.out);
        }
    }
    assert_plain(&world, &["report", "--html", "report.html"]).await;
    for wrong in [
        &["list", "jobs\u{1b}[2J"][..],
        &["records", "jobs", "--since", EVIL],
        &["attachment", EVIL, "--output", "file"],
    ] {
        let run = assert_plain(&world, wrong).await;
        assert_ne!(run.code, 0, "{}", run.out);
    }
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(
        &world.tenant(),
        &format!("\"\\u001b[2J\\u0007\" = 1\n{text}"),
    );
    let run = assert_plain(&world, &["sync"]).await;
    assert_eq!(run.code, 2, "{}", run.err);
}
