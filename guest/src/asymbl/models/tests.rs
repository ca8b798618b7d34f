//! The mappings, row by row.

mod applications;
mod candidates;
mod jobs;
mod pipelines_and_teams;
mod tables;
