//! Tickets in time, from every worker: the first one fills the slot, the others are refused. Any number of tickers is
//! harmless, and servers of any version have what it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use host_runner::unified::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::Fleet;
use crate::error::FleetError;
use crate::names::spread;
use crate::ticket::{Ticket, publish};

/// How often the ticker looks whose time has come.
const LOOK: Duration = Duration::from_secs(1);

/// Publishes each tenant's ticket once a period, at a moment of the period that its id decides: the tenants stay spread
/// whatever was down before.
pub(crate) async fn run(fleet: &Fleet, stop: &CancellationToken) {
    let mut published = BTreeMap::new();
    while !stop.is_cancelled() {
        if let Err(error) = tick(fleet, &mut published).await {
            tracing::warn!("no tickets: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn tick(fleet: &Fleet, published: &mut BTreeMap<String, i64>) -> Result<(), FleetError> {
    let folder = fleet.tenants.clone();
    let listed = tokio::task::spawn_blocking(move || folder.all()).await;
    let tenants = listed.map_err(FleetError::nats)??;
    published.retain(|tenant, _| tenants.contains_key(tenant));
    let now = Timestamp::now().millis();
    let due: Vec<(String, i64)> = tenants
        .into_keys()
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
            publish(&fleet.nats, &ticket, Some(&format!("{tenant}/{period}"))).await?;
        }
        published.insert(tenant, period);
    }
    Ok(())
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
