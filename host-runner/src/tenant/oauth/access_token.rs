//! A ready token: for trials and scripts that sign in themselves.

use super::OAuthError;
use crate::tenant::{Secret, SecretRef, TenantError, TenantFile};

pub(crate) struct AccessToken(Secret);

impl AccessToken {
    pub(crate) fn new(file: &TenantFile, token: &SecretRef) -> Result<Self, TenantError> {
        Ok(Self(token.resolve(file.path(), "auth.access_token")?))
    }

    /// The token, once: when the org has refused it, nothing here can renew it.
    pub(crate) fn sign_in(&self, renewal: bool) -> Result<Secret, OAuthError> {
        if renewal {
            return Err(OAuthError::GivenTokenExpired);
        }
        Ok(self.0.clone())
    }
}
