//! What a store holds for the life of one job, and what the guest's imports find there.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, Result as HttpResult, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks, WasiHttpView,
};

use super::bindings::host;
use super::limits::{HEADER_BYTES, HOST_RESOURCES, MemoryMeter};
use super::log::{LOG_LINES, LogLevel, LogLine, LogSink};
use super::setup::JobSetup;
use crate::egress::Gate;

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

impl JobState {
    /// Whether the job is to be ended because policy refused too many of its requests.
    pub(super) fn is_refused_too_often(&self) -> bool {
        match &self.exit {
            Exit::Gate(gate) => gate.too_many_refusals().is_some(),
            Exit::Closed(_) => false,
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
        let line = LogLine::new(level, message, fields);
        if line.level == LogLevel::Error {
            self.last_words = Some(line.message.clone());
        }
        self.log_lines += 1;
        if self.log_lines <= LOG_LINES {
            (self.log)(line);
        }
        Ok(())
    }
}
