//! Work with a guest on a thread of its own.
//!
//! A guest computes for as long as it likes between two waits. On a thread of the runtime it would hold up what it woke
//! itself (the request it just sent, the answer that is being unfolded): such a thread runs next what was woken on it,
//! and no other thread may take that away.

use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tokio::sync::oneshot::{Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};

/// Work that is under way. Dropped, it ends at its next wait.
pub struct Background<T> {
    work: JoinHandle<Option<T>>,
    wanted: Sender<()>,
}

impl<T: Send + 'static> Background<T> {
    /// Begins, from within a runtime.
    pub fn start<F: Future<Output = T>>(work: impl FnOnce() -> F + Send + 'static) -> Self {
        let runtime = Handle::current();
        let (wanted, dropped) = channel();
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = dropped => None,
                    done = work() => Some(done),
                }
            })
        };
        Self {
            work: spawn_blocking(work),
            wanted,
        }
    }

    /// What came of it. Panics if the work did.
    pub async fn finish(self) -> T {
        let Self { work, wanted } = self;
        let done = work.await;
        drop(wanted);
        match done {
            Ok(Some(done)) => done,
            Ok(None) => unreachable!("it is given up only when `wanted` is dropped"),
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test]
    async fn work_is_done_on_another_thread() {
        let here = std::thread::current().id();
        let work = Background::start(async || std::thread::current().id());
        assert_ne!(work.finish().await, here);
    }

    #[tokio::test]
    async fn dropped_work_ends_at_its_next_wait() {
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let work = Background::start(async move || {
            let _holds = holds;
            std::future::pending::<()>().await;
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(Arc::strong_count(&held), 2);
        drop(work);
        while Arc::strong_count(&held) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    #[should_panic = "meant to"]
    async fn a_panic_of_the_work_goes_on() {
        Background::start(async || panic!("meant to"))
            .finish()
            .await
    }
}
