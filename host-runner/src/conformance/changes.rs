//! Whether changes of the source show.

use std::collections::BTreeMap;

use super::report::{Outcome, Rule};
use super::walk::{Listed, since, walk};
use super::{ChangeSource, Kit, named};
use crate::sandbox::CallError;
use crate::sandbox::contract::reads::Deletions;
use crate::unified::Model;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created, or a field has another value.
    Updated,
    /// It was deleted.
    Deleted,
}

/// A change of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The model of the record.
    pub model: Model,
    /// The record's natural key: its remote id, or `{job}:{stage}` and `{job}:{user}`.
    pub key: String,
    /// What happened to it.
    pub kind: ChangeKind,
}

impl Kit<'_> {
    pub(super) async fn changes(&mut self, source: Option<ChangeSource>) -> Result<(), CallError> {
        let Some(source) = source else {
            let why = "not seen: name a command that makes one (`--change`)".into();
            self.report
                .note(Rule::Changes, "list-page", Outcome::Skipped(why));
            return Ok(());
        };
        let changes = match tokio::task::spawn_blocking(source).await {
            Ok(Ok(changes)) => changes,
            Ok(Err(why)) => {
                let why = format!("the source could not be changed: {why}");
                self.report
                    .note(Rule::Changes, "list-page", Outcome::Skipped(why));
                return Ok(());
            }
            Err(_) => return Ok(()),
        };
        let mut by_model: BTreeMap<Model, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_model.entry(change.model).or_default().push(change);
        }
        for (model, changes) in by_model {
            self.changes_of(model, &changes).await?;
        }
        Ok(())
    }

    async fn changes_of(&mut self, model: Model, changes: &[Change]) -> Result<(), CallError> {
        let call = format!("list-page {model}, since a token");
        let Some(whole) = self.listed.get(&model) else {
            let why = "the model could not be listed before".into();
            self.report.note(Rule::Changes, call, Outcome::Skipped(why));
            return Ok(());
        };
        let mut job = self.start().await?;
        let delta = walk(&mut job, model, &self.profile, &since(&whole.token), None).await;
        let delta = match delta {
            Ok(delta) => delta,
            Err((_, why)) => {
                self.report.failed(Rule::Changes, call, why);
                return Ok(());
            }
        };
        let mut wrong = Vec::new();
        for change in changes {
            let key = &change.key;
            match change.kind {
                ChangeKind::Updated if !delta.records.contains_key(key) => {
                    wrong.push(format!("{key} was updated, but is not in the delta"));
                }
                ChangeKind::Deleted => wrong.extend(self.is_held(model, key, &delta).await?),
                ChangeKind::Updated => {}
            }
        }
        let detail = format!("{} changes", changes.len());
        self.report.all(Rule::Changes, call, wrong, detail);
        Ok(())
    }

    /// Returns what is wrong if a host would still hold a deleted record after a delta.
    async fn is_held(
        &self,
        model: Model,
        key: &str,
        delta: &Listed,
    ) -> Result<Option<String>, CallError> {
        let id = key.split(':').next().unwrap_or(key);
        if delta.deleted.contains(id) {
            return Ok(None);
        }
        if delta.covers_everything {
            let is_there = delta.records.contains_key(key);
            return Ok(is_there.then(|| format!("{key} was deleted, but is listed")));
        }
        if model.join_fields().is_some() && !delta.records.contains_key(key) {
            // A set that is listed anew lacks it.
            let prefix = format!("{id}:");
            if delta.records.keys().any(|other| other.starts_with(&prefix)) {
                return Ok(None);
            }
        }
        if delta.deletions == Some(Deletions::Listed) {
            let why = format!("{key} was deleted, but is not among the deleted of the delta");
            return Ok(Some(why));
        }
        Ok(match self.all_keys(model).await? {
            Err(error) => Some(format!(
                "{key} was deleted, and list-ids fails: {}",
                named(&error)
            )),
            Ok(keys) => keys
                .contains(key)
                .then(|| format!("{key} was deleted, but is still among the keys")),
        })
    }
}
