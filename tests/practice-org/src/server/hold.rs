//! Requests held at the door, so that a test decides what happens in the org between two of them.
//!
//! A client that asks one thing after the other is then served in an order that repeats, whatever the machine is doing.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

/// A request that waits at the door. Dropped, its connection is cut and nothing is done.
#[derive(Debug)]
pub struct HeldRequest {
    go: oneshot::Sender<()>,
}

impl HeldRequest {
    /// Lets the request in.
    pub fn go(self) {
        // The client may have hung up.
        let _ = self.go.send(());
    }
}

/// The queue of those that wait. Dropped, the door stands open again.
#[derive(Debug)]
pub struct HeldRequests(mpsc::UnboundedReceiver<HeldRequest>);

impl HeldRequests {
    /// The next request; waits until one comes. `None` when somebody else holds requests now.
    pub async fn next(&mut self) -> Option<HeldRequest> {
        self.0.recv().await
    }
}

/// Where requests wait, when somebody holds them.
#[derive(Debug, Default)]
pub struct Door(Mutex<Option<mpsc::UnboundedSender<HeldRequest>>>);

impl Door {
    /// Holds every request from now on.
    pub fn hold(&self) -> HeldRequests {
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        HeldRequests(receiver)
    }

    /// Waits to be let in; false where the request is to be cut.
    pub async fn pass(&self) -> bool {
        let (go, let_in) = oneshot::channel();
        let holder = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match holder.map(|holder| holder.send(HeldRequest { go })) {
            Some(Ok(())) => let_in.await.is_ok(),
            // Nobody holds requests, or no longer.
            Some(Err(_)) | None => true,
        }
    }
}
