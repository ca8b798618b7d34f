//! The syncs and actions of many tenants on many machines.
//!
//! A *ticket* says that a tenant is due. Tickets wait in a stream of NATS JetStream in which each tenant has one slot:
//! a second ticket of a tenant is refused while the first is waiting or worked on, so no tenant is synced twice at once
//! and none is forgotten. Workers take tickets one by one and do what `asymbl sync` does. Tickets come at least once:
//! the mirror's fence, checked in each page's transaction, keeps a run that was given up from writing (docs/fleet.md).
//!
//! Nothing that can't be made again is only in NATS, except actions under way: [`Fleet::init`] makes all of it from the
//! folder of tenants. Never here: knowledge of Salesforce, a secret in a message, a record in a ticket.

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod action;
mod components;
mod error;
mod names;
mod pause;
mod schedule;
mod status;
mod streams;
mod take;
mod tenants;
mod ticker;
mod ticket;
mod worker;

pub use action::Answer;
pub use components::{Load, Ring};
pub use error::FleetError;
pub use status::{Status, TenantStatus};
pub use streams::Settings;
pub use worker::Worker;

use std::path::PathBuf;

use async_nats::ServerAddr;
use async_nats::jetstream::{self, Context};
use host_runner::unified::Timestamp;

use components::Components;
use tenants::Tenants;
use ticket::NOW;

/// A fleet, as each of its programs sees it.
#[derive(Clone)]
pub struct Fleet {
    nats: Context,
    settings: Settings,
    tenants: Tenants,
    components: Components,
}

impl Fleet {
    /// Connects to a server, or to any of several, separated by commas; `credentials` is a file of NATS, for servers
    /// that ask for one.
    ///
    /// # Errors
    /// [`FleetError::Address`], [`FleetError::Credentials`], [`FleetError::Connect`].
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
        let servers: Result<Vec<ServerAddr>, _> =
            url.split(',').map(|server| server.trim().parse()).collect();
        let servers = servers.map_err(FleetError::Address)?;
        // The client reads the addresses, but not who signs in.
        let user = servers.iter().find_map(|server| {
            let (user, password) = (server.username()?, server.password()?);
            Some((user.to_owned(), password.to_owned()))
        });
        if let Some((user, password)) = user {
            options = options.user_and_password(user, password);
        }
        let client = options
            .connect(servers)
            .await
            .map_err(FleetError::Connect)?;
        let nats = jetstream::new(client);
        Ok(Self {
            components: Components::new(nats.clone()),
            nats,
            settings,
            tenants: Tenants::new(tenants),
        })
    }

    /// Makes the streams and buckets, or brings them to the settings, writes the schedule of each tenant where the
    /// server keeps schedules, and stores the component, if one is given, as the one of all tenants. May be run at any
    /// time, also to make all of it again after a loss.
    ///
    /// # Errors
    /// [`FleetError::Nats`], [`FleetError::Folder`].
    pub async fn init(&self, component: Option<Vec<u8>>) -> Result<(), FleetError> {
        let (nats, settings) = (&self.nats, &self.settings);
        let is_scheduled = schedule::is_possible(nats, settings.every);
        streams::make(nats, settings, is_scheduled).await?;
        let (replicas, kept) = (settings.replicas, Some(action::KEPT));
        streams::make_bucket(nats, names::PAUSED, replicas, None).await?;
        streams::make_bucket(nats, names::RESULTS, replicas, kept).await?;
        self.components.make(replicas).await?;
        if let Some(wasm) = component {
            self.components.release(wasm, 100).await?;
        }
        if let Some(scheduled) = schedule::existing(nats).await? {
            let tenants = self.tenants.all()?;
            for tenant in scheduled.iter().filter(|id| !tenants.contains_key(*id)) {
                schedule::remove(nats, tenant).await?;
            }
            schedule::write(nats, tenants.into_keys(), settings.every).await?;
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

    /// Lets tickets of a tenant pass without work, or no longer. A sync under way ends after its page.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::Nats`].
    pub async fn pause(&self, tenant: &str, paused: bool) -> Result<(), FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let bucket = self.nats.get_key_value(names::PAUSED).await?;
        match paused {
            true => drop(bucket.put(id, "".into()).await?),
            false => bucket.purge(id).await?,
        }
        Ok(())
    }

    /// Asks for a sync of a tenant now, one that reads everything if it is to be `full`. While one is waiting or worked
    /// on, it is followed by this one, and the result is false.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::Nats`].
    pub async fn sync_now(&self, tenant: &str, full: bool) -> Result<bool, FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let full_since = full.then(|| Timestamp::now().millis());
        self.ask(&id, NOW, full_since).await
    }

    /// How many tickets wait and are worked on, and which tenants are paused.
    ///
    /// # Errors
    /// [`FleetError::Nats`].
    pub async fn status(&self) -> Result<Status, FleetError> {
        status::of(self).await
    }
}
