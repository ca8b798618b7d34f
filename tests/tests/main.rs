//! The end-to-end tests as one program: linked once, where a program for each file would be linked eighteen times.
//! `cargo test --workspace --test end_to_end sync::` runs the tests of one file or folder.

mod actions;
mod cli;
mod contract;
mod delta;
mod departures;
mod examples;
mod field;
mod inspection;
mod kill;
mod people;
mod real_clients;
mod resilience;
mod sandbox;
mod soak;
mod sync;
mod traces;
mod variations;
