//! Client credentials: the app signs in as its Run As user (salesforce-api.md 1.1). Works on the My Domain host only.

use super::endpoint::Form;
use crate::tenant::{Secret, SecretRef, TenantError, TenantFile};

pub(crate) struct ClientCredentials {
    client_id: Secret,
    client_secret: Secret,
}

impl ClientCredentials {
    pub(crate) fn new(
        file: &TenantFile,
        id: &SecretRef,
        secret: &SecretRef,
    ) -> Result<Self, TenantError> {
        Ok(Self {
            client_id: id.resolve(file.path(), "auth.client_id")?,
            client_secret: secret.resolve(file.path(), "auth.client_secret")?,
        })
    }

    pub(crate) fn client_id(&self) -> &str {
        self.client_id.expose()
    }

    pub(crate) fn form(&self) -> Form {
        vec![
            ("grant_type", Secret::new("client_credentials")),
            ("client_id", self.client_id.clone()),
            ("client_secret", self.client_secret.clone()),
        ]
    }
}
