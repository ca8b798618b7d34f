//! Files of calls that are made again with their key: taken up where the first call left off, never stored twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connector_tests::world::{World, small_org, text};
use host_runner::session::Session;
use mirror::actions::{Action, ActionError, Outcome};
use practice_org::{Action as Fault, Rule};
use serde_json::{Value, json};

use super::server::expiring_server;
use super::{act, act_in, id, input, kind, open_job, tenant_with, with_file, words};

/// An application to attach to, and a server whose file's URLs can expire.
struct Scene {
    world: World,
    origin: String,
    expired: Arc<AtomicBool>,
    application: Value,
    /// May fetch from the server.
    session: Session,
}

async fn scene() -> Scene {
    let world = World::of(small_org()).await;
    let (origin, expired) = expiring_server(b"%PDF-1.7".to_vec()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "files@example.com");
    let made = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    let listed = format!("attachment_origins = [\"{origin}\"]");
    Scene {
        application: made.data["remote_id"].clone(),
        session: tenant_with(&world, &listed, ""),
        world,
        origin,
        expired,
    }
}

async fn attach(
    world: &World,
    session: &Session,
    input: &Value,
    key: &str,
) -> Result<Outcome, ActionError> {
    let mirror = &mut world.mirror();
    act_in(session, mirror, Action::AddAttachment, input, Some(key)).await
}

fn behind(application: &Value, url: &str) -> Value {
    json!({ "application_id": application, "attachment": { "name": "CV.pdf", "data_url": url } })
}

/// The next file is stored, but neither its answer nor a look at the candidate's files, after so many, gets through.
fn lose_the_upload(world: &World, looks_before: u32) {
    world
        .org
        .fault(Rule::next(Fault::DropAfter).on_kind("create"));
    let mut look = Rule::next(Fault::DropBefore).times(99).skip(looks_before);
    look.path = Some("ContentDocumentLink".to_owned());
    world.org.fault(look);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_an_expired_url_is_not_stored_twice() {
    let Scene {
        world,
        origin,
        expired,
        application,
        session,
    } = scene().await;
    let wanted = behind(&application, &format!("{origin}/file"));
    let count = || world.db().count("ContentVersion");
    // The file is stored and nobody hears of it.
    lose_the_upload(&world, 0);
    let first = attach(&world, &session, &wanted, "k9").await;
    assert_eq!((kind(&first.unwrap_err()), count()), ("unavailable", 1));
    world.org.clear_faults();
    expired.store(true, Ordering::Relaxed);
    let second = attach(&world, &session, &wanted, "k9").await.unwrap();
    assert!(
        words(&second).contains(&"file-exists"),
        "{:?}",
        second.warnings
    );
    expired.store(false, Ordering::Relaxed);
    let third = attach(&world, &session, &wanted, "k9").await.unwrap();
    assert!(words(&third).contains(&"repeated"), "{:?}", third.warnings);
    assert_eq!(third.data, second.data);
    assert_eq!(count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_that_is_refused_leaves_its_key_taken() {
    let Scene {
        world,
        origin,
        expired,
        application,
        session,
    } = scene().await;
    let wanted = behind(&application, &format!("{origin}/file"));
    let count = || world.db().count("ContentVersion");
    // No answer, and nothing stored, which the caller can't know.
    world
        .org
        .fault(Rule::next(Fault::DropBefore).on_kind("create").times(9));
    let first = attach(&world, &session, &wanted, "k").await;
    assert_eq!((kind(&first.unwrap_err()), count()), ("unavailable", 0));
    world.org.clear_faults();
    expired.store(true, Ordering::Relaxed);
    let second = attach(&world, &session, &wanted, "k").await.unwrap_err();
    assert!(second.to_string().contains("403"), "{second}");
    expired.store(false, Ordering::Relaxed);
    // Still the key of that call, which another one must not take over.
    let other = behind(&application, &format!("{origin}/near"));
    let error = attach(&world, &session, &other, "k").await.unwrap_err();
    assert!(matches!(error, ActionError::KeyReused { .. }), "{error}");
    attach(&world, &session, &wanted, "k").await.unwrap();
    assert_eq!(count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_with_a_new_signature_is_the_same_input() {
    let Scene {
        world,
        origin,
        application,
        session,
        ..
    } = scene().await;
    let signed = |query: &str| behind(&application, &format!("{origin}/file?{query}"));
    let count = || world.db().count("ContentVersion");
    for (n, [first, anew, other]) in [
        [
            "v=1&X-Amz-Date=20261125T220000Z&X-Amz-Expires=900&X-Amz-Signature=aa",
            "v=1&X-Amz-Date=20261125T221000Z&X-Amz-Expires=900&X-Amz-Signature=bb",
            "v=2&X-Amz-Date=20261125T220000Z&X-Amz-Expires=900&X-Amz-Signature=aa",
        ],
        [
            "v=1&sv=2025-01-05&se=2026-11-25T22%3A00Z&sr=b&sp=r&sig=aa",
            "v=1&sv=2025-01-05&se=2026-11-25T23%3A00Z&sr=b&sp=r&sig=bb",
            "v=2&sv=2025-01-05&se=2026-11-25T22%3A00Z&sr=b&sp=r&sig=aa",
        ],
        [
            "v=1&Expires=1795644000&Key-Pair-Id=K1&Signature=aa",
            "v=1&Expires=1795647600&Key-Pair-Id=K1&Signature=bb",
            "v=2&Expires=1795644000&Key-Pair-Id=K1&Signature=aa",
        ],
        ["id=1", "id=1", "id=2"],
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("k{n}");
        let stored = attach(&world, &session, &signed(first), &key)
            .await
            .unwrap();
        let again = attach(&world, &session, &signed(anew), &key).await;
        let again = again.unwrap_or_else(|error| panic!("{anew}: {error}"));
        assert!(words(&again).contains(&"repeated"), "{anew}");
        assert_eq!(again.data, stored.data);
        let error = attach(&world, &session, &signed(other), &key).await;
        assert!(
            matches!(error, Err(ActionError::KeyReused { .. })),
            "{other}"
        );
        assert_eq!(count(), n + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_unknown_length_is_found_by_name_and_time() {
    let Scene {
        world,
        origin,
        application,
        session,
        ..
    } = scene().await;
    let wanted = behind(&application, &format!("{origin}/open-ended"));
    // One of the same name that another call stored.
    attach(&world, &session, &wanted, "other").await.unwrap();
    lose_the_upload(&world, 0);
    let first = attach(&world, &session, &wanted, "k").await;
    assert_eq!(kind(&first.unwrap_err()), "unavailable");
    world.org.clear_faults();
    let again = attach(&world, &session, &wanted, "k").await.unwrap();
    assert!(
        words(&again).contains(&"file-exists"),
        "{:?}",
        again.warnings
    );
    assert_eq!(world.db().count("ContentVersion"), 2);
    let version = id(&again.data["attachment_remote_id"]);
    let title = text(world.db(), "ContentVersion", version, "Title");
    assert_eq!(title.as_deref(), Some("CV"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_create_finds_files_with_expired_urls() {
    let Scene {
        world,
        origin,
        expired,
        session,
        ..
    } = scene().await;
    let (job, _) = open_job(&world);
    let wanted = with_file(
        input(&job, "repeat@example.com"),
        json!({ "name": "CV.pdf", "data_url": format!("{origin}/file") }),
    );
    let mirror = &mut world.mirror();
    // The first look is for a CV that is there already.
    lose_the_upload(&world, 1);
    let create = Action::CreateCandidate;
    let first = act_in(&session, mirror, create, &wanted, Some("k")).await;
    assert!(first.unwrap().is_partial);
    world.org.clear_faults();
    expired.store(true, Ordering::Relaxed);
    let again = act_in(&session, mirror, create, &wanted, Some("k"))
        .await
        .unwrap();
    assert!(!again.is_partial, "{:?}", again.warnings);
    assert!(words(&again).contains(&"file-exists"));
    assert!(again.data["attachments"][0]["remote_id"].is_string());
    assert_eq!(world.db().count("ContentVersion"), 1);
}
