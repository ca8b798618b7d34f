//! What file servers do to downloads: what is no file, what passes, where redirects lead; and uploads that Salesforce
//! interrupts.

use std::sync::{Arc, OnceLock};

use connector_tests::command;
use connector_tests::world::{World, ids, small_org, text};
use host_runner::session::Session;
use mirror::actions::{Action, ActionError, Outcome};
use practice_org::{Action as Fault, Rule};
use serde_json::{Value, json};

use super::server::{Scripted, scripted};
use super::{act, act_in, id, input, kind, open_job, tenant_with};

const PDF: &[u8] = b"%PDF-1.7 the whole file";

fn pdf() -> Scripted {
    (200, "content-type: application/pdf\r\n".into(), PDF.into())
}

fn empty(status: u16, headers: &str) -> Scripted {
    (status, headers.into(), Vec::new())
}

/// An application, in an org whose tenant may fetch from a server.
struct Setup {
    world: World,
    session: Session,
    application: Value,
}

impl Setup {
    async fn new(origin: &str) -> Self {
        let world = World::of(small_org()).await;
        let (job, _) = open_job(&world);
        let wanted = input(&job, "fetch@example.com");
        let made = act(&world, Action::CreateApplication, &wanted).await;
        let session = tenant_with(&world, &format!("attachment_origins = [\"{origin}\"]"), "");
        Self {
            application: made.unwrap().data["remote_id"].clone(),
            world,
            session,
        }
    }

    fn attachment(&self, file: &Value) -> Value {
        json!({ "application_id": self.application, "attachment": file })
    }

    async fn attach(&self, file: &Value) -> Result<Outcome, ActionError> {
        let mirror = &mut self.world.mirror();
        let wanted = self.attachment(file);
        act_in(&self.session, mirror, Action::AddAttachment, &wanted, None).await
    }

    async fn fetch(&self, url: &str) -> Result<Outcome, ActionError> {
        self.attach(&json!({ "name": "CV.pdf", "data_url": url }))
            .await
    }

    fn stored(&self) -> usize {
        self.world.db().count("ContentVersion")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_whole_file_is_stored() {
    let (origin, _) = scripted(|path, _| match path {
        "/202" => (
            202,
            "retry-after: 0\r\n".into(),
            b"{\"status\":\"scanning\"}".into(),
        ),
        "/206" => (
            206,
            "content-range: bytes 0-9/23\r\n".into(),
            PDF[..10].into(),
        ),
        "/page" => (
            200,
            "content-type: text/html; charset=utf-8\r\n".into(),
            b"<!doctype html>Sign in".into(),
        ),
        path => empty(path[1..].parse().unwrap_or(404), ""),
    })
    .await;
    let setup = Setup::new(&origin).await;
    for (path, wanted, why) in [
        ("/202", "unavailable", "not ready"),
        ("/204", "invalid-input", "204, without the whole file"),
        ("/205", "invalid-input", "205, without the whole file"),
        ("/206", "invalid-input", "206, without the whole file"),
        ("/page", "invalid-input", "web page"),
        ("/403", "invalid-input", "403"),
        ("/302", "invalid-input", "redirects without saying where"),
    ] {
        let error = setup.fetch(&format!("{origin}{path}")).await.unwrap_err();
        let message = error.to_string();
        assert_eq!(kind(&error), wanted, "{path}: {message}");
        assert!(
            message.contains("attachment.data_url") && message.contains(why),
            "{path}: {message}"
        );
    }
    assert_eq!(setup.stored(), 0);
    // A page that was meant is a file like any other.
    let page = json!({ "name": "CV.html", "data_url": format!("{origin}/page") });
    setup.attach(&page).await.unwrap();
    assert_eq!(setup.stored(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_file_server_is_waited_for() {
    let (origin, heads) = scripted(|path, earlier| match (path, earlier) {
        ("/429", 0) => empty(429, "retry-after: 1\r\n"),
        ("/503", 0 | 1) => empty(503, ""),
        // Less than its length: the connection breaks off.
        ("/cut", 0) => (200, "content-length: 99\r\n".into(), Vec::new()),
        _ => pdf(),
    })
    .await;
    let setup = Setup::new(&origin).await;
    for (n, path) in ["/429", "/503", "/cut"].into_iter().enumerate() {
        let stored = setup.fetch(&format!("{origin}{path}")).await.unwrap();
        let version = id(&stored.data["attachment_remote_id"]);
        let kept = setup
            .world
            .db()
            .blob("ContentVersion", version, "VersionData");
        assert_eq!(&kept.unwrap()[..], PDF, "{path}");
        assert_eq!(setup.stored(), n + 1, "{path}");
    }
    assert_eq!(heads.lock().unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_busy_is_no_fault_of_the_input() {
    let (origin, heads) = scripted(|_, _| empty(503, "")).await;
    let setup = Setup::new(&origin).await;
    let wanted = setup.attachment(&json!({ "name": "CV.pdf", "data_url": format!("{origin}/cv") }));
    std::fs::write(setup.world.folder().join("in.json"), wanted.to_string()).unwrap();
    let arguments = [
        "action",
        "add-attachment-to-application",
        "--tenant",
        "changed.toml",
        "--input",
        "in.json",
    ];
    let done = command::asymbl(setup.world.folder(), &arguments).await;
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(
        done.err.contains("attachment.data_url") && done.err.contains("503"),
        "{}",
        done.err
    );
    assert_eq!(heads.lock().unwrap().len(), 5);
    assert_eq!(setup.stored(), 0);
    // Nobody listens there any more, or not yet.
    let closed = "http://127.0.0.1:9";
    let session = tenant_with(
        &setup.world,
        &format!("attachment_origins = [\"{closed}\"]"),
        "",
    );
    let gone = Setup { session, ..setup };
    let error = gone.fetch(&format!("{closed}/cv.pdf")).await.unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_where_the_rfc_says() {
    let forms = [
        ("?token=t", "/files/a/cv?token=t"),
        ("other", "/files/a/other"),
        ("./other", "/files/a/other"),
        ("../b/cv", "/files/b/cv"),
        ("/c/cv", "/c/cv"),
        ("//HOST/c/cv", "/c/cv"),
        ("a b/\u{fc}.pdf", "/files/a/a%20b/%C3%BC.pdf"),
    ];
    let host: Arc<OnceLock<String>> = Arc::default();
    let known = host.clone();
    let (origin, heads) = scripted(move |path, earlier| match path {
        "/files/a/cv?old=1" => {
            let location = forms[earlier].0.replace("HOST", known.get().unwrap());
            empty(302, &format!("location: {location}\r\n"))
        }
        _ => pdf(),
    })
    .await;
    host.set(origin.replace("http://", "")).unwrap();
    let setup = Setup::new(&origin).await;
    for (form, wanted) in forms {
        let stored = setup.fetch(&format!("{origin}/files/a/cv?old=1")).await;
        assert!(stored.is_ok(), "{form}: {}", stored.unwrap_err());
        let heads = heads.lock().unwrap();
        let last = heads.last().and_then(|head| head.split(' ').nth(1));
        assert_eq!(last, Some(wanted), "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_encoded_and_downloads_say_who_asks() {
    let (origin, heads) = scripted(|_, _| pdf()).await;
    let setup = Setup::new(&origin).await;
    for (written, path) in [
        (
            "/Lebenslauf M\u{fc}ller.pdf?n=a b",
            "/Lebenslauf%20M%C3%BCller.pdf?n=a%20b",
        ),
        ("/cv[1].pdf#page=2", "/cv%5B1%5D.pdf"),
        ("/100%.pdf", "/100%25.pdf"),
        ("/a%20b.pdf?sig=x%2Fy%3D", "/a%20b.pdf?sig=x%2Fy%3D"),
    ] {
        setup.fetch(&format!("{origin}{written}")).await.unwrap();
        let head = heads.lock().unwrap().pop().unwrap();
        assert_eq!(head.split(' ').nth(1), Some(path));
        let agent = concat!("user-agent: asymbl/", env!("CARGO_PKG_VERSION"), "\r\n");
        assert!(head.contains(agent), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_is_stored_once() {
    let (origin, _) = scripted(|_, _| pdf()).await;
    let setup = Setup::new(&origin).await;
    let status = |status: u16, code: &str| Fault::Status {
        status,
        code: Some(code.to_owned()),
        message: None,
        body: Default::default(),
        retry_after: None,
    };
    let mut stored = 0;
    for (fault, times) in [
        (status(400, "UNABLE_TO_LOCK_ROW"), 2),
        (status(503, "SERVER_UNAVAILABLE"), 1),
        (status(500, "UNKNOWN_EXCEPTION"), 1),
        // Stored, though the answer is lost.
        (Fault::DropAfter, 1),
    ] {
        for content in ["data", "data_url"] {
            stored += 1;
            let name = format!("CV {stored}.pdf");
            let file = match content {
                "data" => {
                    json!({ "name": name, "content_type": "application/pdf", "data": "JVBERi0xLjc=" })
                }
                _ => json!({ "name": name, "data_url": format!("{origin}/cv") }),
            };
            let rule = Rule::next(fault.clone()).on_kind("create").times(times);
            setup.world.org.fault(rule);
            let done = setup.attach(&file).await;
            setup.world.org.clear_faults();
            let done = done.unwrap_or_else(|error| panic!("{fault:?} {content}: {error}"));
            let version = id(&done.data["attachment_remote_id"]);
            let held = text(setup.world.db(), "ContentVersion", version, "PathOnClient");
            assert_eq!(held.as_deref(), Some(name.as_str()));
            assert_eq!(
                ids(setup.world.db(), "ContentVersion").len(),
                stored,
                "{fault:?} {content}"
            );
        }
    }
    setup.world.org.fault(
        Rule::next(status(400, "UNABLE_TO_LOCK_ROW"))
            .on_kind("create")
            .times(99),
    );
    let file =
        json!({ "name": "locked.pdf", "content_type": "application/pdf", "data": "JVBERi0xLjc=" });
    let error = setup.attach(&file).await.unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
    assert_eq!(setup.stored(), stored);
}
