//! One job: a fresh store, one instance, calls one after the other, each bounded in CPU and time.
//!
//! A guest that trapped, ran out of time or was cancelled can't be entered again: the job says so on every later call,
//! and whoever drives it starts a new one from the last cursor.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::{Store, UpdateDeadline};

use super::component::LoadedConnector;
use super::engine::TICK;
use super::error::{CallError, Outage};
use super::exports::Exports;
use super::limits::{HANDLES, HOST_CALL_BYTES, Limits};
use super::setup::JobSetup;
use super::state::JobState;
use crate::egress::{Gate, JobStats, Problem};

/// A running instance of a connector, for one tenant.
pub struct Job {
    pub(super) store: Store<JobState>,
    pub(super) exports: Arc<Exports>,
    limits: Limits,
    gate: Option<Gate>,
    ended: bool,
    /// Given back when everything above is dropped.
    _slot: OwnedSemaphorePermit,
}

impl LoadedConnector {
    /// Starts a job. When all slots of the engine are taken, it waits for one.
    ///
    /// # Errors
    /// [`CallError::Outage`] where no slot becomes free or no instance can be made.
    pub async fn start(&self, setup: JobSetup) -> Result<Job, CallError> {
        let slot = self.engine.slot().await?;
        let limits = setup.limits;
        let gate = setup.gate.clone();
        let mut store = Store::new(&self.engine.inner, JobState::new(setup));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(HOST_CALL_BYTES);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            let state = store.data_mut();
            state.ticks += 1;
            if state.ticks > state.ticks_allowed {
                state.out_of_cpu = true;
                return Ok(UpdateDeadline::Interrupt);
            }
            if state.is_refused_too_often() {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store.data_mut().ticks_allowed = ticks(limits.cpu_per_call);
        let exports = self.instantiate(&mut store).await.map_err(|error| {
            if error.is::<wasmtime::Trap>() {
                CallError::from(Outage::Trap {
                    reason: format!("{error:#}"),
                })
            } else {
                CallError::BrokenContract(format!("no instance can be made: {error:#}"))
            }
        })?;
        Ok(Job {
            store,
            exports: Arc::new(exports),
            limits,
            gate,
            ended: false,
            _slot: slot,
        })
    }
}

fn ticks(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / TICK.as_millis())
        .unwrap_or(u32::MAX)
        .max(1)
}

impl Job {
    /// Guest memory in use, in bytes.
    pub fn memory_used(&self) -> usize {
        self.store.data().memory.used()
    }

    /// What this job's requests came to so far.
    pub fn stats(&self) -> JobStats {
        self.gate.as_ref().map(Gate::stats).unwrap_or_default()
    }

    /// The last request that the gate refused or that failed on the way, in plain words; the guest knows less.
    pub fn last_problem(&self) -> Option<Problem> {
        self.gate.as_ref().and_then(Gate::last_problem)
    }

    /// This job's way out, for grants and for downloads past the sandbox; none for a job that is offline.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    pub(super) fn begin(&mut self) -> Result<Duration, Outage> {
        if self.ended {
            return Err(Outage::Ended);
        }
        let limits = self.limits;
        let state = self.store.data_mut();
        state.ticks = 0;
        state.ticks_allowed = ticks(limits.cpu_per_call);
        state.last_words = None;
        self.store.set_epoch_deadline(1);
        // Until the call came back: a call that is cancelled leaves an instance that can't be entered again.
        self.ended = true;
        Ok(limits.wall_per_call)
    }

    pub(super) fn end<T>(
        &mut self,
        result: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, CallError> {
        if let Some(most) = self.gate.as_ref().and_then(Gate::too_many_refusals) {
            return Err(Outage::Refusals(most).into());
        }
        match result {
            Ok(Ok(value)) => {
                self.ended = false;
                Ok(value)
            }
            Ok(Err(_)) if self.store.data().out_of_cpu => {
                Err(Outage::Cpu(self.limits.cpu_per_call).into())
            }
            Ok(Err(trap)) => {
                let last_words = self.store.data_mut().last_words.take();
                let reason = match last_words {
                    Some(words) => format!("{words} ({})", trap.root_cause()),
                    None => format!("{:#}", trap.root_cause()),
                };
                Err(Outage::Trap { reason }.into())
            }
            Err(_) => Err(Outage::Wall(self.limits.wall_per_call).into()),
        }
    }
}
