//! The tenant's current token, and when to get another.
//!
//! Many requests, one sign-in: a caller that finds no usable token starts a sign-in or joins the one under way. It runs
//! in a task of its own, since a call that is cancelled half-way must not lose a rotated refresh token. A refusal that
//! may pass is asked again after growing waits. A token is replaced only after the org refused that very token, and not
//! for ever: tokens refused while fresh end in an error instead of a login loop.

use super::oauth::{Flow, OAuthError, Token, gate};
use super::token_cache::TokenCache;
use super::{Secret, TenantError, TenantFile, TokenVault};
use crate::egress::{Bearer, Client, Credentials, CredentialsError, Gate, Origin};
use crate::lock;
use crate::metrics::Metrics;
use futures_util::future::BoxFuture;
use http::StatusCode;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a refusal is repeated to callers without asking again: Salesforce counts logins (salesforce-api.md 1.3).
const COOL_DOWN: Duration = Duration::from_secs(30);

/// After that many fresh tokens in a row that the org refused, another sign-in would change nothing.
const FRESH_REFUSALS: u32 = 2;
/// The same once the org took a token: then its API is open to the user, and sessions were ended in quick succession.
const FRESH_REFUSALS_AFTER_USE: u32 = 5;

/// Texts of 401 answers that a new token does not help (salesforce-api.md 1.5).
const LOGIN_IS_USELESS: [&str; 4] = [
    "not valid for use with the REST API",
    "Connected app is not attached to Agent",
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
    "API_CURRENTLY_DISABLED",
];

/// How much of a refusal goes into a message, in characters.
const EXCERPT: usize = 200;

/// How tokens are kept, and how persistently they are asked for.
#[derive(Clone, Default)]
pub struct TokenSourceOptions {
    /// The folder where tokens are kept between runs; none by default.
    pub cache_folder: Option<PathBuf>,
    /// How a sign-in that Salesforce refused for the moment is repeated.
    pub retry: SignInRetry,
    /// Where the tenant's requests are counted, sign-ins among them, and what its syncs read; nowhere by default.
    pub metrics: Option<Metrics>,
    /// Where refresh tokens that change with every use are kept for all machines; by default in a file of this one.
    pub vault: Option<Arc<dyn TokenVault>>,
}

/// How a sign-in that Salesforce refused for the moment is repeated. Each wait is twice as long as the one before,
/// shortened at random by up to a half: many who were refused together do not come back together.
#[derive(Clone, Copy, Debug)]
pub struct SignInRetry {
    /// How often to ask altogether.
    pub attempts: u32,
    /// The first wait.
    pub first_wait: Duration,
}

impl Default for SignInRetry {
    fn default() -> Self {
        Self {
            // Half a minute in all: a busy endpoint or another program's sign-in has passed by then.
            attempts: 6,
            first_wait: Duration::from_secs(1),
        }
    }
}

impl SignInRetry {
    /// How long to wait after so many failures, or `None` to give up; `random` is any number.
    fn wait(&self, failures: u32, random: u64) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let wait = self.first_wait.saturating_mul(doubled);
        Some(wait - (wait / 2).mul_f64((random % 1_000) as f64 / 1_000.0))
    }
}

/// One tenant's tokens. Cloning shares them.
#[derive(Clone)]
pub struct TokenSource(Arc<Inner>);

struct Inner {
    instance: Origin,
    flow: Flow,
    gate: Gate,
    cache: Option<TokenCache>,
    retry: SignInRetry,
    /// Set when nobody will use another token: no wait is begun any more, and those under way end.
    ending: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    generation: u64,
    signing_in: Option<watch::Receiver<Option<Outcome>>>,
    failure: Option<(Instant, Arc<OAuthError>)>,
    fresh_refusals: u32,
    /// The org took a token of this source at least once.
    was_accepted: bool,
}

struct Current {
    token: Secret,
    bearer: Bearer,
    stale: bool,
    /// The org took it at least once.
    proven: bool,
    /// It came from the token endpoint in this run, not from the cache.
    fresh: bool,
}

type Outcome = Result<Bearer, Arc<OAuthError>>;

impl TokenSource {
    /// Reads the flow's secrets; nothing is sent yet.
    ///
    /// # Errors
    /// A secret that is not there, or a key that can't be used.
    pub fn new(
        file: &TenantFile,
        client: Client,
        options: TokenSourceOptions,
    ) -> Result<Self, TenantError> {
        let flow = Flow::new(file, options.vault)?;
        let gate = gate(
            file,
            client,
            &flow.endpoint.origin,
            flow.rotates(),
            options.metrics,
        );
        let cache = options
            .cache_folder
            .filter(|_| flow.cacheable())
            .map(|folder| TokenCache::new(folder, file.name(), file.instance(), &flow.identity()));
        let state = Mutex::new(State::default());
        Ok(Self(Arc::new(Inner {
            instance: file.instance().clone(),
            flow,
            gate,
            cache,
            retry: options.retry,
            ending: watch::Sender::new(false),
            state,
        })))
    }

    /// The current token as a header value; signs in, or joins a sign-in under way, when there is none that works.
    ///
    /// # Errors
    /// [`OAuthError`], shared by all who waited.
    pub async fn token(&self) -> Result<Bearer, Arc<OAuthError>> {
        let mut waiting = {
            let mut state = lock(&self.0.state);
            if let Some(current) = state.current.as_ref().filter(|current| !current.stale) {
                return Ok(current.bearer.clone());
            }
            if let Some((until, failure)) = &state.failure
                && Instant::now() < *until
            {
                return Err(failure.clone());
            }
            match state
                .signing_in
                .clone()
                .filter(|waiting| waiting.has_changed().is_ok())
            {
                Some(waiting) => waiting,
                None => {
                    let (done, waiting) = watch::channel(None);
                    state.signing_in = Some(waiting.clone());
                    tokio::spawn(sign_in(self.0.clone(), done));
                    waiting
                }
            }
        };
        ended(&mut waiting).await
    }

    /// Waits for the answer to a sign-in under way, which may hold the only copy of a rotated refresh token, and tries
    /// again to write one that could not be written. To be called when no more tokens are needed, before the runtime
    /// ends.
    ///
    /// # Errors
    /// [`OAuthError::CannotKeep`] where a rotated refresh token is lost when this process ends.
    pub async fn finish(&self) -> Result<(), OAuthError> {
        self.0.ending.send_replace(true);
        let waiting = lock(&self.0.state).signing_in.clone();
        if let Some(mut waiting) = waiting {
            // Its failure was its callers' business.
            drop(ended(&mut waiting).await);
        }
        self.0.flow.save().await
    }

    /// HTTP requests to the token endpoint so far.
    pub fn requests(&self) -> u64 {
        self.0.gate.stats().requests
    }

    /// Says that this very token does not work any more; later ones are not touched.
    pub fn mark_stale(&self, bearer: &Bearer) {
        self.refuse(bearer, &[]);
    }

    fn refuse(&self, bearer: &Bearer, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        if LOGIN_IS_USELESS
            .iter()
            .any(|useless| text.contains(useless))
        {
            tracing::warn!(origin = %self.0.instance, "the org refuses the session for its API; a new sign-in would not help");
            return;
        }
        let mut state = lock(&self.0.state);
        let generation = bearer.generation();
        let Some(current) = state
            .current
            .as_mut()
            .filter(|c| c.bearer.generation() == generation && !c.stale)
        else {
            return;
        };
        current.stale = true;
        let unproven = current.fresh && !current.proven;
        state.fresh_refusals = if unproven {
            state.fresh_refusals + 1
        } else {
            0
        };
        let most = match state.was_accepted {
            true => FRESH_REFUSALS_AFTER_USE,
            false => FRESH_REFUSALS,
        };
        if state.fresh_refusals >= most {
            (state.fresh_refusals, state.was_accepted) = (0, false);
            let plain = text.chars().filter(|c| !c.is_control());
            let failure = Arc::new(OAuthError::FreshTokenRefused {
                origin: self.0.instance.clone(),
                answer: plain.take(EXCERPT).collect(),
            });
            state.failure = Some((Instant::now() + COOL_DOWN, failure));
        }
    }
}

async fn ended(waiting: &mut watch::Receiver<Option<Outcome>>) -> Outcome {
    let outcome = waiting.wait_for(Option::is_some).await.ok();
    let outcome = outcome.and_then(|outcome| outcome.clone());
    outcome.unwrap_or_else(|| Err(Arc::new(OAuthError::Interrupted)))
}

/// One sign-in, from start to finish, for all who wait for it.
async fn sign_in(inner: Arc<Inner>, done: watch::Sender<Option<Outcome>>) {
    let stale = lock(&inner.state)
        .current
        .as_ref()
        .map(|current| current.token.clone());
    // Another process may have signed in since: its token serves as well (sessions are shared, salesforce-api.md 1.3).
    let kept = inner
        .cache
        .as_ref()
        .and_then(TokenCache::read)
        .filter(|kept| stale.as_ref() != Some(kept));
    let token = match kept {
        Some(kept) => Ok(Token::Shared(kept)),
        None => repeated(&inner, stale.as_ref()).await,
    };
    let fresh = matches!(token, Ok(Token::Issued(_)));
    let token = token.map(|(Token::Issued(token) | Token::Shared(token))| token);
    if let (Ok(token), Some(cache), true) = (&token, &inner.cache, fresh) {
        cache.write(token);
    }
    let outcome = settle(&mut lock(&inner.state), token, fresh);
    if let Err(error) = &outcome {
        tracing::debug!(%error, "sign-in failed");
    }
    done.send_replace(Some(outcome));
}

/// Signs in, again and again while a refusal may pass.
async fn repeated(inner: &Inner, stale: Option<&Secret>) -> Result<Token, OAuthError> {
    let mut failures = 0;
    loop {
        let error = match inner.flow.sign_in(&inner.gate, stale).await {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        failures += 1;
        let wait = inner
            .retry
            .wait(failures, RandomState::new().hash_one(failures));
        match wait.filter(|_| error.is_worth_repeating()) {
            None => return Err(error),
            Some(wait) => {
                tracing::warn!(%error, ?wait, "the sign-in is tried again");
                let mut ending = inner.ending.subscribe();
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = ending.wait_for(|ending| *ending) => return Err(error),
                }
            }
        }
    }
}

fn settle(state: &mut State, token: Result<Secret, OAuthError>, fresh: bool) -> Outcome {
    state.signing_in = None;
    let generation = state.generation + 1;
    let made = token.and_then(|token| match Bearer::new(token.expose(), generation) {
        Ok(bearer) => Ok((token, bearer)),
        Err(error) => Err(OAuthError::OddToken {
            message: error.message,
        }),
    });
    match made {
        Ok((token, bearer)) => {
            state.generation = generation;
            state.failure = None;
            state.current = Some(Current {
                token,
                bearer: bearer.clone(),
                stale: false,
                proven: false,
                fresh,
            });
            Ok(bearer)
        }
        Err(error) => {
            let error = Arc::new(error);
            // What did not reach the endpoint costs no login: the next caller may try at once.
            let answered = !matches!(*error, OAuthError::Network { .. } | OAuthError::Interrupted);
            state.failure = answered.then(|| (Instant::now() + COOL_DOWN, error.clone()));
            Err(error)
        }
    }
}

impl Credentials for TokenSource {
    fn bearer(&self) -> BoxFuture<'_, Result<Bearer, CredentialsError>> {
        Box::pin(async move {
            self.token().await.map_err(|error| CredentialsError {
                message: error.to_string(),
                recovery: error.recovery(),
            })
        })
    }

    fn accepted(&self, bearer: &Bearer) {
        let mut state = lock(&self.0.state);
        (state.fresh_refusals, state.was_accepted) = (0, true);
        if let Some(current) = state
            .current
            .as_mut()
            .filter(|c| c.bearer.generation() == bearer.generation())
        {
            current.proven = true;
        }
    }

    fn refused(&self, bearer: &Bearer, _status: StatusCode, body: &[u8]) {
        self.refuse(bearer, body);
    }
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSource")
            .field("instance", &self.0.instance)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_between_sign_ins_double_and_end() {
        let retry = SignInRetry::default();
        let waits: Vec<_> = (1..).map_while(|n| retry.wait(n, 0)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16].map(Duration::from_secs));
        for random in [1, 499, 999, u64::MAX] {
            let wait = retry.wait(3, random);
            assert!(
                wait > Some(Duration::from_secs(2)) && wait < Some(Duration::from_secs(4)),
                "{wait:?}"
            );
        }
        let endless = SignInRetry {
            attempts: u32::MAX,
            ..retry
        };
        assert!(endless.wait(u32::MAX - 1, 0) > Some(Duration::from_secs(1_000)));
    }
}
