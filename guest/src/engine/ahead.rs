//! A page that is asked for before its cursor comes back.

use salesforce::ListFlight;
use salesforce::transport::Transport;

/// A page asked for before its cursor came back.
pub struct Ahead<T: Transport> {
    /// The place that the page begins at.
    pub place: String,
    /// The page under way.
    pub flight: ListFlight<T>,
}
