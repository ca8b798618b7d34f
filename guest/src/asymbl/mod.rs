//! The Asymbl ATS: how the package's objects become the unified model.

pub mod actions;
pub mod context;
pub mod discover;
pub mod errors;
pub mod inspection;
pub mod models;
pub mod names;
pub mod profile;
pub mod reads;
pub mod row;
pub mod settings;

pub use context::Context;
