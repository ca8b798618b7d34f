//! Components that a tenant trusts, by their signature.

use connector_tests::command::{Outcome, asymbl};
use connector_tests::component_path;
use connector_tests::world::{World, small_org, write_private};

/// An org's folder with a signed copy of the component, and the public key.
async fn signed() -> (World, String) {
    let world = World::of(small_org().candidates(10)).await;
    std::fs::copy(
        component_path("asymbl.wasm"),
        world.folder().join("own.wasm"),
    )
    .unwrap();
    let arguments = ["sign", "--component", "own.wasm", "--key", "key.pem"];
    let made = asymbl(world.folder(), &[&arguments[..], &["--new-key"]].concat()).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let again = asymbl(world.folder(), &arguments).await;
    assert_eq!((again.code, &again.out), (0, &made.out), "{}", again.err);
    (world, made.out.trim().to_owned())
}

fn require(world: &World, key: &str) {
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let file = file.split("[component]").next().unwrap();
    write_private(
        &world.tenant(),
        &format!("{file}\n[component]\npublic_key = \"{key}\"\n"),
    );
}

async fn list(world: &World) -> Outcome {
    asymbl(
        world.folder(),
        &["list", "users", "--component", "own.wasm"],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_runs_only_the_component_that_is_signed_for_it() {
    let (world, key) = signed().await;
    require(&world, &key);
    assert_eq!(list(&world).await.code, 0);
    let verify = ["verify", "--component", "own.wasm", "--public-key", &key];
    assert_eq!(asymbl(world.folder(), &verify).await.code, 0);

    // Another connector with the same signature.
    std::fs::copy(
        component_path("hostile-guest.wasm"),
        world.folder().join("own.wasm"),
    )
    .unwrap();
    let run = list(&world).await;
    assert_eq!(run.code, 7, "{}", run.err);
    assert!(
        run.err.contains("does not fit its signature"),
        "{}",
        run.err
    );
    assert_eq!(asymbl(world.folder(), &verify).await.code, 7);
    std::fs::copy(
        component_path("asymbl.wasm"),
        world.folder().join("own.wasm"),
    )
    .unwrap();

    // Another key.
    require(&world, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    let run = list(&world).await;
    assert_eq!(run.code, 7, "{}", run.err);
    require(&world, &key);

    // No signature, and one that is none.
    let signature = world.folder().join("own.wasm.sig");
    std::fs::write(&signature, "none").unwrap();
    assert_eq!(list(&world).await.code, 7);
    std::fs::remove_file(&signature).unwrap();
    let run = list(&world).await;
    assert_eq!(run.code, 7, "{}", run.err);
    assert!(run.err.contains("has no signature"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_private_and_never_written_over() {
    let (world, key) = signed().await;
    let made = [
        "sign",
        "--component",
        "own.wasm",
        "--key",
        "key.pem",
        "--new-key",
    ];
    let run = asymbl(world.folder(), &made).await;
    assert_eq!(run.code, 2, "{}", run.err);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = world.folder().join("key.pem").metadata().unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
    require(&world, &key[1..]);
    let run = list(&world).await;
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("component.public_key"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_says_what_was_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let run = asymbl(folder.path(), &["inspect", "--json"]).await;
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let wasm = std::fs::read(component_path("asymbl.wasm")).unwrap();
    assert_eq!(shown["sha256"], host_runner::sandbox::sha256(&wasm));
    assert_eq!(shown["bytes"], wasm.len());
    assert_eq!(shown["contract_version"], "0.2.0");
    let toolchain = shown["toolchain"].to_string();
    assert!(
        toolchain.contains("rustc") && toolchain.contains("wit-component"),
        "{toolchain}"
    );
}
