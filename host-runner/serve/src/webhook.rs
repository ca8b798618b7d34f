//! A tenant's webhook: the changes of its mirror, posted in the order of writing, again and again until they are taken.
//!
//! The place up to which they were taken is kept with the mirror, so that a server that dies posts at most one page a
//! second time. One page at a time: a record's changes never overtake each other.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host_runner::egress::{
    ByteSize, CallOptions, Client, Egress, EgressLimits, EgressPolicy, Gate, JobBudget, Proxies,
    full_body,
};
use host_runner::tenant::{Secret, TenantFile, Webhook};
use http::{HeaderValue, Request, header};
use ring::hmac;
use tokio_util::sync::CancellationToken;

use crate::changes::{PAGE, Place, of_mirror, page_of};
use crate::error::ApiError;
use crate::served::Served;

/// The header of the signature: HMAC-SHA256 of the body as base64url without padding (unified-model.md 5.2).
const SIGNATURE: &str = "x-kombo-signature";
/// The first and the longest wait before a page is posted again.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5 * 60));
/// How often it looks for what another process wrote.
const LOOK: Duration = Duration::from_secs(5);

/// The name under which the mirror keeps the place up to which changes were taken.
const NOTE: &str = "webhook";

struct Sender {
    tenant: Arc<Served>,
    gate: Gate,
    url: String,
    secret: Secret,
}

/// Posts a tenant's changes until it ends, or the server does.
pub(crate) async fn run(tenant: Arc<Served>, stop: CancellationToken) {
    let file = tenant.session().tenant().file().clone();
    let Some(webhook) = file.webhook() else {
        return;
    };
    let sender = match Sender::new(&tenant, &file, webhook) {
        Ok(sender) => sender,
        Err(why) => {
            tracing::error!(tenant = tenant.name(), "the webhook can't be used: {why}");
            return tenant.note_webhook(Some(why));
        }
    };
    let ended = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tenant.stopped().cancelled() => {}
        }
    };
    tokio::select! {
        () = ended => {}
        () = sender.post_all() => {}
    }
}

impl Sender {
    fn new(tenant: &Arc<Served>, file: &TenantFile, webhook: &Webhook) -> Result<Self, String> {
        let secret = webhook
            .secret(file.path())
            .map_err(|error| error.to_string())?;
        let limits = EgressLimits {
            max_response: ByteSize::kib(256),
            ..EgressLimits::default()
        };
        let connect = limits.deadlines.connect;
        let client = Client::new(file.ca_file(), connect, Proxies::new(file.proxy()))
            .map_err(|error| error.to_string())?;
        let policy = EgressPolicy::new(webhook.origin().clone());
        // As long as the server runs: bounded by the waits, not by a budget.
        let budget = JobBudget {
            requests: u64::MAX,
            bytes: ByteSize::bytes(u64::MAX),
            ..JobBudget::default()
        };
        Ok(Self {
            tenant: Arc::clone(tenant),
            gate: Egress::new(policy, client, None, limits)
                .user_agent(file.user_agent().clone())
                .gate(budget),
            url: webhook.url().to_owned(),
            secret,
        })
    }

    async fn post_all(&self) {
        let mut place = self.kept().await;
        let mut writes = self.tenant.writes();
        let mut wait = WAITS.0;
        loop {
            writes.mark_unchanged();
            let changes = match page_of(&self.tenant, &place, PAGE).await {
                Ok(changes) if !changes.items.is_empty() => changes,
                // No mirror yet, or nothing new in it.
                _ => {
                    tokio::select! {
                        _ = writes.changed() => {}
                        () = tokio::time::sleep(LOOK) => {}
                    }
                    continue;
                }
            };
            let (tenant, next) = (self.tenant.id(), changes.next.to_text());
            let changed = changes.items.join(",");
            // The id is the same when it is posted again. Ids and places need no escaping.
            let body = format!(
                r#"{{"id":"{tenant}-{next}","type":"records-changed","data":{{"integration_id":"{tenant}","changes":[{changed}]}}}}"#
            );
            match self.post(body).await {
                Ok(()) => {
                    place = changes.next;
                    wait = WAITS.0;
                    let kept = self.keep(&place).await;
                    let kept = kept.map_err(|why| {
                        format!("{}; after a restart changes come twice", why.message())
                    });
                    self.tenant.note_webhook(kept.err());
                }
                Err(why) => {
                    let seconds = wait.as_secs();
                    tracing::warn!(
                        tenant = self.tenant.name(),
                        "the webhook did not take the changes ({why}); again in {seconds} s"
                    );
                    self.tenant.note_webhook(Some(why));
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(WAITS.1);
                }
            }
        }
    }

    async fn post(&self, body: String) -> Result<(), String> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, body.as_bytes()).as_ref());
        let request = Request::post(&self.url)
            .header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )
            .header(SIGNATURE, signature)
            .body(full_body(body))
            .map_err(|error| error.to_string())?;
        let answer = self.gate.send(request, CallOptions::default()).await;
        let status = answer.map_err(|error| error.to_string())?.status();
        match status.is_success() {
            true => Ok(()),
            false => Err(format!("HTTP {}", status.as_u16())),
        }
    }

    /// The place that was kept, as soon as there is a mirror that can be read; the beginning where there is none.
    async fn kept(&self) -> Place {
        loop {
            let kept = self.tenant.reading(|mirror| of_mirror(mirror.note(NOTE)));
            match kept.await {
                Ok(kept) => {
                    return kept
                        .and_then(|text| Place::parse(&text))
                        .unwrap_or_default();
                }
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    async fn keep(&self, place: &Place) -> Result<(), ApiError> {
        let text = place.to_text();
        let kept = self
            .tenant
            .reading(move |mirror| of_mirror(mirror.set_note(NOTE, &text)));
        kept.await
    }
}
