//! A ticket: which tenant, for which period, with which component. Never a secret or a record.

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode};
use host_runner::unified::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Fleet;
use crate::components::Ring;
use crate::error::FleetError;
use crate::names::{SLOT, TICK};

/// The period of a ticket that somebody asked for.
pub(crate) const NOW: &str = "now";

/// What a worker is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The tenant's id.
    pub tenant: String,
    /// Which of the tenant's regular syncs: its number, `tick`, `next` for the rest of one; or [`NOW`].
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

    /// The ticket of a full sync that somebody asked for while another one ran: it reads again what that one read.
    pub(crate) fn renewed(self) -> Self {
        let full_since = match self.period.as_str() {
            NOW => self.full_since.map(|_| Timestamp::now().millis()),
            _ => self.full_since,
        };
        Self { full_since, ..self }
    }

    /// Whether it is one of the regular syncs, which nobody asked for.
    pub(crate) fn is_regular(&self) -> bool {
        self.period != NOW
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

impl Fleet {
    /// Puts a tenant's next ticket into its slot. While that is taken the ticket waits among the ticks, and the result
    /// is false: of each tenant one, and one that reads everything. A later one takes the place of the one before.
    pub(crate) async fn ask(
        &self,
        tenant: &str,
        period: &str,
        full_since: Option<i64>,
    ) -> Result<bool, FleetError> {
        let ring = self.components.ring().await?;
        let ticket = Ticket {
            full_since,
            ..Ticket::new(tenant, period, &ring)
        };
        if ticket.publish(&self.nats, None).await? {
            return Ok(true);
        }
        let kind = if full_since.is_some() {
            "full"
        } else {
            "delta"
        };
        fill(&self.nats, format!("{TICK}{tenant}.{kind}"), &ticket, None).await?;
        Ok(false)
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
    let mut message = PublishMessage::build().payload(serde_json::to_vec(what)?.into());
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
        Err(error) => Err(error.into()),
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
