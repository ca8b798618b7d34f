//! The end-to-end tests as one program: linked once, where a program for each file would be linked eighteen times.
//! `cargo test --workspace --test end_to_end sync::` runs the tests of one file or folder.

mod actions;
mod browser;
mod bulk;
mod cli;
mod conformance;
mod contract;
mod damage;
mod delta;
mod departures;
mod dist;
mod examples;
mod field;
mod fleet;
mod fuzz;
mod hostile_listings;
mod inspection;
mod kill;
mod loading;
mod neighbours;
mod people;
mod postgres;
mod proxy;
mod real_clients;
mod resilience;
mod sandbox;
mod serve;
mod signing;
mod soak;
mod sync;
mod telemetry;
mod terminal;
mod threat_model;
mod traces;
mod variations;
