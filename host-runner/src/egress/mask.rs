//! Takes the bearer out of answers.
//!
//! A server may say back what it was sent: in a header, in a debug page, in `Location: ...?sid=`. What reaches a
//! connector, a file or a terminal must not hold the credentials (they would let anyone in for hours), so each byte of
//! the secret is overwritten by `*`. Lengths stay, and so `Content-Length` stays true.

use super::spellings::Spellings;
use super::{EgressError, ResponseBody};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Takes the secret out of a body as it passes.
pub(crate) fn mask_body(spellings: &Spellings, body: ResponseBody) -> ResponseBody {
    if spellings.is_empty() {
        return body;
    }
    Masked {
        inner: body,
        spellings: spellings.clone(),
        held: BytesMut::new(),
        next: None,
        ended: false,
    }
    .boxed_unsync()
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
        let body = mask_body(&Spellings::of(TOKEN), body);
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
