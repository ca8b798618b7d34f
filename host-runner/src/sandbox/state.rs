//! What a store holds for the life of one job, and what the guest's imports find there.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, Result as HttpResult, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks, WasiHttpView,
};

use super::bindings::host;
use super::job::JobSetup;
use super::limits::{HEADER_BYTES, HOST_RESOURCES, MemoryMeter};
use crate::egress::Gate;

/// How much a log line of the connector matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever writes the connector.
    Debug,
    /// What it does.
    Info,
    /// Something a person should look at.
    Warn,
    /// Something that failed.
    Error,
}

/// A log line that the connector wrote, cut to size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// Named values.
    pub fields: Vec<(String, String)>,
}

/// Where log lines go.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// Lines that one job may write: a connector that logs each row must not fill the disk.
const LOG_LINES: usize = 2_000;
/// Characters of one message or value.
const LOG_CHARACTERS: usize = 2_000;
/// Named values of one line.
const LOG_FIELDS: usize = 16;

pub(super) struct JobState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    exit: Exit,
    connection: host::Connection,
    log: LogSink,
    log_lines: usize,
    /// What the guest said last at level error: its panic message, when it traps.
    pub(super) last_words: Option<String>,
    pub(super) memory: MemoryMeter,
    /// Ticks of CPU since the present call began.
    pub(super) ticks: u32,
    pub(super) ticks_allowed: u32,
    pub(super) out_of_cpu: bool,
}

/// The way out of a job.
enum Exit {
    Gate(Gate),
    Closed(Closed),
}

/// For jobs without a tenant: nothing gets out.
struct Closed;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Closed {
    fn send_request(
        &mut self,
        _request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _sent: Io,
    ) -> Box<dyn Future<Output = HttpResult<(http::Response<WasiBody>, Io)>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

impl JobState {
    pub(super) fn new(setup: JobSetup) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HOST_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADER_BYTES);
        Self {
            wasi: WasiCtx::builder().build(),
            http,
            table,
            exit: setup.gate.map_or(Exit::Closed(Closed), Exit::Gate),
            connection: setup.connection,
            log: setup.log,
            log_lines: 0,
            last_words: None,
            memory: MemoryMeter::new(setup.limits.memory),
            ticks: 0,
            ticks_allowed: 0,
            out_of_cpu: false,
        }
    }
}

impl WasiView for JobState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl wasmtime_wasi_io::IoView for JobState {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiHttpView for JobState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let hooks: &mut dyn WasiHttpHooks = match &mut self.exit {
            Exit::Gate(gate) => gate,
            Exit::Closed(closed) => closed,
        };
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks,
        }
    }
}

impl host::Host for JobState {
    async fn get_connection(&mut self) -> wasmtime::Result<host::Connection> {
        Ok(self.connection.clone())
    }

    async fn log(
        &mut self,
        level: host::LogLevel,
        message: String,
        fields: Vec<host::LogField>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            host::LogLevel::Debug => LogLevel::Debug,
            host::LogLevel::Info => LogLevel::Info,
            host::LogLevel::Warn => LogLevel::Warn,
            host::LogLevel::Error => LogLevel::Error,
        };
        let message = cut(message);
        if level == LogLevel::Error {
            self.last_words = Some(message.clone());
        }
        self.log_lines += 1;
        if self.log_lines <= LOG_LINES {
            let fields = fields
                .into_iter()
                .take(LOG_FIELDS)
                .map(|field| (cut(field.name), cut(field.value)))
                .collect();
            (self.log)(LogLine {
                level,
                message,
                fields,
            });
        }
        Ok(())
    }
}

/// Cut to size, and without control characters: a log line must not draw on a terminal.
fn cut(text: String) -> String {
    text.chars()
        .take(LOG_CHARACTERS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
