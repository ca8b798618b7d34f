//! Every loop that a connector feeds has an end, and whatever of it is stored or printed has a bound. The guest is
//! `tests/hostile-guest`, with a test here for each way to list.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::sandbox::behaviour::Listing;
use connector_tests::command::{Outcome, asymbl};
use connector_tests::world::{of_model, write_private};
use connector_tests::{component_path, hostile};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::Model;
use mirror::store::SqliteMirror;
use mirror::sync::{Events, Failure, SyncError, SyncOptions, SyncReport, discover, sync};

/// A tenant whose connector lists users this way; nothing is sent to the address.
fn tenant(folder: &Path, listing: Listing) -> PathBuf {
    let file = folder.join("tenant.toml");
    let text = format!(
        "name = \"hostile\"\ninstance_url = \"http://127.0.0.1:9\"\n\
         [auth]\nkind = \"access-token\"\naccess_token = \"00Dsecret\"\n\
         [limits]\nrecords_per_model = 100\n\
         [connector]\nbehaviour = \"{listing:?}\"\n"
    );
    write_private(&file, &text);
    file
}

async fn synced(folder: &Path, listing: Listing) -> Result<SyncReport, SyncError> {
    let file = TenantFile::load(tenant(folder, listing)).unwrap();
    let tenant = Tenant::open(file, TokenSourceOptions::default()).unwrap();
    let session = Session::new(hostile(), tenant);
    let discovered = discover(&session).await?;
    let mut mirror = SqliteMirror::open(&mirror_path(folder), &discovered.org).unwrap();
    let options = SyncOptions::default();
    sync(
        &session,
        &mut mirror,
        &discovered,
        &options,
        &Events::default(),
    )
    .await
}

fn mirror_path(folder: &Path) -> PathBuf {
    folder.join("tenant.mirror.sqlite")
}

/// The bytes of the mirror, its journals included.
fn stored(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let mirror = files.filter(|file| file.file_name().to_string_lossy().contains(".mirror."));
    mirror.map(|file| file.metadata().unwrap().len()).sum()
}

/// Syncs twice; each time the listing of users fails in these words, soon, all other models are complete, and the
/// mirror stays small.
async fn assert_bounded(listing: Listing, words: &str) -> SyncReport {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let started = Instant::now();
        let report = synced(folder.path(), listing)
            .await
            .expect("the run goes on");
        let took = started.elapsed();
        assert!(took < Duration::from_secs(5), "{listing:?}: {took:?}");
        for model in Model::SYNC_ORDER {
            let failure = &of_model(&report, model).failure;
            match (model, failure) {
                (Model::Users, Some(failure)) => {
                    let message = failure.to_string();
                    assert!(message.contains(words), "{listing:?}: {message:.300}");
                    assert!(message.len() < 5_000, "{} bytes", message.len());
                }
                (Model::Users, None) => panic!("{listing:?}: users are complete"),
                (_, failure) => assert!(failure.is_none(), "{listing:?}: {failure:?}"),
            }
        }
    }
    let size = stored(folder.path());
    assert!(size < 1_000_000, "{listing:?}: {size} bytes of mirror");
    synced(folder.path(), listing).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_comes_again_ends_a_listing() {
    assert_bounded(Listing::SameCursor, "a cursor that was seen before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_bring_nothing_end_a_listing() {
    assert_bounded(Listing::NewCursors, "neither a record nor a request").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_records_end_at_the_tenant_s_limit() {
    let report = assert_bounded(Listing::NewRecords, "`limits.records_per_model`").await;
    let users = of_model(&report, Model::Users);
    let failure = users.failure.as_deref();
    assert!(
        matches!(failure, Some(Failure::Limit { .. })),
        "{failure:?}"
    );
    assert!(users.resumed, "what was read is kept");
    assert_eq!(users.rows, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_begins_anew_only_a_few_times() {
    assert_bounded(Listing::RejectedCursors, "begin anew").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_stored_has_a_bound() {
    for (listing, words) in [
        (
            Listing::LongCursor,
            "a cursor has 100000 bytes, more than the 65536",
        ),
        (
            Listing::LongToken,
            "a sync token has 100000 bytes, more than the 65536",
        ),
        (
            Listing::LongKey,
            "a remote id has 10000000 bytes, more than the 255",
        ),
        (
            Listing::LongRecheck,
            "a key has 10000000 bytes, more than the 255",
        ),
        (
            Listing::DeepRow,
            "a record is nested more than 64 levels deep",
        ),
    ] {
        assert_bounded(listing, words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_and_many_problems_are_cut() {
    assert_bounded(Listing::LongMessage, "xxx…").await;
    assert_bounded(Listing::ManyProblems, "users: wrong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_profile_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = synced(folder.path(), Listing::LongProfile)
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(message.contains("a profile has 2097152 bytes"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rechecks_that_ask_for_others_wait_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let report = synced(folder.path(), Listing::NewRechecks).await.unwrap();
        let users = of_model(&report, Model::Users);
        assert!(users.failure.is_none(), "{:?}", users.failure);
    }
    assert!(stored(folder.path()) < 1_000_000);
}

async fn command(listing: Listing, arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    tenant(folder.path(), listing);
    let component = component_path("hostile-guest.wasm");
    let component = component.to_string_lossy();
    let started = Instant::now();
    let run = asymbl(
        folder.path(),
        &[arguments, &["--component", &component]].concat(),
    )
    .await;
    assert!(started.elapsed() < Duration::from_secs(5), "{listing:?}");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_listing_ends_by_the_same_rules() {
    for (listing, code, words) in [
        (Listing::SameCursor, 7, "a cursor that was seen before"),
        (Listing::NewCursors, 7, "neither a record nor a request"),
        (Listing::NewRecords, 5, "`limits.records_per_model`"),
        (Listing::LongProfile, 7, "a profile has 2097152 bytes"),
    ] {
        let run = command(listing, &["list", "users", "--json"]).await;
        assert_eq!(run.code, code, "{listing:?}: {}", run.err);
        assert!(run.err.contains(words), "{listing:?}: {}", run.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_s_notes_are_few_and_cannot_control_the_terminal() {
    let run = command(Listing::ManyNotes, &["sync"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    let notes = run
        .out
        .matches(r"note: users: \u001b[2J\nerror: forged")
        .count();
    assert_eq!(notes, 100, "{}", run.out);
    assert!(!run.out.contains('\u{1b}'));
}
