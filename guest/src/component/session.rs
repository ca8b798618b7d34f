//! The state of this instance, and its ties to the host: settings, log, transport, and what becomes of a panic.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Once;
use std::time::Duration;

use crate::asymbl::Context;
use crate::asymbl::context::{Connection, Level};
use crate::asymbl::errors::problem;
use crate::ats::connector::host::{self, LogField, LogLevel};
use crate::exports::ats::connector::types::Error;
use salesforce::transport::wasi::{WasiPending, WasiTransport};
use salesforce::transport::{
    Download, FileTransport, FileUrl, Piece, Request, Response, Transport, TransportError,
    UploadError, WasiStream,
};

thread_local! {
    static CONTEXT: RefCell<Option<Rc<Context<HostTransport>>>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Does something with the instance's state, which is made on first use.
pub fn with<R>(work: impl FnOnce(&Context<HostTransport>) -> Result<R, Error>) -> Result<R, Error> {
    HOOK.call_once(tell_panics);
    let held = CONTEXT.with_borrow(Clone::clone);
    let context = match held {
        Some(context) => context,
        None => {
            let context = Rc::new(connect()?);
            CONTEXT.set(Some(Rc::clone(&context)));
            context
        }
    };
    work(&context)
}

fn connect() -> Result<Context<HostTransport>, Error> {
    let connection = host::get_connection();
    let wasi = WasiTransport::new(&connection.base_url)
        .map_err(|e| Error::InvalidInput(vec![problem("base_url", e.to_string())]))?;
    let transport = HostTransport {
        wasi,
        token: connection.access_token,
    };
    let connection = Connection {
        base_url: connection.base_url,
        api_version: connection.api_version,
        settings: connection.settings,
        disabled: connection.disabled,
    };
    Context::new(&connection, transport, Box::new(log))
}

fn log(level: Level, message: &str, fields: &[(&str, &str)]) {
    let level = match level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    };
    let field = |(name, value): &(&str, &str)| LogField {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    host::log(
        level,
        message,
        &fields.iter().map(field).collect::<Vec<_>>(),
    );
}

/// A panic is a trap, and the sandbox has no stderr: without this the host would only learn where, not why.
fn tell_panics() {
    std::panic::set_hook(Box::new(|info| {
        host::log(LogLevel::Error, &info.to_string(), &[])
    }));
}

/// The host's transport, with a token where the host can't add credentials by itself.
pub struct HostTransport {
    wasi: WasiTransport,
    token: Option<String>,
}

impl Transport for HostTransport {
    type Pending = WasiPending;
    type Body = WasiStream;

    fn start(&self, request: &Request) -> Result<WasiPending, TransportError> {
        match &self.token {
            None => self.wasi.start(request),
            Some(token) => self.wasi.start(
                &request
                    .clone()
                    .with_header("authorization", format!("Bearer {token}")),
            ),
        }
    }

    fn finish(&self, pending: WasiPending) -> Result<Response, TransportError> {
        self.wasi.finish(pending)
    }

    fn head(&self, pending: WasiPending) -> Result<Download<WasiStream>, TransportError> {
        self.wasi.head(pending)
    }

    fn piece(&self, body: &mut WasiStream) -> Result<Option<Vec<u8>>, TransportError> {
        self.wasi.piece(body)
    }

    fn sleep(&self, time: Duration) {
        self.wasi.sleep(time);
    }

    fn monotonic(&self) -> Duration {
        self.wasi.monotonic()
    }
}

impl FileTransport for HostTransport {
    type Stream = WasiStream;

    // Never with the token: it goes to somebody else.
    fn open(&self, url: &FileUrl) -> Result<Download<WasiStream>, TransportError> {
        self.wasi.open(url)
    }

    fn upload(
        &self,
        request: &Request,
        pieces: Vec<Piece<'_, WasiStream>>,
        length: Option<u64>,
    ) -> Result<Response, UploadError> {
        match &self.token {
            None => self.wasi.upload(request, pieces, length),
            Some(token) => self.wasi.upload(
                &request
                    .clone()
                    .with_header("authorization", format!("Bearer {token}")),
                pieces,
                length,
            ),
        }
    }
}
