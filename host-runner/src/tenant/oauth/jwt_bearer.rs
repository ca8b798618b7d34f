//! JWT bearer: a signed assertion in place of a password (salesforce-api.md 1.1).

use super::OAuthError;
use super::endpoint::Form;
use crate::egress::Origin;
use crate::tenant::{Secret, SecretRef, TenantError, TenantFile};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Salesforce takes assertions of at most some three minutes; less leaves room for clocks that go fast.
const VALID: Duration = Duration::from_secs(150);

pub(crate) struct JwtBearer {
    client_id: Secret,
    username: String,
    audience: String,
    key: RsaKeyPair,
}

impl JwtBearer {
    pub(crate) fn new(
        file: &TenantFile,
        client_id: &SecretRef,
        username: &str,
        private_key: &SecretRef,
        audience: Option<&str>,
    ) -> Result<Self, TenantError> {
        const KEY: &str = "auth.private_key";
        let pem = private_key.resolve(file.path(), KEY)?;
        Ok(Self {
            client_id: client_id.resolve(file.path(), "auth.client_id")?,
            username: username.to_owned(),
            audience: audience.map_or_else(|| usual_audience(file.instance()), str::to_owned),
            key: rsa_key(pem.expose())
                .map_err(|problem| TenantError::new(file.path(), Some(KEY), problem))?,
        })
    }

    pub(crate) fn client_id(&self) -> &str {
        self.client_id.expose()
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    pub(crate) fn form(&self) -> Result<Form, OAuthError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(vec![
            (
                "grant_type",
                Secret::new("urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ),
            ("assertion", self.assertion(now)?),
        ])
    }

    /// The signed assertion; `now` is the time since 1970.
    fn assertion(&self, now: Duration) -> Result<Secret, OAuthError> {
        let claims = serde_json::json!({
            "iss": self.client_id.expose(),
            "sub": self.username,
            "aud": self.audience,
            "exp": (now + VALID).as_secs(),
        });
        let encoded = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!(
            "{}.{}",
            encoded(&serde_json::json!({"alg": "RS256"})),
            encoded(&claims)
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| OAuthError::Signing)?;
        Ok(Secret::new(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }
}

/// Production and sandboxes have their well-known audiences; any other host (a practice org) is its own.
fn usual_audience(instance: &Origin) -> String {
    let host = instance.host();
    let name = host.split('.').next().unwrap_or_default();
    let is_sandbox = host == "test.salesforce.com"
        // Only sandboxes have two hyphens in their name (`acme--uat`), also where the host has no `.sandbox`
        // (salesforce-api.md 1.7).
        || name.contains("--")
        || [".sandbox.my.", ".scratch.my."].iter().any(|part| host.contains(part));
    match (is_sandbox, host.ends_with(".salesforce.com")) {
        (true, true) => "https://test.salesforce.com".to_owned(),
        (false, true) => "https://login.salesforce.com".to_owned(),
        (_, false) => instance.to_string(),
    }
}

fn rsa_key(pem: &str) -> Result<RsaKeyPair, String> {
    const FIX: &str =
        "give the RSA private key as PEM (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)";
    if pem.contains("ENCRYPTED") {
        return Err(
            "the private key is encrypted; decrypt it with `openssl pkey -in KEY -out PLAIN`"
                .to_owned(),
        );
    }
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| format!("no private key found; {FIX}"))?;
    let key = match &der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(format!("the private key is not RSA; {FIX}")),
    };
    // ring's reasons are short and hold nothing of the key: "TooSmall", "InvalidEncoding".
    key.map_err(|reason| {
        format!("the private key can't be used ({reason}); {FIX}, of 2048 bits or more")
    })
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
