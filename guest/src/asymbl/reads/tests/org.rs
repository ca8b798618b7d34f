//! A practice org in process, as the transport of an instance.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use practice_org::server::Builder;
use practice_org::store::{Actor, Database, QueryOptions};
use practice_org::{PracticeOrg, Rule};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use salesforce::transport::testing::Pieces;
use salesforce::transport::{Download, Request, Response, Transport, TransportError};

pub const JOB: &str = "bpats__Job__c";
pub const STAGE: &str = "bpats__ATS_Stage__c";
pub const APPLICANT: &str = "bpats__ATS_Applicant__c";

/// When the org's clock stands still, in milliseconds since 1970: 2026-11-23T08:00:00Z.
const START: i64 = 1_795_420_800_000;

/// The org; clones are handles on the same one.
#[derive(Clone)]
pub struct Org(Rc<Running>);

struct Running {
    org: PracticeOrg,
    runtime: Runtime,
    token: String,
    /// Whether each result of several rows begins with a page without any.
    begins_empty: Cell<bool>,
}

impl Org {
    /// Starts a small org.
    pub fn new() -> Self {
        Self::of(PracticeOrg::builder().candidates(40).seed(7))
    }

    /// Starts an org whose clock stands still and whose sessions do not end.
    pub fn of(builder: Builder) -> Self {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let builder = builder
            .start_at(START)
            .session_timeout(Duration::from_secs(86_400 * 365));
        let org = runtime.block_on(builder.in_process()).unwrap();
        org.control("POST", "clock", &json!({"freeze": true}))
            .unwrap();
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            org.client_id(),
            org.client_secret()
        );
        let request = http::Request::post("/services/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into())
            .unwrap();
        let reply = runtime.block_on(org.answer(request)).unwrap();
        let reply: Value = serde_json::from_slice(reply.body()).unwrap();
        let token = reply["access_token"].as_str().unwrap().to_owned();
        Self(Rc::new(Running {
            org,
            runtime,
            token,
            begins_empty: Cell::new(false),
        }))
    }

    pub fn url(&self) -> String {
        self.0.org.url()
    }

    pub fn db(&self) -> &Database {
        self.0.org.db()
    }

    /// Makes a call of the org's back door.
    pub fn control(&self, call: &str, with: Value) -> Value {
        self.0.org.control("POST", call, &with).unwrap()
    }

    /// Limits the rows of a page from now on.
    pub fn page(&self, rows: usize) {
        self.0.org.set_page_size(rows);
    }

    /// From now on each result of several rows begins with a page without any.
    pub fn begin_empty(&self) {
        self.0.begins_empty.set(true);
    }

    /// Forgets every open result, as after a new login.
    pub fn lose_locators(&self) {
        self.0.org.expire_locators();
    }

    pub fn pass(&self, seconds: u64) {
        self.control("clock", json!({"advance": format!("{seconds}s")}));
    }

    pub fn hide_object(&self, object: &str) {
        self.control("hide", json!({"object": object}));
    }

    /// From now on questions for an object's change log of this kind are refused.
    pub fn refuse_log(&self, kind: &str, object: &str, code: &str) {
        for kind in [kind.to_owned(), format!("sub:{kind}")] {
            let rule = json!({"kind": kind, "contains": object, "times": 0, "do": "status", "status": 400, "code": code});
            self.0
                .org
                .fault(serde_json::from_value::<Rule>(rule).unwrap());
        }
    }

    /// Returns the ids that a query finds.
    pub fn ids(&self, soql: &str) -> Vec<String> {
        let found = self.db().query(soql, &QueryOptions::default()).unwrap();
        found.ids().iter().map(ToString::to_string).collect()
    }

    /// Returns the first id that a query finds.
    pub fn id(&self, soql: &str) -> String {
        self.ids(soql).swap_remove(0)
    }

    fn actor(&self) -> Actor {
        let user = self
            .db()
            .query("SELECT Id FROM User", &QueryOptions::default());
        Actor::new(user.unwrap().ids()[0])
    }

    pub fn insert(&self, object: &str, values: Value) -> String {
        let values = values.as_object().unwrap();
        let id = self.db().insert(&self.actor(), object, values);
        id.unwrap().to_string()
    }

    pub fn update(&self, object: &str, id: &str, values: Value) {
        let values = values.as_object().unwrap();
        self.db().update(&self.actor(), object, id, values).unwrap();
    }

    pub fn delete(&self, object: &str, id: &str) {
        self.db().delete(&self.actor(), object, id).unwrap();
    }

    /// Inserts a row in a transaction that stays open: the row is stamped now, and visible when the returned
    /// transaction is committed. Returns its id and the transaction.
    pub fn insert_late(&self, object: &str, values: Value) -> (String, Value) {
        let write = json!({"do": "insert", "object": object, "fields": values});
        let begun = self.control("transactions", json!({"writes": [write]}));
        (
            begun["ids"][0].as_str().unwrap().to_owned(),
            begun["id"].clone(),
        )
    }

    pub fn commit(&self, transaction: &Value) {
        self.control(&format!("transactions/{transaction}/commit"), Value::Null);
    }
}

/// Puts a page without rows before the first one.
fn without_rows(body: &[u8]) -> Option<Vec<u8>> {
    let mut page: Value = serde_json::from_slice(body).ok()?;
    let next = page.get("nextRecordsUrl")?.as_str()?;
    let (result, _) = next.rsplit_once('-')?;
    page["nextRecordsUrl"] = format!("{result}-0").into();
    page["records"] = json!([]);
    Some(page.to_string().into_bytes())
}

impl Transport for Org {
    type Pending = Response;
    type Body = Pieces;

    fn start(&self, request: &Request) -> Result<Response, TransportError> {
        let running = &*self.0;
        let mut sent = http::Request::builder()
            .method(request.method.as_str())
            .uri(&request.path)
            .header("host", running.org.url().trim_start_matches("https://"))
            .header("authorization", format!("Bearer {}", running.token));
        for (name, value) in request.headers.iter() {
            sent = sent.header(name, value);
        }
        let body = request.body.clone().unwrap_or_default();
        let answer = running.org.answer(sent.body(body.into()).unwrap());
        let answer = running.runtime.block_on(answer).unwrap();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let mut response = Response {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: answer.body().to_vec(),
        };
        let begins = request.path.contains("/query?") || request.path.contains("/queryAll?");
        if begins && running.begins_empty.get() {
            response.body = without_rows(&response.body).unwrap_or(response.body);
        }
        Ok(response)
    }

    fn finish(&self, pending: Response) -> Result<Response, TransportError> {
        Ok(pending)
    }

    fn head(&self, pending: Response) -> Result<Download<Pieces>, TransportError> {
        Ok(Pieces::of(pending, 1_000))
    }

    fn piece(&self, body: &mut Pieces) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(body.take())
    }

    fn sleep(&self, _: Duration) {}

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}
