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
mod bucket;
mod components;
mod error;
mod names;
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
pub use worker::{MirrorOf, Worker};

use std::path::PathBuf;

use async_nats::ServerAddr;
use async_nats::jetstream::{self, Context};

use bucket::Bucket;
use components::Components;
use tenants::Tenants;
use ticket::Ticket;

/// A fleet, as each of its programs sees it.
#[derive(Clone)]
pub struct Fleet {
    nats: Context,
    settings: Settings,
    tenants: Tenants,
    components: Components,
    flags: Bucket,
    results: Bucket,
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
            flags: Bucket::new(&nats, names::FLAGS),
            results: Bucket::new(&nats, names::RESULTS),
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
        self.flags.make(settings.replicas, None).await?;
        let kept = Some(action::KEPT);
        self.results.make(settings.replicas, kept).await?;
        self.components.make(settings.replicas).await?;
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

    /// Lets tickets of a tenant pass without work, or no longer.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::Nats`].
    pub async fn pause(&self, tenant: &str, paused: bool) -> Result<(), FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let key = names::paused(&id);
        match paused {
            true => self.flags.put(&key, "1").await,
            false => self.flags.purge(&key).await,
        }
    }

    /// Asks for a sync of a tenant now, one that reads everything if it is to be `full`. While one is waiting or worked
    /// on, it is followed by this one, and the result is false.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::Nats`].
    pub async fn sync_now(&self, tenant: &str, full: bool) -> Result<bool, FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let ring = self.components.ring().await?;
        let ticket = Ticket::new(&id, "now", &ring).full(full);
        if ticket.publish(&self.nats, None).await? {
            return Ok(true);
        }
        let key = names::again(&id);
        let before = self.flags.get(&key).await?;
        let full = full || before.is_some_and(|flag| flag == names::FULL);
        self.flags
            .put(&key, if full { names::FULL } else { "1" })
            .await?;
        // The slot may have become free in between, and nobody would look at the flag for a period.
        ticket.publish(&self.nats, None).await
    }

    /// How many tickets wait and are worked on, and which tenants are paused.
    ///
    /// # Errors
    /// [`FleetError::Nats`].
    pub async fn status(&self) -> Result<Status, FleetError> {
        status::of(self).await
    }
}
