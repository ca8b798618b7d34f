//! Which tenants are paused. Workers hold it, since to ask the server for each ticket would double what one costs.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::Operation;
use futures_util::TryStreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::FleetError;
use crate::names::PAUSED;

/// The ids of the paused tenants; none before the server said them.
pub(crate) type Paused = watch::Sender<Option<BTreeSet<String>>>;

/// After which time all of it is read again, whatever became of the server that told the changes.
const ANEW: Duration = Duration::from_secs(30);
/// How long to wait after a server that did not answer.
const REST: Duration = Duration::from_secs(1);

/// Keeps `paused` as the server has it, until `stop`.
pub(crate) async fn follow(nats: &Context, paused: &Paused, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let followed = async {
            if let Ok(Err(error)) = tokio::time::timeout(ANEW, changes(nats, paused)).await {
                tracing::warn!("which tenants are paused: {error}");
                tokio::time::sleep(REST).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = followed => {}
        }
    }
}

async fn changes(nats: &Context, paused: &Paused) -> Result<(), FleetError> {
    let bucket = nats.get_key_value(PAUSED).await?;
    // Before the look at what is there, so that nothing is missed between.
    let mut changes = bucket.watch_all().await?;
    let all = bucket.keys().await?.try_collect().await?;
    paused.send_replace(Some(all));
    while let Some(change) = changes.try_next().await? {
        paused.send_modify(|all| {
            let all = all.get_or_insert_default();
            match change.operation {
                Operation::Put => all.insert(change.key),
                Operation::Delete | Operation::Purge => all.remove(&change.key),
            };
        });
    }
    Ok(())
}
