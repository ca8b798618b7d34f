//! The syncs of many tenants on many machines.
//!
//! A *ticket* says that a tenant is due. Tickets wait in a stream of NATS JetStream in which each tenant has one slot:
//! a second ticket of a tenant is refused while the first is waiting or worked on, so no tenant is synced twice at once
//! and none is forgotten. Workers take tickets one by one and do what `asymbl sync` does. Tickets come at least once:
//! the mirror's fence, checked in each page's transaction, keeps a run that was given up from writing (docs/fleet.md).
//!
//! Nothing that can't be made again is only in NATS: [`Fleet::init`] makes all of it from the folder of tenants.
//! Never here: knowledge of Salesforce, a secret or a record in a message.

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod components;
mod error;
mod names;
mod status;
mod streams;
mod tenants;
mod ticker;
mod ticket;
mod worker;

pub use components::{Load, Ring};
pub use error::FleetError;
pub use status::{Status, TenantStatus};
pub use streams::Settings;
pub use worker::{MirrorOf, Worker};

use std::path::PathBuf;

use async_nats::jetstream::{self, Context};

use components::Components;
use tenants::Tenants;

/// A fleet, as each of its programs sees it.
#[derive(Clone)]
pub struct Fleet {
    nats: Context,
    settings: Settings,
    tenants: Tenants,
    components: Components,
}

impl Fleet {
    /// Connects; `credentials` is a file of NATS, for servers that ask for one.
    ///
    /// # Errors
    /// [`FleetError::Connect`].
    pub async fn connect(
        url: &str,
        credentials: Option<PathBuf>,
        tenants: PathBuf,
        settings: Settings,
    ) -> Result<Self, FleetError> {
        let mut options = async_nats::ConnectOptions::new().name("asymbl fleet");
        if let Some(file) = credentials {
            options = options
                .credentials_file(&file)
                .await
                .map_err(|error| FleetError::Credentials { file, error })?;
        }
        let client = options.connect(url).await.map_err(FleetError::Connect)?;
        let nats = jetstream::new(client);
        Ok(Self {
            components: Components::new(nats.clone()),
            nats,
            settings,
            tenants: Tenants::new(tenants),
        })
    }

    /// Makes the streams and buckets, or brings them to the settings, and stores the component, if one is given, as the
    /// one of all tenants. May be run at any time, also to make all of it again after a loss.
    ///
    /// # Errors
    /// [`FleetError::Nats`].
    pub async fn init(&self, component: Option<Vec<u8>>) -> Result<(), FleetError> {
        streams::make(&self.nats, &self.settings).await?;
        self.components.make(self.settings.replicas).await?;
        if let Some(wasm) = component {
            self.components.release(wasm, 100).await?;
        }
        Ok(())
    }

    /// Stores a component for a share of the tenants, in percent: 100 makes it that of all. Tickets that are under way
    /// keep theirs.
    ///
    /// # Errors
    /// [`FleetError::Nats`]; [`FleetError::NoComponent`] where there is no other one yet that the rest could have.
    pub async fn release(&self, component: Vec<u8>, percent: u8) -> Result<Ring, FleetError> {
        self.components.release(component, percent).await
    }

    /// Gives all tenants the component back that they had before the latest release.
    ///
    /// # Errors
    /// [`FleetError::Nats`], [`FleetError::NoComponent`].
    pub async fn roll_back(&self) -> Result<Ring, FleetError> {
        self.components.roll_back().await
    }

    /// Lets tickets of a tenant pass without work, or no longer.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::Nats`].
    pub async fn pause(&self, tenant: &str, paused: bool) -> Result<(), FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let key = names::paused(&id);
        let store = streams::flags(&self.nats).await?;
        match paused {
            true => {
                store
                    .put(&key, bytes::Bytes::from_static(b"1"))
                    .await
                    .map_err(FleetError::nats)?;
            }
            false => store.purge(&key).await.map_err(FleetError::nats)?,
        }
        Ok(())
    }

    /// Asks for a sync of a tenant now. While one is waiting or worked on, it is followed by another.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::Nats`].
    pub async fn sync_now(&self, tenant: &str) -> Result<bool, FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let ring = self.components.ring().await?;
        let ticket = ticket::Ticket::new(&id, "now", &ring);
        let taken = ticket::publish(&self.nats, &ticket, None).await?;
        if !taken {
            let store = streams::flags(&self.nats).await?;
            let key = names::again(&id);
            store
                .put(&key, bytes::Bytes::from_static(b"1"))
                .await
                .map_err(FleetError::nats)?;
        }
        Ok(taken)
    }

    /// How many tickets wait and are worked on, and which tenants are paused.
    ///
    /// # Errors
    /// [`FleetError::Nats`].
    pub async fn status(&self) -> Result<Status, FleetError> {
        status::of(&self.nats, &self.tenants, &self.components).await
    }
}
