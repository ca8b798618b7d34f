//! The streams, and their settings with the reasons.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::error::FleetError;
use crate::names::{ACT, ACTION, SCHED, SCHEDULE, SLOT, SYNC, TICK};

/// How long a tick may be on its way into the slot.
const TICK_WAIT: Duration = Duration::from_secs(10);
/// The longest time for which the server compares message ids.
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// How a fleet runs. All its programs need the same.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// From one ticket of a tenant to the next.
    pub every: Duration,
    /// How long a worker may be silent before its ticket goes to another one.
    pub ack_wait: Duration,
    /// Copies of each stream: 3 for three servers.
    pub replicas: usize,
    /// Tickets that are worked on at once in the whole fleet.
    pub at_once: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(15 * 60),
            ack_wait: Duration::from_secs(30),
            replicas: 1,
            at_once: 1_000,
        }
    }
}

/// Makes the streams and their consumers, or brings them to the settings. `is_scheduled` says whether the server keeps
/// the schedules; where it does not, their stream is there all the same, and empty.
pub(crate) async fn make(
    nats: &Context,
    settings: &Settings,
    is_scheduled: bool,
) -> Result<(), FleetError> {
    let common = Config {
        max_messages_per_subject: 1,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        ..Config::default()
    };
    // What is done is gone, which frees the slot; a second message of a slot is refused, not put in the first one's
    // place.
    let slots = Config {
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        ..common.clone()
    };
    let sync = Config {
        name: SYNC.0.to_owned(),
        description: Some("a slot for each tenant".to_owned()),
        subjects: vec![format!("{SLOT}*")],
        // Many tickers publish the same period: within it the message id tells them apart.
        duplicate_window: settings.every.min(WINDOW),
        ..slots.clone()
    };
    let act = Config {
        name: ACT.0.to_owned(),
        description: Some("actions that are asked for".to_owned()),
        subjects: vec![format!("{ACTION}*.*")],
        ..slots
    };
    // A stream of its own: schedules can't be where messages are refused (error 10052 of the server).
    let sched = Config {
        name: SCHED.0.to_owned(),
        description: Some("when each tenant is due".to_owned()),
        subjects: vec![format!("{SCHEDULE}*"), format!("{TICK}*")],
        discard: DiscardPolicy::Old,
        allow_message_schedules: is_scheduled,
        ..common
    };
    for stream in [sync, act, sched] {
        make_stream(nats, stream).await?;
    }
    let at_once = settings.at_once;
    consumer(nats, SYNC, settings.ack_wait, at_once, "").await?;
    consumer(nats, ACT, settings.ack_wait, at_once, "").await?;
    consumer(nats, SCHED, TICK_WAIT, at_once, &format!("{TICK}*")).await
}

async fn make_stream(nats: &Context, stream: Config) -> Result<(), FleetError> {
    let held = nats.get_stream(&stream.name).await;
    // The server takes schedules back with their stream only; `init` writes them anew.
    if held.is_ok_and(|held| {
        held.cached_info().config.allow_message_schedules && !stream.allow_message_schedules
    }) {
        let deleted = nats.delete_stream(&stream.name).await;
        deleted.map_err(FleetError::nats)?;
    }
    let made = nats.create_or_update_stream(stream).await;
    made.map(drop).map_err(FleetError::nats)
}

async fn consumer(
    nats: &Context,
    (stream, name): (&str, &str),
    ack_wait: Duration,
    at_once: i64,
    filter: &str,
) -> Result<(), FleetError> {
    let config = pull::Config {
        durable_name: Some(name.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait,
        filter_subject: filter.to_owned(),
        // What the server gave up would hold its slot for ever.
        max_deliver: -1,
        max_ack_pending: at_once,
        ..pull::Config::default()
    };
    let made = nats.create_consumer_on_stream(config, stream).await;
    made.map(drop).map_err(FleetError::nats)
}
