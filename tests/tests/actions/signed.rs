//! Files behind URLs that are their own permission (`attachment-source.signed-url`), and actions in the name of a user.
//! The Asymbl connector has no signed URLs; the hostile one says what its settings hold.

use std::sync::{Arc, Mutex};

use connector_tests::command::{Outcome, asymbl, command, run};
use connector_tests::component_path;
use connector_tests::world::{World, small_org, write_private};
use host_runner::unified::Model;
use serde_json::{Value, json};

use super::server::{Scripted, scripted};
use super::{input, open_job};
use crate::sandbox::behaviour::Behaviour;

/// What makes a URL a secret.
const SECRET: &str = "/files/cv?signature=5e3f0c";
const FILE: &[u8] = b"%PDF-1.7 signed";

/// Storage, the tenant's own system, and the folder of a tenant file.
struct Setup {
    storage: String,
    asked: Arc<Mutex<Vec<String>>>,
    own: String,
    asked_own: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

impl Setup {
    async fn new(answer: impl Fn(&str) -> Scripted + Send + Sync + 'static) -> Self {
        let (storage, asked) = scripted(move |path, _| answer(path)).await;
        let (own, asked_own) = scripted(|_, _| (200, String::new(), FILE.into())).await;
        Self {
            storage,
            asked,
            own,
            asked_own,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Downloads the file that is behind this URL, for a tenant that lists these origins.
    async fn download(&self, url: &str, listed: &[&str], more: &[&str]) -> Outcome {
        let behaviour = Behaviour::SignUrls;
        let tenant = format!(
            "name = \"acme\"\ninstance_url = \"{}\"\nattachment_origins = {listed:?}\n\
             [auth]\nkind = \"access-token\"\naccess_token = \"acme-secret\"\n\
             [connector]\nbehaviour = \"{behaviour:?}\"\nsigned_url = \"{url}\"\n",
            self.own
        );
        write_private(&self.folder.path().join("tenant.toml"), &tenant);
        let arguments = [&["attachment", "one", "--output", "cv.pdf"], more].concat();
        let mut command = command(self.folder.path(), &arguments);
        command.env("ASYMBL_COMPONENT", component_path("hostile-guest.wasm"));
        let done = run(command).await;
        for words in [&done.out, &done.err] {
            assert!(
                !words.contains("signature") && !words.contains("5e3f0c"),
                "{words}"
            );
            assert!(!words.contains("/files/cv"), "{words}");
        }
        done
    }

    /// The heads of the requests to the storage since the last look.
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn has_file(&self) -> bool {
        self.folder.path().join("cv.pdf").exists()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_is_fetched_once_and_without_credentials() {
    let setup = Setup::new(|_| (200, String::new(), FILE.into())).await;
    let url = format!("{}{SECRET}", setup.storage);
    let done = setup
        .download(&url, &[&setup.storage], &["--verbose"])
        .await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(
        std::fs::read(setup.folder.path().join("cv.pdf")).unwrap(),
        FILE
    );
    let asked = setup.taken();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with(&format!("GET {SECRET} ")), "{asked:?}");
    assert!(!asked[0].contains("acme-secret") && !asked[0].contains("authorization"));
    assert!(setup.asked_own.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_leads_neither_home_nor_to_an_unlisted_private_address() {
    let setup = Setup::new(|_| (200, String::new(), FILE.into())).await;
    let home = format!("{}{SECRET}", setup.own);
    let done = setup.download(&home, &[&setup.own], &[]).await;
    assert_eq!(done.code, 12, "{}", done.err);
    assert!(
        done.err.contains("points into the tenant's own system"),
        "{}",
        done.err
    );
    assert!(setup.asked_own.lock().unwrap().is_empty());

    let unlisted = format!("{}{SECRET}", setup.storage);
    let done = setup.download(&unlisted, &[], &["--json"]).await;
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("attachment_origins"), "{}", done.err);
    assert!(setup.taken().is_empty() && !setup.has_file());

    let odd = setup.download("files/cv?signature=5e3f0c", &[], &[]).await;
    assert_eq!(odd.code, 12, "{}", odd.err);
    assert!(
        odd.err.contains("the file's URL is not usable"),
        "{}",
        odd.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_signed_url_answers_is_a_file_or_nothing() {
    let answer = |path: &str| match path {
        SECRET => (302, "location: /elsewhere\r\n".into(), Vec::new()),
        "/files/cv-expired" => (
            403,
            String::new(),
            b"<Error>Request has expired</Error>".into(),
        ),
        _ => (200, String::new(), FILE.into()),
    };
    let setup = Setup::new(answer).await;
    for (path, status) in [(SECRET, "HTTP 302"), ("/files/cv-expired", "HTTP 403")] {
        let url = format!("{}{path}", setup.storage);
        let done = setup.download(&url, &[&setup.storage], &[]).await;
        assert_eq!(done.code, 12, "{}", done.err);
        assert!(done.err.contains(status), "{}", done.err);
        assert_eq!(setup.taken().len(), 1, "{path}");
        assert!(!setup.has_file());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_acting_user_reaches_the_connector_which_says_that_it_is_ignored() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let user = world.live(Model::Users).remove(0);
    let user: Value = serde_json::from_str(&user.line(&world.org_id())).unwrap();
    let (job, _) = open_job(&world);
    let act = async |who: &Value, email: &str| -> Outcome {
        let mut wanted = input(&job, email);
        wanted["acting_user_id"] = who.clone();
        let file = world.folder().join("input.json");
        std::fs::write(file, wanted.to_string()).unwrap();
        let arguments = ["action", "create-candidate", "--input", "input.json"];
        asymbl(world.folder(), &arguments).await
    };
    // By the unified id and by Salesforce's: the connector gets its own.
    for (name, email) in [("id", "one@example.com"), ("remote_id", "two@example.com")] {
        let done = act(&user[name], email).await;
        assert_eq!(done.code, 0, "{}", done.err);
        let answer: Value = serde_json::from_str(&done.out).unwrap();
        let warnings = answer["warnings"].as_array().unwrap();
        let ignored: Vec<&Value> = warnings
            .iter()
            .filter(|warning| warning["code"] == "acting-user-ignored")
            .collect();
        assert_eq!(ignored.len(), 1, "{answer:#}");
        let remote = user["remote_id"].as_str().unwrap();
        let message = ignored[0]["message"].as_str().unwrap();
        assert!(message.ends_with(remote), "{message}");
    }
    let done = act(&json!(7), "three@example.com").await;
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("acting_user_id"), "{}", done.err);
}
