//! Access tokens, refresh tokens, and what ends them.
//!
//! A token is a session: it dies of inactivity, of a revoke or of a kill, and query locators die with it
//! (salesforce-api.md 1.3). Refresh tokens form grants; with rotation each works once, and using an old one again
//! revokes the whole grant (1.1).

use std::collections::HashMap;

use crate::random::Random;

/// A live access token.
#[derive(Debug, Clone)]
pub struct Session {
    /// Number of the session, never reused; query locators remember it.
    pub id: u64,
    /// The user it runs as, 18 characters.
    pub user_id: String,
    /// When it was issued, on the org's clock, milliseconds since 1970.
    pub issued_ms: i64,
    last_used_ms: i64,
    grant: Option<u64>,
}

#[derive(Debug)]
struct Grant {
    user_id: String,
    current: String,
}

/// What a person allowed, until the app trades it for tokens.
#[derive(Debug, Clone)]
pub struct Code {
    /// Who allowed it, 18 characters.
    pub user_id: String,
    /// When, on the org's clock, milliseconds since 1970.
    pub issued_ms: i64,
    /// Where the person was sent back to.
    pub redirect_uri: String,
    /// The PKCE challenge, if the app gave one.
    pub challenge: Option<String>,
    /// The scopes include a refresh token.
    pub is_lasting: bool,
}

/// How long a code works: 15 minutes (salesforce-api.md 1.1a).
const CODE_LIFETIME_MS: i64 = 15 * 60_000;

/// Why a refresh token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshRefused;

/// All sessions and grants of the org.
#[derive(Debug)]
pub struct Sessions {
    org_id_15: String,
    rotation: bool,
    timeout_ms: i64,
    next: u64,
    secret: Random,
    live: HashMap<String, Session>,
    grants: HashMap<u64, Grant>,
    refresh_tokens: HashMap<String, u64>,
    codes: HashMap<String, Code>,
}

impl Sessions {
    /// No sessions yet. `org_id` gives the start of each token, `secret` makes them differ from org to org.
    pub fn new(org_id: &str, secret: u64, rotation: bool, timeout_ms: i64) -> Self {
        Self {
            org_id_15: org_id.chars().take(15).collect(),
            rotation,
            timeout_ms,
            next: 1,
            secret: Random::of_seed(secret),
            live: HashMap::new(),
            grants: HashMap::new(),
            refresh_tokens: HashMap::new(),
            codes: HashMap::new(),
        }
    }

    /// Sets whether refresh tokens work once.
    pub fn set_rotation(&mut self, rotation: bool) {
        self.rotation = rotation;
    }

    fn random_text(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..length)
            .map(|_| ALPHABET[self.secret.below(ALPHABET.len())] as char)
            .collect()
    }

    /// Opens a session and returns its access token.
    pub fn open(&mut self, user_id: &str, now_ms: i64, grant: Option<u64>) -> String {
        let random = self.random_text(94);
        let token = format!("{}!AQ{random}", self.org_id_15);
        let session = Session {
            id: self.next,
            user_id: user_id.to_owned(),
            issued_ms: now_ms,
            last_used_ms: now_ms,
            grant,
        };
        self.next += 1;
        self.live.insert(token.clone(), session);
        token
    }

    /// The session of a token, if it lives; use extends it.
    pub fn touch(&mut self, token: &str, now_ms: i64) -> Option<Session> {
        let session = self.live.get_mut(token)?;
        if now_ms - session.last_used_ms > self.timeout_ms {
            self.live.remove(token);
            return None;
        }
        session.last_used_ms = session.last_used_ms.max(now_ms);
        Some(session.clone())
    }

    /// Creates a grant, as a web login would, and returns its refresh token.
    pub fn grant(&mut self, user_id: &str) -> String {
        let token = format!("5Aep{}", self.random_text(80));
        let id = self.next;
        self.next += 1;
        self.grants.insert(
            id,
            Grant {
                user_id: user_id.to_owned(),
                current: token.clone(),
            },
        );
        self.refresh_tokens.insert(token.clone(), id);
        token
    }

    /// Keeps what a person allowed and returns the code for it.
    pub fn issue_code(&mut self, allowed: Code) -> String {
        let code = format!("aPrx{}", self.random_text(80));
        self.codes.insert(code.clone(), allowed);
        code
    }

    /// What a code stands for; it works once, and not for long.
    pub fn take_code(&mut self, code: &str, now_ms: i64) -> Option<Code> {
        let allowed = self.codes.remove(code)?;
        (now_ms - allowed.issued_ms <= CODE_LIFETIME_MS).then_some(allowed)
    }

    /// Opens a session of a new grant; returns its access token and, where the scopes include one, its refresh token.
    pub fn open_grant(&mut self, allowed: &Code, now_ms: i64) -> (String, Option<String>) {
        if !allowed.is_lasting {
            return (self.open(&allowed.user_id, now_ms, None), None);
        }
        let refresh_token = self.grant(&allowed.user_id);
        let grant = self.refresh_tokens.get(&refresh_token).copied();
        let access_token = self.open(&allowed.user_id, now_ms, grant);
        (access_token, Some(refresh_token))
    }

    /// Trades a refresh token for an access token and, with rotation, a new refresh token; also the user.
    pub fn refresh(
        &mut self,
        token: &str,
        now_ms: i64,
    ) -> Result<(String, Option<String>, String), RefreshRefused> {
        let id = *self.refresh_tokens.get(token).ok_or(RefreshRefused)?;
        let (current, user_id) = match self.grants.get(&id) {
            Some(grant) => (grant.current.clone(), grant.user_id.clone()),
            None => return Err(RefreshRefused),
        };
        if current != token {
            self.revoke_grant(id);
            return Err(RefreshRefused);
        }
        let rotated = self
            .rotation
            .then(|| format!("5Aep{}", self.random_text(80)));
        if let (Some(new), Some(grant)) = (&rotated, self.grants.get_mut(&id)) {
            grant.current.clone_from(new);
            self.refresh_tokens.insert(new.clone(), id);
        }
        Ok((self.open(&user_id, now_ms, Some(id)), rotated, user_id))
    }

    fn revoke_grant(&mut self, id: u64) {
        self.grants.remove(&id);
        self.live.retain(|_, session| session.grant != Some(id));
    }

    /// Revokes an access or a refresh token; false when it is unknown.
    pub fn revoke(&mut self, token: &str) -> bool {
        if self.live.remove(token).is_some() {
            return true;
        }
        match self.refresh_tokens.get(token).copied() {
            Some(id) if self.grants.contains_key(&id) => {
                self.revoke_grant(id);
                true
            }
            _ => false,
        }
    }

    /// Ends every session (grants stay) and says how many there were.
    pub fn kill_all(&mut self) -> usize {
        let count = self.live.len();
        self.live.clear();
        count
    }

    /// Sessions alive, without looking at their age.
    pub fn count(&self) -> usize {
        self.live.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const MINUTE: i64 = 60_000;

    fn sessions(rotation: bool) -> Sessions {
        Sessions::new("00D000000000001EAA", 7, rotation, 2 * HOUR)
    }

    #[test]
    fn a_session_dies_of_two_idle_hours_and_lives_on_by_use() {
        let mut all = sessions(false);
        let start = 0;
        let token = all.open("005", start, None);
        assert!(token.starts_with("00D000000000001!"));
        assert!(all.touch(&token, start + 100 * MINUTE).is_some());
        assert!(all.touch(&token, start + 200 * MINUTE).is_some());
        assert!(all.touch(&token, start + 321 * MINUTE).is_none());
    }

    #[test]
    fn reusing_a_rotated_refresh_token_revokes_its_sessions() {
        let mut all = sessions(true);
        let now = 0;
        let first = all.grant("005");
        let (access, second, _) = all.refresh(&first, now).unwrap();
        assert!(all.touch(&access, now).is_some());
        assert!(all.refresh(&first, now).is_err());
        assert!(all.touch(&access, now).is_none());
        assert!(all.refresh(&second.unwrap(), now).is_err());
    }

    #[test]
    fn without_rotation_a_refresh_token_works_again() {
        let mut all = sessions(false);
        let token = all.grant("005");
        assert_eq!(all.refresh(&token, 0).unwrap().1, None);
        assert!(all.refresh(&token, 0).is_ok());
    }
}
