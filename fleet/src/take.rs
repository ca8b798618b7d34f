//! Takes messages of a consumer one by one, and keeps the one that is worked on.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::{AckKind, Context, Message};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::error::FleetError;

/// How long a pull waits for a message.
const PULL: Duration = Duration::from_secs(5);
/// How long to wait after a pull that failed.
const REST: Duration = Duration::from_secs(1);

/// Takes one message after the other until `stop`. Never two: one that waits here burns its time.
pub(crate) async fn each<F: Future<Output = ()>>(
    nats: &Context,
    from: (&str, &str),
    stop: &CancellationToken,
    work: impl Fn(Message) -> F,
) {
    let mut consumer = None;
    while !stop.is_cancelled() {
        let pulled = tokio::select! {
            () = stop.cancelled() => return,
            pulled = pull(nats, from, &mut consumer) => pulled,
        };
        match pulled {
            Ok(Some(message)) => work(message).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(stream = from.0, "no message: {error}");
                // It may have been made again.
                consumer = None;
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn pull(
    nats: &Context,
    (stream, name): (&str, &str),
    consumer: &mut Option<Consumer<pull::Config>>,
) -> Result<Option<Message>, FleetError> {
    let consumer = match consumer {
        Some(consumer) => consumer,
        None => {
            let found = nats.get_consumer_from_stream(name, stream).await;
            consumer.insert(found.map_err(FleetError::nats)?)
        }
    };
    let fetch = consumer.fetch().max_messages(1).expires(PULL);
    let mut messages = fetch.messages().await.map_err(FleetError::nats)?;
    messages.next().await.transpose().map_err(FleetError::nats)
}

/// Does the work of a message and reports progress meanwhile, so that the message goes to nobody else. Without a report
/// that the server confirmed for as long as `ack_wait`, somebody else has the message: then `give_up` is cancelled, and
/// the result is none, whatever the work came to.
pub(crate) async fn kept<T>(
    message: &Message,
    ack_wait: Duration,
    give_up: &CancellationToken,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut is_lost = false;
    let done = tokio::select! {
        done = work => done,
        never = report(message, ack_wait, give_up, &mut is_lost) => match never {},
    };
    (!is_lost).then_some(done)
}

async fn report(
    message: &Message,
    ack_wait: Duration,
    give_up: &CancellationToken,
    is_lost: &mut bool,
) -> Infallible {
    let pause = ack_wait / 3;
    let mut confirmed = Instant::now();
    loop {
        tokio::time::sleep(pause).await;
        // Before the next report: this process may have been stopped for long.
        if confirmed.elapsed() >= ack_wait {
            *is_lost = true;
            give_up.cancel();
            std::future::pending::<()>().await;
        }
        let report = message.double_ack_with(AckKind::Progress);
        if let Ok(Ok(())) = tokio::time::timeout(pause, report).await {
            confirmed = Instant::now();
        }
    }
}

/// Says in the log that a message could not be settled: it comes again, and its work is found done.
pub(crate) fn settled(result: Result<(), async_nats::Error>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a message could not be settled");
    }
}
