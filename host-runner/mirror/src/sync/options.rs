//! What a sync is to do.

use tokio_util::sync::CancellationToken;

use host_runner::unified::{Model, Timestamp};

/// Records of one read by ids: well within the contract's 2,000, and a short transaction.
pub(super) const BATCH: usize = 500;

/// What to sync.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Which models; they are read in the order of [`Model::SYNC_ORDER`]. Those that the tenant switched off are left
    /// out.
    pub models: Vec<Model>,
    /// Read everything, also where a delta would do.
    pub full: bool,
    /// Read everything of each model that was not read so since then: what a run that was stopped has read stays read.
    pub full_since: Option<Timestamp>,
    /// Also compare all keys, to find records that disappeared without a trace.
    pub reconcile: bool,
    /// Tombstone records even if a large share of a model has disappeared.
    pub allow_mass_delete: bool,
    /// Cancelled by a caller, it ends the run after the current page.
    pub stop: CancellationToken,
    /// Take the mirror from a run that may be alive ([`RunInfo::takes_over`](crate::store::RunInfo::takes_over)).
    pub takes_over: bool,
    /// What the run is called in the mirror's history.
    pub command: String,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            models: Model::SYNC_ORDER.to_vec(),
            full: false,
            full_since: None,
            reconcile: false,
            allow_mass_delete: false,
            stop: CancellationToken::new(),
            takes_over: false,
            command: "sync".into(),
        }
    }
}
