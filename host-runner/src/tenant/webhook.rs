//! `[webhook]`: where `asymbl serve` posts what changed in the mirror.

use std::path::Path;

use serde::Deserialize;

use super::{Secret, SecretRef, TenantError};
use crate::egress::Origin;

/// Where changes are posted, and the secret that they are signed with.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    url: String,
    origin: Origin,
    secret: SecretRef,
}

impl Webhook {
    /// The address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The only origin that is asked.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The secret; `file` is the tenant file.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn secret(&self, file: &Path) -> Result<Secret, TenantError> {
        self.secret.resolve(file, "webhook.secret")
    }

    pub(super) fn holds_secret(&self) -> bool {
        matches!(self.secret, SecretRef::Inline(_))
    }
}

/// `[webhook]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookTable {
    url: String,
    secret: SecretRef,
}

impl WebhookTable {
    pub(crate) fn checked(self) -> Result<Webhook, (&'static str, String)> {
        let origin = Origin::of_url(&self.url).map_err(|why| ("webhook.url", why.to_string()))?;
        Ok(Webhook {
            origin,
            url: self.url,
            secret: self.secret,
        })
    }
}
