//! Files: stored, listed, downloaded, of every size up to the cap.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_tests::command;
use connector_tests::world::{World, ids, small_org};
use mirror::actions::{Action, ActionError};
use practice_org::value::Value as OrgValue;
use serde_json::{Value, json};

use super::{act, act_in, id, input, kind, open_job, tenant_with, with_file, words};

#[tokio::test(flavor = "multi_thread")]
async fn files_are_stored_listed_and_come_back_byte_for_byte() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let bytes = b"\x00\r\n--\xff%PDF".to_vec();
    let data = "AA0KLS3/JVBERg==";
    let mut with_files = input(&job, "f@example.com");
    with_files["attachments"] = json!([
        { "name": "../My \"CV\"", "content_type": "application/pdf", "data": data },
        { "name": "empty.txt", "content_type": "text/plain", "data": "" },
    ]);
    let made = act(&world, Action::CreateCandidate, &with_files)
        .await
        .unwrap();
    assert!(!made.is_partial, "{:?}", made.warnings);
    let mirror = &mut world.mirror();
    let candidate = json!({ "candidate_id": made.data["id"] });
    let listed = act_in(
        world.session(),
        mirror,
        Action::GetAttachments,
        &candidate,
        None,
    )
    .await
    .unwrap();
    let files = listed.data["results"].as_array().unwrap();
    let message: Vec<_> = files
        .iter()
        .map(|f| {
            (
                f["file_name"].as_str().unwrap(),
                f["type"].as_str().unwrap(),
                f["size"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(
        message.contains(&("My _CV_.pdf", "CV", bytes.len() as u64))
            && message.contains(&("empty.txt", "OTHER", 0)),
        "{message:?}"
    );
    let told_ids: Vec<&str> = files.iter().map(|f| f["id"].as_str().unwrap()).collect();
    for (file, id) in files.iter().zip(&told_ids) {
        assert!(host_runner::unified::UnifiedId::parse(id).is_some(), "{id}");
        assert!(file["data_url"].is_null());
    }
    assert_ne!(told_ids[0], told_ids[1]);
    // The same from call to call.
    let once_more = act(&world, Action::GetAttachments, &candidate)
        .await
        .unwrap();
    assert_eq!(once_more.data, listed.data);
    // A repeat stores no file twice.
    let again = act(&world, Action::CreateCandidate, &with_files)
        .await
        .unwrap();
    assert!(words(&again).contains(&"file-exists"));
    assert_eq!(
        world.db().count("ContentVersion"),
        ids(world.db(), "ContentVersion").len()
    );
    let cv = files.iter().find(|f| f["type"] == "CV").unwrap()["remote_id"]
        .as_str()
        .unwrap();
    let done = command::asymbl(world.folder(), &["attachment", cv, "--output", "cv.pdf"]).await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(std::fs::read(world.folder().join("cv.pdf")).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_up_to_the_cap_are_stored_in_bounded_memory() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "s@example.com"),
    )
    .await
    .unwrap();
    let attach = |data: &str| {
        let file =
            json!({ "name": "a.bin", "content_type": "application/octet-stream", "data": data });
        json!({ "application_id": made.data["remote_id"], "attachment": file })
    };
    let limits = "[limits]\nmemory = \"90 MiB\"\nattachment_size = \"30 MiB\"";
    let session = tenant_with(&world, "", limits);
    let mirror = &mut world.mirror();
    for size in [0, 1, 30 << 20] {
        let bytes: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
        let wanted = attach(&STANDARD.encode(&bytes));
        let stored = act_in(&session, mirror, Action::AddAttachment, &wanted, None)
            .await
            .unwrap();
        let version = id(&stored.data["attachment_remote_id"]);
        let kept = world
            .db()
            .blob("ContentVersion", version, "VersionData")
            .unwrap_or_default();
        assert!(kept[..] == bytes[..], "{size}: {}", kept.len());
    }
    let count = world.db().count("ContentVersion");
    let over = attach(&STANDARD.encode(vec![7; (30 << 20) + 1]));
    let error = act_in(&session, mirror, Action::AddAttachment, &over, None)
        .await
        .unwrap_err();
    assert!(matches!(error, ActionError::Input(_)), "{error}");
    assert!(error.to_string().contains("attachment.data: "), "{error}");
    // The connector has a cap of its own.
    let own = tenant_with(&world, "", "[connector]\nattachment_cap = 3");
    let error = act_in(
        &own,
        mirror,
        Action::AddAttachment,
        &attach("aGVsbG8="),
        None,
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "invalid-input");
    assert!(error.to_string().contains("attachment_cap"), "{error}");
    assert_eq!(world.db().count("ContentVersion"), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_of_the_old_kind_are_listed_and_downloaded() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let first = with_file(
        input(&job, "old@example.com"),
        json!({ "name": "new.txt", "content_type": "text/plain", "data": "bmV3" }),
    );
    let made = act(&world, Action::CreateCandidate, &first).await.unwrap();
    let contact = id(&made.data["remote_id"]);
    let old = world.write(|writer| {
        writer.insert_values(
            "Attachment",
            &[
                ("Name", OrgValue::from("Old résumé.doc")),
                ("ContentType", OrgValue::from("application/msword")),
                ("Body", OrgValue::Blob(b"old body"[..].into())),
                ("ParentId", OrgValue::Id(contact)),
            ],
        )
    });
    let listed = act(
        &world,
        Action::GetAttachments,
        &json!({ "candidate_id": contact.to_string() }),
    )
    .await
    .unwrap();
    let files = listed.data["results"].as_array().unwrap();
    assert_eq!(files.len(), 2, "{files:?}");
    let legacy = files
        .iter()
        .find(|f| f["remote_id"] == old.to_string())
        .unwrap();
    let message = (
        &legacy["file_name"],
        &legacy["content_type"],
        &legacy["type"],
        &legacy["size"],
    );
    assert_eq!(
        message,
        (
            &json!("Old résumé.doc"),
            &json!("application/msword"),
            &json!("OTHER"),
            &json!(8)
        )
    );
    let folder = world.folder();
    let old = old.to_string();
    let done = command::asymbl(
        folder,
        &["attachment", &old, "--output", "old.doc", "--json"],
    )
    .await;
    assert_eq!(done.code, 0, "{}", done.err);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        (&answer["bytes"], &answer["file_name"]),
        (&json!(8), &json!("Old résumé.doc"))
    );
    assert_eq!(std::fs::read(folder.join("old.doc")).unwrap(), b"old body");
    // No file is left or harmed where there is nothing to download.
    for (wrong, code) in [
        ("00P000000000009", 9),
        ("003000000000009", 2),
        ("nonsense", 2),
    ] {
        let done = command::asymbl(folder, &["attachment", wrong, "--output", "old.doc"]).await;
        assert_eq!(done.code, code, "{wrong}: {}", done.err);
        assert_eq!(std::fs::read(folder.join("old.doc")).unwrap(), b"old body");
    }
    let done = command::asymbl(
        folder,
        &["attachment", &old, "--output", "no/such/folder/x"],
    )
    .await;
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("can't write"), "{}", done.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_file_with_several_versions_the_latest_is_listed() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let first = with_file(
        input(&job, "v@example.com"),
        json!({ "name": "cv.txt", "content_type": "text/plain", "data": "b25l" }),
    );
    let made = act(&world, Action::CreateCandidate, &first).await.unwrap();
    let document = ids(world.db(), "ContentDocument")[0];
    let second = world.write(|writer| {
        writer.insert_values(
            "ContentVersion",
            &[
                ("PathOnClient", OrgValue::from("cv.docx")),
                ("Title", OrgValue::from("cv")),
                ("ContentDocumentId", OrgValue::Id(document)),
                ("VersionData", OrgValue::Blob(b"three"[..].into())),
            ],
        )
    });
    let who = json!({ "candidate_id": made.data["remote_id"] });
    let listed = act(&world, Action::GetAttachments, &who).await.unwrap();
    let files = listed.data["results"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0]["remote_id"], second.to_string());
    assert_eq!(files[0]["file_name"], "cv.docx");
    assert_eq!(files[0]["size"], 5);
    let kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    assert_eq!(files[0]["content_type"], kind);
    let error = act(
        &world,
        Action::GetAttachments,
        &json!({ "candidate_id": "003000000000009" }),
    )
    .await;
    assert_eq!(super::kind(&error.unwrap_err()), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_file_is_a_partial_success_of_the_command() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = with_file(
        input(&job, "half@example.com"),
        json!({ "name": "cv.pdf", "data_url": "https://127.0.0.1:9/cv.pdf" }),
    );
    std::fs::write(world.folder().join("in.json"), wanted.to_string()).unwrap();
    let arguments = ["action", "create-candidate", "--input", "in.json"];
    let done = command::asymbl(world.folder(), &arguments).await;
    assert_eq!(done.code, 5, "{}", done.err);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(answer["status"], "partial");
    let contact = id(&answer["data"]["remote_id"]);
    assert!(ids(world.db(), "Contact").contains(&contact));
    let response = answer["data"]["attachments"][0]["error"]["message"]
        .as_str()
        .unwrap();
    assert!(response.contains("attachments[0].data_url"), "{response}");
}
