//! What the operator of a platform lays down for all tenants.
//!
//! Where customers type the address of their org and may edit their limits, a tenant file is input from outside: it
//! could name a server inside the platform's own network, or limits that cost everybody else.

use super::{Limits, TenantError, TenantFile};
use crate::egress::Origin;

/// Rules that hold whatever a tenant's file says. None by default: the operator writes the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorRules {
    /// Every address of the tenant (`instance_url`, `auth.token_url`, `attachment_origins`) must be https and public.
    pub public_only: bool,
    /// No limit of a tenant is higher than these.
    pub most: Option<Limits>,
}

impl OperatorRules {
    /// Applies the rules to a tenant file.
    ///
    /// # Errors
    /// An address that can't be public, with its key.
    pub(super) fn apply(&self, mut file: TenantFile) -> Result<TenantFile, TenantError> {
        if let Some(most) = &self.most {
            file.limit(most);
        }
        if self.public_only {
            let refuse = |key: &'static str| {
                let problem = "must be an https:// address on the public internet".to_owned();
                TenantError::new(file.path(), Some(key), problem)
            };
            let is_public = |origin: &Origin| origin.scheme() == "https" && !origin.is_loopback();
            if !is_public(file.instance()) {
                return Err(refuse("instance_url"));
            }
            let token_url = file.auth().token_url().map(Origin::of_url);
            if token_url.is_some_and(|origin| !origin.is_ok_and(|origin| is_public(&origin))) {
                return Err(refuse("auth.token_url"));
            }
        }
        Ok(file)
    }
}
