//! How a server may spell a secret in what it says back.

use http::{HeaderMap, HeaderValue};
use memchr::memmem;
use std::sync::Arc;

/// Shorter texts are met by chance; Salesforce's tokens have some 100 characters.
const SHORTEST: usize = 12;

/// The spellings of one secret. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Spellings(Arc<[Vec<u8>]>);

impl Spellings {
    /// Of a token. Salesforce's are `ORG_ID!SECRET` (salesforce-api.md 1): the id is public, and the `!` has many
    /// spellings, so only what follows it counts.
    pub(crate) fn of(token: &str) -> Self {
        let secret = match token.rsplit_once('!') {
            Some((_, secret)) if secret.len() >= SHORTEST => secret,
            _ => token,
        };
        let mut all: Vec<Vec<u8>> = Vec::new();
        if secret.len() >= SHORTEST {
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let lower = lower_escapes(&encoded);
            for spelling in [
                secret.to_owned(),
                encoded,
                lower,
                secret.replace('/', "\\/"),
            ] {
                let spelling = spelling.into_bytes();
                if !all.contains(&spelling) {
                    all.push(spelling);
                }
            }
        }
        Self(all.into())
    }

    /// Returns true if the secret is too short to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Overwrites every occurrence; returns true if there was one.
    pub(super) fn mask(&self, bytes: &mut [u8]) -> bool {
        let mut any = false;
        for spelling in self.0.iter() {
            let found: Vec<usize> = memmem::find_iter(bytes, spelling).collect();
            for at in found {
                bytes[at..at + spelling.len()].fill(b'*');
                any = true;
            }
        }
        any
    }

    /// Returns true if the secret occurs.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.0
            .iter()
            .any(|spelling| memmem::find(bytes, spelling).is_some())
    }

    /// Returns the number of bytes at the end that may be the start of an occurrence.
    pub(super) fn begun(&self, bytes: &[u8]) -> usize {
        let longest = |spelling: &Vec<u8>| {
            let most = (spelling.len() - 1).min(bytes.len());
            (1..=most)
                .rev()
                .find(|length| bytes.ends_with(&spelling[..*length]))
        };
        self.0.iter().filter_map(longest).max().unwrap_or(0)
    }

    /// Takes the secret out of header values.
    pub(crate) fn mask_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let mut bytes = value.as_bytes().to_vec();
            if self.mask(&mut bytes) {
                *value = HeaderValue::from_bytes(&bytes)
                    .unwrap_or_else(|_| HeaderValue::from_static("*"));
            }
        }
    }
}

/// `%2B` as `%2b`: both are read alike.
fn lower_escapes(encoded: &str) -> String {
    let mut pieces = encoded.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        text.push('%');
        text.push_str(&code.to_ascii_lowercase());
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_met_by_chance_is_no_token() {
        assert!(Spellings::of("given").0.is_empty());
        assert!(!Spellings::of("x!given-token-of-some-length").0.is_empty());
        assert!(Spellings::of("abcdefghijkl!short").is_in(b"abcdefghijkl!short"));
    }
}
