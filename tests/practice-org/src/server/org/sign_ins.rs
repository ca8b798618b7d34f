//! Who may come in: sessions, refresh tokens, and the users behind them.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::id::RecordId;
use crate::server::config::OrgConfig;
use crate::server::lock::lock;
use crate::server::sessions::{Code, RefreshRefused, Session, Sessions};
use crate::store::Database;
use crate::value::{Value, ValueRef, push_datetime};

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

/// Sessions and users.
pub struct SignIns {
    db: Database,
    run_as: RecordId,
    /// Password with the security token glued to it: the same for every user.
    password: String,
    sessions: Mutex<Sessions>,
    instance_url: Mutex<Option<String>>,
}

impl SignIns {
    /// Nobody is signed in. `secret` makes the tokens of two runs of one org differ.
    pub fn new(
        db: Database,
        org_id: &str,
        run_as: RecordId,
        config: &OrgConfig,
        secret: u64,
    ) -> Self {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let timeout = millis(config.session_timeout);
        let sessions = Sessions::new(org_id, secret, config.refresh_rotation, timeout);
        Self {
            db,
            run_as,
            password: format!("{}{}", config.password, config.security_token),
            sessions: Mutex::new(sessions),
            instance_url: Mutex::default(),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    fn now_ms(&self) -> i64 {
        self.db.clock().now_ms()
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
    pub fn set_rotation(&self, rotation: bool) {
        self.sessions().set_rotation(rotation);
    }

    /// The live session of an access token.
    pub fn session(&self, token: &str) -> Option<Session> {
        self.sessions().touch(token, self.now_ms())
    }

    /// Opens a session for a user; returns its access token.
    pub fn open(&self, user_id: &str) -> String {
        self.sessions().open(user_id, self.now_ms(), None)
    }

    /// Trades a refresh token for an access token, a new refresh token where they rotate, and the user.
    pub fn refresh(&self, token: &str) -> Result<(String, Option<String>, String), RefreshRefused> {
        self.sessions().refresh(token, self.now_ms())
    }

    /// Keeps what the run-as user allowed, made from that user's id and the present moment; returns the code for it.
    pub fn issue_code(&self, allowed: impl FnOnce(String, i64) -> Code) -> String {
        let allowed = allowed(self.run_as.to_string(), self.now_ms());
        self.sessions().issue_code(allowed)
    }

    /// What a code stands for, if it still works; it works once.
    pub fn take_code(&self, code: &str) -> Option<Code> {
        self.sessions().take_code(code, self.now_ms())
    }

    /// Opens a session for what was allowed; returns its access token and, where it may last, a refresh token.
    pub fn open_grant(&self, allowed: &Code) -> (String, Option<String>) {
        self.sessions().open_grant(allowed, self.now_ms())
    }

    /// A refresh token for the run-as user.
    pub fn grant_refresh_token(&self) -> String {
        self.sessions().grant(&self.run_as.to_string())
    }

    /// Revokes a token; false when it is unknown.
    pub fn revoke(&self, token: &str) -> bool {
        self.sessions().revoke(token)
    }

    /// Ends every session; returns how many.
    pub fn kill_all(&self) -> usize {
        self.sessions().kill_all()
    }

    /// Sessions alive.
    pub fn count(&self) -> usize {
        self.sessions().count()
    }

    fn is_active(&self, user: RecordId) -> bool {
        let active = |row: &crate::store::RowView<'_>| row.get("IsActive").as_bool();
        self.db.read("User", user, active).flatten() == Some(true)
    }

    /// The user that client credentials run as, while active.
    pub fn run_as_user(&self) -> Option<String> {
        self.is_active(self.run_as).then(|| self.run_as.to_string())
    }

    /// The username of that user.
    pub fn run_as_username(&self) -> String {
        self.user_summary(&self.run_as.to_string()).username
    }

    /// The active user of a username.
    pub fn user_by_username(&self, username: &str) -> Option<String> {
        let found = self.db.find("User", "Username", &Value::copied(username));
        let mut active = found.into_iter().filter(|id| self.is_active(*id));
        active.next().map(|id| id.to_string())
    }

    /// The active user of a username whose password and security token these are; `password` may hold both, glued.
    pub fn user_by_password(&self, username: &str, password: &str, token: &str) -> Option<String> {
        (format!("{password}{token}") == self.password)
            .then(|| self.user_by_username(username))
            .flatten()
    }

    /// A user for the identity resources.
    pub fn user_summary(&self, user_id: &str) -> UserSummary {
        let read = |id| {
            self.db.read("User", id, |row| {
                let text = |field: &str| row.get(field).as_str().unwrap_or_default().to_owned();
                let mut stamp = Vec::new();
                if let ValueRef::DateTime(ms) = row.get("LastModifiedDate") {
                    push_datetime(&mut stamp, ms);
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
}
