//! `asymbl sync --every 15m`: one sync after the other, with back-off, until it is told to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::WrongInput;
use host_runner::sandbox::contract::about::ConnectorDescription;

/// Reads `90s`, `15m`, `2h`, `1h 30m` or `1d`.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("\"{text}\" is not a time; write for example 90s, 15m, 2h or 1d"))
}

/// Refuses an interval shorter than the connector allows.
pub(super) fn check(every: Duration, about: &ConnectorDescription) -> Result<(), WrongInput> {
    let seconds = about.shortest_poll_interval_seconds.unwrap_or(1);
    let shortest = Duration::from_secs(seconds.into());
    if every >= shortest {
        return Ok(());
    }
    Err(WrongInput(format!(
        "--every: the minimum interval is {} (a limit of {})",
        humantime::format_duration(shortest),
        about.label
    )))
}

/// Asks for a stop when somebody presses ctrl-c or the system sends SIGTERM; a second time ends the process at once.
pub(super) fn stop_on_signals(stop: &CancellationToken) -> std::io::Result<()> {
    let mut signals = Signals::new()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping after this page; once more to stop at once");
        stop.cancel();
        signals.next().await;
        std::process::exit(130);
    });
    Ok(())
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        ))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_with_their_units() {
        assert_eq!(interval("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(interval("2h"), Ok(Duration::from_secs(7_200)));
        assert_eq!(interval("1d"), Ok(Duration::from_secs(86_400)));
        assert_eq!(interval("1h 30m"), Ok(Duration::from_secs(5_400)));
        for wrong in ["", "15", "m", "99999999999999999999d", "-5m"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_shortest_interval_is_the_connectors() {
        let about = |seconds| ConnectorDescription {
            slug: "x".into(),
            label: "X ATS".into(),
            version: "1.0.0".into(),
            models: Vec::new(),
            actions: Vec::new(),
            features: Vec::new(),
            deletions_visible_days: None,
            shortest_poll_interval_seconds: seconds,
            idempotency_key_hours: None,
            settings_schema: "{}".into(),
        };
        let seconds = Duration::from_secs;
        assert!(check(seconds(300), &about(Some(300))).is_ok());
        let refused = check(seconds(299), &about(Some(300))).unwrap_err();
        assert!(refused.0.contains("5m (a limit of X ATS)"), "{refused}");
        assert!(check(seconds(1), &about(None)).is_ok());
        assert!(check(seconds(0), &about(None)).is_err());
    }
}
