//! What lives of a fleet came to, as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use host_runner::unified::Timestamp;

/// What some lives came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How often each fault was met with which servers, and how long that took until every mirror was compared.
    faults: BTreeMap<(String, &'static str), (u32, Duration)>,
    /// How long the lives took to begin.
    begun: Duration,
    /// From each fault of a worker to the next delivery of each ticket that it held, in milliseconds.
    redelivered: BTreeMap<String, Vec<i64>>,
    /// Writes that a fence refused.
    pub(super) refused: usize,
    /// Rows written to databases.
    pub(super) noted: usize,
}

impl Tally {
    /// Of a life that has begun in this time.
    pub(super) fn begun_in(time: Duration) -> Self {
        Self {
            begun: time,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        for (fault, (times, took)) in other.faults {
            let sum = self.faults.entry(fault).or_default();
            *sum = (sum.0 + times, sum.1 + took);
        }
        self.begun += other.begun;
        for (fault, delays) in other.redelivered {
            self.redelivered.entry(fault).or_default().extend(delays);
        }
        self.refused += other.refused;
        self.noted += other.noted;
    }

    pub(super) fn note(&mut self, fault: impl fmt::Debug, servers: &'static str, took: Duration) {
        let sum = self
            .faults
            .entry((format!("{fault:?}"), servers))
            .or_default();
        *sum = (sum.0 + 1, sum.1 + took);
    }

    pub(super) fn count(&self) -> u32 {
        self.faults.values().map(|(times, _)| times).sum()
    }

    /// Reads from the logs of workers which tickets came to them for the second time after a moment.
    pub(super) fn note_redelivered(
        &mut self,
        fault: impl fmt::Debug,
        logs: &str,
        since: Timestamp,
    ) {
        let delays = logs.lines().filter_map(|line| {
            let (ended, line) = line.split_once(' ')?;
            let (before, after) = line.split_once(" ms=")?;
            let took: i64 = after.split(' ').next()?.parse().ok()?;
            let began = Timestamp::parse(ended).ok()?.millis() - took;
            (before.ends_with(" tries=2") && began >= since.millis())
                .then_some(began - since.millis())
        });
        let all = self.redelivered.entry(format!("{fault:?}")).or_default();
        all.extend(delays);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((fault, servers), (times, took)) in &self.faults {
            let each = took.as_secs_f64() / f64::from(*times);
            writeln!(
                out,
                "{fault:16}{servers:30}{times:5} times, {each:.1} s each"
            )?;
        }
        for (fault, delays) in &self.redelivered {
            let mut delays = delays.clone();
            delays.sort_unstable();
            let count = delays.len();
            let [Some(half), Some(most), Some(last)] =
                [count / 2, count * 9 / 10, count.saturating_sub(1)].map(|at| delays.get(at))
            else {
                continue;
            };
            writeln!(
                out,
                "{fault}: {count} tickets came again, half of them within {half} ms of the fault, nine tenths within \
                 {most} ms, the last after {last} ms"
            )?;
        }
        writeln!(
            out,
            "{} faults; the lives took {:.0} s to begin; {} writes were refused by a fence; {} rows were written to \
             databases",
            self.count(),
            self.begun.as_secs_f64(),
            self.refused,
            self.noted
        )
    }
}
