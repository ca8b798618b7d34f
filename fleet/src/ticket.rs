//! A ticket: which tenant, for which period, with which component. Never a secret or a record.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use serde::{Deserialize, Serialize};

use crate::components::Ring;
use crate::error::FleetError;
use crate::names;

/// What a worker is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The tenant's id.
    pub tenant: String,
    /// Which of the tenant's regular syncs, or `now`, `again`, `next`.
    pub period: String,
    /// The component's SHA-256: a release never changes a ticket that is under way.
    pub component: String,
}

impl Ticket {
    pub(crate) fn new(tenant: &str, period: impl Into<String>, ring: &Ring) -> Self {
        Self {
            tenant: tenant.to_owned(),
            period: period.into(),
            component: ring.component_of(tenant).to_owned(),
        }
    }
}

/// Puts a ticket into its tenant's slot; false when the slot is taken, which is an answer and no failure. With an id, a
/// second ticket of the same id within the stream's window counts as the first.
pub(crate) async fn publish(
    nats: &Context,
    ticket: &Ticket,
    id: Option<&str>,
) -> Result<bool, FleetError> {
    let payload = serde_json::to_vec(ticket).map_err(FleetError::nats)?;
    let mut message = PublishMessage::build().payload(payload.into());
    if let Some(id) = id {
        message = message.message_id(id);
    }
    let sent = nats
        .send_publish(names::slot(&ticket.tenant), message)
        .await;
    let acknowledged = match sent {
        Ok(acknowledged) => acknowledged.await,
        Err(error) => Err(error),
    };
    match acknowledged {
        Ok(acknowledged) => Ok(!acknowledged.duplicate),
        Err(error) if is_taken(&error) => Ok(false),
        Err(error) => Err(FleetError::nats(error)),
    }
}

/// Whether the slot was taken: the server's code for a message that the stream's limits refuse.
fn is_taken(error: &PublishError) -> bool {
    let source = std::error::Error::source(error);
    let refused = source.and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
    match refused {
        Some(refused) => {
            refused.error_code() == async_nats::jetstream::ErrorCode::STREAM_STORE_FAILED
        }
        None => error.to_string().contains("maximum messages per subject"),
    }
}
