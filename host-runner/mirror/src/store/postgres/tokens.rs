//! Tokens that many machines share, in the database of their mirrors: sealed, so that who reads the database can't use
//! them.
//!
//! A lock of the session lets one process at a time replace them. Unlike a lease it does not run out while its holder
//! stands still with the only copy of the next refresh token, and the server frees it when the connection ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use host_runner::tenant::{TakenTokens, TokenVault};
use host_runner::unified::Timestamp;

use super::link::Link;
use super::{PostgresAddress, claim, schema};
use crate::store::MirrorError;

/// How long to wait for another process's sign-in, which asks again for half a minute while the org is busy.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

impl TokenVault for PostgresAddress {
    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn TakenTokens>, String>> {
        let (address, name) = (self.clone(), name.to_owned());
        Box::pin(async move {
            let begun = Instant::now();
            let mut held = blocking(move || Held::new(address, name)).await?;
            loop {
                let (back, taken) = blocking(move || {
                    let taken = held.try_lock()?;
                    Ok((held, taken))
                })
                .await?;
                held = back;
                if taken {
                    break;
                }
                if begun.elapsed() > PATIENCE {
                    return Err("another process signs in for too long".to_owned());
                }
                tokio::time::sleep(LOOK).await;
            }
            let (held, kept) = blocking(move || {
                let kept = held.kept()?;
                Ok((held, kept))
            })
            .await?;
            let held = Some(held);
            Ok(Box::new(Taken { held, kept }) as Box<dyn TakenTokens>)
        })
    }
}

/// A connection, and the lock that it has.
struct Held {
    address: PostgresAddress,
    link: Arc<Link>,
    name: String,
    is_locked: bool,
}

impl Held {
    fn new(address: PostgresAddress, name: String) -> Result<Self, MirrorError> {
        let link = address.link()?;
        schema::make(&link, &address.to_string())?;
        Ok(Self {
            address,
            link,
            name,
            is_locked: false,
        })
    }

    fn lock(&self) -> i64 {
        claim::lock_number(&["tokens", &self.name])
    }

    fn try_lock(&mut self) -> Result<bool, MirrorError> {
        self.is_locked = claim::try_lock(&self.link, self.lock())?;
        Ok(self.is_locked)
    }

    fn kept(&self) -> Result<Option<Vec<u8>>, MirrorError> {
        let sql = "SELECT value FROM asymbl.tokens WHERE name = $1";
        let row = self.link.first(sql, &[&self.name])?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    fn keep(&self, sealed: &[u8]) -> Result<(), MirrorError> {
        let write = |link: &Link| {
            link.execute(
                "INSERT INTO asymbl.tokens (name, value, changed_at) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
                &[&self.name, &sealed, &Timestamp::now().millis()],
            )
        };
        // It may be the only copy: a connection that was lost meanwhile is worth a second one.
        match write(&self.link) {
            Err(MirrorError::Database { .. }) => write(self.address.link()?.as_ref()),
            written => written,
        }
        .map(drop)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_locked && claim::unlock(&self.link, self.lock()).is_err() {
            self.link.give_up();
        }
        self.address.idle.put(&self.link);
    }
}

struct Taken {
    /// Until it is dropped.
    held: Option<Held>,
    kept: Option<Vec<u8>>,
}

impl TakenTokens for Taken {
    fn kept(&self) -> Option<&[u8]> {
        self.kept.as_deref()
    }

    fn keep(&mut self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let held = self.held.take().ok_or("the database is away")?;
            let written = blocking(move || {
                let written = held.keep(&sealed);
                Ok((held, written))
            });
            let (held, written) = written.await?;
            self.held = Some(held);
            written.map_err(|error| error.to_string())
        })
    }
}

impl Drop for Taken {
    /// On a thread that may wait for the server.
    fn drop(&mut self) {
        let held = self.held.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(held));
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("it was interrupted".to_owned()),
    }
}
