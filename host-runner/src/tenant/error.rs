//! What is wrong with a tenant file, in one sentence.

use std::path::{Path, PathBuf};

/// A tenant file, or something it points to, can't be used. The message names file, line, key and fix, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}{place}{key}: {problem}", path = path.display(), place = place(*line), key = keyed(key.as_deref()))]
pub struct TenantError {
    /// The tenant file.
    pub path: PathBuf,
    /// The line, counted from 1, where one is to blame.
    pub line: Option<usize>,
    /// The key, with its tables: `auth.client_secret`.
    pub key: Option<String>,
    /// What is wrong and what fixes it.
    pub problem: String,
}

impl TenantError {
    pub(crate) fn new(path: &Path, key: Option<&str>, problem: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            key: key.map(str::to_owned),
            problem: problem.into(),
        }
    }

    pub(crate) fn at_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

fn place(line: Option<usize>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}

fn keyed(key: Option<&str>) -> String {
    key.map(|key| format!(": `{key}`")).unwrap_or_default()
}
