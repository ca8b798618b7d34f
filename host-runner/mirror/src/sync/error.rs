//! Why a sync did not go on.

use super::mass_delete::MassDelete;
use super::stop::Stopped;
use crate::store::MirrorError;
use host_runner::session::StepError;
use host_runner::tenant::LimitReached;
use host_runner::unified::KeyError;

/// Why a sync ended before it had tried every model.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Something that concerns every model: the connection, the credentials, the connector.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The mirror.
    #[error(transparent)]
    Mirror(Box<MirrorError>),
    /// The connector gave something that can't be stored: a defect of the connector.
    #[error("the connector broke the contract: {0}")]
    Key(#[from] KeyError),
    /// Too large a share of a model disappeared.
    #[error(transparent)]
    MassDelete(#[from] MassDelete),
    /// It was stopped in good order.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// As much of a model was read as one sync may.
    #[error(transparent)]
    Limit(#[from] LimitReached),
}

impl From<MirrorError> for SyncError {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(Box::new(error))
    }
}
