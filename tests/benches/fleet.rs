//! What a fleet costs: redelivery, tickets a second with each on the disk, what a ticket costs besides its sync, and
//! the CPU of a delta that finds nothing, times 5,000 tenants every 15 minutes. Needs the newest NATS server, from
//! PyPI.
//!
//! `make bench`, or after `cargo build --release -p asymbl`: `cargo bench --bench fleet`.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::{self, Context};
use connector_tests::command::command;
use connector_tests::nats::{Nats, Version};
use connector_tests::process::cpu;
use connector_tests::world::{World, small_org, write_private};
use fleet::{Fleet, Settings};
use futures_util::StreamExt as _;

const TENANTS: usize = 200;
/// Tickets that are measured; those before them warm up.
const MEASURED: usize = 180;
const ACK_WAIT: Duration = Duration::from_secs(1);
const SETTINGS: Settings = Settings {
    every: Duration::from_secs(15 * 60),
    ack_wait: ACK_WAIT,
    replicas: 1,
    at_once: 1_000,
};

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run());
}

async fn run() {
    for (is_synced, name) in [(true, "on the disk"), (false, "not yet on the disk")] {
        let Some(nats) = Nats::with(Version::Newest, 1, is_synced) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let fleet = Fleet::connect(&nats.url(), None, folder.path().to_owned(), SETTINGS).await;
        fleet.unwrap().init(None).await.unwrap();
        let client = async_nats::connect(nats.url()).await.unwrap();
        let jetstream = jetstream::new(client);
        empty_tickets(&jetstream, name).await;
        if is_synced {
            redelivery(&jetstream).await;
        }
    }
    with_a_worker().await;
}

/// Puts empty tickets into slots.
async fn publish(jetstream: &Context, count: usize) {
    let all = futures_util::stream::iter(0..count).map(|tenant| async move {
        let sent = jetstream.publish(format!("sync.due.t{tenant}"), "{}".into());
        sent.await.unwrap().await.unwrap();
    });
    all.buffer_unordered(64).collect::<Vec<()>>().await;
}

async fn consumer(jetstream: &Context) -> Consumer<pull::Config> {
    let consumer = jetstream.get_consumer_from_stream("workers", "SYNC").await;
    consumer.unwrap()
}

async fn empty_tickets(jetstream: &Context, name: &str) {
    const COUNT: usize = 8_000;
    const WORKERS: usize = 32;
    let began = Instant::now();
    publish(jetstream, COUNT).await;
    let published = began.elapsed();
    let began = Instant::now();
    let workers = (0..WORKERS).map(|_| async {
        let consumer = consumer(jetstream).await;
        for _ in 0..COUNT / WORKERS {
            let fetch = consumer.fetch().max_messages(1).expires(ACK_WAIT);
            let ticket = fetch.messages().await.unwrap().next().await;
            ticket.unwrap().unwrap().double_ack().await.unwrap();
        }
    });
    futures_util::future::join_all(workers).await;
    let a_second = |took: Duration| COUNT as f64 / took.as_secs_f64();
    println!(
        "empty tickets, {name}: {:.0} published and {:.0} done a second",
        a_second(published),
        a_second(began.elapsed())
    );
}

/// How long after a worker took a ticket and fell silent another one gets it.
async fn redelivery(jetstream: &Context) {
    const COUNT: usize = 20;
    publish(jetstream, COUNT).await;
    let consumer = consumer(jetstream).await;
    let mut taken = Vec::new();
    for _ in 0..COUNT {
        let fetch = consumer.fetch().max_messages(1).expires(ACK_WAIT);
        let ticket = fetch.messages().await.unwrap().next().await;
        taken.push((ticket.unwrap().unwrap().subject.clone(), Instant::now()));
    }
    let mut late = Vec::new();
    for _ in 0..COUNT {
        let fetch = consumer.fetch().max_messages(1).expires(ACK_WAIT * 3);
        let ticket = fetch
            .messages()
            .await
            .unwrap()
            .next()
            .await
            .unwrap()
            .unwrap();
        let (_, at) = taken
            .iter()
            .find(|(subject, _)| *subject == ticket.subject)
            .unwrap();
        late.push(at.elapsed().as_secs_f64() - ACK_WAIT.as_secs_f64());
        ticket.double_ack().await.unwrap();
    }
    late.sort_by(f64::total_cmp);
    println!(
        "a ticket comes again after the ack wait and {:.0} to {:.0} ms, half of them within {:.0} ms",
        late[0] * 1e3,
        late[COUNT - 1] * 1e3,
        late[COUNT / 2] * 1e3
    );
}

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn with_a_worker() {
    let nats = Nats::with(Version::Newest, 1, true).unwrap();
    let world = World::of(small_org()).await;
    world.sync().await;
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    let tenants = world.folder().join("tenants");
    std::fs::create_dir(&tenants).unwrap();
    let names: Vec<String> = (0..TENANTS).map(|tenant| format!("t{tenant}")).collect();
    for name in &names {
        let file = tenants.join(name).with_extension("toml");
        write_private(&file, &text.replacen("practice-org", name, 1));
        std::fs::copy(world.mirror_path(), file.with_extension("mirror.sqlite")).unwrap();
    }
    let fleet = Fleet::connect(&nats.url(), None, tenants, SETTINGS)
        .await
        .unwrap();
    let component = connector_tests::component_path("asymbl.wasm");
    fleet
        .init(Some(std::fs::read(component).unwrap()))
        .await
        .unwrap();
    let bare = bare_tickets(&nats).await;
    for name in &names {
        fleet.pause(name, true).await.unwrap();
    }
    let (took, _) = work(&world, &nats, &fleet, &names, "1").await;
    println!(
        "a ticket without a sync: {:.2} ms, of which {:.2} ms the server's to give it out and to take it back",
        per(took),
        per(bare)
    );
    for name in &names {
        fleet.pause(name, false).await.unwrap();
    }
    let (took, used) = work(&world, &nats, &fleet, &names, "4").await;
    let period = SETTINGS.every.as_secs_f64();
    println!(
        "a delta of nothing: {:.1} ms of CPU, {:.1} a second with 4 slots; 5,000 tenants every 15 minutes need {:.2} cores \
         and {:.1} a second",
        per(used),
        MEASURED as f64 / took.as_secs_f64(),
        per(used) / 1e3 * 5_000.0 / period,
        5_000.0 / period
    );
}

/// How long it takes to take tickets one by one and to acknowledge them, and nothing else.
async fn bare_tickets(nats: &Nats) -> Duration {
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    publish(&jetstream, MEASURED).await;
    let consumer = consumer(&jetstream).await;
    let began = Instant::now();
    for _ in 0..MEASURED {
        let fetch = consumer.fetch().max_messages(1).expires(ACK_WAIT);
        let ticket = fetch.messages().await.unwrap().next().await;
        ticket.unwrap().unwrap().double_ack().await.unwrap();
    }
    began.elapsed()
}

/// Starts a worker for a ticket of each tenant; how long it takes for the last nine tenths, and how much CPU.
async fn work(
    world: &World,
    nats: &Nats,
    fleet: &Fleet,
    names: &[String],
    slots: &str,
) -> (Duration, Duration) {
    for name in names {
        fleet.sync_now(name, false).await.unwrap();
    }
    let arguments = [
        "fleet",
        "worker",
        "--tenants",
        "tenants",
        "--slots",
        slots,
        "--ack-wait",
        "1s",
    ];
    let child = command(world.folder(), &arguments)
        .env("NATS_URL", nats.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let worker = Worker(child.unwrap());
    // By then the component is compiled.
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    left(&jetstream, MEASURED).await;
    let (began, before) = (Instant::now(), cpu(worker.0.id()));
    left(&jetstream, 0).await;
    (began.elapsed(), cpu(worker.0.id()) - before)
}

/// Waits until so many tickets are left. Asks for no more than that, since the server is what is measured.
async fn left(jetstream: &Context, count: usize) {
    loop {
        let consumer = consumer(jetstream).await;
        let info = consumer.cached_info();
        if info.num_pending as usize + info.num_ack_pending <= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// In milliseconds for a ticket.
fn per(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3 / MEASURED as f64
}
