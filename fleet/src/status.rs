//! How a fleet stands.

use std::collections::BTreeSet;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{Consumer, Info, pull};
use futures_util::TryStreamExt as _;

use crate::components::Ring;
use crate::error::FleetError;
use crate::names::{self, ACT, SLOT, SYNC};
use crate::{Fleet, schedule};

/// How a fleet stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// Tickets that wait.
    pub waiting: u64,
    /// Tickets that are worked on.
    pub working: usize,
    /// Workers that wait for a ticket.
    pub idle: usize,
    /// Actions that wait or are worked on.
    pub actions: u64,
    /// Schedules that the server keeps; none where the workers publish the tickets themselves.
    pub schedules: Option<usize>,
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

pub(crate) async fn of(fleet: &Fleet) -> Result<Status, FleetError> {
    let syncs = queue(&fleet.nats, SYNC).await?;
    let actions = queue(&fleet.nats, ACT).await?;
    let stream = fleet.nats.get_stream(SYNC.0).await;
    let stream = stream.map_err(FleetError::nats)?;
    let slots = stream.info_with_subjects(format!("{SLOT}*")).await;
    let slots: BTreeSet<String> = slots
        .map_err(FleetError::nats)?
        .map_ok(|(subject, _)| subject)
        .try_collect()
        .await
        .map_err(FleetError::nats)?;
    let keys = fleet.flags.keys().await?;
    let tenants = fleet
        .tenants
        .all()?
        .into_values()
        .map(|tenant| TenantStatus {
            is_paused: keys.contains(&names::paused(&tenant.id)),
            has_ticket: slots.contains(&format!("{SLOT}{}", tenant.id)),
            name: tenant.file.name().to_owned(),
            id: tenant.id.clone(),
        });
    let schedules = schedule::existing(&fleet.nats).await?;
    Ok(Status {
        waiting: syncs.num_pending,
        working: syncs.num_ack_pending,
        idle: syncs.num_waiting,
        actions: actions.num_pending + actions.num_ack_pending as u64,
        schedules: schedules.map(|tenants| tenants.len()),
        ring: match fleet.components.ring().await {
            Ok(ring) => Some(ring),
            Err(FleetError::NoComponent) => None,
            Err(error) => return Err(error),
        },
        tenants: tenants.collect(),
    })
}

async fn queue(nats: &Context, (stream, name): (&str, &str)) -> Result<Info, FleetError> {
    let consumer: Result<Consumer<pull::Config>, _> =
        nats.get_consumer_from_stream(name, stream).await;
    Ok(consumer.map_err(FleetError::nats)?.cached_info().clone())
}
