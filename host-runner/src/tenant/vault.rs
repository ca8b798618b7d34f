//! Tokens that processes on several machines share.
//!
//! A refresh token that changes with every use can't be in a file of each machine: who uses an old one locks all of
//! them out. A [`TokenVault`] keeps the tokens for all, and lets one process at a time replace them. What it keeps is
//! sealed under the refresh token that the tenant file gives, so only who has the tenant's secrets can read it, and a
//! new token in the tenant file begins anew. Never here: where the vault is.

use super::{Secret, oauth::hash};
use futures_util::future::BoxFuture;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::{Zeroize as _, Zeroizing};

/// Keeps sealed tokens under names.
pub trait TokenVault: Send + Sync {
    /// Waits until nobody has the tokens of this name, and takes them. Whoever has them must not lose them because of a
    /// time-out: while it lives, it may hold the only copy of the next ones.
    ///
    /// # Errors
    /// In words, where the vault can't be reached or somebody has them for too long.
    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn TakenTokens>, String>>;
}

/// The tokens of a name, which nobody else gets until this is dropped.
pub trait TakenTokens: Send + Sync {
    /// What is kept.
    fn kept(&self) -> Option<&[u8]>;

    /// Keeps something else in its place.
    ///
    /// # Errors
    /// In words; then it is not kept.
    fn keep(&mut self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), String>>;
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) refresh_token: String,
    /// Empty where only the refresh token is known.
    pub(crate) access_token: String,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.refresh_token.zeroize();
        self.access_token.zeroize();
    }
}

/// The part of a vault that belongs to one refresh token of a tenant file.
pub(crate) struct Shared {
    vault: Arc<dyn TokenVault>,
    name: String,
    key: LessSafeKey,
}

impl Shared {
    pub(crate) fn new(vault: Arc<dyn TokenVault>, first: &Secret) -> Self {
        let of = |purpose: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, first.expose().as_bytes());
            hmac::sign(&key, format!("asymbl shared tokens: {purpose}").as_bytes())
        };
        // SHA-256 gives the 32 bytes that this key has.
        #[expect(clippy::expect_used)]
        let key = UnboundKey::new(&AES_256_GCM, of("key").as_ref()).expect("a key");
        Self {
            vault,
            name: crate::hex(of("name").as_ref()),
            key: LessSafeKey::new(key),
        }
    }

    pub(crate) async fn take(&self) -> Result<Box<dyn TakenTokens>, String> {
        self.vault.take(&self.name).await
    }

    pub(crate) fn seal(&self, tokens: &Tokens) -> Result<Vec<u8>, String> {
        let mut nonce = [0; NONCE_LEN];
        let random = SystemRandom::new().fill(&mut nonce);
        random.map_err(|_| "the system has no random numbers".to_owned())?;
        let mut text = serde_json::to_vec(tokens).map_err(|error| error.to_string())?;
        let unique = Nonce::assume_unique_for_key(nonce);
        let sealed = self
            .key
            .seal_in_place_append_tag(unique, self.aad(), &mut text);
        sealed.map_err(|_| "the tokens can't be sealed".to_owned())?;
        Ok([&nonce[..], &text].concat())
    }

    /// Opens what was sealed; none for anything else.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Tokens> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.key.open_in_place(nonce, self.aad(), &mut text).ok()?;
        serde_json::from_slice(text).ok()
    }

    fn aad(&self) -> Aad<&[u8]> {
        Aad::from(self.name.as_bytes())
    }
}

/// What stands in the file beside a refresh token that was replaced by one in a vault.
pub(crate) fn mark_of(token: &Secret) -> String {
    hash(&format!("replaced {}", token.expose()))
}
