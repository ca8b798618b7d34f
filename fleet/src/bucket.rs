//! A bucket of JetStream: the latest value of each key.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::{Operation, Store};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use tokio::sync::OnceCell;

use crate::error::FleetError;

/// A bucket. Cheap to clone; asks the server for the bucket's settings once.
#[derive(Clone)]
pub(crate) struct Bucket {
    nats: Context,
    name: &'static str,
    store: Arc<OnceCell<Store>>,
}

impl Bucket {
    pub(crate) fn new(nats: &Context, name: &'static str) -> Self {
        Self {
            nats: nats.clone(),
            name,
            store: Arc::default(),
        }
    }

    /// Makes it, or brings it to these settings; with a `lifetime`, values are forgotten after it. Its stream is made
    /// here: the client's own way asks the server for more than versions before 2.10 tell.
    pub(crate) async fn make(
        &self,
        replicas: usize,
        lifetime: Option<Duration>,
    ) -> Result<(), FleetError> {
        let stream = Config {
            name: format!("KV_{}", self.name),
            subjects: vec![format!("$KV.{}.>", self.name)],
            max_messages_per_subject: 1,
            max_age: lifetime.unwrap_or_default(),
            discard: DiscardPolicy::New,
            allow_rollup: true,
            deny_delete: true,
            // Values are read from the leader: another server may not have heard yet of what was just written, and a
            // request that was noted would be overlooked.
            allow_direct: false,
            storage: StorageType::File,
            num_replicas: replicas,
            duplicate_window: Duration::from_secs(120),
            ..Config::default()
        };
        let made = self.nats.create_or_update_stream(stream).await;
        made.map(drop).map_err(FleetError::nats)
    }

    /// The client's own face of it.
    pub(crate) async fn store(&self) -> Result<&Store, FleetError> {
        let store = self
            .store
            .get_or_try_init(|| self.nats.get_key_value(self.name))
            .await;
        store.map_err(FleetError::nats)
    }

    pub(crate) async fn get(&self, key: &str) -> Result<Option<Bytes>, FleetError> {
        let found = self.store().await?.get(key).await;
        found.map_err(FleetError::nats)
    }

    pub(crate) async fn put(&self, key: &str, value: impl Into<Bytes>) -> Result<(), FleetError> {
        let put = self.store().await?.put(key, value.into()).await;
        put.map(drop).map_err(FleetError::nats)
    }

    pub(crate) async fn purge(&self, key: &str) -> Result<(), FleetError> {
        let purged = self.store().await?.purge(key).await;
        purged.map_err(FleetError::nats)
    }

    /// A value that is there, with its revision.
    pub(crate) async fn entry(&self, key: &str) -> Result<Option<(u64, Bytes)>, FleetError> {
        let entry = self.store().await?.entry(key).await;
        let entry = entry.map_err(FleetError::nats)?;
        let entry = entry.filter(|entry| entry.operation == Operation::Put);
        Ok(entry.map(|entry| (entry.revision, entry.value)))
    }

    /// Takes a value away, unless it was written again since that revision.
    pub(crate) async fn purge_revision(&self, key: &str, revision: u64) -> Result<(), FleetError> {
        let store = self.store().await?;
        let purged = store.purge_expect_revision(key, Some(revision)).await;
        purged.map_err(FleetError::nats)
    }

    pub(crate) async fn keys(&self) -> Result<Vec<String>, FleetError> {
        let keys = self.store().await?.keys().await.map_err(FleetError::nats)?;
        keys.try_collect().await.map_err(FleetError::nats)
    }
}
