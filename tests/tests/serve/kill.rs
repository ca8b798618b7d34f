//! A server that is killed while it syncs. Tests of this file run over both stores.
#![cfg(unix)]

use std::time::Duration;

use connector_tests::command::until;
use connector_tests::world::{World, small_org};

use super::{LISTS, Serving};

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_loses_nothing() {
    let Some(world) = super::world(small_org().candidates(600)).await else {
        return;
    };
    let mut serving = Serving::with(&world, &["--every", "5m"]);
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(serving);
        serving = Serving::with(&world, &["--every", "5m"]);
    }
    until("all is synced", || {
        serving.list("/v1/ats/applications").status == 200
    })
    .await;
    drop(serving);
    world.sync().await;
    let reference = World::of(small_org().candidates(600)).await;
    reference.sync().await;
    for (_, model) in LISTS {
        assert_eq!(
            world.live(model).len(),
            reference.live(model).len(),
            "{model}"
        );
    }
}
