//! Work that can wait: on threads of its own, to which the requests' threads are preferred.

use tokio::sync::oneshot;

/// Subtracted from the thread's priority: beside a thread of a request it gets a tenth of a processor, and alone all of
/// it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Runs work that computes and blocks on a new thread.
///
/// # Errors
/// A message where there is no thread, or the work panicked.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("background".into());
    let begun = thread.spawn(move || {
        step_back();
        // Nobody waits for it any more when the server ends.
        let _ = sender.send(work());
    });
    begun.map_err(|error| format!("no thread can be started: {error}"))?;
    let ended = receiver.await;
    ended.map_err(|_| "it ended in a defect of this program; the log says more".into())
}

/// Lowers this thread's priority. Only Linux has one for each thread.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the priority stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn only_the_thread_of_the_work_steps_back() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        assert_eq!(run(priority).await, Ok((before + NICE).min(19)));
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_work_alone() {
        let ended = run(|| panic!("on purpose")).await;
        assert!(ended.is_err_and(|error: String| error.contains("defect")));
    }
}
