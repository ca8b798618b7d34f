//! What a platform asks about the connector and the tenant's org, besides the data.

pub mod describe;
