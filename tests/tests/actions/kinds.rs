//! Content types: those of names, of downloads, and names that do not agree with them.

use connector_tests::world::{World, small_org, text};
use mirror::actions::Action;
use serde_json::json;

use super::server::file_server;
use super::{act, act_in, id, input, open_job, tenant_with, words};

#[tokio::test(flavor = "multi_thread")]
async fn names_and_content_types_are_made_to_agree() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "kinds@example.com");
    let made = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    for (name, content_type, stored) in [
        ("CV.pdf", "image/svg+xml", "CV.pdf"),
        ("CV.docx", "application/zip", "CV.docx"),
        ("CV.rtf", "application/msword", "CV.rtf"),
        ("list.csv", "application/vnd.ms-excel", "list.csv"),
        ("mail.pdf", "text/plain", "mail.pdf"),
        ("drawing", "image/svg+xml", "drawing.svg"),
        ("CV", "application/vnd.apple.pages", "CV.pages"),
        ("notes.log", "text/plain", "notes.log"),
        ("photo.jpe", "image/jpeg", "photo.jpe"),
        ("photo", "image/heic", "photo.heic"),
        ("CV.pdf", "application/octet-stream", "CV.pdf"),
        // Registered nowhere: nothing to agree with.
        ("CV.q9z", "application/x-own", "CV.q9z"),
    ] {
        let file = json!({ "name": name, "content_type": content_type, "data": "YQ==" });
        let wanted = json!({ "application_id": made.data["remote_id"], "attachment": file });
        let done = act(&world, Action::AddAttachment, &wanted).await.unwrap();
        let version = id(&done.data["attachment_remote_id"]);
        let held = text(world.db(), "ContentVersion", version, "PathOnClient");
        assert_eq!(held.as_deref(), Some(stored), "{name} {content_type}");
        assert_eq!(
            words(&done).contains(&"file-renamed"),
            name != stored,
            "{name}"
        );
    }
    let who = json!({ "candidate_id": made.data["candidate"]["remote_id"] });
    let listed = act(&world, Action::GetAttachments, &who).await.unwrap();
    let files = listed.data["results"].as_array().unwrap();
    for (name, content_type) in [
        ("drawing.svg", "image/svg+xml"),
        ("CV.pages", "application/vnd.apple.pages"),
        ("photo.heic", "image/heic"),
        ("CV.q9z", "application/octet-stream"),
    ] {
        let file = files.iter().find(|file| file["file_name"] == name);
        let file = file.unwrap_or_else(|| panic!("{name} in {files:?}"));
        assert_eq!(file["content_type"], content_type, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_content_type_of_a_download_counts_where_none_is_given() {
    let world = World::of(small_org()).await;
    let origin = file_server(b"%PDF-1.7".to_vec(), "/").await;
    let session = tenant_with(&world, &format!("attachment_origins = [\"{origin}\"]"), "");
    let (job, _) = open_job(&world);
    let wanted = input(&job, "told@example.com");
    let made = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    for (file, stored) in [
        // The server says application/pdf.
        (json!({ "name": "Scan" }), "Scan.pdf"),
        (json!({ "name": "Scan.txt" }), "Scan.txt"),
        (
            json!({ "name": "Scan", "content_type": "text/plain" }),
            "Scan.txt",
        ),
    ] {
        let mut file = file;
        file["data_url"] = json!(format!("{origin}/file"));
        let wanted = json!({ "application_id": made.data["remote_id"], "attachment": file });
        let mirror = &mut world.mirror();
        let done = act_in(&session, mirror, Action::AddAttachment, &wanted, None)
            .await
            .unwrap();
        let version = id(&done.data["attachment_remote_id"]);
        let held = text(world.db(), "ContentVersion", version, "PathOnClient");
        assert_eq!(held.as_deref(), Some(stored));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_no_and_of_one_byte_behind_urls_are_stored_as_they_are() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "small@example.com");
    let made = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    for bytes in [&b""[..], b"x"] {
        let origin = file_server(bytes.to_vec(), "/").await;
        let session = tenant_with(&world, &format!("attachment_origins = [\"{origin}\"]"), "");
        for path in ["file", "open-ended"] {
            let file = json!({ "name": "a.pdf", "data_url": format!("{origin}/{path}") });
            let wanted = json!({ "application_id": made.data["remote_id"], "attachment": file });
            let mirror = &mut world.mirror();
            let done = act_in(&session, mirror, Action::AddAttachment, &wanted, None).await;
            let done = done.unwrap_or_else(|error| panic!("{path} {}: {error}", bytes.len()));
            let version = id(&done.data["attachment_remote_id"]);
            let held = world.db().blob("ContentVersion", version, "VersionData");
            assert_eq!(held.as_deref().unwrap_or_default(), bytes, "{path}");
        }
    }
}
