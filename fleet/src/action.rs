//! Actions through the fleet: asked for anywhere, carried out by a worker. The idempotency key decides the subject, so
//! that a call which waits is not there twice; its result is kept for a day and looked up before the action runs.
//!
//! Actions come at least once, as tickets do. The mirror keeps the key too, and longer: a repeat of a call whose worker
//! died looks first what that one wrote (docs/actions.md). Only here do data of persons cross NATS: the input until the
//! action is done, and what it gave for a day.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::Message;
use futures_util::StreamExt as _;
use host_runner::sandbox::{ErrorKind, sha256};
use host_runner::session::Session;
use host_runner::unified::OrgId;
use mirror::actions::{self, Action, ActionError, Outcome};
use mirror::store::{Mirror, MirrorError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::error::FleetError;
use crate::names::ACTION;
use crate::take::{kept, settled};
use crate::tenants::Known;
use crate::ticket::fill;
use crate::{Fleet, MirrorOf, Worker};

/// How long a result is kept.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Deliveries after which a call is answered with the error that it met, and its slot is free.
const DELIVERIES: i64 = 3;

/// Makes the answer of an action's outcome or error: what its caller gets.
pub type Answer = Arc<dyn Fn(Result<Outcome, FleetError>) -> Value + Send + Sync>;

/// An action that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The tenant's id.
    tenant: String,
    /// The component's SHA-256.
    component: String,
    action: String,
    key: String,
    input: Value,
}

/// What became of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// SHA-256 of the input.
    input: String,
    /// Whether a repeat gets this answer. After an error it runs again, as an action that only reads always does.
    is_final: bool,
    answer: Value,
}

impl Call {
    /// The part of subject and key that is this call's own. The same key may name calls of different actions.
    fn name(&self) -> String {
        let digest = sha256(format!("{} {}", self.action, self.key).as_bytes());
        format!("{}.{digest}", self.tenant)
    }

    fn digest(&self) -> String {
        sha256(self.input.to_string().as_bytes())
    }
}

impl Fleet {
    /// Asks the fleet for an action and waits for its answer, in the form that the workers give it ([`Answer`]). The
    /// same `key` again, with the same input, gives the same answer for 24 hours and runs nothing; after an error or no
    /// answer it runs again, which finds what the first run wrote.
    ///
    /// # Errors
    /// [`FleetError::UnknownTenant`], [`FleetError::NoComponent`], [`FleetError::InputTooLarge`],
    /// [`FleetError::NoAnswer`] after `wait`, [`FleetError::Nats`].
    pub async fn act(
        &self,
        tenant: &str,
        action: Action,
        input: Value,
        key: Option<String>,
        wait: Duration,
    ) -> Result<Value, FleetError> {
        let id = self.tenants.id_of(tenant)?;
        let ring = self.components.ring().await?;
        let call = Call {
            component: ring.component_of(&id).to_owned(),
            tenant: id,
            action: action.name().to_owned(),
            // Unique, as the client's own addresses are.
            key: key.unwrap_or_else(|| self.nats.client().new_inbox()),
            input,
        };
        let size = serde_json::to_vec(&call).map_err(FleetError::nats)?.len();
        let limit = self.nats.client().max_payload();
        if size > limit {
            return Err(FleetError::InputTooLarge { size, limit });
        }
        let answer = tokio::time::timeout(wait, self.answer(&call)).await;
        answer.unwrap_or(Err(FleetError::NoAnswer {
            key: call.key,
            seconds: wait.as_secs(),
        }))
    }

    async fn answer(&self, call: &Call) -> Result<Value, FleetError> {
        let (name, digest) = (call.name(), call.digest());
        // Before the look at what is there, so that nothing is missed between.
        let news = self.results.store().await?.watch(&name).await;
        let mut news = news.map_err(FleetError::nats)?;
        loop {
            if let Some(kept) = self.kept(&name).await?
                && kept.is_final
                && kept.input == digest
            {
                return Ok(kept.answer);
            }
            // Where one with this key waits or runs, its answer is awaited. Should that be for another input, or the
            // message or the news be lost, this call has its turn in the next round.
            fill(&self.nats, format!("{ACTION}{name}"), call, None).await?;
            match tokio::time::timeout(self.settings.ack_wait, news.next()).await {
                Err(_) => {}
                Ok(None) => return Err(FleetError::nats("the results can't be watched")),
                Ok(Some(entry)) => {
                    let entry = entry.map_err(FleetError::nats)?;
                    let kept = serde_json::from_slice::<Kept>(&entry.value);
                    if let Ok(kept) = kept.map_err(FleetError::nats)
                        && kept.input == digest
                    {
                        return Ok(kept.answer);
                    }
                }
            }
        }
    }

    async fn kept(&self, name: &str) -> Result<Option<Kept>, FleetError> {
        let kept = self.results.get(name).await?;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
    }
}

impl Worker {
    /// Carries out the action of a message, unless its answer is kept.
    pub(crate) async fn act(&self, message: Message) {
        let Ok(call) = serde_json::from_slice::<Call>(&message.payload) else {
            tracing::error!(subject = %message.subject, "an action that can't be read is dropped");
            return settled(message.double_ack().await);
        };
        let ack_wait = self.fleet.settings.ack_wait;
        let began = Instant::now();
        // An action that was begun runs to its end, even if another worker has the message by then: what it wrote can't
        // be taken back.
        let never = CancellationToken::new();
        match kept(&message, ack_wait, &never, self.answered(&call)).await {
            // Somebody else has it, and acknowledges it.
            None => {}
            Some(Ok(())) => {
                let ms = began.elapsed().as_millis() as u64;
                tracing::info!(tenant = call.tenant, action = call.action, ms, "action");
                settled(message.double_ack().await);
            }
            Some(Err(error)) => {
                tracing::warn!(tenant = call.tenant, action = call.action, "{error}");
                let deliveries = message.info().map_or(DELIVERIES, |info| info.delivered);
                if deliveries < DELIVERIES {
                    let again = async_nats::jetstream::AckKind::Nak(Some(ack_wait));
                    return settled(message.ack_with(again).await);
                }
                match self.keep(&call, Err(error)).await {
                    Ok(()) => settled(message.double_ack().await),
                    Err(error) => tracing::error!(tenant = call.tenant, "no answer: {error}"),
                }
            }
        }
    }

    /// Sees to it that there is an answer. An error is one that may pass.
    async fn answered(&self, call: &Call) -> Result<(), FleetError> {
        if let Some(kept) = self.fleet.kept(&call.name()).await?
            && kept.is_final
            && kept.input == call.digest()
        {
            return Ok(());
        }
        let result = match self.fleet.tenants.find(&call.tenant)? {
            None => Err(FleetError::UnknownTenant {
                folder: self.fleet.tenants.folder().to_owned(),
                name: call.tenant.clone(),
            }),
            Some(tenant) => {
                let components = &self.fleet.components;
                let connector = components.load(&call.component, &self.load).await?;
                let session = match self.fleet.tenants.open(&tenant, &self.tokens).await {
                    Ok(opened) => Session::new(connector, opened),
                    // It does not pass by itself.
                    Err(error) => return self.keep(call, Err(error.into())).await,
                };
                let (mirrors, call) = (Arc::clone(&self.mirrors), call.clone());
                let runtime = tokio::runtime::Handle::current();
                // On a thread of its own: it waits for the mirror, and the connector computes.
                let run = tokio::task::spawn_blocking(move || {
                    runtime.block_on(carry_out(&tenant, session, &mirrors, &call))
                });
                let done = run.await.map_err(FleetError::nats)?;
                match done {
                    Err(error) if may_pass(&error) => return Err(error),
                    done => done,
                }
            }
        };
        self.keep(call, result).await
    }

    async fn keep(
        &self,
        call: &Call,
        result: Result<Outcome, FleetError>,
    ) -> Result<(), FleetError> {
        let writes = Action::of(&call.action).is_some_and(Action::writes);
        let is_final = writes && result.as_ref().is_ok_and(|outcome| !outcome.is_partial);
        let kept = Kept {
            input: call.digest(),
            is_final,
            answer: (self.answer)(result),
        };
        let text = serde_json::to_vec(&kept).map_err(FleetError::nats)?;
        self.fleet.results.put(&call.name(), text).await
    }
}

/// Whether the same call may succeed in a while without anybody's doing, so that its caller need not know.
fn may_pass(error: &FleetError) -> bool {
    let FleetError::Action(error) = error else {
        return false;
    };
    matches!(
        error,
        ActionError::KeyAtWork { .. } | ActionError::Mirror(_)
    )
}

async fn carry_out(
    tenant: &Known,
    session: Session,
    mirrors: &MirrorOf,
    call: &Call,
) -> Result<Outcome, FleetError> {
    let action = Action::of(&call.action);
    let action = action.ok_or_else(|| FleetError::UnknownAction(call.action.clone()))?;
    let file = &tenant.file;
    let run = async {
        let mut existing = match mirrors(file, None) {
            Ok(mirror) => Some(mirror),
            Err(MirrorError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let open = |org: &OrgId| mirrors(file, Some(org));
        let existing = existing
            .as_deref_mut()
            .map(|mirror| mirror as &mut dyn Mirror);
        let key = Some(call.key.clone());
        actions::run_known(&session, existing, open, action, &call.input, key).await
    };
    let outcome = run.await;
    if let Err(ActionError::Step(error)) = &outcome
        && error.error.kind() == ErrorKind::Unauthenticated
    {
        tenant.close().await;
    }
    Ok(outcome?)
}
