//! What people are told.

use connector_tests::command::asymbl;
use connector_tests::world::{World, fields, ids, small_org};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_what_sandboxes_do_to_managers() {
    let world = World::of(small_org().sandbox()).await;
    let user = ids(world.db(), "User").pop().expect("a user");
    let mangled = fields(json!({ "Email": "ada=acme.com@example.com.invalid" }));
    let arguments = ["check", "--json", "--tenant", "tenant.toml"];
    let before = asymbl(world.folder(), &arguments).await;
    assert!(!before.out.contains("sandbox-emails"), "{}", before.out);
    world.write(|writer| writer.update("User", &user.to_string(), &mangled));
    let after = asymbl(world.folder(), &arguments).await;
    assert!(after.out.contains("sandbox-emails"), "{}", after.out);
    assert!(after.out.contains("1 active user"), "{}", after.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_tells_the_shortest_interval() {
    let outcome = asymbl(&std::env::temp_dir(), &["sync", "--help"]).await;
    assert!(outcome.out.contains("at least 5m"), "{}", outcome.out);
}
