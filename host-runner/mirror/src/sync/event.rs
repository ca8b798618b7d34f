//! What a sync tells whoever watches it. Watching is optional, and a slow watcher holds nothing up.

use tokio::sync::mpsc::UnboundedSender;

use super::report::ModelReport;
use host_runner::unified::Model;

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A model's listing is about to be read.
    ModelStarted {
        /// Which.
        model: Model,
        /// How many records it may have, where that is known: all of them for a listing of everything.
        expected: Option<u64>,
    },
    /// A page was written.
    Page {
        /// Of which model.
        model: Model,
        /// Pages so far.
        pages: u64,
        /// Records so far.
        rows: u64,
    },
    /// A model is done, or failed.
    ModelEnded {
        /// What it came to.
        report: ModelReport,
    },
}

/// Where events go.
#[derive(Debug, Clone, Default)]
pub struct Events {
    sender: Option<UnboundedSender<Event>>,
    want_totals: bool,
}

impl Events {
    /// To this channel.
    pub fn to(sender: UnboundedSender<Event>) -> Self {
        Self {
            sender: Some(sender),
            want_totals: false,
        }
    }

    /// Also asks the source how many records there are of what is read in full, which costs a request or two.
    #[must_use]
    pub fn with_totals(mut self) -> Self {
        self.want_totals = true;
        self
    }

    /// Returns true if the source is to be asked for totals.
    pub(super) fn want_totals(&self) -> bool {
        self.want_totals
    }

    pub(super) fn send(&self, event: Event) {
        if let Some(sender) = &self.sender {
            // Nobody is watching any more: that is theirs to decide.
            let _ = sender.send(event);
        }
    }
}
