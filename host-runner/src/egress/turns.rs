//! Whose request to the org is sent next, where a tenant's jobs have as many in flight as they may.
//!
//! The models of a sync are read by a job each, side by side, and written in the order in which the jobs began: what an
//! earlier job asks for is needed sooner. So the oldest job's request goes first, those of a caller's action before
//! those that only read; but one that has waited long goes before all, so that nobody waits for ever.

use crate::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// From then on a request goes before those of older jobs.
const LONG: Duration = Duration::from_secs(1);

/// The less, the sooner: whether the job only reads, and its number.
pub(crate) type Rank = (bool, u64);

/// The requests in flight and those that wait to be.
pub(crate) struct Turns(Mutex<Queue>);

struct Queue {
    free: usize,
    /// By rank, those of a job in the order in which they came.
    waiting: BTreeMap<(Rank, u64), Waiting>,
    came: u64,
}

struct Waiting {
    since: Instant,
    turn: oneshot::Sender<Turn>,
}

/// A request in flight, until this is dropped.
pub(crate) struct Turn(Arc<Turns>);

impl Turns {
    /// At most this many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self(Mutex::new(Queue {
            free: most,
            waiting: BTreeMap::new(),
            came: 0,
        }))
    }

    /// Waits for a turn. Whoever drops the future has given up its place.
    pub(crate) async fn turn(self: &Arc<Self>, rank: Rank) -> Turn {
        let turn = lock(&self.0).wait(rank);
        self.pass_on();
        #[expect(clippy::expect_used)]
        turn.await
            .expect("the queue, which outlives this call, drops no sender that is waited for")
    }

    /// Gives the free turns to those who are next.
    fn pass_on(self: &Arc<Self>) {
        loop {
            let next = lock(&self.0).next();
            let Some(next) = next else { return };
            // One who has just given up leaves the turn here, to be dropped for the next one.
            drop(next.send(Turn(Arc::clone(self))));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.0.0).free += 1;
        self.0.pass_on();
    }
}

impl Queue {
    fn wait(&mut self, rank: Rank) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        self.came += 1;
        let waiting = Waiting {
            since: Instant::now(),
            turn: sender,
        };
        self.waiting.insert((rank, self.came), waiting);
        receiver
    }

    /// Takes a free turn for the one who is next.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        if self.free == 0 {
            return None;
        }
        self.waiting.retain(|_, waiting| !waiting.turn.is_closed());
        let oldest = self.waiting.iter().min_by_key(|((_, came), _)| *came);
        let place = match oldest {
            Some((place, waiting)) if waiting.since.elapsed() >= LONG => *place,
            _ => *self.waiting.first_key_value()?.0,
        };
        self.free -= 1;
        Some(self.waiting.remove(&place)?.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// Has requests with these ranks wait, in this order, the first `waited_long` of them for long, while one is in
    /// flight; returns the ranks in the order of their turns.
    fn order(ranks: &[Rank], waited_long: usize) -> Vec<Rank> {
        let turns = Arc::new(Turns::new(1));
        let mut in_flight = turns.turn((false, 0)).now_or_never();
        let mut waiting = Vec::new();
        for rank in ranks {
            let mut turn = Box::pin(turns.turn(*rank));
            assert!((&mut turn).now_or_never().is_none());
            waiting.push((*rank, turn));
            if waiting.len() == waited_long {
                let mut queue = lock(&turns.0);
                let waiting = queue.waiting.values_mut();
                waiting.for_each(|waiting| waiting.since -= LONG);
            }
        }
        let mut served = Vec::new();
        while in_flight.take().is_some() && !waiting.is_empty() {
            let mut asked = waiting.iter_mut();
            let next = asked.position(|(_, turn)| {
                in_flight = turn.now_or_never();
                in_flight.is_some()
            });
            served.push(waiting.remove(next.expect("a turn for one of them")).0);
        }
        served
    }

    #[test]
    fn the_oldest_job_goes_first_and_actions_before_all_that_read() {
        let ranks = [(true, 3), (true, 1), (false, 9), (true, 2), (true, 1)];
        let mut sorted = ranks;
        sorted.sort_unstable();
        assert_eq!(order(&ranks, 0), sorted);
    }

    #[test]
    fn whoever_waited_long_goes_before_older_jobs() {
        let ranks = [(true, 3), (true, 2), (true, 1), (false, 4)];
        assert_eq!(
            order(&ranks, 2),
            [(true, 3), (true, 2), (false, 4), (true, 1)]
        );
    }

    #[test]
    fn whoever_gives_up_blocks_nobody() {
        let turns = Arc::new(Turns::new(1));
        let taken = turns.turn((true, 1)).now_or_never();
        let mut given_up = Box::pin(turns.turn((true, 1)));
        assert!((&mut given_up).now_or_never().is_none());
        let mut late = Box::pin(turns.turn((true, 2)));
        assert!((&mut late).now_or_never().is_none());
        drop(taken);
        // Its turn has come, and it does not know yet.
        drop(given_up);
        let late = late.now_or_never().expect("a turn");
        assert!(turns.turn((true, 1)).now_or_never().is_none());
        drop(late);
        assert!(turns.turn((true, 1)).now_or_never().is_some());
    }
}
