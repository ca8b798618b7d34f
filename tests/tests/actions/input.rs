//! Inputs: wrong ones told whole, hostile ones stored as they are or refused, ids of every form.

use connector_tests::command;
use connector_tests::world::{World, ids, small_org, text};
use mirror::actions::{Action, ActionError};
use serde_json::{Value, json};

use super::{APPLICANT, STAGE, act, id, input, kind, open_job, with_file};

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_told_whole_by_the_command_and_nothing_is_sent() {
    let world = World::of(small_org()).await;
    let bad = json!({ "candidate": { "first_name": "", "email_address": 3 }, "application": { "job_id": "x" }, "nope": 1 });
    std::fs::write(world.folder().join("in.json"), bad.to_string()).unwrap();
    let contacts = world.db().count("Contact");
    let done = command::asymbl(
        world.folder(),
        &["action", "create-candidate", "--input", "in.json"],
    )
    .await;
    assert_eq!(done.code, 2);
    for path in [
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email_address",
        "application.job_id",
        "nope",
    ] {
        assert!(done.err.contains(path), "{path}: {}", done.err);
    }
    assert_eq!(world.db().count("Contact"), contacts);
}

/// Text that means something to SOQL, JSON, HTTP, HTML or a shell.
const HOSTILE: [&str; 7] = [
    "' OR Name != '",
    "\\' OR Id != null --",
    "x\\\\'",
    "\"},\"attributes\":{\"type\":\"User\"},\"x\":\"",
    "%27%20OR%20Id%20!=%20%27&q=SELECT",
    "<script>alert(1)</script>",
    "$(reboot) {0} ${jndi:ldap://x}",
];

/// Text that no field of one line takes, and what a composite request reads as a reference to another record.
const UNWRITABLE: [&str; 5] = [
    "a@{contact.id}",
    "a\nb",
    "a\r\nX-Evil: 1",
    "a\0b",
    "a\u{1b}[2Jb",
];

fn set(input: &mut Value, path: &str, value: &str) {
    *input.pointer_mut(path).expect("the path") = json!(value);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_stored_to_the_letter_and_finds_nobody_else() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let contacts = world.db().count("Contact");
    for (n, hostile) in HOSTILE.into_iter().enumerate() {
        let mut wanted = input(&job, &format!("hostile{n}@example.com"));
        for path in [
            "/candidate/first_name",
            "/candidate/last_name",
            "/candidate/title",
            "/candidate/phone_number",
            "/candidate/location/city",
            "/source/name",
        ] {
            set(&mut wanted, path, hostile);
        }
        // The longest one is too long for a phone number or a place.
        let short: String = hostile.chars().take(20).collect();
        for path in [
            "/candidate/first_name",
            "/candidate/phone_number",
            "/candidate/location/city",
            "/candidate/location/zip_code",
        ] {
            set(&mut wanted, path, short.trim());
        }
        let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
        assert_eq!(made.data["candidate_created"], true, "{hostile}");
        let (contact, applicant) = (
            id(&made.data["remote_id"]),
            id(&made.data["applications"][0]["remote_id"]),
        );
        for (object, row, field, held) in [
            ("Contact", contact, "FirstName", short.trim()),
            ("Contact", contact, "LastName", hostile),
            ("Contact", contact, "Title", hostile),
            ("Contact", contact, "MobilePhone", short.trim()),
            ("Contact", contact, "MailingCity", short.trim()),
            ("Contact", contact, "MailingPostalCode", short.trim()),
            (APPLICANT, applicant, "bpats__Internal_Source__c", hostile),
        ] {
            assert_eq!(
                text(world.db(), object, row, field).as_deref(),
                Some(held),
                "{object}.{field}"
            );
        }
    }
    assert_eq!(world.db().count("Contact"), contacts + HOSTILE.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_inputs_are_refused_before_any_request() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let counts = || [world.db().count("Contact"), world.db().count(APPLICANT)];
    let before = counts();
    let base = || {
        let mut wanted = input(&job, "c@example.com");
        wanted["source"] = json!({ "name": "x", "unified_key": "x", "id": "x" });
        with_file(
            wanted,
            json!({ "name": "a.txt", "content_type": "text/plain", "data": "YQ==" }),
        )
    };
    for control in UNWRITABLE {
        for path in [
            "/candidate/first_name",
            "/candidate/last_name",
            "/candidate/title",
            "/candidate/phone_number",
            "/candidate/email_address",
            "/candidate/location/city",
            "/candidate/location/zip_code",
            "/candidate/location/country",
            "/candidate/availability_date",
            "/source/name",
            "/source/unified_key",
            "/source/id",
            "/application/job_id",
            "/attachments/0/content_type",
            "/attachments/0/data",
        ] {
            let mut wanted = base();
            set(&mut wanted, path, control);
            let error = act(&world, Action::CreateCandidate, &wanted)
                .await
                .unwrap_err();
            let named = path[1..].replace("/0/", "[0].").replace('/', ".");
            assert!(error.to_string().contains(&named), "{path}: {error}");
            assert!(
                !error.to_string().contains(control) || !control.contains(['\0', '\u{1b}']),
                "{error:?}"
            );
        }
    }
    for hostile in HOSTILE {
        for path in [
            "/candidate/email_address",
            "/application/job_id",
            "/attachments/0/content_type",
        ] {
            let mut wanted = base();
            set(&mut wanted, path, hostile);
            let error = act(&world, Action::CreateCandidate, &wanted)
                .await
                .unwrap_err();
            assert!(
                matches!(error, ActionError::Input(_)) || kind(&error) == "invalid-input",
                "{error}"
            );
        }
    }
    let mut wanted = base();
    set(
        &mut wanted,
        "/attachments/0/content_type",
        "text/plain; a=b\r\nX-Evil: 1",
    );
    let error = act(&world, Action::CreateCandidate, &wanted)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("attachments[0].content_type"),
        "{error}"
    );
    assert_eq!(counts(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_names_lose_their_folders_and_control_characters() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "n@example.com"),
    )
    .await
    .unwrap();
    for (name, kept) in [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.txt", "boot.txt"),
        ("a\r\nContent-Type: text/html.txt", "html.txt"),
        ("a\"; filename=\"b.txt", "a_; filename=_b.txt"),
        ("nul\0.txt", "nul_.txt"),
        ("O'Hara \u{202e}txt.exe", "O'Hara _txt.exe.txt"),
        ("履歴書.txt", "履歴書.txt"),
    ] {
        let file = json!({ "name": name, "content_type": "text/plain", "data": "YQ==" });
        let wanted = json!({ "application_id": made.data["remote_id"], "attachment": file });
        let stored = act(&world, Action::AddAttachment, &wanted).await.unwrap();
        let version = id(&stored.data["attachment_remote_id"]);
        let held = text(world.db(), "ContentVersion", version, "PathOnClient").unwrap();
        assert!(
            !held.chars().any(|c| c.is_control() || "/\\\"".contains(c)),
            "{held:?}"
        );
        if !name.contains("Content-Type") {
            assert_eq!(held, kept, "{name:?}");
        }
    }
    for name in ["..", "/", "folder/", " ", "\0"] {
        let file = json!({ "name": name, "content_type": "text/plain", "data": "YQ==" });
        let wanted = json!({ "application_id": made.data["remote_id"], "attachment": file });
        let error = act(&world, Action::AddAttachment, &wanted)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("attachment.name"),
            "{name:?}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_unified_or_of_15_or_18_characters() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, stages) = open_job(&world);
    let unified = |model, key: &str| world.record(model, key).id.to_string();
    use host_runner::unified::Model;
    let jobs = [
        job.clone(),
        job[..15].to_owned(),
        unified(Model::Jobs, &job),
    ];
    let steps = [
        stages[1].clone(),
        stages[1][..15].to_owned(),
        unified(Model::ApplicationStages, &stages[1]),
    ];
    for (n, (job, stage)) in jobs.iter().zip(&steps).enumerate() {
        let mut wanted = input(job, &format!("id{n}@example.com"));
        wanted["application"]["stage_id"] = json!(stage);
        let made = act(&world, Action::CreateApplication, &wanted)
            .await
            .unwrap();
        assert_eq!(
            made.data["current_stage"]["remote_id"], stages[1],
            "{job} {stage}"
        );
        for id in [&made.data["id"], &made.data["remote_id"]] {
            let to = json!({ "application_id": id, "stage_id": stages[0] });
            assert_eq!(
                act(&world, Action::Move, &to).await.unwrap().data["remote_id"],
                made.data["remote_id"]
            );
        }
        for id in [
            &made.data["candidate"]["id"],
            &made.data["candidate"]["remote_id"],
        ] {
            let files = act(
                &world,
                Action::GetAttachments,
                &json!({ "candidate_id": id }),
            )
            .await
            .unwrap();
            assert_eq!(files.data["results"], json!([]));
        }
    }
    let gone = world.live(Model::Applications)[0].record.key().to_string();
    world.write(|writer| writer.delete(APPLICANT, &gone));
    let to = |id: &str| json!({ "application_id": id, "stage_id": stages[0] });
    let error = act(&world, Action::Move, &to(&gone)).await.unwrap_err();
    assert_eq!(kind(&error), "not-found");
    world.sync().await;
    let error = act(
        &world,
        Action::Move,
        &to(&unified(Model::Applications, &gone)),
    )
    .await;
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("application_id") && message.contains("is deleted"),
        "{message}"
    );
    let foreign = unified(
        Model::Candidates,
        &world.live(Model::Candidates)[0].record.key().to_string(),
    );
    let user = ids(world.db(), "User")[0].to_string();
    let stage = ids(world.db(), STAGE)[0].to_string();
    for (wrong, message) in [
        ("", "must not be empty"),
        ("abc", "unified id"),
        ("a01Hs000000000V!", "unified id"),
        (foreign.as_str(), "sync first"),
        (user.as_str(), "no job"),
        (stage.as_str(), "no job"),
        ("a01000000000009", "no job"),
    ] {
        let error = act(
            &world,
            Action::CreateApplication,
            &input(wrong, "w@example.com"),
        )
        .await
        .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("application.job_id") && text.contains(message),
            "{wrong}: {text}"
        );
    }
}
