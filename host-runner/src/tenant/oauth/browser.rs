//! A person signs in and allows the app in a browser: authorization code with PKCE (RFC 7636, salesforce-api.md 1.1a).
//!
//! The redirect may lead to loopback ([`Loopback`](super::Loopback), RFC 8252) or to a page of the platform's. Whoever
//! sees the redirect has the code, but not the verifier, which alone makes tokens of it.

use super::endpoint::{Endpoint, Form};
use super::refresh_token::{Prepared, Store};
use super::{OAuthError, rejection, request};
use crate::egress::Gate;
use crate::tenant::{Auth, Secret, TenantError, TenantFile, client_of};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use url::form_urlencoded;

/// The path of the page that asks the person, beside that of the tokens.
const AUTHORIZE_PATH: &str = "/services/oauth2/authorize";

/// The API, and a refresh token for when the person is gone.
const SCOPES: &str = "api refresh_token";

/// A sign-in that waits for a person.
pub struct BrowserSignIn {
    endpoint: Endpoint,
    gate: Gate,
    client_id: Secret,
    client_secret: Option<Secret>,
    store: Store,
    redirect_uri: String,
    verifier: Secret,
    state: String,
}

impl BrowserSignIn {
    /// Prepares a sign-in. `redirect_uri` must be one of the app's callback URLs, the port included.
    ///
    /// # Errors
    /// A tenant file of another `auth.kind`, a secret that is not there, a `ca_file` that can't be used.
    pub fn new(file: &TenantFile, redirect_uri: &str) -> Result<Self, TenantError> {
        let Auth::RefreshToken {
            client_id,
            client_secret,
            refresh_token,
            token_url,
        } = file.auth()
        else {
            let problem =
                "a person signs in with kind = \"refresh-token\"; this one signs in by itself";
            return Err(TenantError::new(file.path(), Some("auth.kind"), problem));
        };
        let endpoint = Endpoint::new(file, token_url.as_deref())?;
        let secret = client_secret.as_ref();
        let secret = secret.map(|secret| secret.resolve(file.path(), "auth.client_secret"));
        Ok(Self {
            gate: request::gate(file, client_of(file)?, &endpoint.origin, true, None),
            endpoint,
            client_id: client_id.resolve(file.path(), "auth.client_id")?,
            client_secret: secret.transpose()?,
            store: Store::to_fill(file, refresh_token)?,
            redirect_uri: redirect_uri.to_owned(),
            verifier: Secret::new(random(file)?),
            state: random(file)?,
        })
    }

    /// The address that the person's browser shall open.
    pub fn url(&self) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose().as_bytes()));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id.expose())
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", SCOPES)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            // The integration user is seldom the one who is signed in there already.
            .append_pair("prompt", "login")
            .finish();
        format!("{}{AUTHORIZE_PATH}?{query}", self.endpoint.origin)
    }

    /// Where the refresh token will be.
    pub fn kept_in(&self) -> &Path {
        self.store.path()
    }

    /// The code in the query of a redirect, or why there is none; `None` if it is not the answer to this sign-in.
    pub fn code(&self, query: &str) -> Option<Result<Secret, OAuthError>> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_ref())
        };
        if value("state") != Some(self.state.as_str()) {
            return None;
        }
        match (value("code"), value("error")) {
            (_, Some(error)) => {
                let description = value("error_description").unwrap_or_default();
                let form = self.form(None);
                Some(Err(rejection::refused(
                    &self.endpoint,
                    error,
                    description,
                    &form,
                )))
            }
            (Some(code), None) => Some(Ok(Secret::new(code))),
            (None, None) => None,
        }
    }

    /// Trades the code for tokens, and keeps the refresh token where the tenant file says.
    ///
    /// # Errors
    /// [`OAuthError`]; what was kept before is there still.
    pub async fn finish(&self, code: Secret) -> Result<(), OAuthError> {
        let _lock = self.store.lock().await?;
        let prepared = Prepared::new(self.store.path());
        let prepared = prepared.map_err(|error| self.store.problem(error.to_string()))?;
        let form = self.form(Some(code));
        let answer = request::post(&self.gate, &self.endpoint, &form).await?;
        let refresh_token = answer.refresh_token();
        answer.access_token(&self.endpoint, &form)?;
        let refresh_token = refresh_token.ok_or_else(|| OAuthError::NoRefreshToken {
            origin: self.endpoint.origin.clone(),
        })?;
        let written = self.store.write(&refresh_token, prepared);
        written.map_err(|error| self.store.problem(error.to_string()))
    }

    fn form(&self, code: Option<Secret>) -> Form {
        let mut form = vec![
            ("grant_type", Secret::new("authorization_code")),
            ("client_id", self.client_id.clone()),
            ("redirect_uri", Secret::new(self.redirect_uri.as_str())),
            ("code_verifier", self.verifier.clone()),
        ];
        form.extend(code.map(|code| ("code", code)));
        let secret = self.client_secret.clone();
        form.extend(secret.map(|secret| ("client_secret", secret)));
        form
    }
}

/// 256 random bits as text: a verifier of the length that RFC 7636 recommends.
fn random(file: &TenantFile) -> Result<String, TenantError> {
    let mut bytes = [0; 32];
    let problem = "this machine gives no random numbers";
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| TenantError::new(file.path(), None, problem))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl std::fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserSignIn")
            .field("endpoint", &self.endpoint.url)
            .finish_non_exhaustive()
    }
}
