//! Sees to it that each tenant gets its ticket in time. Where the server keeps schedules, that is to write those that
//! are missing. Elsewhere every worker publishes the tickets: the first one fills the slot, the others are refused, so
//! any number of tickers is harmless, and servers of any version have what it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use host_runner::unified::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::Fleet;
use crate::error::FleetError;
use crate::names::spread;
use crate::schedule;
use crate::ticket::Ticket;

/// How often the ticker looks whose time has come.
const LOOK: Duration = Duration::from_secs(1);
/// How often it looks which schedules the server has.
const LOOK_AT_SCHEDULES: Duration = Duration::from_secs(30);

/// Runs until `stop`.
pub(crate) async fn run(fleet: &Fleet, stop: &CancellationToken) {
    let mut ticker = Ticker::default();
    while !stop.is_cancelled() {
        if let Err(error) = ticker.look(fleet).await {
            tracing::warn!("no tickets: {error}");
            ticker.looked = None;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

#[derive(Default)]
struct Ticker {
    /// When the schedules were looked at.
    looked: Option<Instant>,
    /// The tenants that have one; none where the server keeps none.
    scheduled: Option<BTreeSet<String>>,
    /// The period of each tenant's latest ticket from here.
    published: BTreeMap<String, i64>,
}

impl Ticker {
    async fn look(&mut self, fleet: &Fleet) -> Result<(), FleetError> {
        let folder = fleet.tenants.clone();
        let listed = tokio::task::spawn_blocking(move || folder.all()).await;
        let tenants = listed.map_err(FleetError::nats)??.into_keys();
        if self
            .looked
            .is_none_or(|looked| looked.elapsed() > LOOK_AT_SCHEDULES)
        {
            self.scheduled = schedule::existing(&fleet.nats).await?;
            self.looked = Some(Instant::now());
        }
        let Some(scheduled) = &mut self.scheduled else {
            return self.tick(fleet, tenants.collect()).await;
        };
        self.published.clear();
        let missing: Vec<String> = tenants.filter(|id| !scheduled.contains(id)).collect();
        schedule::write(&fleet.nats, missing.clone(), fleet.settings.every).await?;
        scheduled.extend(missing);
        Ok(())
    }

    /// Publishes each tenant's ticket once a period, at a moment of the period that its id decides: the tenants stay
    /// spread whatever was down before.
    async fn tick(&mut self, fleet: &Fleet, tenants: BTreeSet<String>) -> Result<(), FleetError> {
        let published = &mut self.published;
        published.retain(|tenant, _| tenants.contains(tenant));
        let now = Timestamp::now().millis();
        let due: Vec<(String, i64)> = tenants
            .into_iter()
            .map(|tenant| {
                let period = period(&tenant, now, fleet.settings.every);
                (tenant, period)
            })
            .filter(|(tenant, period)| published.get(tenant) != Some(period))
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let ring = fleet.components.ring().await?;
        for (tenant, period) in due {
            // The first look only notes where each tenant is: a worker that begins must not ask for all at once.
            if published.contains_key(&tenant) {
                let ticket = Ticket::new(&tenant, period.to_string(), &ring);
                let id = format!("{tenant}/{period}");
                ticket.publish(&fleet.nats, Some(&id)).await?;
            }
            published.insert(tenant, period);
        }
        Ok(())
    }
}

/// The number of a tenant's period at a moment; periods begin shifted by the tenant's id.
fn period(tenant: &str, now: i64, every: Duration) -> i64 {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let phase = i64::try_from(spread(tenant) % every.unsigned_abs()).unwrap_or(0);
    (now - phase).div_euclid(every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_as_long_as_asked_for_and_spread() {
        let every = Duration::from_secs(900);
        let begins = |tenant: &str| {
            let now = 1_700_000_000_000;
            let first = period(tenant, now, every);
            let begin = (0..900_000)
                .find(|ms| period(tenant, now + ms, every) != first)
                .unwrap();
            assert_eq!(period(tenant, now + begin + 899_999, every), first + 1);
            assert_eq!(period(tenant, now + begin + 900_000, every), first + 2);
            begin
        };
        let all: Vec<i64> = (0..20)
            .map(|tenant| begins(&format!("t{tenant}")))
            .collect();
        let (least, most) = (all.iter().min().unwrap(), all.iter().max().unwrap());
        assert!(most - least > 300_000, "{all:?}");
    }
}
