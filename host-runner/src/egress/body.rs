//! The bodies of requests and responses.

use super::dial::BoxError;
use super::{EgressError, Origin};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Empty, Full, StreamBody};
use tokio::sync::mpsc;

/// How many pieces of an answer, 64 KiB each, are read before the connector asks for them.
const AHEAD: usize = 16;

/// A request's body.
pub type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// An answer's body, read piece by piece. Its errors are those of the exchange: too large, too slow, truncated.
pub type ResponseBody = UnsyncBoxBody<Bytes, EgressError>;

/// A body of no bytes.
pub fn empty_body() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of these bytes.
pub fn full_body(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Reads the first bytes of a body (at least `enough`, or all of it) and gives the whole body back with them.
pub(crate) async fn peek(mut body: ResponseBody, enough: usize) -> (Vec<u8>, ResponseBody) {
    let mut start = Vec::new();
    let mut frames = Vec::new();
    while start.len() < enough {
        let Some(frame) = body.frame().await else {
            break;
        };
        let failed = frame.is_err();
        if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
            start.extend_from_slice(data);
        }
        frames.push(frame);
        if failed {
            break;
        }
    }
    let whole = stream::iter(frames).chain(BodyStream::new(body));
    (start, StreamBody::new(whole).boxed_unsync())
}

/// Reads a body in a task of its own, ahead of its reader: the next page is decompressed while the connector maps the
/// one before. The task ends when the body is dropped.
pub(crate) fn read_ahead(mut body: ResponseBody, origin: Origin) -> ResponseBody {
    // The end is sent too: a task that panicked must not look like a body that is complete.
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        loop {
            let frame = tokio::select! {
                biased;
                () = sender.closed() => return,
                frame = body.frame() => frame,
            };
            let is_end = !matches!(frame, Some(Ok(_)));
            if sender.send(frame).await.is_err() || is_end {
                return;
            }
        }
    });
    let pieces = stream::unfold((receiver, origin), |(mut receiver, origin)| async {
        let frame = match receiver.recv().await {
            Some(frame) => frame?,
            None => Err(EgressError::Truncated {
                origin: origin.clone(),
            }),
        };
        Some((frame, (receiver, origin)))
    });
    StreamBody::new(pieces).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn origin() -> Origin {
        Origin::of_url("https://acme.my.salesforce.com").unwrap()
    }

    fn data(byte: u8) -> Result<Frame<Bytes>, EgressError> {
        Ok(Frame::data(vec![byte; 10].into()))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_body_read_ahead_is_the_same_body() {
        let pieces = (0..200)
            .map(data)
            .chain([Err(EgressError::Truncated { origin: origin() }), data(1)]);
        let body = StreamBody::new(stream::iter(pieces)).boxed_unsync();
        let mut body = read_ahead(body, origin());
        for byte in 0..200 {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), vec![byte; 10]);
        }
        let end = body.frame().await.unwrap();
        assert!(matches!(end, Err(EgressError::Truncated { .. })));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_some_pieces_are_read_ahead_and_none_for_nobody() {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let endless = stream::iter(std::iter::repeat_with(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            data(0)
        }));
        let body = read_ahead(StreamBody::new(endless).boxed_unsync(), origin());
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ahead = read.load(Ordering::SeqCst);
        assert!((AHEAD..=AHEAD + 2).contains(&ahead), "{ahead}");
        drop(body);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(read.load(Ordering::SeqCst) <= ahead + 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_panics_leaves_no_body_that_looks_complete() {
        let pieces = stream::iter(0..3).map(|at| {
            assert!(at < 2, "meant to panic");
            data(at)
        });
        let mut body = read_ahead(StreamBody::new(pieces).boxed_unsync(), origin());
        let mut last = None;
        for _ in 0..3 {
            last = body.frame().await;
        }
        assert!(matches!(last, Some(Err(EgressError::Truncated { .. }))));
    }
}
