//! Detached signatures of components: whom a tenant trusts to have made the code that it runs.
//!
//! A signature is Ed25519 over the line `ats-component-v1:` and the SHA-256 of the file in hexadecimal digits, so that
//! one made for another purpose never fits. It is kept beside the component, in a file with the ending `.sig`, as
//! base64.

use crate::hex;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde::de::{self, Deserializer};
use sha2::{Digest, Sha256};

/// Begins what is signed.
const PURPOSE: &str = "ats-component-v1:";

/// A public key, written as base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// A signature, written as base64 of its 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// A private key.
pub struct SigningKey(Ed25519KeyPair);

/// Why a signature, a key, or a component without one, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The tenant file requires one.
    #[error(
        "the component has no signature, and `component.public_key` in the tenant file requires one: put it beside the \
         component, in a file with the ending .sig"
    )]
    Missing,
    /// It was made with another key, or for other bytes.
    #[error(
        "the component (sha256 {sha256}) does not fit its signature and the public key {key}: it was changed, or signed by \
         somebody else"
    )]
    Wrong {
        /// Of the component.
        sha256: String,
        /// The key that it should be signed with.
        key: PublicKey,
    },
    /// A text is no signature.
    #[error("not a signature: it must be 64 bytes as base64")]
    NoSignature,
    /// A text is no public key.
    #[error("not a public key: it must be 32 bytes as base64, as `asymbl sign` prints it")]
    NoPublicKey,
    /// A text is no private key.
    #[error(
        "not an Ed25519 private key: it must be PKCS#8 in PEM, as `asymbl sign --new-key` or openssl writes it"
    )]
    NoPrivateKey,
    /// The system gives no random numbers.
    #[error("no key can be made: the system gives no random numbers")]
    NoRandomness,
}

/// Where the signature of a component is kept.
pub fn signature_path(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// The SHA-256 of a component's bytes in hexadecimal digits.
pub fn sha256(wasm: &[u8]) -> String {
    hex(&Sha256::digest(wasm))
}

fn signed(sha256: &str) -> Vec<u8> {
    format!("{PURPOSE}{sha256}").into_bytes()
}

impl PublicKey {
    /// Checks the signature of a component whose SHA-256 is given in hexadecimal digits.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] without one, [`SignatureError::Wrong`] where it does not fit.
    pub fn verify(
        &self,
        sha256: &str,
        signature: Option<&Signature>,
    ) -> Result<(), SignatureError> {
        let signature = signature.ok_or(SignatureError::Missing)?;
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(&signed(sha256), &signature.0)
            .map_err(|_| SignatureError::Wrong {
                sha256: sha256.to_owned(),
                key: *self,
            })
    }
}

impl SigningKey {
    /// Makes a key; the text is what to keep of it.
    ///
    /// # Errors
    /// [`SignatureError::NoRandomness`].
    pub fn generate() -> Result<(Self, String), SignatureError> {
        let random = ring::rand::SystemRandom::new();
        let document =
            Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| SignatureError::NoRandomness)?;
        let body = STANDARD.encode(document.as_ref());
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        );
        Ok((Self::from_pem(&pem)?, pem))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`SignatureError::NoPrivateKey`].
    pub fn from_pem(text: &str) -> Result<Self, SignatureError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| SignatureError::NoPrivateKey)?;
        // openssl leaves the public half out.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
            .map_err(|_| SignatureError::NoPrivateKey)?;
        Ok(Self(pair))
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        let mut key = [0; 32];
        // Ed25519 keys have 32 bytes.
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs a component whose SHA-256 is given in hexadecimal digits.
    pub fn sign(&self, sha256: &str) -> Signature {
        let mut signature = [0; 64];
        // Ed25519 signatures have 64 bytes.
        signature.copy_from_slice(self.0.sign(&signed(sha256)).as_ref());
        Signature(signature)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for PublicKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let bytes = STANDARD.decode(text.trim()).ok();
        let key = bytes.and_then(|bytes| bytes.try_into().ok());
        key.map(Self).ok_or(SignatureError::NoPublicKey)
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let bytes = STANDARD.decode(text.trim()).ok();
        let signature = bytes.and_then(|bytes| bytes.try_into().ok());
        signature.map(Self).ok_or(SignatureError::NoSignature)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn only_the_signature_of_these_bytes_with_this_key_fits() {
        let (key, pem) = SigningKey::generate().unwrap();
        let read = SigningKey::from_pem(&pem).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        let public: PublicKey = key.public_key().to_string().parse().unwrap();
        let signature: Signature = format!("{}\n", key.sign(HASH)).parse().unwrap();
        assert_eq!(public.verify(HASH, Some(&signature)), Ok(()));

        assert_eq!(public.verify(HASH, None), Err(SignatureError::Missing));
        let other = HASH.replace('e', "f");
        let (stranger, _) = SigningKey::generate().unwrap();
        let mut flipped = signature;
        flipped.0[7] ^= 1;
        for (key, hash, signature) in [
            (public, other.as_str(), signature),
            (public, HASH, stranger.sign(HASH)),
            (stranger.public_key(), HASH, signature),
            (public, HASH, flipped),
        ] {
            let refused = key.verify(hash, Some(&signature));
            assert!(matches!(refused, Err(SignatureError::Wrong { .. })));
        }
    }

    #[test]
    fn a_key_that_openssl_made_is_read() {
        // `openssl genpkey -algorithm ed25519`
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        let key = SigningKey::from_pem(pem).unwrap();
        // RFC 8032, section 7.1, test 1.
        assert_eq!(
            key.public_key().to_string(),
            "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        );
    }

    #[test]
    fn other_texts_are_no_keys_and_no_signatures() {
        for text in [
            "",
            "AAAA",
            "not base64!",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(SigningKey::from_pem(text).is_err());
            assert!(text.parse::<PublicKey>().is_err());
            assert!(text.parse::<Signature>().is_err());
        }
    }
}
