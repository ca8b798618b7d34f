//! The one place where the engine is configured.
//!
//! Compiler and executor must agree on every setting, or a cached component is refused (or worse, misread); so there is
//! one constructor, used by every path that compiles, loads or runs. Each number stands with its reason.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::error::{LoadError, Outage};
use super::limits::LARGEST_MEMORY;

/// How many jobs may be alive at once in one process.
///
/// Each live instance takes four memory mappings and each stack slot two, of `vm.max_map_count` (65,530 by default):
/// beyond some 10,000 raise that setting or use more processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineSize {
    jobs: u32,
    queue: Duration,
}

/// How long a job waits for a slot: a page takes seconds, so that some of many jobs end within this time.
const QUEUE: Duration = Duration::from_secs(60);

impl EngineSize {
    /// At least one. A job that finds no free slot waits up to a minute for one.
    pub fn jobs(live: u32) -> Self {
        Self {
            jobs: live.max(1),
            queue: QUEUE,
        }
    }

    /// With another time that jobs wait for a slot.
    #[must_use]
    pub fn queue(mut self, time: Duration) -> Self {
        self.queue = time;
        self
    }
}

impl Default for EngineSize {
    /// Enough for a laptop and for tests; address space only, memory is taken when a job runs.
    fn default() -> Self {
        Self::jobs(64)
    }
}

/// How often running guests are interrupted, to yield to other jobs and to be counted. Finer costs more switches,
/// coarser lets a runaway guest hold its thread for longer.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// What runs components: shared by all connectors of a process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: wasmtime::Engine,
    size: EngineSize,
    slots: Arc<Semaphore>,
}

impl Engine {
    /// Returns true when a job that starts now has to wait for a slot.
    pub fn is_full(&self) -> bool {
        self.slots.available_permits() == 0
    }

    /// A slot for one job, as soon as one is free.
    ///
    /// # Errors
    /// [`Outage::Full`] where none became free in time.
    pub(super) async fn slot(&self) -> Result<OwnedSemaphorePermit, Outage> {
        let EngineSize { jobs, queue } = self.size;
        match tokio::time::timeout(queue, self.slots.clone().acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(Outage::Full {
                slots: jobs,
                waited: queue,
            }),
        }
    }
}

/// The engine for all connectors of this process, with its ticker running for as long as the engine lives.
///
/// Guests compute on the threads of the runtime that calls them, a tick (10 ms) at a time; one that computes for long
/// is better off on a thread of its own ([`super::Background`]). Build a multi-threaded runtime with
/// `event_interval(1)`: by default its workers look at timers and sockets only every 61st turn while they are busy,
/// and a few guests that compute delay every other tenant by a second.
///
/// # Errors
/// [`LoadError::Engine`] where the machine can't provide what the configuration asks for (address space, mostly).
pub fn new_engine(size: EngineSize) -> Result<Engine, LoadError> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(size)));
    let inner = wasmtime::Engine::new(&config).map_err(LoadError::Engine)?;
    let weak = inner.weak();
    std::thread::Builder::new()
        .name("epoch-ticker".into())
        .spawn(move || {
            loop {
                std::thread::sleep(TICK);
                let Some(engine) = weak.upgrade() else { return };
                engine.increment_epoch();
            }
        })
        .map_err(|error| LoadError::Engine(error.into()))?;
    Ok(Engine {
        inner,
        size,
        slots: Arc::new(Semaphore::new(size.jobs as usize)),
    })
}

/// An engine that only compiles, for the engines that run: it reserves no memory for instances.
pub(super) fn compiling_engine() -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(&config())
}

fn pool(EngineSize { jobs, .. }: EngineSize) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(jobs)
        // A component built without an adapter is three core instances: shim, main, fix-up.
        .total_core_instances(jobs.saturating_mul(4))
        .max_core_instances_per_component(4)
        .total_memories(jobs)
        .max_memories_per_component(1)
        .total_tables(jobs.saturating_mul(4))
        .max_tables_per_component(4)
        .total_stacks(jobs)
        .max_memory_size(LARGEST_MEMORY)
        // Dirty pages kept (and cleared) for the next job instead of being given back: measured to halve instantiation.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// What compiler and executor must agree on.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // WASI 0.2 needs no concurrency support: calls are four times cheaper without, and its newest code stays
        // unused.
        .concurrency_support(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(20))
        // A stack may have held another tenant's data.
        .async_stack_zeroing(true)
        // No Rust guest needs these, and what is off can't be attacked (threads and GC are not even compiled in).
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_engine_compiles_another_loads() {
        let first = compiling_engine().unwrap();
        let second = new_engine(EngineSize::jobs(1)).unwrap();
        let empty = b"\0asm\x0d\0\x01\0";
        let compiled = first.precompile_component(empty).unwrap();
        // SAFETY: made three lines above by the same version of wasmtime.
        unsafe { wasmtime::component::Component::deserialize(&second.inner, &compiled) }.unwrap();
    }
}
