//! Checks the assertion of the JWT bearer flow.
//!
//! RS256 only; `exp` may be a number or, as simple-salesforce sends it, a string (salesforce-api.md 1.1).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;

/// Longest lifetime that an assertion may claim, in seconds, with a minute for clock skew.
const MAX_LIFE: i64 = 240;

/// An RSA public key that assertions are checked against.
#[derive(Clone)]
pub struct JwtKey {
    pkcs1: Vec<u8>,
}

impl std::fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JwtKey({} bytes)", self.pkcs1.len())
    }
}

/// A public key that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the JWT public key is not an RSA key in PEM form (BEGIN PUBLIC KEY or BEGIN RSA PUBLIC KEY)"
)]
pub struct BadKey;

impl JwtKey {
    /// Reads `BEGIN PUBLIC KEY` (SubjectPublicKeyInfo) or `BEGIN RSA PUBLIC KEY` (PKCS#1).
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let text: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .map(str::trim)
            .collect();
        let der = STANDARD.decode(text).map_err(|_| BadKey)?;
        if pem.contains("BEGIN RSA PUBLIC KEY") {
            return Ok(Self { pkcs1: der });
        }
        let outer = tlv(&der, 0x30).ok_or(BadKey)?.0;
        let after_algorithm = tlv(outer, 0x30).ok_or(BadKey)?.1;
        let bits = tlv(after_algorithm, 0x03).ok_or(BadKey)?.0;
        // The first byte of a bit string counts its unused bits.
        Ok(Self {
            pkcs1: bits.get(1..).ok_or(BadKey)?.to_vec(),
        })
    }
}

/// Reads one DER element of the given tag: its contents and what follows it.
fn tlv(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let bytes = usize::from(length & 0x7f);
        let value = rest.get(..bytes)?.iter().try_fold(0usize, |sum, byte| {
            sum.checked_mul(256)?.checked_add(usize::from(*byte))
        })?;
        (value, &rest[bytes..])
    };
    Some((rest.get(..length)?, &rest[length..]))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    fn value(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number as i64),
            Self::Text(text) => text.parse::<f64>().ok().map(|number| number as i64),
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: Seconds,
}

/// Why an assertion was refused: the `error` and `error_description` of the answer (salesforce-api.md 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub &'static str, pub &'static str);

const INVALID: Refused = Refused("invalid_grant", "invalid assertion");

/// Checks signature, issuer, audience and expiry (seconds since the epoch); returns the username.
pub fn check(
    assertion: &str,
    key: Option<&JwtKey>,
    client_id: &str,
    audiences: &[String],
    now: i64,
) -> Result<String, Refused> {
    let mut parts = assertion.rsplitn(2, '.');
    let (Some(signature), Some(signed)) = (parts.next(), parts.next()) else {
        return Err(INVALID);
    };
    let (header, claims) = signed.split_once('.').ok_or(INVALID)?;
    let decode = |text: &str| {
        URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| INVALID)
    };
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| INVALID)?;
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| INVALID)?;
    if claims.iss != client_id {
        return Err(Refused("invalid_client_id", "client identifier invalid"));
    }
    let key = key.ok_or(Refused(
        "unsupported_grant_type",
        "grant type not supported",
    ))?;
    let verifier = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.pkcs1);
    if header.alg != "RS256"
        || verifier
            .verify(signed.as_bytes(), &decode(signature)?)
            .is_err()
    {
        return Err(INVALID);
    }
    if !audiences
        .iter()
        .any(|audience| audience == claims.aud.trim_end_matches('/'))
    {
        return Err(Refused("invalid_grant", "audience is invalid"));
    }
    let expires = claims.exp.value().ok_or(INVALID)?;
    if expires < now || expires > now + MAX_LIFE {
        return Err(Refused("invalid_grant", "expired authorization code"));
    }
    Ok(claims.sub)
}
