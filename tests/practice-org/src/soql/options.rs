//! Who asks a query.

use chrono_tz::Tz;

use crate::id::RecordId;
use crate::schema::Visibility;

/// Who asks, and how.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// `queryAll`: rows in the recycle bin too.
    pub all_rows: bool,
    /// What the user sees.
    pub visibility: Visibility,
    /// The user's time zone, for date literals.
    pub time_zone: Tz,
    /// The user, for scopes.
    pub user: Option<RecordId>,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            all_rows: false,
            visibility: Visibility::everything(),
            time_zone: Tz::UTC,
            user: None,
        }
    }
}
