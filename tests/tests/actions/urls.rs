//! Files behind URLs: streamed through a small sandbox, from the granted origin alone.

use connector_tests::recorder::Recorder;
use connector_tests::world::{World, small_org};
use mirror::actions::{Action, ActionError};
use serde_json::json;

use super::server::file_server;
use super::{act, act_in, id, input, open_job, tenant_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_behind_a_url_is_streamed_through_a_small_sandbox() {
    let world = World::of(small_org()).await;
    let file: Vec<u8> = (0..30 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    let origin = file_server(file.clone(), "https://evil.example/").await;
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
    let origin = file_server(vec![7; 2 * 1024 * 1024], "/").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn three_redirects_are_followed_within_an_origin() {
    let world = World::of(small_org()).await;
    let elsewhere = Recorder::start();
    let origin = file_server(b"hello".to_vec(), &format!("{}/x", elsewhere.url())).await;
    // The other origin is trusted, too, and still not followed to: the grant is for one.
    let listed = format!(
        "attachment_origins = [\"{origin}\", \"{}\"]",
        elsewhere.url()
    );
    let session = tenant_with(&world, &listed, "");
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "r@example.com"),
    )
    .await
    .unwrap();
    let application = made.data["applications"][0]["remote_id"].clone();
    let attach = |path: &str| {
        json!({ "application_id": application,
                "attachment": { "name": "a.pdf", "data_url": format!("{origin}{path}") } })
    };
    let mirror = &mut world.mirror();
    for path in ["/file", "/near", "/once", "/twice", "/relative"] {
        let stored = act_in(&session, mirror, Action::AddAttachment, &attach(path), None).await;
        assert!(stored.is_ok(), "{path}: {}", stored.unwrap_err());
    }
    let count = world.db().count("ContentVersion");
    for (path, why) in [
        ("/thrice", "more than 3 times"),
        ("/away", "another origin"),
        ("/other-port", "another origin"),
        ("/cut", "broke off"),
    ] {
        let error = act_in(&session, mirror, Action::AddAttachment, &attach(path), None)
            .await
            .unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("attachment.data_url") && message.contains(why),
            "{path}: {message}"
        );
    }
    assert_eq!(world.db().count("ContentVersion"), count);
    assert_eq!(elsewhere.take(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_of_private_addresses_and_of_the_org_are_refused() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "p@example.com"),
    )
    .await
    .unwrap();
    let application = made.data["applications"][0]["remote_id"].clone();
    let own = format!("{}/services/data/v66.0/sobjects", world.org.url());
    let (plain, local) = ("must be an https URL", "is a loopback address");
    for (url, why) in [
        ("https://127.0.0.1/a.pdf", local),
        ("https://[::1]/a.pdf", "only public addresses"),
        ("https://[::ffff:127.0.0.1]/a.pdf", local),
        ("https://10.0.0.1/a.pdf", "is a private network"),
        ("https://192.168.1.1/a.pdf", "is a private network"),
        (
            "https://169.254.169.254/latest/meta-data",
            "is a link-local or metadata address",
        ),
        // Known after the name is resolved.
        ("https://localhost/a.pdf", "only public addresses"),
        ("https://0.0.0.0/a.pdf", "is an unspecified address"),
        ("http://files.example/a.pdf", plain),
        (
            "https://user:secret@files.example/a.pdf",
            "user name or a password",
        ),
        ("ftp://files.example/a.pdf", plain),
        ("file:///etc/passwd", "has no host"),
        ("data:text/plain,hello", "give its base64 text as `data`"),
        ("//files.example/a.pdf", "is not an absolute URL"),
        (
            "https://files.example/a\r\nX-Evil: 1",
            "is not an absolute URL",
        ),
        (own.as_str(), "the tenant's own org"),
    ] {
        let attach = json!({ "application_id": application, "attachment": { "name": "a.pdf", "data_url": url } });
        let error = act(&world, Action::AddAttachment, &attach)
            .await
            .unwrap_err();
        let message = error.to_string();
        assert!(message.contains("attachment.data_url"), "{url}: {message}");
        // The gate's own reason: a refused connection would be told as one.
        assert!(message.contains(why), "{url}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    assert_eq!(world.db().count("ContentVersion"), 0);
}
