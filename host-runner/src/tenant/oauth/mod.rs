//! Signing in: one file per flow, one way to the token endpoint.
//!
//! A flow knows which form to post. `request` posts it, through a gate of its own that is open for the token endpoint's
//! origin alone, and [`OAuthError`] says in plain words what Salesforce's terse errors mean and how to fix them
//! (salesforce-api.md 1.1 to 1.4). Nothing is ever revoked: sessions are shared (1.3).

mod access_token;
mod browser;
mod cause;
mod client_credentials;
mod endpoint;
mod error;
mod jwt_bearer;
mod loopback;
mod refresh_token;
mod rejection;
mod reply;
mod request;

pub use browser::BrowserSignIn;
pub use cause::Cause;
pub use endpoint::TOKEN_PATH;
pub use error::OAuthError;
pub use loopback::Loopback;

pub(crate) use endpoint::Endpoint;
pub(crate) use refresh_token::{Prepared, hash};
pub(crate) use request::gate;

use super::{Auth, Secret, TenantError, TenantFile, TokenVault};
use crate::egress::Gate;
use std::sync::Arc;

/// An access token.
pub(crate) enum Token {
    /// From the token endpoint, now.
    Issued(Secret),
    /// From another process that shares the tenant's tokens. It may have expired.
    Shared(Secret),
}

/// A flow with its secrets read.
pub(crate) struct Flow {
    pub(crate) endpoint: Endpoint,
    kind: Kind,
}

enum Kind {
    ClientCredentials(client_credentials::ClientCredentials),
    JwtBearer(jwt_bearer::JwtBearer),
    RefreshToken(refresh_token::RefreshToken),
    AccessToken(access_token::AccessToken),
}

impl Flow {
    /// Reads the flow's secrets.
    pub(crate) fn new(
        file: &TenantFile,
        vault: Option<Arc<dyn TokenVault>>,
    ) -> Result<Self, TenantError> {
        let (kind, token_url) = match file.auth() {
            Auth::ClientCredentials {
                client_id,
                client_secret,
                token_url,
            } => {
                let flow =
                    client_credentials::ClientCredentials::new(file, client_id, client_secret)?;
                (Kind::ClientCredentials(flow), token_url.clone())
            }
            Auth::JwtBearer {
                client_id,
                username,
                private_key,
                audience,
                token_url,
            } => {
                let flow = jwt_bearer::JwtBearer::new(
                    file,
                    client_id,
                    username,
                    private_key,
                    audience.as_deref(),
                )?;
                (Kind::JwtBearer(flow), token_url.clone())
            }
            Auth::RefreshToken {
                client_id,
                client_secret,
                refresh_token,
                token_url,
            } => {
                let flow = refresh_token::RefreshToken::new(
                    file,
                    client_id,
                    client_secret.as_ref(),
                    refresh_token,
                    vault,
                )?;
                (Kind::RefreshToken(flow), token_url.clone())
            }
            Auth::AccessToken { access_token } => (
                Kind::AccessToken(access_token::AccessToken::new(file, access_token)?),
                None,
            ),
        };
        let endpoint = Endpoint::new(file, token_url.as_deref())?;
        Ok(Self { endpoint, kind })
    }

    /// Gets an access token; `stale` is one that was issued before and is not accepted any more.
    pub(crate) async fn sign_in(
        &self,
        gate: &Gate,
        stale: Option<&Secret>,
    ) -> Result<Token, OAuthError> {
        let form = match &self.kind {
            Kind::ClientCredentials(flow) => flow.form(),
            Kind::JwtBearer(flow) => flow.form()?,
            Kind::RefreshToken(flow) => return flow.sign_in(gate, &self.endpoint, stale).await,
            Kind::AccessToken(flow) => return flow.sign_in(stale.is_some()).map(Token::Issued),
        };
        let answer = request::post(gate, &self.endpoint, &form).await?;
        answer
            .access_token(&self.endpoint, &form)
            .map(Token::Issued)
    }

    /// Whether an answer holds state that no second one repeats: a rotated refresh token.
    pub(crate) fn rotates(&self) -> bool {
        matches!(self.kind, Kind::RefreshToken(_))
    }

    /// Tries once more to write what could not be written.
    pub(crate) async fn save(&self) -> Result<(), OAuthError> {
        match &self.kind {
            Kind::RefreshToken(flow) => flow.save().await,
            _ => Ok(()),
        }
    }

    /// What tells this sign-in from others, for the key of a token cache: flow and user, no secret.
    pub(crate) fn identity(&self) -> String {
        match &self.kind {
            Kind::ClientCredentials(flow) => format!("client-credentials {}", flow.client_id()),
            Kind::JwtBearer(flow) => format!("jwt-bearer {} {}", flow.client_id(), flow.username()),
            Kind::RefreshToken(flow) => format!("refresh-token {}", flow.seed_hash()),
            Kind::AccessToken(_) => "access-token".to_owned(),
        }
    }

    /// Whether tokens of this flow are worth keeping: a given token is on disk already.
    pub(crate) fn cacheable(&self) -> bool {
        !matches!(self.kind, Kind::AccessToken(_))
    }
}
