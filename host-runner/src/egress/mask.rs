//! Takes the bearer out of answers.
//!
//! A server may say back what it was sent: in a header, in a debug page, in `Location: ...?sid=`. What reaches a
//! connector, a file or a terminal must not hold the credentials (they would let anyone in for hours), so each byte of
//! the secret is overwritten by `*`. Lengths stay, and so `Content-Length` stays true.

use super::{EgressError, ResponseBody};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use memchr::memmem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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

    /// Overwrites every occurrence; whether there was one.
    fn mask(&self, bytes: &mut [u8]) -> bool {
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

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.0
            .iter()
            .any(|spelling| memmem::find(bytes, spelling).is_some())
    }

    /// How many bytes at the end may be the start of an occurrence.
    fn begun(&self, bytes: &[u8]) -> usize {
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

    /// Takes the secret out of a body as it passes.
    pub(crate) fn mask_body(&self, body: ResponseBody) -> ResponseBody {
        if self.0.is_empty() {
            return body;
        }
        Masked {
            inner: body,
            spellings: self.clone(),
            held: BytesMut::new(),
            next: None,
            ended: false,
        }
        .boxed_unsync()
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

/// A body in which the secret may be split over pieces: the end of a piece waits for the next where it may be its
/// start.
struct Masked {
    inner: ResponseBody,
    spellings: Spellings,
    held: BytesMut,
    next: Option<Frame<Bytes>>,
    ended: bool,
}

impl Body for Masked {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let this = &mut *self;
        loop {
            if let Some(frame) = this.next.take() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let frame = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                None => {
                    this.ended = true;
                    let rest = this.held.split().freeze();
                    this.next = Some(rest).filter(|rest| !rest.is_empty()).map(Frame::data);
                    continue;
                }
                Some(Err(error)) => {
                    this.ended = true;
                    this.held.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Ok(frame)) => frame,
            };
            let data = match frame.into_data() {
                Ok(data) => data,
                Err(frame) => {
                    let frame = match frame.into_trailers() {
                        Ok(mut trailers) => {
                            this.spellings.mask_headers(&mut trailers);
                            Frame::trailers(trailers)
                        }
                        Err(frame) => frame,
                    };
                    let rest = this.held.split().freeze();
                    if rest.is_empty() {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    this.next = Some(frame);
                    return Poll::Ready(Some(Ok(Frame::data(rest))));
                }
            };
            // Almost every piece: it passes without being copied.
            if this.held.is_empty()
                && !this.spellings.is_in(&data)
                && this.spellings.begun(&data) == 0
            {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            this.held.extend_from_slice(&data);
            this.spellings.mask(&mut this.held);
            let kept = this.spellings.begun(&this.held);
            let done = this.held.split_to(this.held.len() - kept).freeze();
            if !done.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(done))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.next.is_none() && (self.ended || self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = self.held.len()
            + self
                .next
                .as_ref()
                .and_then(Frame::data_ref)
                .map_or(0, Bytes::len);
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + waiting as u64);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + waiting as u64);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::StreamBody;
    use proptest::prelude::*;

    const TOKEN: &str = "00DHs0000000001!AQE/QFz3+L0pWq7Kx.Tn";

    async fn passed(pieces: Vec<Vec<u8>>) -> Vec<u8> {
        let frames = pieces
            .into_iter()
            .map(|piece| Ok::<_, EgressError>(Frame::data(Bytes::from(piece))));
        let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
        let body = Spellings::of(TOKEN).mask_body(body);
        body.collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn every_spelling_goes_and_the_rest_stays() {
        let text = "a AQE/QFz3+L0pWq7Kx.Tn b AQE%2FQFz3%2BL0pWq7Kx.Tn c AQE%2fQFz3%2bL0pWq7Kx.Tn d AQE\\/QFz3+L0pWq7Kx.Tn e AQE/QF";
        let masked = String::from_utf8(passed(vec![text.into()]).await).unwrap();
        assert_eq!(masked.len(), text.len());
        let words: Vec<&str> = masked.split(' ').collect();
        assert_eq!(words.len(), 10, "{masked}");
        for (i, word) in words.iter().enumerate() {
            let hidden = word.chars().all(|c| c == '*');
            assert_eq!(hidden, i % 2 == 1 && i < 9, "{masked}");
        }
        assert!(masked.ends_with("AQE/QF"));
    }

    #[test]
    fn a_word_that_is_met_by_chance_is_no_token() {
        assert!(Spellings::of("given").0.is_empty());
        assert!(!Spellings::of("x!given-token-of-some-length").0.is_empty());
        assert!(Spellings::of("abcdefghijkl!short").is_in(b"abcdefghijkl!short"));
    }

    proptest! {
        #[test]
        fn however_a_body_is_cut_the_secret_is_gone_and_nothing_else(
            parts in prop::collection::vec(prop_oneof![Just("AQE/QFz3+L0pWq7Kx.Tn"), Just("AQE/"), Just("x"), Just("AQE/QFz3+L0pWq7Kx.T")], 0..8),
            cuts in prop::collection::vec(1_usize..9, 1..12),
        ) {
            let whole = parts.concat().into_bytes();
            let (mut pieces, mut rest, mut cuts) = (Vec::new(), &whole[..], cuts.into_iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                pieces.push(piece.to_vec());
                rest = later;
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let masked = String::from_utf8(runtime.block_on(passed(pieces))).unwrap();
            let expected = String::from_utf8(whole).unwrap().replace("AQE/QFz3+L0pWq7Kx.Tn", &"*".repeat(20));
            prop_assert_eq!(masked, expected);
        }
    }
}
