//! Which component which tenant has: components by their SHA-256 in the object store, shares of tenants in rings.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{self, ObjectStore};
use host_runner::sandbox::{LoadedConnector, sha256};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::sync::Mutex;

use crate::bucket::Bucket;
use crate::error::FleetError;
use crate::names::{COMPONENTS, RINGS, spread};

/// Compiles a component's bytes and links it.
pub type Load = Arc<dyn Fn(&[u8]) -> Result<LoadedConnector, String> + Send + Sync>;

/// The key of the ring in its bucket.
const RING: &str = "ring";

/// Which component the tenants have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// The SHA-256 of the one that most have.
    pub stable: String,
    /// That of the one which is tried.
    pub next: Option<String>,
    /// The share that tries it, in percent.
    pub percent: u8,
    /// The one that all had before `stable`.
    pub before: Option<String>,
}

impl Ring {
    /// The component of a tenant, by its id: a tenant stays in its share.
    pub fn component_of(&self, tenant: &str) -> &str {
        match &self.next {
            Some(next) if spread(tenant) % 100 < u64::from(self.percent) => next,
            _ => &self.stable,
        }
    }
}

/// The components of a fleet.
#[derive(Clone)]
pub(crate) struct Components {
    nats: Context,
    rings: Bucket,
    loaded: Arc<Mutex<BTreeMap<String, LoadedConnector>>>,
}

impl Components {
    pub(crate) fn new(nats: Context) -> Self {
        Self {
            rings: Bucket::new(&nats, RINGS),
            nats,
            loaded: Arc::default(),
        }
    }

    /// Makes their buckets.
    pub(crate) async fn make(&self, replicas: usize) -> Result<(), FleetError> {
        self.rings.make(replicas, None).await?;
        if self.nats.get_object_store(COMPONENTS).await.is_err() {
            let config = object_store::Config {
                bucket: COMPONENTS.to_owned(),
                num_replicas: replicas,
                ..object_store::Config::default()
            };
            let made = self.nats.create_object_store(config).await;
            made.map_err(FleetError::nats)?;
        }
        Ok(())
    }

    async fn store(&self) -> Result<ObjectStore, FleetError> {
        self.nats
            .get_object_store(COMPONENTS)
            .await
            .map_err(FleetError::nats)
    }

    /// The ring.
    pub(crate) async fn ring(&self) -> Result<Ring, FleetError> {
        let ring = self.rings.get(RING).await?;
        let ring = ring.ok_or(FleetError::NoComponent)?;
        serde_json::from_slice(&ring).map_err(FleetError::nats)
    }

    async fn set(&self, ring: Ring) -> Result<Ring, FleetError> {
        let text = serde_json::to_vec(&ring).map_err(FleetError::nats)?;
        self.rings.put(RING, text).await?;
        Ok(ring)
    }

    pub(crate) async fn release(&self, wasm: Vec<u8>, percent: u8) -> Result<Ring, FleetError> {
        let digest = sha256(&wasm);
        let store = self.store().await?;
        if store.info(&digest).await.is_err() {
            store
                .put(digest.as_str(), &mut wasm.as_slice())
                .await
                .map_err(FleetError::nats)?;
        }
        let ring = match (self.ring().await, percent) {
            (Ok(ring), 100) if ring.stable == digest => Ring {
                next: None,
                percent: 0,
                ..ring
            },
            (Ok(ring), 100) => Ring {
                stable: digest,
                next: None,
                percent: 0,
                before: Some(ring.stable),
            },
            (Ok(ring), percent) => Ring {
                next: Some(digest),
                percent,
                ..ring
            },
            (Err(FleetError::NoComponent), 100) => Ring {
                stable: digest,
                next: None,
                percent: 0,
                before: None,
            },
            (Err(error), _) => return Err(error),
        };
        self.set(ring).await
    }

    pub(crate) async fn roll_back(&self) -> Result<Ring, FleetError> {
        let ring = self.ring().await?;
        let ring = match (ring.next.is_some(), ring.before.clone()) {
            // What is tried goes first.
            (true, _) => Ring {
                next: None,
                percent: 0,
                ..ring
            },
            (false, Some(before)) => Ring {
                before: Some(ring.stable),
                stable: before,
                next: None,
                percent: 0,
            },
            (false, None) => return Err(FleetError::NoComponent),
        };
        self.set(ring).await
    }

    /// A component, fetched and compiled once in this process.
    pub(crate) async fn load(
        &self,
        digest: &str,
        load: &Load,
    ) -> Result<LoadedConnector, FleetError> {
        let mut loaded = self.loaded.lock().await;
        if let Some(connector) = loaded.get(digest) {
            return Ok(connector.clone());
        }
        let wrong = |why: String| FleetError::Component {
            digest: digest.to_owned(),
            why,
        };
        let mut object = self
            .store()
            .await?
            .get(digest)
            .await
            .map_err(FleetError::nats)?;
        let mut wasm = Vec::new();
        object
            .read_to_end(&mut wasm)
            .await
            .map_err(FleetError::nats)?;
        if sha256(&wasm) != digest {
            return Err(wrong(
                "what is stored under it is something else".to_owned(),
            ));
        }
        let load = Arc::clone(load);
        let compiled = tokio::task::spawn_blocking(move || load(&wasm)).await;
        let connector = compiled
            .map_err(|panic| wrong(panic.to_string()))?
            .map_err(wrong)?;
        loaded.insert(digest.to_owned(), connector.clone());
        Ok(connector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_tenants_tries_the_next_component() {
        let ring = |percent| Ring {
            stable: "a".to_owned(),
            next: Some("b".to_owned()),
            percent,
            before: None,
        };
        let trying = |percent| {
            let ring = ring(percent);
            let tenants = (0..1_000).map(|tenant| format!("tenant-{tenant}"));
            tenants
                .filter(|tenant| ring.component_of(tenant) == "b")
                .count()
        };
        assert_eq!(trying(0), 0);
        assert!((50..150).contains(&trying(10)), "{}", trying(10));
        assert_eq!(trying(100), 1_000);
    }
}
