//! How a fleet stands.

use async_nats::jetstream::Context;
use futures_util::TryStreamExt as _;

use crate::components::{Components, Ring};
use crate::error::FleetError;
use crate::names::{self, STREAM};
use crate::streams;
use crate::tenants::Tenants;

/// How a fleet stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// Tickets that wait.
    pub waiting: u64,
    /// Tickets that are worked on.
    pub working: usize,
    /// Workers that wait for a ticket.
    pub idle: usize,
    /// Which component the tenants have; none before one was stored.
    pub ring: Option<Ring>,
    /// The tenants of the folder.
    pub tenants: Vec<TenantStatus>,
}

/// A tenant of a fleet.
#[derive(Debug, Clone)]
pub struct TenantStatus {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether its tickets pass without work.
    pub is_paused: bool,
    /// Whether a ticket of its is waiting or worked on.
    pub has_ticket: bool,
}

pub(crate) async fn of(
    nats: &Context,
    tenants: &Tenants,
    components: &Components,
) -> Result<Status, FleetError> {
    let mut workers = streams::workers(nats).await?;
    let info = workers.info().await.map_err(FleetError::nats)?.clone();
    let stream = nats.get_stream(STREAM).await.map_err(FleetError::nats)?;
    let slots = stream
        .info_with_subjects(names::SLOTS)
        .await
        .map_err(FleetError::nats)?;
    let slots: Vec<(String, usize)> = slots.try_collect().await.map_err(FleetError::nats)?;
    let flags = streams::flags(nats).await?;
    let keys = flags.keys().await.map_err(FleetError::nats)?;
    let keys: Vec<String> = keys.try_collect().await.map_err(FleetError::nats)?;
    let tenants = tenants.all()?.into_values().map(|tenant| TenantStatus {
        is_paused: keys.contains(&names::paused(&tenant.id)),
        has_ticket: slots
            .iter()
            .any(|(subject, _)| *subject == names::slot(&tenant.id)),
        name: tenant.file.name().to_owned(),
        id: tenant.id,
    });
    Ok(Status {
        waiting: info.num_pending,
        working: info.num_ack_pending,
        idle: info.num_waiting,
        ring: match components.ring().await {
            Ok(ring) => Some(ring),
            Err(FleetError::NoComponent) => None,
            Err(error) => return Err(error),
        },
        tenants: tenants.collect(),
    })
}
