//! What a component can't do to its host. The guest is `tests/hostile-guest`; a behaviour without a test here does not
//! compile.

#[path = "../hostile-guest/src/behaviour.rs"]
pub(super) mod behaviour;

use std::time::Duration;

use behaviour::Behaviour;
use connector_tests::command::asymbl as asymbl_command;
use connector_tests::recorder::Recorder;
use connector_tests::world::write_private;
use connector_tests::{asymbl, component_path, hostile};
use host_runner::egress::{ByteSize, Purpose};
use host_runner::sandbox::{
    ALLOWED_IMPORTS, CallError, CheckedComponent, Compiler, EngineSize, Job, JobSetup, Limits,
    LoadedConnector, Outage, new_engine,
};
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use serde_json::{Value, json};

/// A job in which the hostile guest will do this; short limits, so that tests are quick.
fn hostile_setup(behaviour: Behaviour) -> JobSetup {
    JobSetup::offline()
        .settings(&settings(behaviour))
        .limits(Limits {
            cpu_per_call: Duration::from_millis(300),
            wall_per_call: Duration::from_secs(2),
            ..Limits::default()
        })
}

fn settings(behaviour: Behaviour) -> Value {
    json!({ "behaviour": format!("{behaviour:?}") })
}

async fn behave(name: Behaviour) -> (Job, Result<String, CallError>) {
    let mut job = hostile().start(hostile_setup(name)).await.unwrap();
    let said = job.discover().await.map(|discovery| discovery.profile);
    (job, said)
}

async fn outage(name: Behaviour) -> Outage {
    let (mut job, result) = behave(name).await;
    let outage = match result {
        Err(CallError::Outage(outage)) => outage,
        other => panic!("{name:?}: {other:?}"),
    };
    assert!(
        matches!(job.discover().await, Err(CallError::Outage(Outage::Ended))),
        "{name:?}: the job must be over"
    );
    outage
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_is_stopped() {
    assert!(matches!(outage(Behaviour::Spin).await, Outage::Cpu(_)));
}

#[tokio::test]
async fn a_guest_that_waits_for_ever_is_stopped() {
    assert!(matches!(outage(Behaviour::Sleep).await, Outage::Wall(_)));
}

#[tokio::test]
async fn endless_recursion_is_a_trap() {
    assert!(matches!(
        outage(Behaviour::Recurse).await,
        Outage::Trap { .. }
    ));
}

#[tokio::test]
async fn a_panic_is_a_trap() {
    assert!(matches!(
        outage(Behaviour::Panic).await,
        Outage::Trap { .. }
    ));
}

#[tokio::test]
async fn memory_stops_at_the_limit() {
    let limit = ByteSize::mib(32);
    let setup = hostile_setup(Behaviour::TakeMemory).limits(Limits {
        memory: limit,
        ..Limits::default()
    });
    let mut job = hostile().start(setup).await.unwrap();
    assert!(matches!(
        job.discover().await,
        Err(CallError::Outage(Outage::Trap { .. }))
    ));
    assert!(job.memory_used() <= limit.as_usize());
}

#[tokio::test]
async fn handles_run_out() {
    assert!(matches!(
        outage(Behaviour::LeakHandles).await,
        Outage::Trap { .. }
    ));
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let bytes = std::sync::Arc::new(AtomicUsize::new(0));
    let count = bytes.clone();
    let setup = hostile_setup(Behaviour::FloodTheLog).log(std::sync::Arc::new(move |line| {
        count.fetch_add(line.message.len(), Ordering::Relaxed);
    }));
    let mut job = hostile().start(setup).await.unwrap();
    let _ = job.discover().await;
    let written = bytes.load(Ordering::Relaxed);
    assert!(written > 0 && written < 8 << 20, "{written} bytes of log");
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let (_job, said) = behave(Behaviour::FloodHeaders).await;
    match said {
        Ok(said) => assert!(said.starts_with("refused"), "{said}"),
        Err(CallError::Outage(_)) => {}
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn nothing_gets_out_of_a_job_without_a_tenant() {
    for name in [
        Behaviour::AskAnotherHost,
        Behaviour::AskWithoutAuthority,
        Behaviour::AskWithUserinfo,
    ] {
        let (_job, said) = behave(name).await;
        let said = said.unwrap();
        assert!(said.starts_with("refused"), "{name:?}: {said}");
    }
}

/// A tenant file whose org listens on `server`.
fn tenant_file(server: &Recorder) -> String {
    format!(
        "name = \"watched\"\ninstance_url = \"{}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"00Dsecret\"\n",
        server.url()
    )
}

/// What the guest says after doing the named thing in the job of a tenant whose org listens on `server`.
async fn behave_for_a_tenant(server: &Recorder, name: Behaviour) -> String {
    behave_in_a_job(server, name, Purpose::Read).await
}

async fn behave_in_a_job(server: &Recorder, name: Behaviour, purpose: Purpose) -> String {
    let mut job = job_of_a_tenant(server, name, purpose).await;
    job.discover().await.unwrap().profile
}

async fn job_of_a_tenant(server: &Recorder, name: Behaviour, purpose: Purpose) -> Job {
    let file = TenantFile::parse("tenant.toml".as_ref(), &tenant_file(server)).unwrap();
    let tenant = Tenant::open(file, TokenSourceOptions::default()).unwrap();
    let setup = JobSetup::new(
        server.url(),
        None,
        &settings(name),
        Vec::new(),
        tenant.gate_for(purpose),
    );
    hostile().start(setup).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_refused_requests_end_the_job() {
    let server = Recorder::start();
    let mut job = job_of_a_tenant(&server, Behaviour::AskAnotherHost, Purpose::Read).await;
    for _ in 0..20 {
        let said = job.discover().await.unwrap().profile;
        assert!(said.starts_with("refused"), "{said}");
    }
    let error = job.discover().await.unwrap_err();
    let is_named = matches!(error, CallError::Outage(Outage::Refusals(20)));
    assert!(is_named, "{error}");
    let error = job.discover().await.unwrap_err();
    assert!(matches!(error, CallError::Outage(Outage::Ended)), "{error}");
    assert_eq!(job.stats().denied, 21);
    assert_eq!(server.take(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_passes_only_plain_requests_to_its_own_origin() {
    let server = Recorder::start();
    let said = behave_for_a_tenant(&server, Behaviour::AskPlainly).await;
    assert_eq!(said, "answered: 204");
    let requests = server.take();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(
        requests[0].starts_with("GET /services/data HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(
        requests[0]
            .to_lowercase()
            .contains("authorization: bearer 00dsecret\r\n"),
        "the gate adds the token"
    );
    for name in [
        Behaviour::SendCredentials,
        Behaviour::AskAnotherHost,
        Behaviour::SendAHostHeader,
        Behaviour::AskWithUserinfo,
        Behaviour::AskWithoutAuthority,
    ] {
        let said = behave_for_a_tenant(&server, name).await;
        assert!(said.starts_with("refused"), "{name:?}: {said}");
        assert_eq!(server.take(), Vec::<String>::new(), "{name:?}");
    }
}

/// What may write.
const WRITES: [Behaviour; 5] = [
    Behaviour::Delete,
    Behaviour::Patch,
    Behaviour::PatchByQuery,
    Behaviour::Post,
    Behaviour::DeleteInAComposite,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_reads_can_not_write() {
    let server = Recorder::start();
    for name in WRITES {
        let said = behave_in_a_job(&server, name, Purpose::Read).await;
        let refused = said.starts_with("refused: ErrorCode::HttpRequestDenied");
        assert!(refused, "{name:?}: {said}");
        assert_eq!(server.take(), Vec::<String>::new(), "{name:?}");
        let said = behave_in_a_job(&server, name, Purpose::Write).await;
        assert_eq!(said, "answered: 204", "{name:?}");
        assert_eq!(server.take().len(), 1, "{name:?}");
    }
    let said = behave_in_a_job(&server, Behaviour::ReadByAComposite, Purpose::Read).await;
    assert_eq!(said, "answered: 204");
    let requests = server.take();
    let head = "POST /services/data/v66.0/composite ";
    assert!(requests[0].starts_with(head), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_command_lets_a_connector_write() {
    let server = Recorder::start();
    let folder = tempfile::tempdir().unwrap();
    let component = component_path("hostile-guest.wasm");
    let component = component.to_string_lossy();
    for name in WRITES {
        let behaviour = format!("[connector]\nbehaviour = \"{name:?}\"\n");
        let file = folder.path().join("tenant.toml");
        write_private(&file, &format!("{}{behaviour}", tenant_file(&server)));
        for command in [
            &["list", "users"][..],
            &["sync"],
            &["check"],
            &["fields", "users"],
            &["attachment", "069000000000001AAA", "--output", "file"],
        ] {
            let arguments = [command, &["--component", &component]].concat();
            let run = asymbl_command(folder.path(), &arguments).await;
            let sent = server.take();
            assert!(
                sent.is_empty(),
                "{name:?} {command:?}: {sent:?} {}",
                run.err
            );
        }
    }
}

/// The hostile guest in an engine of its own.
fn hostile_with(slots: EngineSize) -> LoadedConnector {
    let engine = new_engine(slots).unwrap();
    let path = component_path("hostile-guest.wasm");
    let component = CheckedComponent::from_file(&engine, &path, &Compiler::in_this_process());
    component.and_then(CheckedComponent::link).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn more_jobs_than_slots_wait_for_each_other() {
    const SLOTS: u32 = 2;
    let connector = hostile_with(EngineSize::jobs(SLOTS));
    let jobs = (0..SLOTS + 5).map(|_| {
        let connector = connector.clone();
        tokio::spawn(async move {
            let setup = hostile_setup(Behaviour::Nothing);
            let mut job = connector.start(setup).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            job.discover().await.unwrap().profile
        })
    });
    for job in jobs.collect::<Vec<_>>() {
        assert_eq!(job.await.unwrap(), "did nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_gets_no_slot_says_so() {
    let connector = hostile_with(EngineSize::jobs(1).queue(Duration::from_millis(50)));
    let start = || connector.start(hostile_setup(Behaviour::Nothing));
    let first = start().await.unwrap();
    match start().await.err() {
        Some(CallError::Outage(full @ Outage::Full { slots: 1, .. })) => {
            let message = full.to_string();
            assert!(
                message.contains("all 1 slots for jobs are in use"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    drop(first);
    start().await.unwrap();
}

#[tokio::test]
async fn what_a_guest_leaves_behind_is_not_there_for_the_next() {
    let memory = |job: &Job| job.memory_used();
    let (first, _) = behave(Behaviour::TakeMemory).await;
    let used = memory(&first);
    drop(first);
    let (second, said) = behave(Behaviour::Nothing).await;
    assert!(memory(&second) < used / 4);
    assert_eq!(said.unwrap(), "did nothing");
}

#[test]
fn the_connector_imports_only_what_a_connector_gets() {
    let connector = asymbl();
    let mut names: Vec<&str> = connector
        .component()
        .imports()
        .iter()
        .map(|import| import.split('@').next().unwrap())
        .collect();
    names.sort_unstable();
    let mut allowed = ALLOWED_IMPORTS;
    allowed.sort_unstable();
    assert_eq!(names, allowed);
}
