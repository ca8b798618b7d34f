//! The running org: the database and what the HTTP side keeps beside it.
//!
//! One value shared by all connections; each part has its own short lock, none is held while another is taken.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::bulk_v1::AsyncJobs;
use super::config::{Latency, OrgConfig};
use super::faults::Faults;
use super::hold::Door;
use super::jobs::Jobs;
use super::rest::locators::Locators;
use super::rights;
use super::router::{HIGHEST_VERSION, LOWEST_VERSION};
use super::sessions::{RefreshRefused, Session, Sessions};
use super::stats::Stats;
use crate::clock::Clock;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::Visibility;
use crate::seed::{self, Seeded};
use crate::store::{Actor, Database, DuplicateOptions, QueryOptions, Transaction};
use crate::value::Value;

/// A user as the identity resources show it.
#[derive(Debug, Clone, Default)]
pub struct UserSummary {
    /// `Username`.
    pub username: String,
    /// Full name.
    pub name: String,
    /// `FirstName`.
    pub first_name: String,
    /// `LastName`.
    pub last_name: String,
    /// `Email`.
    pub email: String,
    /// `TimeZoneSidKey`.
    pub time_zone: String,
    /// `LastModifiedDate`, as REST prints it.
    pub last_modified: String,
}

/// The org.
pub struct Org {
    config: OrgConfig,
    pub(super) db: Database,
    pub(super) seeded: Seeded,
    pub(super) visibility: RwLock<Visibility>,
    sessions: Mutex<Sessions>,
    locators: Mutex<Locators>,
    faults: Mutex<Faults>,
    door: Door,
    jobs: Mutex<Jobs>,
    async_jobs: Mutex<AsyncJobs>,
    stats: Mutex<Stats>,
    latency: Mutex<Latency>,
    transactions: Mutex<HashMap<u64, Transaction>>,
    next_transaction: AtomicU64,
    page_size: AtomicUsize,
    api_used: AtomicU64,
    api_max: AtomicU64,
    schema_changed_ms: AtomicI64,
    /// Pages get smaller where rows are wide, as on the platform.
    pages_shrink: AtomicBool,
    api_versions: Mutex<RangeInclusive<u32>>,
    /// The address that token replies name, where it is not the one that the caller used.
    instance_url: Mutex<Option<String>>,
}

impl std::fmt::Debug for Org {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Org")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// A lock is only poisoned by a panic in a few lines of assignments; the data stay usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An HTTP date of a time in milliseconds.
pub fn http_date(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .unwrap_or_default()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

impl Org {
    /// Seeds the database. The error is a sentence for a person.
    pub fn create(config: OrgConfig) -> Result<Self, String> {
        let clock = Clock::system();
        if let Some(now) = config.start_ms {
            clock.set(now);
        }
        let (db, seeded) = seed::create(&config, clock).map_err(|error| error.to_string())?;
        let own = seeded.rights.get(&seeded.run_as.to_string());
        let visibility = rights::first(&config, &db, own.cloned().unwrap_or_default())?;
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let sessions = Sessions::new(
            &seeded.org_id.to_string(),
            // Tokens must differ between two runs of one seed, or a token of an earlier run would work in the next.
            config.seed ^ Clock::system().now_ms().unsigned_abs(),
            config.refresh_rotation,
            millis(config.session_timeout),
        );
        let now = db.clock().now_ms();
        Ok(Self {
            visibility: RwLock::new(visibility),
            sessions: Mutex::new(sessions),
            locators: Mutex::new(Locators::new()),
            faults: Mutex::default(),
            door: Door::default(),
            jobs: Mutex::default(),
            async_jobs: Mutex::default(),
            stats: Mutex::default(),
            latency: Mutex::new(config.latency),
            transactions: Mutex::default(),
            next_transaction: AtomicU64::new(1),
            page_size: AtomicUsize::new(config.page_size.max(1)),
            api_used: AtomicU64::new(0),
            api_max: AtomicU64::new(config.daily_api_calls),
            schema_changed_ms: AtomicI64::new(now),
            pages_shrink: AtomicBool::new(true),
            api_versions: Mutex::new(LOWEST_VERSION..=HIGHEST_VERSION),
            instance_url: Mutex::default(),
            config,
            db,
            seeded,
        })
    }

    /// The configuration it started with.
    pub fn config(&self) -> &OrgConfig {
        &self.config
    }

    /// The database.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// The organization's id, 18 characters.
    pub fn org_id(&self) -> &str {
        &self.seeded.org_id_18
    }

    /// Now, on the org's clock, in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.db.clock().now_ms()
    }

    /// Now, as the `Date` header has it.
    pub fn http_date(&self) -> String {
        http_date(self.now_ms())
    }

    /// The counters.
    pub fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }

    /// The fault rules.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Where requests can be held.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// The Bulk jobs.
    pub fn jobs(&self) -> MutexGuard<'_, Jobs> {
        lock(&self.jobs)
    }

    /// The jobs of Bulk API v1.
    pub fn async_jobs(&self) -> MutexGuard<'_, AsyncJobs> {
        lock(&self.async_jobs)
    }

    /// The query locators.
    pub fn locators(&self) -> MutexGuard<'_, Locators> {
        lock(&self.locators)
    }

    /// The waiting times.
    pub fn latency(&self) -> Latency {
        *lock(&self.latency)
    }

    /// Sets the waiting times.
    pub fn set_latency(&self, latency: Latency) {
        *lock(&self.latency) = latency;
    }

    /// Rows of a page.
    pub fn page_size(&self) -> usize {
        self.page_size.load(Ordering::Relaxed)
    }

    /// Sets the rows of a page.
    pub fn set_page_size(&self, rows: usize) {
        self.page_size.store(rows.max(1), Ordering::Relaxed);
    }

    /// Do pages get smaller where rows are wide (salesforce-api.md 2.1)?
    pub fn pages_shrink(&self) -> bool {
        self.pages_shrink.load(Ordering::Relaxed)
    }

    /// Sets whether pages get smaller where rows are wide.
    pub fn set_pages_shrink(&self, shrink: bool) {
        self.pages_shrink.store(shrink, Ordering::Relaxed);
    }

    /// The API versions that the org serves.
    pub fn api_versions(&self) -> RangeInclusive<u32> {
        lock(&self.api_versions).clone()
    }

    /// Sets the API versions that the org serves.
    pub fn set_api_versions(&self, versions: RangeInclusive<u32>) {
        *lock(&self.api_versions) = versions;
    }

    /// The address that token replies name, where it is not the one that the caller used.
    pub fn instance_url(&self) -> Option<String> {
        lock(&self.instance_url).clone()
    }

    /// Sets the address that token replies name.
    pub fn set_instance_url(&self, url: Option<String>) {
        *lock(&self.instance_url) = url;
    }

    /// Sets whether refresh tokens work once.
    pub fn set_refresh_rotation(&self, rotation: bool) {
        lock(&self.sessions).set_rotation(rotation);
    }

    /// Calls used and allowed today.
    pub fn api_usage(&self) -> (u64, u64) {
        (
            self.api_used.load(Ordering::Relaxed),
            self.api_max.load(Ordering::Relaxed),
        )
    }

    /// Sets calls used and allowed today.
    pub fn set_quota(&self, used: u64, max: u64) {
        self.api_used.store(used, Ordering::Relaxed);
        self.api_max.store(max, Ordering::Relaxed);
    }

    /// Value of `Sforce-Limit-Info`.
    pub fn limit_info(&self) -> Option<String> {
        let (used, max) = self.api_usage();
        Some(format!("api-usage={used}/{max}"))
    }

    /// Counts one API call, or refuses it when the day's calls are used up (salesforce-api.md 5).
    pub fn count_api_call(&self) -> Result<(), ApiError> {
        let (used, max) = self.api_usage();
        if used >= max {
            return Err(
                ApiError::new("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
                    .with_status(403),
            );
        }
        self.api_used.fetch_add(1, Ordering::Relaxed);
        self.stats().api_calls += 1;
        Ok(())
    }

    /// When the schema last changed, for `If-Modified-Since`.
    pub fn schema_changed_ms(&self) -> i64 {
        self.schema_changed_ms.load(Ordering::Relaxed)
    }

    /// Notes that the schema or the rights changed.
    pub fn touch_schema(&self) {
        self.schema_changed_ms
            .store(self.now_ms(), Ordering::Relaxed);
    }

    /// Who writes and reads in a session.
    pub fn actor(&self, session: &Session) -> Actor {
        let user = RecordId::parse(&session.user_id).unwrap_or(self.seeded.run_as);
        Actor {
            user,
            visibility: self.visibility_of(&session.user_id),
            duplicates: DuplicateOptions::default(),
        }
    }

    /// How queries of a session run.
    pub fn query_options(&self, session: &Session, all_rows: bool) -> QueryOptions {
        QueryOptions {
            all_rows,
            visibility: self.visibility_of(&session.user_id),
            user: RecordId::parse(&session.user_id),
            ..QueryOptions::default()
        }
    }

    /// The live session of an access token.
    pub fn session(&self, token: &str) -> Option<Session> {
        let now = self.now_ms();
        lock(&self.sessions).touch(token, now)
    }

    /// Opens a session for a user.
    pub fn open_session(&self, user_id: &str) -> String {
        let now = self.now_ms();
        lock(&self.sessions).open(user_id, now, None)
    }

    /// Trades a refresh token.
    pub fn refresh_session(
        &self,
        token: &str,
    ) -> Result<(String, Option<String>, String), RefreshRefused> {
        let now = self.now_ms();
        lock(&self.sessions).refresh(token, now)
    }

    /// A refresh token for the run-as user.
    pub fn grant_refresh_token(&self) -> String {
        lock(&self.sessions).grant(&self.seeded.run_as.to_string())
    }

    /// Revokes a token.
    pub fn revoke(&self, token: &str) -> bool {
        lock(&self.sessions).revoke(token)
    }

    /// Ends every session; says how many.
    pub fn kill_sessions(&self) -> usize {
        lock(&self.sessions).kill_all()
    }

    /// Sessions alive.
    pub fn session_count(&self) -> usize {
        lock(&self.sessions).count()
    }

    /// Forgets every query locator; says how many.
    pub fn expire_locators(&self) -> usize {
        self.locators().clear()
    }

    /// The user that client credentials run as, while active.
    pub fn run_as_user(&self) -> Option<String> {
        let active = self.db.read("User", self.seeded.run_as, |row| {
            row.get("IsActive").as_bool()
        })?;
        (active == Some(true)).then(|| self.seeded.run_as.to_string())
    }

    /// The username of that user.
    pub fn run_as_username(&self) -> String {
        self.user_summary(&self.seeded.run_as.to_string()).username
    }

    /// The active user of a username.
    pub fn user_by_username(&self, username: &str) -> Option<String> {
        let found = self.db.find("User", "Username", &Value::copied(username));
        let active = |id: &RecordId| {
            self.db
                .read("User", *id, |row| row.get("IsActive").as_bool())
                .flatten()
                == Some(true)
        };
        found.into_iter().find(active).map(|id| id.to_string())
    }

    /// The active user of a username whose password and security token these are; `password` may hold both, glued.
    pub fn user_by_password(&self, username: &str, password: &str, token: &str) -> Option<String> {
        let right = format!("{}{}", self.config.password, self.config.security_token);
        let given = format!("{password}{token}");
        (given == right)
            .then(|| self.user_by_username(username))
            .flatten()
    }

    /// A user for the identity resources.
    pub fn user_summary(&self, user_id: &str) -> UserSummary {
        let read = |id| {
            self.db.read("User", id, |row| {
                let text = |field: &str| row.get(field).as_str().unwrap_or_default().to_owned();
                let mut stamp = Vec::new();
                if let crate::value::ValueRef::DateTime(ms) = row.get("LastModifiedDate") {
                    crate::value::push_datetime(&mut stamp, ms);
                }
                UserSummary {
                    username: text("Username"),
                    name: text("Name"),
                    first_name: text("FirstName"),
                    last_name: text("LastName"),
                    email: text("Email"),
                    time_zone: text("TimeZoneSidKey"),
                    last_modified: String::from_utf8_lossy(&stamp).into_owned(),
                }
            })
        };
        RecordId::parse(user_id).and_then(read).unwrap_or_default()
    }

    /// Live rows of each object that the users see.
    pub fn object_counts(&self) -> Vec<(String, usize)> {
        let (schema, visibility) = (self.db.schema(), self.visibility());
        schema
            .objects()
            .filter(|object| visibility.sees_object(object))
            .map(|object| (object.name.clone(), self.db.count(&object.name)))
            .collect()
    }

    /// Keeps an open transaction for later; answers its number.
    pub fn keep_transaction(&self, transaction: Transaction) -> u64 {
        let id = self.next_transaction.fetch_add(1, Ordering::Relaxed);
        lock(&self.transactions).insert(id, transaction);
        id
    }

    /// Takes a kept transaction out.
    pub fn take_transaction(&self, id: u64) -> Option<Transaction> {
        lock(&self.transactions).remove(&id)
    }

    /// An actor that sees and may do everything: the control path.
    pub fn system_actor(&self) -> Actor {
        Actor::new(self.seeded.run_as)
    }
}
