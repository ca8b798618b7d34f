//! The tenant's current token, and when to get another.
//!
//! Many requests, one sign-in: whoever finds no usable token starts a sign-in or joins the one under way. It runs in a task
//! of its own, since a call that is cancelled half-way must not lose a rotated refresh token. A token is replaced only after
//! the org refused that very token, and not for ever: tokens refused while fresh end in an error instead of a login loop.

use super::oauth::{Flow, OAuthError};
use super::token_cache::TokenCache;
use super::{Secret, TenantError, TenantFile};
use crate::egress::{
    Bearer, ByteSize, Client, Credentials, CredentialsError, Egress, EgressLimits, EgressPolicy,
    Gate, JobBudget, Origin, lock,
};
use futures_util::future::BoxFuture;
use http::StatusCode;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a failure that only a person can mend is repeated without asking again: salesforce-api.md 1.3 counts logins.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// After that many fresh tokens in a row that the org refused, another sign-in would change nothing.
const FRESH_REFUSALS: u32 = 2;

/// Texts of 401 answers that a new token does not mend (salesforce-api.md 1.5).
const LOGIN_IS_USELESS: [&str; 2] = [
    "not valid for use with the REST API",
    "Connected app is not attached to Agent",
];

/// A token reply has a few kilobytes, and an access token at most some tens.
const LARGEST_REPLY: ByteSize = ByteSize::kib(256);

/// How tokens are kept.
#[derive(Clone, Debug, Default)]
pub struct TokenSourceOptions {
    /// The folder where tokens are kept between runs; none by default.
    pub cache_folder: Option<PathBuf>,
}

/// One tenant's tokens. Cloning shares them.
#[derive(Clone)]
pub struct TokenSource(Arc<Inner>);

struct Inner {
    instance: Origin,
    flow: Flow,
    gate: Gate,
    cache: Option<TokenCache>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    generation: u64,
    signing_in: Option<watch::Receiver<Option<Outcome>>>,
    failure: Option<(Instant, Arc<OAuthError>)>,
    fresh_refusals: u32,
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
        let flow = Flow::new(file)?;
        let limits = EgressLimits {
            deadlines: file.limits().egress.deadlines,
            max_response: LARGEST_REPLY,
            max_request: LARGEST_REPLY,
            ..EgressLimits::default()
        };
        let egress = Egress::new(
            EgressPolicy::new(flow.endpoint.origin.clone()),
            client,
            None,
            limits,
        );
        // Sign-ins are rare and bounded by the cool-down, not by a job's budget.
        let gate = egress.gate(JobBudget {
            requests: u64::MAX,
            bytes: ByteSize::bytes(u64::MAX),
        });
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
        let outcome = waiting
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(Arc::new(OAuthError::Interrupted)))
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
        if state.fresh_refusals >= FRESH_REFUSALS {
            state.fresh_refusals = 0;
            let failure = Arc::new(OAuthError::FreshTokenRefused {
                origin: self.0.instance.clone(),
            });
            state.failure = Some((Instant::now() + COOL_DOWN, failure));
        }
    }
}

/// One sign-in, from start to finish, whoever waits for it.
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
    let fresh = kept.is_none();
    let token = match kept {
        Some(kept) => Ok(kept),
        None => inner
            .flow
            .sign_in(&inner.gate, stale.is_some())
            .await
            .map(|granted| granted.access_token),
    };
    if let (Ok(token), Some(cache), true) = (&token, &inner.cache, fresh) {
        cache.write(token);
    }
    let outcome = settle(&mut lock(&inner.state), token, fresh);
    if let Err(error) = &outcome {
        tracing::debug!(%error, "sign-in failed");
    }
    done.send_replace(Some(outcome));
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
            state.failure = error
                .is_permanent()
                .then(|| (Instant::now() + COOL_DOWN, error.clone()));
            Err(error)
        }
    }
}

impl Credentials for TokenSource {
    fn bearer(&self) -> BoxFuture<'_, Result<Bearer, CredentialsError>> {
        Box::pin(async move {
            self.token().await.map_err(|error| CredentialsError {
                message: error.to_string(),
                permanent: error.is_permanent(),
            })
        })
    }

    fn accepted(&self, bearer: &Bearer) {
        let mut state = lock(&self.0.state);
        state.fresh_refusals = 0;
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
