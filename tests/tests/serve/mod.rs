//! `asymbl serve` as a process of its own, asked over HTTP.

mod actions;
mod changes;
mod clients;
mod contract;
mod in_database;
mod kill;
mod life;
mod lists;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use connector_tests::command::command;
use connector_tests::world::World;
use host_runner::unified::Model;
use practice_org::server::Builder;
use serde_json::Value;

/// A server that runs, until it is dropped.
pub struct Serving {
    child: Child,
    pub url: String,
    pub key: String,
    agent: ureq::Agent,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The code of an error.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn results(&self) -> &[Value] {
        let results = self.body["data"]["results"].as_array();
        results.map(Vec::as_slice).unwrap_or_default()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Serves the tenants of a folder, with further arguments.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut all = vec![
            "serve",
            "--tenants",
            ".",
            "--listen",
            "127.0.0.1:0",
            "--json",
        ];
        all.extend(arguments);
        let mut child = command(folder, &all)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("serve.log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let log = || std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{}", log()));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self {
            child,
            url: format!("http://{}", ready["listening"].as_str().unwrap()),
            key: std::fs::read_to_string(folder.join("serve.key"))
                .unwrap()
                .trim()
                .to_owned(),
            agent,
        }
    }

    /// Serves a world whose syncs are asked for.
    pub fn of(world: &World) -> Self {
        Self::with(world, &["--no-sync"])
    }

    /// Serves a world, with further arguments.
    pub fn with(world: &World, arguments: &[&str]) -> Self {
        let mirror = world.database().map(|url| ["--mirror", url]);
        let mirror = mirror.as_ref().map_or(&[][..], |mirror| mirror);
        Self::start(world.folder(), &[arguments, mirror].concat())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end; its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Whether a request in the clear gets no answer.
    pub fn plain_is_refused(&self) -> bool {
        self.agent
            .get(format!("{}/health", self.url))
            .call()
            .is_err()
    }

    /// Asks without a body.
    pub fn get(&self, tenant: &str, path: &str) -> Answer {
        self.ask(tenant, "GET", path, None)
    }

    /// Asks as the practice org's tenant.
    pub fn list(&self, path: &str) -> Answer {
        self.get("practice-org", path)
    }

    pub fn ask(&self, tenant: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.ask_with(tenant, method, path, body, &[])
    }

    pub fn ask_with(
        &self,
        tenant: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key))
            .header("x-integration-id", format!("asymbl:{tenant}"));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut response = self.agent.run(request.body(body).unwrap()).unwrap();
        let text = response
            .body_mut()
            .with_config()
            .limit(256 << 20)
            .read_to_string()
            .unwrap();
        Answer {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// All records of a list, so many a page.
    pub fn pages(&self, path: &str, query: &str, size: usize) -> Vec<Value> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.list(&format!("{path}?page_size={size}&{query}{cursor}"));
            assert_eq!(page.status, 200, "{page:?}");
            assert!(page.results().len() <= size);
            found.extend_from_slice(page.results());
            match page.body["data"]["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }
}

/// A world of tests that run over both stores: `in_database` has one of the same name. None where the store is missing.
pub async fn world(org: Builder) -> Option<World> {
    world_with(org, "").await
}

/// As [`world`], with more lines in the tenant file.
pub async fn world_with(org: Builder, more: &str) -> Option<World> {
    Some(World::with(org, more).await)
}

/// The lists and their models.
pub const LISTS: [(&str, Model); 5] = [
    ("users", Model::Users),
    ("jobs", Model::Jobs),
    ("candidates", Model::Candidates),
    ("applications", Model::Applications),
    ("application-stages", Model::ApplicationStages),
];

/// The ids of records.
pub fn ids(records: &[Value]) -> Vec<String> {
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    records.iter().map(id).collect()
}
