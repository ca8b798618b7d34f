//! The connection, for callers that block.
//!
//! The trait's methods block and may be called inside a tokio runtime, which must not be blocked by a runtime of ours.
//! So the socket belongs to a thread of its own for all mirrors of this process, and a caller parks its thread until
//! the answer is there.

use std::collections::HashMap;
use std::error::Error as _;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake};
use std::thread::Thread;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::tls::{Encryption, Tls};
use crate::store::MirrorError;
use host_runner::lock;

/// The values of a statement.
pub(super) type Values<'v> = &'v [&'v (dyn ToSql + Sync)];

/// How each session works. Statements are planned with their values, since a plan made for empty tables is useless
/// once they are full; without bitmaps, since a new org seems to have few rows, and all would be read and sorted to get
/// the first of them. A page waits for another writer of its org as long as one large transaction may take.
const SESSION: &str = "SET plan_cache_mode = force_custom_plan; SET enable_bitmapscan = off; SET jit = off;
     SET lock_timeout = '30s'; SET client_min_messages = warning; SET default_transaction_isolation = 'read committed'; SET TimeZone = 'UTC'";

/// A connection to the database, with the statements that it knows.
pub(super) struct Link {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    /// Whether it is in a state that another mirror must not find: a lock, an open transaction.
    is_given_up: AtomicBool,
}

/// Connections to one database that wait for the next mirror there, whichever tenant's it is.
#[derive(Default)]
pub(super) struct Idle {
    links: Mutex<Vec<Arc<Link>>>,
    /// How many may wait.
    most: usize,
}

impl Idle {
    /// None yet, and never more than so many.
    pub(super) fn at_most(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// A connection that waits, or a new one.
    pub(super) fn link(
        &self,
        open: impl FnOnce() -> Result<Link, MirrorError>,
    ) -> Result<Arc<Link>, MirrorError> {
        let waiting = || lock(&self.links).pop();
        match std::iter::from_fn(waiting).find(|link| !link.client.is_closed()) {
            Some(link) => Ok(link),
            None => Ok(Arc::new(open()?)),
        }
    }

    /// Takes one back from its mirror.
    pub(super) fn put(&self, link: &Arc<Link>) {
        let is_good = !link.is_given_up.load(Ordering::Relaxed) && !std::thread::panicking();
        let mut links = lock(&self.links);
        if is_good && links.len() < self.most {
            links.push(Arc::clone(link));
        }
    }
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks this thread until a future is ready that needs no runtime.
fn wait<F: Future>(future: F) -> F::Output {
    // Unconstrained: inside a task of tokio, a spent budget would never come back while the task is blocked here.
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Arc::new(Parked(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// The runtime that all connections of the process live on: one thread, which does nothing but move bytes.
fn runtime() -> Option<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("mirror-postgres")
            .enable_all()
            .build()
            .ok()
    });
    made.as_ref()
}

impl Link {
    /// Connects and logs in to `place`, as errors call it.
    pub(super) fn open(
        config: Config,
        encryption: &Encryption,
        place: &str,
    ) -> Result<Self, MirrorError> {
        let failed = |detail: String| MirrorError::Unreachable {
            place: place.to_owned(),
            detail,
        };
        let runtime = runtime().ok_or_else(|| failed("no thread can be started".into()))?;
        let connected = match encryption {
            Encryption::None => wait(runtime.spawn(async move {
                let (client, connection) = config.connect(NoTls).await?;
                // It ends when the client is dropped; its error also reaches the call that waits for an answer.
                tokio::spawn(connection);
                Ok(client)
            })),
            Encryption::Tls(roots) => {
                let tls = Tls::trusting(roots.as_deref()).map_err(failed)?;
                wait(runtime.spawn(async move {
                    let (client, connection) = config.connect(tls).await?;
                    tokio::spawn(connection);
                    Ok(client)
                }))
            }
        };
        let client = connected
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error: tokio_postgres::Error| failed(words(&error)))?;
        let link = Self {
            client,
            statements: Mutex::default(),
            is_given_up: AtomicBool::new(false),
        };
        link.batch(SESSION)?;
        let encoding: String = link.one("SHOW server_encoding", &[])?.try_get(0)?;
        if encoding != "UTF8" {
            return Err(failed(format!(
                "its encoding is {encoding}; make a database with the encoding UTF8"
            )));
        }
        Ok(link)
    }

    /// The statement, prepared at its first use.
    fn prepared(&self, sql: &str) -> Result<Statement, MirrorError> {
        let mut statements = lock(&self.statements);
        if let Some(known) = statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.answered(wait(self.client.prepare(sql)))?;
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// What the server answered. After anything but a statement that failed, the connection is at its end.
    fn answered<T>(&self, answer: Result<T, tokio_postgres::Error>) -> Result<T, MirrorError> {
        answer.map_err(|error| {
            let severity = error.as_db_error().and_then(DbError::parsed_severity);
            if severity != Some(Severity::Error) {
                self.give_up();
            }
            error.into()
        })
    }

    /// Statements without values, separated by semicolons.
    pub(super) fn batch(&self, sql: &str) -> Result<(), MirrorError> {
        self.answered(wait(self.client.batch_execute(sql)))
    }

    /// All rows.
    pub(super) fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, MirrorError> {
        let statement = self.prepared(sql)?;
        self.answered(wait(self.client.query(&statement, values)))
    }

    /// The first row, if there is one.
    pub(super) fn first(&self, sql: &str, values: Values<'_>) -> Result<Option<Row>, MirrorError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// The only row of a statement that always has one.
    pub(super) fn one(&self, sql: &str, values: Values<'_>) -> Result<Row, MirrorError> {
        self.first(sql, values)?
            .ok_or_else(|| MirrorError::damaged("a row is missing that is always there"))
    }

    /// How many rows a statement changed.
    pub(super) fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, MirrorError> {
        let statement = self.prepared(sql)?;
        self.answered(wait(self.client.execute(&statement, values)))
    }

    /// One transaction: all of it, or on an error nothing. On the server's disk when it returns.
    pub(super) fn transaction<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.transact("BEGIN", work)
    }

    /// As `transaction`, but a power cut at the server may take it and the ones after it, as long as it did not reach
    /// the disk: less than a second.
    pub(super) fn quick_transaction<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.transact("BEGIN; SET LOCAL synchronous_commit = off", work)
    }

    fn transact<T>(
        &self,
        begin: &str,
        work: impl FnOnce(&Self) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.batch(begin)?;
        let done = work(self).and_then(|result| {
            self.batch("COMMIT")?;
            Ok(result)
        });
        // A connection that is lost has rolled back.
        if done.is_err() && self.batch("ROLLBACK").is_err() {
            self.give_up();
        }
        done
    }

    /// No other mirror gets this connection.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }
}

/// An error in words, without values: those are people's data.
fn words(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{}, code {}", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

impl From<tokio_postgres::Error> for MirrorError {
    fn from(error: tokio_postgres::Error) -> Self {
        let (place, detail) = (String::new(), words(&error));
        match error.code() {
            Some(code)
                if [
                    SqlState::LOCK_NOT_AVAILABLE,
                    SqlState::T_R_DEADLOCK_DETECTED,
                ]
                .contains(code) =>
            {
                Self::Busy {
                    path: Default::default(),
                }
            }
            _ => Self::Database { place, detail },
        }
    }
}
