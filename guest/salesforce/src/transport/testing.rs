//! A transport for unit tests: it answers from a script and remembers what it was asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use super::{
    Download, FileTransport, FileUrl, Headers, Piece, Request, Response, Transport, TransportError,
    UploadError,
};

/// Answers requests in order from a script; panics when it is asked more than the script holds.
#[derive(Default)]
pub struct Scripted {
    answers: RefCell<VecDeque<Result<Response, TransportError>>>,
    /// Every request sent, in order.
    pub requests: RefCell<Vec<Request>>,
    /// Every pause taken, in order.
    pub pauses: RefCell<Vec<Duration>>,
    now: Cell<Duration>,
}

impl Scripted {
    /// A transport without answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer with a `Date` header and a JSON body.
    #[must_use]
    pub fn answer(self, status: u16, body: impl AsRef<str>) -> Self {
        self.answer_with(
            status,
            &[
                ("Date", "Mon, 23 Nov 2026 10:00:00 GMT"),
                ("Content-Type", "application/json;charset=UTF-8"),
            ],
            body,
        )
    }

    /// Adds an answer with these headers.
    #[must_use]
    pub fn answer_with(self, status: u16, headers: &[(&str, &str)], body: impl AsRef<str>) -> Self {
        self.answers.borrow_mut().push_back(Ok(Response {
            status,
            headers: headers.iter().copied().collect::<Headers>(),
            body: body.as_ref().as_bytes().to_vec(),
        }));
        self
    }

    /// Adds a failure.
    #[must_use]
    pub fn failure(self, error: TransportError) -> Self {
        self.answers.borrow_mut().push_back(Err(error));
        self
    }

    /// The paths asked for, in order.
    pub fn paths(&self) -> Vec<String> {
        self.requests
            .borrow()
            .iter()
            .map(|r| r.path.clone())
            .collect()
    }

    /// The body of request number `index`, as text.
    pub fn body(&self, index: usize) -> String {
        let requests = self.requests.borrow();
        String::from_utf8_lossy(&requests[index].body.clone().unwrap_or_default()).into_owned()
    }

    /// How many answers are left.
    pub fn left(&self) -> usize {
        self.answers.borrow().len()
    }
}

/// The body of a whole answer as pieces of so many bytes: their borders lie anywhere in the text.
pub struct Pieces {
    rest: Vec<u8>,
    length: usize,
}

impl Pieces {
    /// The head of an answer, and its body in pieces.
    pub fn of(response: Response, length: usize) -> Download<Self> {
        Download {
            status: response.status,
            headers: response.headers,
            body: Self {
                rest: response.body,
                length,
            },
        }
    }

    /// Returns the next piece.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        let length = self.length.min(self.rest.len());
        let rest = self.rest.split_off(length);
        Some(std::mem::replace(&mut self.rest, rest)).filter(|piece| !piece.is_empty())
    }
}

impl Transport for Scripted {
    type Pending = Result<Response, TransportError>;
    type Body = Pieces;

    fn start(&self, request: &Request) -> Result<Self::Pending, TransportError> {
        self.requests.borrow_mut().push(request.clone());
        Ok(self.answers.borrow_mut().pop_front().unwrap_or_else(|| {
            panic!(
                "no answer left in the script for {} {}",
                request.method, request.path
            )
        }))
    }

    fn finish(&self, pending: Self::Pending) -> Result<Response, TransportError> {
        pending
    }

    fn head(&self, pending: Self::Pending) -> Result<Download<Pieces>, TransportError> {
        Ok(Pieces::of(pending?, 7))
    }

    fn piece(&self, body: &mut Pieces) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(body.take())
    }

    fn sleep(&self, time: Duration) {
        self.pauses.borrow_mut().push(time);
        self.now.set(self.now.get() + time);
    }

    fn monotonic(&self) -> Duration {
        self.now
            .set(self.now.get() + Duration::from_nanos(1_234_567));
        self.now.get()
    }
}

impl FileTransport for Scripted {
    type Stream = Vec<u8>;

    fn open(&self, url: &FileUrl) -> Result<Download<Vec<u8>>, TransportError> {
        let whole = Request::get(format!("{}{}", url.origin, url.path));
        let answer = self.finish(self.start(&whole)?)?;
        Ok(Download {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }

    fn upload(
        &self,
        request: &Request,
        pieces: Vec<Piece<'_, Vec<u8>>>,
        length: Option<u64>,
    ) -> Result<Response, UploadError> {
        let mut body = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => body.extend_from_slice(bytes),
                Piece::Stream { stream, most } if stream.len() as u64 > most => {
                    return Err(UploadError::TooLarge(most));
                }
                Piece::Stream { stream, .. } => body.extend_from_slice(&stream),
            }
        }
        assert!(
            length.is_none_or(|declared| declared == body.len() as u64),
            "a wrong length"
        );
        let whole = Request {
            body: Some(body),
            ..request.clone()
        };
        self.start(&whole)
            .and_then(|pending| self.finish(pending))
            .map_err(UploadError::Target)
    }
}
