//! Files: stored, listed, downloaded, streamed from URLs, refused over the cap.

use connector_tests::command;
use connector_tests::world::{World, ids, session, small_org, write_private};
use host_runner::actions::{Action, ActionError};
use host_runner::session::Session;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{act, act_in, id, input, open_job, words};

/// Serves a few files on loopback; `/away` redirects off, `/near` to `/file`.
async fn file_server(file: Vec<u8>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let file = file.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut byte = [0; 1];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) == 1
                {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).to_lowercase();
                assert!(
                    !head.contains("authorization"),
                    "credentials went to a file server"
                );
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let (start, body) = match path.as_str() {
                    "/away" => ("HTTP/1.1 302 Found\r\nlocation: https://evil.example/x\r\ncontent-length: 0".to_owned(), Vec::new()),
                    "/near" => ("HTTP/1.1 302 Found\r\nlocation: /file\r\ncontent-length: 0".to_owned(), Vec::new()),
                    "/open-ended" => ("HTTP/1.1 200 OK".to_owned(), file),
                    "/file" => (format!("HTTP/1.1 200 OK\r\ncontent-length: {}", file.len()), file),
                    _ => ("HTTP/1.1 404 Not Found\r\ncontent-length: 0".to_owned(), Vec::new()),
                };
                let _ = stream
                    .write_all(
                        format!(
                            "{start}\r\ncontent-type: application/pdf\r\nconnection: close\r\n\r\n"
                        )
                        .as_bytes(),
                    )
                    .await;
                let _ = stream.write_all(&body).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    origin
}

fn tenant_with(world: &World, top: &str, end: &str) -> Session {
    let file = world.folder().join("tenant.toml");
    let plain = std::fs::read_to_string(&file).unwrap();
    write_private(&file, &format!("{top}\n{plain}\n{end}\n"));
    session(&file)
}

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
    let told: Vec<_> = files
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
        told.contains(&("My _CV_.pdf", "CV", bytes.len() as u64))
            && told.contains(&("empty.txt", "OTHER", 0)),
        "{told:?}"
    );
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
async fn a_file_behind_a_url_is_streamed_through_a_small_sandbox() {
    let world = World::of(small_org()).await;
    let file: Vec<u8> = (0..30 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    let origin = file_server(file.clone()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "u@example.com"),
    )
    .await
    .unwrap();
    let application = made.data["applications"][0]["remote_id"].clone();
    let attach = |path: &str| json!({ "application_id": application, "attachment": { "name": "CV.pdf", "type": "CV", "data_url": format!("{origin}{path}") } });
    let mirror = &mut world.mirror();
    // Loopback is no public address.
    let error = act_in(
        world.session(),
        mirror,
        Action::AddAttachment,
        &attach("/file"),
        None,
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("attachment.data_url"), "{error}");
    let listed = tenant_with(
        &world,
        &format!("attachment_origins = [\"{origin}\"]"),
        "[limits]\nmemory = \"64 MiB\"\nattachment_size = \"31 MiB\"",
    );
    for path in ["/near", "/open-ended"] {
        let stored = act_in(&listed, mirror, Action::AddAttachment, &attach(path), None)
            .await
            .unwrap();
        let version = id(&stored.data["attachment_remote_id"]);
        let kept = world
            .db()
            .blob("ContentVersion", version, "VersionData")
            .unwrap();
        assert!(kept[..] == file[..], "{path}: {} bytes", kept.len());
        assert_eq!(stored.data["candidate_remote_id"], made.data["remote_id"]);
    }
    let count = world.db().count("ContentVersion");
    for path in ["/away", "/nowhere"] {
        let error = act_in(&listed, mirror, Action::AddAttachment, &attach(path), None)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("attachment.data_url"),
            "{path}: {error}"
        );
    }
    assert_eq!(world.db().count("ContentVersion"), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_over_the_cap_makes_a_create_a_partial_success() {
    let world = World::of(small_org()).await;
    let origin = file_server(vec![7; 2 * 1024 * 1024]).await;
    let capped = tenant_with(
        &world,
        &format!("attachment_origins = [\"{origin}\"]"),
        "[limits]\nattachment_size = \"1 MiB\"",
    );
    let (job, _) = open_job(&world);
    let mut with_files = input(&job, "p@example.com");
    with_files["attachments"] = json!([
        { "name": "a.pdf", "data_url": format!("{origin}/file") },
        { "name": "b.pdf", "data_url": format!("{origin}/open-ended") },
    ]);
    let mirror = &mut world.mirror();
    let made = act_in(&capped, mirror, Action::CreateCandidate, &with_files, None)
        .await
        .unwrap();
    assert!(made.is_partial && made.data["remote_id"].is_string());
    assert!(
        made.data["attachments"]
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["error"]["message"].is_string()),
        "{}",
        made.data["attachments"]
    );
    assert_eq!(world.db().count("ContentVersion"), 0);
    let mut too_large = input(&job, "p2@example.com");
    too_large["attachments"] = json!([{ "name": "a.bin", "content_type": "application/octet-stream", "data": "A".repeat(1_500_000) }]);
    let error = act_in(&capped, mirror, Action::CreateCandidate, &too_large, None)
        .await
        .unwrap_err();
    assert!(matches!(error, ActionError::Input(_)), "{error}");
    assert_eq!(world.db().count("ContentVersion"), 0);
}
