//! A running org and a plain HTTP client for it.

use practice_org::{Builder, PracticeOrg};
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body};

/// An org with its own runtime, and a logged-in client.
pub struct Org {
    pub org: PracticeOrg,
    runtime: tokio::runtime::Runtime,
    agent: Agent,
    pub token: String,
}

/// Status, headers and body of an answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    fn read(mut response: Response<Body>) -> Self {
        let text = response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The `errorCode` of the first error.
    pub fn code(&self) -> String {
        self.json()[0]["errorCode"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {}", self.text))
            .to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// Starts a small org and logs in.
pub fn start(builder: Builder) -> Org {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let org = runtime.block_on(builder.start()).unwrap();
    let agent = Agent::new_with_config(
        Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .build(),
    );
    let mut org = Org {
        org,
        runtime,
        agent,
        token: String::new(),
    };
    org.login();
    org
}

/// An org of about 120 candidates.
pub fn small() -> Org {
    start(PracticeOrg::builder().candidates(120).seed(3))
}

impl Org {
    /// Waits in the org's own runtime.
    pub fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    pub fn login(&mut self) {
        let answer = self.login_with(self.org.client_id(), self.org.client_secret());
        self.token = answer.expect(200).json()["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
    }

    pub fn login_with(&self, id: &str, secret: &str) -> Answer {
        self.form(
            "/services/oauth2/token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", id),
                ("client_secret", secret),
            ],
        )
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.org.plain_url());
        Answer::read(
            self.agent
                .post(&url)
                .send_form(fields.iter().copied())
                .unwrap(),
        )
    }

    /// A request with the token and further headers; the path may begin at `/services` or behind the version.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let url = match path.strip_prefix('/') {
            Some(_) => format!("{}{path}", self.org.plain_url()),
            None => format!("{}/services/data/v66.0/{path}", self.org.plain_url()),
        };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if body.is_empty() && !matches!(method, "POST" | "PATCH") {
            self.agent.run(request.body(()).unwrap())?
        } else {
            self.agent.run(request.body(body).unwrap())?
        };
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let text = answer
            .into_body()
            .with_config()
            .limit(64 << 20)
            .read_to_string()?;
        Ok(Answer {
            status,
            headers,
            text,
        })
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_send(
            method,
            path,
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
        .unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.try_send("GET", path, &[], b"").unwrap()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, body)
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.try_send("DELETE", path, &[], b"").unwrap()
    }

    pub fn soql(&self, soql: &str) -> Answer {
        self.get(&format!("query?q={}", encode(soql)))
    }

    /// All records of a query that fits one page.
    #[track_caller]
    pub fn records(&self, soql: &str) -> Vec<Value> {
        self.soql(soql).expect(200).json()["records"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// The first record of a query.
    #[track_caller]
    pub fn first(&self, soql: &str) -> Value {
        self.records(soql)
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no rows: {soql}"))
    }

    #[track_caller]
    pub fn control(&self, path: &str, body: &Value) -> Value {
        self.post(&format!("/__practice__/{path}"), body)
            .expect(200)
            .json()
    }
}

impl Drop for Org {
    fn drop(&mut self) {
        // The org's task ends with its handle; the runtime must outlive it.
        let _inside = self.runtime.enter();
    }
}

/// Percent-encodes a query parameter.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
