//! The platform's published clients, unmodified.

use std::process::Command;

use connector_tests::programs::present;
use connector_tests::world::{World, small_org};
use serde_json::{Map, Value};

use super::{LISTS, Serving};
use crate::real_clients::{installed, passes, scripts};

/// A world that is served, and the environment in which a client asks it.
async fn prepared(command: &mut Command) -> (World, Serving) {
    let world = World::with(
        small_org().candidates(30),
        "\n[connector]\nexisting_application = \"error\"\n",
    )
    .await;
    world.sync().await;
    let mut expected = Map::new();
    for (name, model) in LISTS {
        let ids = world.live(model).into_iter();
        let ids: Vec<Value> = ids.map(|stored| stored.id.to_string().into()).collect();
        expected.insert(name.to_owned(), ids.into());
    }
    let file = world.folder().join("expected.json");
    std::fs::write(&file, Value::Object(expected).to_string()).unwrap();
    let tenant = std::fs::read_to_string(world.tenant()).unwrap();
    let disabled = tenant.replacen("practice-org", "disabled", 1).replace(
        "[connector]",
        "[scopes]\ndisabled_models = [\"candidates\"]\ndisabled_actions = [\"move-application-to-stage\"]\n[connector]",
    );
    std::fs::write(world.folder().join("disabled.toml"), disabled).unwrap();
    let serving = Serving::of(&world);
    command
        .env("SERVE_URL", &serving.url)
        .env("SERVE_KEY", &serving.key)
        .env("SERVE_INTEGRATION", "asymbl:practice-org")
        .env("SERVE_DISABLED", "asymbl:disabled")
        .env("SERVE_EXPECTED", file);
    (world, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_acts_and_follows_changes() {
    if !present("python3", "the kombo client") {
        return;
    }
    let mut command = Command::new(installed("kombo-python").join("bin/python"));
    command.arg(scripts().join("kombo_check.py"));
    let (_world, _serving) = prepared(&mut command).await;
    passes(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_lists_and_acts() {
    if !present("node", "@kombo-api/sdk") || !present("npm", "@kombo-api/sdk") {
        return;
    }
    let folder = installed("kombo-node");
    let mut command = Command::new("node");
    command
        .arg(scripts().join("kombo_check.mjs"))
        .env("CLIENTS_FOLDER", &folder);
    let (_world, _serving) = prepared(&mut command).await;
    passes(command).await;
}
