//! What a platform asks about the connector and the tenant's org, besides the data: one file a function.

pub mod check_access;
pub mod describe;
pub mod guide;
pub mod list_fields;
pub mod needs;
pub mod passthrough;
pub mod test_model;
