//! Bodies on their way: counted, capped, timed, decoded.
//!
//! What arrives is wrapped in layers, from the wire outwards: deadlines and wire count, gzip decoding, then the cap on
//! decoded bytes. A gzip bomb therefore meets the cap while it unfolds, 64 KiB at a time, and never fills memory.

use super::dial::BoxError;
use super::job::Job;
use super::{ByteSize, Deadlines, EgressError, Origin, Phase, RequestBody, ResponseBody};
use async_compression::tokio::bufread::GzipDecoder;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyDataStream, BodyExt, StreamBody};
use hyper::body::Incoming;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::io::{ReaderStream, StreamReader};

/// How much of an answer is unfolded at a time.
const CHUNK: usize = 64 * 1024;

/// When the last piece of a request's body was handed over: the wait for an answer starts there.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn mark(&self) {
        *crate::lock(&self.0) = Instant::now();
    }

    pub(crate) fn last(&self) -> Instant {
        *crate::lock(&self.0)
    }
}

/// A request's body on its way out: counted and capped.
pub(crate) struct Upload {
    pub(crate) inner: RequestBody,
    pub(crate) job: Arc<Job>,
    pub(crate) origin: Origin,
    pub(crate) cap: ByteSize,
    pub(crate) sent: u64,
    pub(crate) progress: Progress,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => {
                tracing::debug!(%error, "request body ended early");
                return Poll::Ready(Some(Err(EgressError::RequestBody {
                    origin: this.origin.clone(),
                }
                .into())));
            }
            Some(Ok(frame)) => frame,
        };
        this.progress.mark();
        if let Some(data) = frame.data_ref() {
            this.sent += data.len() as u64;
            if this.sent > this.cap.as_u64() {
                let error = EgressError::RequestTooLarge {
                    origin: this.origin.clone(),
                    cap: this.cap,
                };
                return Poll::Ready(Some(Err(error.into())));
            }
            if let Err(error) = this.job.meter.sent(data.len()) {
                return Poll::Ready(Some(Err(error.into())));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body as it comes off the wire: timed and counted. Holds its place among the requests in flight.
pub(crate) struct Download {
    pub(crate) inner: Incoming,
    pub(crate) job: Arc<Job>,
    pub(crate) origin: Origin,
    pub(crate) deadlines: Deadlines,
    pub(crate) started: Instant,
    /// Runs only while someone waits for the next piece: a slow reader is not the server's fault.
    pub(crate) waiting: Option<Pin<Box<Sleep>>>,
    pub(crate) _place: OwnedSemaphorePermit,
}

impl Download {
    fn late(&self, phase: Phase, after: std::time::Duration) -> EgressError {
        EgressError::Timeout {
            origin: self.origin.clone(),
            phase,
            after,
        }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let this = &mut *self;
        let left = this.deadlines.total.checked_sub(this.started.elapsed());
        let Some(left) = left else {
            return Poll::Ready(Some(Err(this.late(Phase::Total, this.deadlines.total))));
        };
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.waiting = None;
                let frame = frame
                    .transpose()
                    .map_err(|error| body_error(&this.origin, &error))?;
                if let Some(data) = frame.as_ref().and_then(Frame::data_ref) {
                    this.job.meter.received(data.len());
                }
                Poll::Ready(frame.map(Ok))
            }
            Poll::Pending => {
                let between = this.deadlines.between_bytes;
                let waiting = this
                    .waiting
                    .get_or_insert_with(|| Box::pin(sleep(between.min(left))));
                ready!(waiting.as_mut().poll(cx));
                let error = if between <= left {
                    this.late(Phase::BetweenBytes, between)
                } else {
                    this.late(Phase::Total, this.deadlines.total)
                };
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn body_error(origin: &Origin, error: &hyper::Error) -> EgressError {
    let malformed = |kind| {
        matches!(
            kind,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        )
    };
    let source =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    if error.is_parse() || source.is_some_and(|source| malformed(source.kind())) {
        return EgressError::Protocol {
            origin: origin.clone(),
            detail: error.to_string(),
        };
    }
    EgressError::Truncated {
        origin: origin.clone(),
    }
}

/// Unfolds a gzip body.
pub(crate) fn gunzip(body: Download) -> ResponseBody {
    let origin = body.origin.clone();
    let began = Arc::new(AtomicBool::new(false));
    let begun = began.clone();
    let compressed = BodyDataStream::new(body)
        .inspect_ok(move |_| begun.store(true, Ordering::Relaxed))
        .map_err(io::Error::other);
    let mut decoder = GzipDecoder::new(StreamReader::new(compressed));
    // RFC 1952: a gzip stream may have several members; stopping after the first would lose the rest silently.
    decoder.multiple_members(true);
    let plain = ReaderStream::with_capacity(decoder, CHUNK).filter_map(move |piece| {
        // Some servers say gzip and then send nothing at all: that is an empty body, not a cut one.
        let nothing = !began.load(Ordering::Relaxed);
        let piece = match piece {
            Err(error) if nothing && error.kind() == io::ErrorKind::UnexpectedEof => None,
            piece => Some(
                piece
                    .map(Frame::data)
                    .map_err(|error| gzip_error(&origin, error)),
            ),
        };
        std::future::ready(piece)
    });
    StreamBody::new(plain).boxed_unsync()
}

fn gzip_error(origin: &Origin, error: io::Error) -> EgressError {
    let kind = error.kind();
    let detail = error.to_string();
    match error
        .into_inner()
        .map(|inner| inner.downcast::<EgressError>())
    {
        Some(Ok(ours)) => *ours,
        _ if kind == io::ErrorKind::UnexpectedEof => EgressError::Truncated {
            origin: origin.clone(),
        },
        _ => EgressError::Encoding {
            origin: origin.clone(),
            detail: format!("gzip: {detail}"),
        },
    }
}

/// The outermost layer: counts and caps what is handed on, and remembers what went wrong.
pub(crate) struct Handed {
    pub(crate) inner: ResponseBody,
    pub(crate) job: Arc<Job>,
    pub(crate) origin: Origin,
    pub(crate) request: String,
    pub(crate) cap: ByteSize,
    pub(crate) count: u64,
    pub(crate) failed: bool,
}

impl Handed {
    fn count(&mut self, frame: &Frame<Bytes>) -> Result<(), EgressError> {
        let Some(data) = frame.data_ref() else {
            return Ok(());
        };
        self.count += data.len() as u64;
        if self.count > self.cap.as_u64() {
            return Err(EgressError::ResponseTooLarge {
                origin: self.origin.clone(),
                cap: self.cap,
            });
        }
        self.job.meter.decoded(data.len())
    }
}

impl Body for Handed {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let this = &mut *self;
        if this.failed {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        let counted = frame.map(|frame| frame.and_then(|frame| this.count(&frame).map(|()| frame)));
        if let Some(Err(error)) = &counted {
            this.failed = true;
            this.job.note(&this.request, error);
        }
        Poll::Ready(counted)
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
