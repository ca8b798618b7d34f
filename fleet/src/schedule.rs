//! Schedules that the server keeps (2.14 and later): one message a tenant, of which the server makes a tick each
//! period, at a moment that the tenant's id decides. A worker turns the tick into a ticket; ticks and slots can't share
//! a stream.
//!
//! Written as cron, not as `@every 15m`: after an outage those would all be overdue at once and stay together, while
//! these keep their moments.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{NATS_SCHEDULE, NATS_SCHEDULE_TARGET};
use async_nats::jetstream::{Context, Message};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::Fleet;
use crate::error::FleetError;
use crate::names::{SCHED, SCHEDULE, TICK, spread};
use crate::take::settled;
use crate::ticket::Ticket;

/// Schedules that are written at once.
const AT_ONCE: usize = 64;

const DAY: u64 = 24 * 60 * 60;

/// Whether the server can keep the schedules of such a period.
pub(crate) fn is_possible(nats: &Context, every: Duration) -> bool {
    nats.client().is_server_compatible(2, 14, 0) && cron("", every).is_some()
}

/// When a tenant is due, as cron with seconds: a moment of the period that its id decides. None for a period that does
/// not go into a minute, an hour or a day without a rest.
fn cron(tenant: &str, every: Duration) -> Option<String> {
    let every = match (every.as_secs(), every.subsec_nanos()) {
        (0, _) | (_, 1..) => return None,
        (seconds, 0) => seconds,
    };
    let phase = spread(tenant) % every;
    let (second, minute, hour) = (phase % 60, phase / 60 % 60, phase / 3600);
    match every {
        1..60 if 60_u64.is_multiple_of(every) => Some(format!("{second}/{every} * * * * *")),
        60..3600 if 3600_u64.is_multiple_of(every) && every.is_multiple_of(60) => {
            Some(format!("{second} {minute}/{} * * * *", every / 60))
        }
        3600..DAY if DAY.is_multiple_of(every) && every.is_multiple_of(3600) => {
            Some(format!("{second} {minute} {hour}/{} * * *", every / 3600))
        }
        DAY => Some(format!("{second} {minute} {hour} * * *")),
        _ => None,
    }
}

/// The tenants that have a schedule; none where the server keeps no schedules.
pub(crate) async fn existing(nats: &Context) -> Result<Option<BTreeSet<String>>, FleetError> {
    let stream = nats.get_stream(SCHED.0).await.map_err(FleetError::nats)?;
    if !stream.cached_info().config.allow_message_schedules {
        return Ok(None);
    }
    let subjects = stream.info_with_subjects(format!("{SCHEDULE}*")).await;
    let subjects = subjects.map_err(FleetError::nats)?;
    let tenants = subjects.map_ok(|(subject, _)| subject.trim_start_matches(SCHEDULE).to_owned());
    tenants
        .try_collect()
        .await
        .map(Some)
        .map_err(FleetError::nats)
}

/// Writes the schedules of these tenants; one that is there already is replaced, and keeps its moments.
pub(crate) async fn write(
    nats: &Context,
    tenants: impl IntoIterator<Item = String>,
    every: Duration,
) -> Result<(), FleetError> {
    let writes = tenants.into_iter().filter_map(|tenant| {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_SCHEDULE, cron(&tenant, every)?);
        headers.insert(NATS_SCHEDULE_TARGET, format!("{TICK}{tenant}"));
        let subject = format!("{SCHEDULE}{tenant}");
        Some(async move {
            let sent = nats.publish_with_headers(subject, headers, Bytes::new());
            let sent = sent.await.map_err(FleetError::nats)?;
            sent.await.map(drop).map_err(FleetError::nats)
        })
    });
    let writes = futures_util::stream::iter(writes).buffer_unordered(AT_ONCE);
    writes.try_collect().await
}

/// Takes the schedule of a tenant away.
pub(crate) async fn remove(nats: &Context, tenant: &str) -> Result<(), FleetError> {
    let stream = nats.get_stream(SCHED.0).await.map_err(FleetError::nats)?;
    let purged = stream.purge().filter(format!("{SCHEDULE}{tenant}")).await;
    purged.map(drop).map_err(FleetError::nats)
}

/// Puts the ticket of a tick into its slot. Where that is taken, a sync waits or runs, and nothing is to be done.
pub(crate) async fn tick(fleet: &Fleet, tick: Message) {
    let tenant = tick.subject.trim_start_matches(TICK);
    let published = async {
        let ring = fleet.components.ring().await?;
        let ticket = Ticket::new(tenant, "tick", &ring);
        ticket.publish(&fleet.nats, None).await
    };
    match published.await {
        Ok(_) => settled(tick.double_ack().await),
        // The tick comes again.
        Err(error) => tracing::warn!(tenant, "no ticket: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenant_has_moments_of_its_own() {
        let of = |seconds| cron("a", Duration::from_secs(seconds));
        // FNV-1a of "a" is 0xaf63dc4c8601ec8c; modulo 900 that is 8 min 40 s.
        let phase = spread("a") % 900;
        let (second, minute) = (phase % 60, phase / 60);
        assert_eq!(of(900), Some(format!("{second} {minute}/15 * * * *")));
        assert!(of(10).is_some_and(|cron| cron.ends_with("/10 * * * * *")));
        assert!(of(3600).is_some_and(|cron| cron.ends_with("/1 * * *")));
        assert!(of(7200).is_some_and(|cron| cron.ends_with("/2 * * *")));
        assert!(of(DAY).is_some_and(|cron| cron.ends_with(" * * *")));
        for uneven in [0, 7, 61, 90, 45 * 60, 5 * 3600, 2 * DAY] {
            assert_eq!(of(uneven), None, "{uneven}");
        }
        assert_eq!(cron("a", Duration::from_millis(1_500)), None);
    }
}
