//! A refresh token that changes with every use, and workers on machines of their own: one signs in for all.

use std::time::Duration;

use connector_tests::command::asymbl;
use host_runner::unified::Model;
use mirror::actions::Action;
use practice_org::Latency;
use serde_json::json;
use temporary_postgres::Database;

use super::{LATE, Parts, TestFleet};

/// Keeps both workers busy with the tenant at once.
async fn work(fleet: &TestFleet) {
    let candidate = fleet.world.live(Model::Candidates)[0]
        .record
        .key()
        .to_string();
    let input = json!({ "candidate_id": candidate });
    fleet.sync_all().await;
    let act = || {
        let wait = Duration::from_secs(30);
        fleet
            .fleet
            .act("t0", Action::GetAttachments, input.clone(), None, wait)
    };
    let answers = futures_util::future::join_all((0..8).map(|_| act())).await;
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer["status"], "success", "{answer}\n{}", fleet.logs());
    }
    fleet.until_done().await;
}

fn sign_ins(fleet: &TestFleet) -> u64 {
    let stats = fleet.world.org.stats();
    stats.by_kind.get("token").copied().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_machine_refreshes_and_the_others_go_on() {
    let Some(database) = Database::fresh() else {
        return;
    };
    let parts = Parts {
        tenants: 1,
        candidates: 20,
        slots: 4,
        database: Some(database.url()),
        apart: true,
        ..Parts::default()
    };
    let Some(mut fleet) = TestFleet::start(parts).await else {
        return;
    };
    let before = sign_ins(&fleet);
    fleet.world.org.set_latency(LATE);
    work(&fleet).await;
    assert_eq!(sign_ins(&fleet), before + 1, "{}", fleet.logs());
    for round in 1..=3 {
        // Expired for all at once.
        fleet.world.org.kill_sessions();
        work(&fleet).await;
        assert_eq!(sign_ins(&fleet), before + 1 + round, "{}", fleet.logs());
    }
    // The login outlives the processes, and so does the access token.
    for worker in 0..2 {
        fleet.kill_worker(worker);
        fleet.restart_worker(worker);
    }
    work(&fleet).await;
    assert_eq!(sign_ins(&fleet), before + 4);
    fleet.world.org.set_latency(Latency::default());
    // Who reads the database can't use it.
    let kept = database.sql("SELECT encode(value, 'escape') FROM asymbl.tokens");
    assert!(!kept.is_empty() && !kept.contains("5Aep") && !kept.contains("token"));
    // A command that does not know where the token is spends none, which would end the login of all.
    let folder = fleet.world.folder();
    let tenant = ["tenants-0", "tenants-1"]
        .map(|folder| format!("{folder}/t0.toml"))
        .into_iter()
        .find(|file| folder.join(format!("{file}.refresh-token.shared")).exists());
    let tenant = tenant.expect("the machine that signed in has noted it");
    let check = asymbl(folder, &["check", "--tenant", &tenant]).await;
    assert_ne!(check.code, 0, "{check:?}");
    assert!(
        check.err.contains("--mirror") || check.out.contains("--mirror"),
        "{check:?}"
    );
    let url = database.url();
    let sync = ["sync", "--tenant", &tenant, "--mirror", &url];
    let sync = asymbl(folder, &sync).await;
    assert_eq!(sync.code, 0, "{sync:?}");
    fleet.world.org.kill_sessions();
    work(&fleet).await;
    assert_eq!(sign_ins(&fleet), before + 5);
}
