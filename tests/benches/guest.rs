//! What the sandbox costs the connector's own code: a listing by the component, beside one by the same code built for
//! this machine. Both get an org's answers from memory. The component's time is that of the thread that it runs on:
//! with the calls of the host in it, without HTTP and unfolding, which other threads do.
//!
//! `make bench`, or `cargo bench --bench guest`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use asymbl_connector::asymbl::Context;
use asymbl_connector::asymbl::context::Connection;
use asymbl_connector::asymbl::reads;
use asymbl_connector::exports::ats::connector::reads as native;
use asymbl_connector::exports::ats::connector::types::Model as NativeModel;
use connector_tests::replay::Replay;
use connector_tests::world::{session, write_private};
use host_runner::sandbox::contract::reads::{ListQuery, Progress};
use host_runner::session::Session;
use host_runner::unified::Model;
use practice_org::PracticeOrg;
use rustix::time::{ClockId, clock_gettime};
use salesforce::transport::{Download, Request, Response, Transport, TransportError};

const CANDIDATES: usize = 20_000;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let org = PracticeOrg::builder().candidates(CANDIDATES).seed(7);
    let org = org.start().await.unwrap();
    let replay = Replay::of(&org).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenant.toml");
    write_private(&file, replay.tenant_toml());
    let session = session(&file);
    let answers = Answers {
        url: replay.url.clone(),
        token: replay.token(),
        held: Rc::default(),
    };
    println!("{CANDIDATES} candidates listed, medians of {ROUNDS}");
    // The first of each fills the memories.
    let sandboxed = async || listed_by_component(&session).await;
    sandboxed().await;
    let natively = || tokio::task::block_in_place(|| listed_natively(&answers));
    natively();
    let (mut component, mut same) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        component.push(sandboxed().await);
        same.push(natively());
    }
    let [component, same] = [component, same].map(|mut times| {
        times.sort_unstable();
        times[ROUNDS / 2]
    });
    println!("  component  {component:>8.1?}\n  natively   {same:>8.1?}");
    let ratio = component.as_secs_f64() / same.as_secs_f64();
    println!("  {ratio:.2} times");
}

/// The CPU time of this thread so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The time of a thread that lists all candidates in the sandbox.
async fn listed_by_component(session: &Session) -> Duration {
    let (session, runtime) = (session.clone(), tokio::runtime::Handle::current());
    let listing = async move {
        let mut job = session.start().await.unwrap();
        let profile = job.discover().await.unwrap().profile;
        let mut query = ListQuery {
            since: None,
            cursor: None,
            page_size: None,
        };
        let began = thread_time();
        loop {
            let page = job.list_text(Model::Candidates, &profile, &query).await;
            match page.unwrap().info.progress {
                Progress::More(cursor) => query.cursor = Some(cursor),
                Progress::Done(_) => return thread_time() - began,
            }
        }
    };
    let thread = tokio::task::spawn_blocking(move || runtime.block_on(listing));
    thread.await.unwrap()
}

/// The same by the same code, built for this machine.
fn listed_natively(answers: &Answers) -> Duration {
    let connection = Connection {
        base_url: answers.url.clone(),
        ..Connection::default()
    };
    let context = Context::new(&connection, answers.clone(), Box::new(|_, _, _| ()));
    let context = context.unwrap();
    let profile = reads::discover(&context).unwrap().profile;
    let mut query = native::ListQuery {
        since: None,
        cursor: None,
        page_size: None,
    };
    let began = thread_time();
    loop {
        let page = reads::list_page(&context, &profile, NativeModel::Candidates, &query);
        match page.unwrap().info.progress {
            native::Progress::More(cursor) => query.cursor = Some(cursor),
            native::Progress::Done(_) => return thread_time() - began,
        }
    }
}

/// Path and body of a request.
type Asked = (String, Option<Vec<u8>>);

/// An org's answers, each asked for once.
#[derive(Clone)]
struct Answers {
    url: String,
    token: String,
    held: Rc<RefCell<HashMap<Asked, Response>>>,
}

impl Answers {
    fn asked(&self, request: &Request) -> Response {
        let mut asked = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{}{}", self.url, request.path))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in request.headers.iter() {
            asked = asked.header(name, value);
        }
        let asked = asked.body(request.body.clone().unwrap_or_default());
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let mut answer = agent.new_agent().run(asked.unwrap()).unwrap();
        let body = answer
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_vec();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        Response {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: body.unwrap(),
        }
    }
}

impl Transport for Answers {
    type Pending = Response;
    type Body = std::vec::IntoIter<Vec<u8>>;

    fn start(&self, request: &Request) -> Result<Response, TransportError> {
        let key = (request.path.clone(), request.body.clone());
        let mut held = self.held.borrow_mut();
        let answer = held.entry(key).or_insert_with(|| self.asked(request));
        Ok(answer.clone())
    }

    fn finish(&self, pending: Response) -> Result<Response, TransportError> {
        Ok(pending)
    }

    fn head(&self, pending: Response) -> Result<Download<Self::Body>, TransportError> {
        let pieces: Vec<Vec<u8>> = pending.body.chunks(64 << 10).map(<[u8]>::to_vec).collect();
        Ok(Download {
            status: pending.status,
            headers: pending.headers,
            body: pieces.into_iter(),
        })
    }

    fn piece(&self, body: &mut Self::Body) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(body.next())
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}
