//! The same with mirrors in PostgreSQL: the files of this folder whose tests begin with `super::world`.

// The shared tests are compiled for each store.
#![allow(clippy::duplicate_mod)]

#[path = "actions.rs"]
mod actions;
#[path = "changes.rs"]
mod changes;
#[path = "kill.rs"]
mod kill;
#[path = "lists.rs"]
mod lists;

use connector_tests::command::{asymbl, until};
use connector_tests::world::{World, small_org, write_private};
use practice_org::server::Builder;
use temporary_postgres::Database;

use super::{Answer, LISTS, Serving, ids};

async fn world(org: Builder) -> Option<World> {
    world_with(org, "").await
}

async fn world_with(org: Builder, more: &str) -> Option<World> {
    let database = Database::fresh()?;
    let mut world = World::with(org, more).await;
    world.keep_mirror_in(database.url());
    Some(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tenants_share_few_connections() {
    const TENANTS: usize = 30;
    let Some(database) = Database::fresh() else {
        return;
    };
    let mut world = World::of(small_org().candidates(5)).await;
    world.keep_mirror_in(database.url());
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    std::fs::remove_file(world.tenant()).unwrap();
    let name = |tenant: usize| format!("t{tenant}");
    for tenant in 0..TENANTS {
        let file = world.folder().join(name(tenant)).with_extension("toml");
        write_private(&file, &text.replacen("practice-org", &name(tenant), 1));
    }
    let serving = Serving::with(&world, &["--every", "6m"]);
    let status = |tenant: usize| serving.get(&name(tenant), "/v1/ats/applications").status;
    until("all are synced", || {
        (0..TENANTS).all(|tenant| status(tenant) == 200)
    })
    .await;
    std::thread::scope(|scope| {
        for tenant in 0..TENANTS {
            scope.spawn(move || {
                for _ in 0..5 {
                    assert_eq!(status(tenant), 200);
                }
            });
        }
    });
    let page = serving.list("/").body;
    assert_eq!(page.as_str().unwrap().matches("<section").count(), TENANTS);
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'asymbl'
                    AND datname = current_database()";
    // Those that wait for the next request, and those of four syncs.
    let sessions: usize = database.sql(sessions).parse().unwrap();
    assert!((1..=20).contains(&sessions), "{sessions} sessions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_for_many_tenants_names_none() {
    let world = World::of(small_org().candidates(5)).await;
    let url = "postgres://u:hunter2@localhost/d?tenant=x";
    let refused = asymbl(
        world.folder(),
        &["serve", "--tenants", ".", "--mirror", url],
    )
    .await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("leave tenant out"), "{}", refused.err);
    assert!(!refused.err.contains("hunter2"), "{}", refused.err);
}
