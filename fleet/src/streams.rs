//! The streams and buckets, and their settings with the reasons.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, consumer};

use crate::error::FleetError;
use crate::names::{FLAGS, SLOTS, STREAM, WORKERS};

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

/// Makes the stream of slots, its consumer and the bucket of flags, or brings them to the settings.
pub(crate) async fn make(nats: &Context, settings: &Settings) -> Result<(), FleetError> {
    let stream = Config {
        name: STREAM.to_owned(),
        description: Some("a slot for each tenant".to_owned()),
        subjects: vec![SLOTS.to_owned()],
        // A ticket is gone when it is done, which frees the slot.
        retention: RetentionPolicy::WorkQueue,
        // One ticket a tenant; the next one is refused, not put in its place.
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        // Many tickers publish the same period: within it the message id tells them apart.
        duplicate_window: settings.every.min(Duration::from_secs(10 * 60)),
        ..Config::default()
    };
    nats.create_or_update_stream(stream)
        .await
        .map_err(FleetError::nats)?;
    let workers = pull::Config {
        durable_name: Some(WORKERS.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.ack_wait,
        // A ticket that the server gave up would hold its slot for ever.
        max_deliver: -1,
        max_ack_pending: settings.at_once,
        ..pull::Config::default()
    };
    nats.create_consumer_on_stream(workers, STREAM)
        .await
        .map_err(FleetError::nats)?;
    bucket(nats, FLAGS, settings.replicas).await
}

/// Makes a bucket that keeps the latest value of each key. Its stream is made here: the client's own way asks the
/// server for more than versions before 2.10 tell.
pub(crate) async fn bucket(nats: &Context, name: &str, replicas: usize) -> Result<(), FleetError> {
    let stream = Config {
        name: format!("KV_{name}"),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: Duration::from_secs(120),
        ..Config::default()
    };
    nats.create_or_update_stream(stream)
        .await
        .map_err(FleetError::nats)?;
    Ok(())
}

/// The bucket of flags.
pub(crate) async fn flags(nats: &Context) -> Result<Store, FleetError> {
    nats.get_key_value(FLAGS).await.map_err(FleetError::nats)
}

/// The consumer that all workers share.
pub(crate) async fn workers(
    nats: &Context,
) -> Result<consumer::Consumer<pull::Config>, FleetError> {
    nats.get_consumer_from_stream(WORKERS, STREAM)
        .await
        .map_err(FleetError::nats)
}
