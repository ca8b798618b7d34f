//! What one job may use. Every bound is here, with its reason; the sandbox enforces them, the tenant file may change
//! them.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::egress::ByteSize;

/// Bounds on one job's store and on each of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Guest memory, all linear memories together. A page of 2,000 wide rows is some 10 MB of JSON, which the guest
    /// holds about three times while it maps.
    pub memory: ByteSize,
    /// CPU time of one exported call, to about a tick (10 ms). A page takes well under a second.
    pub cpu_per_call: Duration,
    /// Wall-clock time of one exported call, waiting for the network and backing off included. A whole listing may take
    /// hours, one call may not.
    pub wall_per_call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(256),
            cpu_per_call: Duration::from_secs(20),
            wall_per_call: Duration::from_secs(15 * 60),
        }
    }
}

/// The largest memory that any job can be given, whatever its limits say. The pool reserves this much address space.
pub(super) const LARGEST_MEMORY: usize = 1 << 30;

/// Bytes that one host call may copy out of the guest: the largest request body (an inline attachment) and its framing.
pub(super) const HOST_CALL_BYTES: usize = 128 << 20;

/// Live component-model handles. A request in flight holds about ten; a guest that leaks two a page still finishes a
/// listing of a million rows.
pub(super) const HANDLES: usize = 20_000;

/// Host-side resources (requests, streams, pollables): as for handles.
pub(super) const HOST_RESOURCES: usize = 20_000;

/// Table elements: function pointers of one Rust program, with room.
const TABLE_ELEMENTS: usize = 100_000;

/// Bytes of one set of headers, guest's or server's.
pub(super) const HEADER_BYTES: usize = 64 << 10;

/// Counts the memory of a whole store; wasmtime's own limiter bounds each memory by itself.
#[derive(Debug)]
pub(super) struct MemoryMeter {
    limit: usize,
    used: usize,
}

impl MemoryMeter {
    pub(super) fn new(limit: ByteSize) -> Self {
        Self {
            limit: limit.as_usize().min(LARGEST_MEMORY),
            used: 0,
        }
    }

    /// Bytes of guest memory in use.
    pub(super) fn used(&self) -> usize {
        self.used
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.used.saturating_sub(current).saturating_add(desired);
        let fits = total <= self.limit;
        if fits {
            self.used = total;
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    // Shim, main and fix-up, with room; one memory; few tables.
    fn instances(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        4
    }
}
