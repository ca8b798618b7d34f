//! What the gate needs to know about credentials: a header value, and whether the org took it.
//!
//! The gate does not know flows or files. It asks for the current bearer, and tells what became of it; who implements
//! this (see `tenant`) decides when to sign in again.

use super::recovery::Recovery;
use super::spellings::Spellings;
use futures_util::future::BoxFuture;
use http::{HeaderValue, StatusCode};

/// A ready `Authorization` header value. Debug prints `Sensitive`, never the token.
#[derive(Clone)]
pub struct Bearer {
    header: HeaderValue,
    generation: u64,
    spellings: Spellings,
}

impl Bearer {
    /// Makes `Bearer TOKEN` of a token, with a number that tells it from earlier and later ones.
    ///
    /// # Errors
    /// When the token holds characters that no header can carry. The message does not repeat it.
    pub fn new(token: &str, generation: u64) -> Result<Self, CredentialsError> {
        let refused = || CredentialsError {
            message: "the access token holds characters that no HTTP header can carry".into(),
            recovery: Recovery::Wait,
        };
        let plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| refused())?;
        if !plain {
            return Err(refused());
        }
        header.set_sensitive(true);
        Ok(Self {
            header,
            generation,
            spellings: Spellings::of(token),
        })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// How an answer may say it back.
    pub(crate) fn spellings(&self) -> &Spellings {
        &self.spellings
    }

    /// Which token this is: later ones have larger numbers.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer")
            .field("header", &self.header)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// No bearer is available. Messages name the tenant and the fix, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialsError {
    /// What is wrong and how to fix it.
    pub message: String,
    /// What has to happen before a bearer is available.
    pub recovery: Recovery,
}

/// Where the gate gets its bearer from.
pub trait Credentials: Send + Sync {
    /// The bearer to use now. Waits for a sign-in under way; many callers at once make one sign-in.
    fn bearer(&self) -> BoxFuture<'_, Result<Bearer, CredentialsError>>;

    /// The org took this bearer: any answer but 401.
    fn accepted(&self, bearer: &Bearer);

    /// The org refused this bearer with this status (401) and this start of a body.
    fn refused(&self, bearer: &Bearer, status: StatusCode, body: &[u8]);
}
