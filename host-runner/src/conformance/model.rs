//! The rules for one model.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::report::{Outcome, Rule};
use super::walk::{Listed, since, walk};
use super::{Kit, QUERY, named};
use crate::sandbox::contract::reads::{ListQuery, Progress};
use crate::sandbox::{CallError, ErrorKind, unified_model};
use crate::unified::{Model, UnifiedRecord, list_line};

/// Page sizes to try; the last is the contract's largest.
const SIZES: [u32; 3] = [1, 7, 2_000];
/// How many small pages are read of a long listing.
const SMALL_PAGES: usize = 20;
/// How many pages are compared in both forms.
const COMPARED_PAGES: usize = 5;
/// How many records are read by their ids.
const BY_ID: usize = 20;
/// A cursor and token that no connector gave.
const FORGED: &str = "this is not one of yours";

impl Kit<'_> {
    pub(super) async fn model(&mut self, model: Model) -> Result<(), CallError> {
        let call = format!("list-page {model}");
        let mut job = self.start().await?;
        let listed = match walk(&mut job, model, &self.profile, &QUERY, None).await {
            Ok(listed) => listed,
            Err((rule, why)) => {
                self.report.failed(rule, call, why);
                return Ok(());
            }
        };
        drop(job);
        let (pages, count) = (listed.pages, listed.records.len());
        let detail = format!("{count} records on {pages} pages");
        for rule in [Rule::PagesEnd, Rule::RecordsValid] {
            self.report
                .note(rule, &call, Outcome::Passed(detail.clone()));
        }
        let repeated = listed.repeated.iter();
        let repeated = repeated.map(|key| format!("{key} comes twice")).collect();
        self.report.all(Rule::IdsUnique, &call, repeated, detail);
        self.fields(model, &listed);
        self.sizes(model, &listed).await?;
        self.again(model, &listed).await?;
        self.resume(model, &listed).await?;
        self.forms(model).await?;
        self.tokens(model, &listed).await?;
        self.errors(model).await?;
        self.keys(model, &listed).await?;
        self.by_id(model, &listed).await?;
        self.listed.insert(model, listed);
        Ok(())
    }

    fn fields(&mut self, model: Model, listed: &Listed) {
        let mut about = self.about.iter().flat_map(|about| &about.models);
        let about = about.find(|one| unified_model(one.model) == model);
        let described: HashSet<&str> = about
            .iter()
            .flat_map(|model| &model.fields)
            .map(|field| field.name.as_str())
            .collect();
        let mut filled = BTreeSet::new();
        for record in listed.records.values() {
            let content = record.content();
            let full = content.into_iter().filter(|(_, value)| !is_empty(value));
            filled.extend(full.map(|(name, _)| name));
            if record.remote_data().is_some() {
                filled.insert("remote_data".to_owned());
            }
        }
        let wrong = filled
            .iter()
            .filter(|name| !described.contains(name.as_str()) && model.field(name).is_some());
        let wrong = wrong
            .map(|name| format!("{name} has values, but describe-connector does not list it"))
            .collect();
        let call = format!("list-page {model}");
        let detail = format!("{} fields have values", filled.len());
        self.report.all(Rule::FieldsDescribed, call, wrong, detail);
    }

    async fn sizes(&mut self, model: Model, whole: &Listed) -> Result<(), CallError> {
        let call = format!("list-page {model}");
        let mut wrong = Vec::new();
        for size in SIZES {
            let query = ListQuery {
                page_size: Some(size),
                ..QUERY
            };
            let most = (size < 100).then_some(SMALL_PAGES);
            let mut job = self.start().await?;
            match walk(&mut job, model, &self.profile, &query, most).await {
                Err((_, why)) => wrong.push(format!("page size {size}: {why}")),
                Ok(listed) => {
                    let is_whole = !listed.token.is_empty();
                    wrong.extend(
                        difference(whole, &listed, is_whole)
                            .map(|key| format!("page size {size}: {key}")),
                    );
                }
            }
        }
        let detail = format!("sizes {SIZES:?}");
        self.report.all(Rule::PageSizes, call, wrong, detail);
        Ok(())
    }

    async fn again(&mut self, model: Model, whole: &Listed) -> Result<(), CallError> {
        let call = format!("list-page {model}");
        let mut job = self.start().await?;
        let wrong = match walk(&mut job, model, &self.profile, &QUERY, None).await {
            Err((_, why)) => vec![why],
            Ok(second) => {
                let changed = whole.records.iter().filter(|(key, record)| {
                    let other = second.records.get(*key);
                    other.is_some_and(|other| other.content_json() != record.content_json())
                });
                let changed = changed.map(|(key, _)| format!("{key} has other fields"));
                difference(whole, &second, true).chain(changed).collect()
            }
        };
        let detail = format!("{} records twice", whole.records.len());
        self.report.all(Rule::IdsStable, call, wrong, detail);
        Ok(())
    }

    async fn resume(&mut self, model: Model, whole: &Listed) -> Result<(), CallError> {
        let call = format!("list-page {model}");
        // The largest size gave few cursors, a small one gives one in every listing of two records.
        let query = ListQuery {
            page_size: Some(7),
            ..QUERY
        };
        let mut job = self.start().await?;
        let first = walk(&mut job, model, &self.profile, &query, Some(2)).await;
        drop(job);
        let Some((cursor, before)) = first
            .ok()
            .and_then(|first| first.cursors.into_iter().next())
        else {
            let why = "the listing has one page".into();
            self.report
                .note(Rule::CursorsResume, call, Outcome::Skipped(why));
            return Ok(());
        };
        let query = ListQuery {
            cursor: Some(cursor),
            page_size: Some(2_000),
            ..QUERY
        };
        let mut job = self.start().await?;
        let wrong = match walk(&mut job, model, &self.profile, &query, None).await {
            Err((_, why)) => vec![why],
            Ok(rest) => {
                let missing = whole
                    .records
                    .keys()
                    .filter(|key| !before.contains(*key) && !rest.records.contains_key(*key));
                missing
                    .map(|key| format!("{key} is on no page after the cursor"))
                    .collect()
            }
        };
        let detail = format!("after {} records", before.len());
        self.report.all(Rule::CursorsResume, call, wrong, detail);
        Ok(())
    }

    async fn forms(&mut self, model: Model) -> Result<(), CallError> {
        let call = format!("list-{model}");
        let (mut text, mut typed) = (self.start().await?, self.start().await?);
        let (mut query, mut count) = (QUERY, 0);
        let mut wrong = Vec::new();
        for _ in 0..COMPARED_PAGES {
            let page = match text.list(model, &self.profile, &query).await {
                Ok(page) => page,
                Err(error) => {
                    wrong.push(named(&error));
                    break;
                }
            };
            let values = match typed.list_typed(model, &self.profile, &query).await {
                Ok(values) => values,
                Err(error) => {
                    wrong.push(named(&error));
                    break;
                }
            };
            count += values.len();
            wrong.extend(unlike(&page.rows, &values));
            match page.info.progress {
                Progress::More(cursor) => query.cursor = Some(cursor),
                Progress::Done(_) => break,
            }
        }
        let detail = format!("{count} records alike");
        self.report.all(Rule::PageForms, call, wrong, detail);
        Ok(())
    }

    async fn tokens(&mut self, model: Model, whole: &Listed) -> Result<(), CallError> {
        let call = format!("list-page {model}, since a token");
        let mut job = self.start().await?;
        let first = walk(&mut job, model, &self.profile, &since(&whole.token), None).await;
        let first = match first {
            Ok(first) => first,
            Err((_, why)) => {
                self.report.failed(Rule::Tokens, call, why);
                return Ok(());
            }
        };
        let mut job = self.start().await?;
        let second = walk(&mut job, model, &self.profile, &since(&first.token), None).await;
        let wrong = match second {
            Err((_, why)) => vec![format!("the token of a delta: {why}")],
            Ok(second) => {
                let news = second.records.keys();
                news.filter(|key| !first.records.contains_key(*key))
                    .map(|key| format!("{key} comes from the later token alone"))
                    .collect()
            }
        };
        let detail = format!("{} records in the overlap", first.records.len());
        self.report.all(Rule::Tokens, call, wrong, detail);
        Ok(())
    }

    async fn errors(&mut self, model: Model) -> Result<(), CallError> {
        let forged = || Some(FORGED.to_owned());
        let token = ListQuery {
            since: forged(),
            ..QUERY
        };
        let cursor = ListQuery {
            cursor: forged(),
            ..QUERY
        };
        for (what, query) in [("token", token), ("cursor", cursor)] {
            let call = format!("list-page {model}, with a forged {what}");
            let answer = self.start().await?.list(model, &self.profile, &query).await;
            let outcome = match answer {
                Err(error) if error.kind() == ErrorKind::ResyncRequired => {
                    Outcome::Passed("resync-required".into())
                }
                Err(error) => {
                    Outcome::Failed(format!("expected `resync-required`, got {}", named(&error)))
                }
                Ok(_) => Outcome::Failed("expected `resync-required`, got a page".into()),
            };
            self.report.note(Rule::TypedErrors, call, outcome);
        }
        Ok(())
    }

    async fn keys(&mut self, model: Model, whole: &Listed) -> Result<(), CallError> {
        let call = format!("list-ids {model}");
        match self.all_keys(model).await? {
            Err(error) => self.report.refused(Rule::ListIds, call, &error),
            Ok(keys) => {
                let lacking = whole.records.keys().filter(|key| !keys.contains(*key));
                let lacking = lacking.map(|key| format!("{key} is listed, but not among the keys"));
                let unlisted = keys.iter().filter(|key| !whole.records.contains_key(*key));
                let unlisted = unlisted.map(|key| format!("{key} is a key, but not listed"));
                let wrong = lacking.chain(unlisted).collect();
                let detail = format!("{} keys", keys.len());
                self.report.all(Rule::ListIds, call, wrong, detail);
            }
        }
        Ok(())
    }

    /// All keys of a model by `list-ids`, or the error that it returned.
    pub(super) async fn all_keys(
        &self,
        model: Model,
    ) -> Result<Result<HashSet<String>, CallError>, CallError> {
        let mut job = self.start().await?;
        let (mut keys, mut cursor, mut seen) = (HashSet::new(), None, HashSet::new());
        loop {
            let page = match job.list_ids(model, &self.profile, cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            keys.extend(page.keys.into_iter().map(|key| key.key));
            match page.next {
                None => return Ok(Ok(keys)),
                Some(next) if !seen.insert(next.clone()) => {
                    let why = "it gives a cursor for the second time".into();
                    return Ok(Err(CallError::BrokenContract(why)));
                }
                next => cursor = next,
            }
        }
    }

    async fn by_id(&mut self, model: Model, whole: &Listed) -> Result<(), CallError> {
        let call = format!("get-batch {model}");
        let some: Vec<&UnifiedRecord> = whole.records.values().take(BY_ID).collect();
        let ids: BTreeSet<&str> = some
            .iter()
            .map(|record| record.key().read_id(model))
            .collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let mut job = self.start().await?;
        let batch = match job.get_records(model, &self.profile, &ids).await {
            Ok(batch) => batch,
            Err(error) => {
                self.report.refused(Rule::GetRecords, call, &error);
                return Ok(());
            }
        };
        let mut wrong = Vec::new();
        for record in some {
            let found = batch.rows.iter().find(|found| found.key() == record.key());
            match found {
                None => wrong.push(format!("{} is listed, but not found", record.key())),
                Some(found) if found.content_json() != record.content_json() => {
                    wrong.push(format!(
                        "{} has other fields than in the list",
                        record.key()
                    ));
                }
                Some(_) => {}
            }
        }
        let detail = format!("{} records", batch.rows.len());
        self.report.all(Rule::GetRecords, call, wrong, detail);
        Ok(())
    }
}

/// Says which keys of one listing another lacks, and the reverse if the other is whole.
fn difference<'a>(
    whole: &'a Listed,
    other: &'a Listed,
    is_whole: bool,
) -> impl Iterator<Item = String> + 'a {
    let new = other.records.keys();
    let new = new.filter(|key| !whole.records.contains_key(*key));
    let new = new.map(|key| format!("{key} is new"));
    let missing = whole
        .records
        .keys()
        .filter(move |key| is_whole && !other.records.contains_key(*key));
    new.chain(missing.map(|key| format!("{key} is missing")))
}

/// Says which records of a page differ in its two forms.
fn unlike(text: &[UnifiedRecord], typed: &[Value]) -> Vec<String> {
    if text.len() != typed.len() {
        return vec![format!(
            "{} records as text, {} typed",
            text.len(),
            typed.len()
        )];
    }
    let pairs = text.iter().zip(typed);
    let unlike = pairs.filter_map(|(record, typed)| {
        let line = list_line(record);
        // Compared as text, since the order of the members counts too.
        let read: Value = serde_json::from_str(&line).unwrap_or_default();
        let same = serde_json::to_string(&read).ok() == serde_json::to_string(typed).ok();
        (!same).then(|| format!("{} differs", record.key()))
    });
    unlike.collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
