//! The generic half of the connector: it knows Salesforce and the contract, and nothing of Asymbl.

mod ahead;
mod cache;
mod hash;
mod versions;

pub use ahead::Ahead;
pub use cache::RowCache;
pub use hash::hash;
pub use versions::Versions;
