//! What settings are read with: every problem at once, names checked before they reach a query, tables of an org's
//! words.

pub mod api_name;
pub mod read;
pub mod tables;
