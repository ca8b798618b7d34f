//! A ticket: which tenant, for which period, with which component. Never a secret or a record.

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode};
use host_runner::unified::Timestamp;
use serde::{Deserialize, Serialize};

use crate::components::Ring;
use crate::error::FleetError;
use crate::names::SLOT;

/// What a worker is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The tenant's id.
    pub tenant: String,
    /// Which of the tenant's regular syncs, or `tick`, `now`, `again`, `next`.
    pub period: String,
    /// The component's SHA-256: a release never changes a ticket that is under way.
    pub component: String,
    /// Models that were not read in full since this moment are: milliseconds since 1970. Not in tickets of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_since: Option<i64>,
    /// How often it was taken so far. The server counts.
    #[serde(skip)]
    pub tries: u32,
}

impl Ticket {
    pub(crate) fn new(tenant: &str, period: impl Into<String>, ring: &Ring) -> Self {
        Self {
            tenant: tenant.to_owned(),
            period: period.into(),
            component: ring.component_of(tenant).to_owned(),
            full_since: None,
            tries: 0,
        }
    }

    /// With everything to be read from now on, if so.
    pub(crate) fn full(self, is_full: bool) -> Self {
        let now = is_full.then(|| Timestamp::now().millis());
        Self {
            full_since: now.or(self.full_since),
            ..self
        }
    }

    /// Whether it is one of the regular syncs, which nobody asked for.
    pub(crate) fn is_regular(&self) -> bool {
        !["now", "again"].contains(&self.period.as_str())
    }

    /// Puts it into its tenant's slot, as [`fill`] does.
    pub(crate) async fn publish(
        &self,
        nats: &Context,
        id: Option<&str>,
    ) -> Result<bool, FleetError> {
        fill(nats, format!("{SLOT}{}", self.tenant), self, id).await
    }
}

/// Puts a message into a slot; false when the slot is taken, which is an answer and no failure. With an id, a second
/// message of the same id within the stream's window counts as the first.
pub(crate) async fn fill(
    nats: &Context,
    slot: String,
    what: &impl Serialize,
    id: Option<&str>,
) -> Result<bool, FleetError> {
    let payload = serde_json::to_vec(what).map_err(FleetError::nats)?;
    let mut message = PublishMessage::build().payload(payload.into());
    if let Some(id) = id {
        message = message.message_id(id);
    }
    let acknowledged = match nats.send_publish(slot, message).await {
        Ok(acknowledged) => acknowledged.await,
        Err(error) => Err(error),
    };
    match acknowledged {
        Ok(acknowledged) => Ok(!acknowledged.duplicate),
        Err(error) if is_taken(&error) => Ok(false),
        Err(error) => Err(FleetError::nats(error)),
    }
}

/// Whether the slot was taken. The server has one code for all that its store refuses, a full disk too.
fn is_taken(error: &PublishError) -> bool {
    let source = std::error::Error::source(error);
    let refused = source.and_then(|source| source.downcast_ref::<jetstream::Error>());
    refused.is_some_and(|refused| {
        refused.error_code() == ErrorCode::STREAM_STORE_FAILED
            && refused.to_string().contains("per subject")
    })
}
