//! Who may ask: one key for the whole server, compared in constant time, and a bucket of requests for each tenant.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_runner::tenant::Secret;
use http::{HeaderMap, header};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::error::{ApiError, Code};

/// The key of a server.
#[derive(Clone, Debug)]
pub struct Key(Secret);

impl Key {
    /// Characters that a key must have at least: it guards personal data.
    pub const SHORTEST: usize = 20;

    /// Takes a key.
    ///
    /// # Errors
    /// A message where it is too short or holds what no header can.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < Self::SHORTEST {
            return Err(format!(
                "a key must have at least {} characters",
                Self::SHORTEST
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a key must be visible ASCII characters without blanks".to_owned());
        }
        Ok(Self(Secret::new(text)))
    }

    /// Makes the text of a new key.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub fn generate() -> Result<String, String> {
        let mut bytes = [0_u8; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| "the system gives no random numbers".to_owned())?;
        Ok(host_runner::hex(&bytes))
    }

    /// Refuses a request without the key: `Authorization: Bearer KEY`, or from a browser the key as the password.
    ///
    /// # Errors
    /// `PLATFORM.AUTHENTICATION_INVALID`.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let given = headers
            .get(header::AUTHORIZATION)
            .map(|value| value.as_bytes());
        let given = given.and_then(|given| {
            let text = std::str::from_utf8(given).ok()?;
            let (scheme, rest) = text.split_once(' ')?;
            match scheme.to_ascii_lowercase().as_str() {
                "bearer" => Some(rest.trim().to_owned()),
                "basic" => {
                    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
                    Some(pair.split_once(':')?.1.to_owned())
                }
                _ => None,
            }
        });
        let is_right = given.is_some_and(|given| is_same(&given, self.0.expose()));
        match is_right {
            true => Ok(()),
            false => Err(ApiError::new(
                Code::Key,
                "send the server's key as `Authorization: Bearer KEY`",
            )),
        }
    }

    /// Signs a text; only this key can have made the result.
    pub(crate) fn sign(&self, text: &str) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.0.expose().as_bytes());
        host_runner::hex(ring::hmac::sign(&key, text.as_bytes()).as_ref())
    }

    /// Whether a signature is that of a text.
    pub(crate) fn has_signed(&self, text: &str, signature: &str) -> bool {
        is_same(&self.sign(text), signature)
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ: of their digests, which nobody can
/// choose byte by byte, the first difference says nothing.
fn is_same(left: &str, right: &str) -> bool {
    let of = |text: &str| digest(&SHA256, text.as_bytes());
    let (left, right) = (of(left), of(right));
    let pairs = left.as_ref().iter().zip(right.as_ref());
    pairs.fold(0, |differences, (left, right)| differences | (left ^ right)) == 0
}

/// Requests that a tenant may make at once, and in each second after that.
pub(crate) const BURST: f64 = 600.0;
pub(crate) const PER_SECOND: f64 = 200.0;

/// A tenant's requests.
#[derive(Debug)]
pub(crate) struct Bucket {
    left: f64,
    filled: Instant,
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            left: BURST,
            filled: Instant::now(),
        }
    }
}

impl Bucket {
    /// Takes one; how many are left, or the seconds until there is one.
    pub(crate) fn take(&mut self) -> Result<u32, u32> {
        let now = Instant::now();
        let grown = now.duration_since(self.filled).as_secs_f64() * PER_SECOND;
        (self.left, self.filled) = ((self.left + grown).min(BURST), now);
        if self.left < 1.0 {
            return Err(1);
        }
        self.left -= 1.0;
        Ok(self.left as u32)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]
    use super::*;

    const KEY: &str = "0123456789abcdefghij";

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_key_is_taken_as_bearer_and_as_password() {
        let key = Key::new(KEY).unwrap();
        assert!(key.check(&with(&format!("Bearer {KEY}"))).is_ok());
        assert!(key.check(&with(&format!("bearer {KEY}"))).is_ok());
        let basic = STANDARD.encode(format!("anybody:{KEY}"));
        assert!(key.check(&with(&format!("Basic {basic}"))).is_ok());
        for wrong in [
            "Bearer",
            "Bearer x",
            "Bearer 0123456789abcdefghi",
            "Basic !",
            "Digest x",
        ] {
            let refused = key.check(&with(wrong)).unwrap_err();
            assert_eq!(refused.code(), Code::Key, "{wrong}");
        }
        assert!(key.check(&HeaderMap::new()).is_err());
        assert!(Key::new("short").is_err());
        assert!(!format!("{key:?}").contains(KEY));
    }

    #[test]
    fn a_signature_is_of_its_text_alone() {
        let key = Key::new(KEY).unwrap();
        let signature = key.sign("file 1");
        assert!(key.has_signed("file 1", &signature));
        assert!(!key.has_signed("file 2", &signature));
    }

    #[test]
    fn a_bucket_that_is_empty_fills_again() {
        let mut bucket = Bucket::default();
        while bucket.take().is_ok() {}
        bucket.filled = Instant::now() - std::time::Duration::from_secs(1);
        assert!(bucket.take().is_ok());
    }
}
