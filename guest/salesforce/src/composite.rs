//! Several requests in one call.
//!
//! `POST /composite` takes 25 members, of which at most five may be queries, and counts as one call (salesforce-api.md
//! 7.2). A failed member leaves the call's status at 200, so each member is classified by itself.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Answer, Call, Client};
use super::error::decode::{self, Hints};
use super::error::{ErrorKind, Quota, Result, SalesforceError};
use super::json::Json;
use super::retry::Repeat;
use crate::transport::{Headers, Method, Transport};

/// Members that one composite may hold.
const MAX_MEMBERS: usize = 25;

/// Queries among them.
const MAX_QUERIES: usize = 5;

/// Calls on their way at the same time. Salesforce counts only those over 20 seconds, of which a small org may have
/// five.
const OVERLAP: usize = 4;

/// A member of a composite request.
#[derive(Debug, Clone, Serialize)]
pub struct Subrequest {
    method: &'static str,
    url: String,
    #[serde(rename = "referenceId")]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<serde_json::Value>,
    #[serde(
        rename = "httpHeaders",
        skip_serializing_if = "serde_json::Map::is_empty"
    )]
    headers: serde_json::Map<String, serde_json::Value>,
    #[serde(skip)]
    reads: bool,
    #[serde(skip)]
    is_query: bool,
}

impl Subrequest {
    /// A member that reads `path`, which is absolute.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::Get.as_str(),
            url: path.into(),
            reference: String::new(),
            body: None,
            headers: serde_json::Map::new(),
            reads: true,
            is_query: false,
        }
    }

    /// A member that runs the query of `path`.
    pub(super) fn query(path: impl Into<String>) -> Self {
        Self {
            is_query: true,
            ..Self::get(path)
        }
    }

    /// A member that writes. Texts in `body` and `path` may refer to members before it, see [`reference()`]; its own
    /// `reference` is unique within the composite, letters, digits and `_`.
    pub fn write(
        method: Method,
        reference: impl Into<String>,
        path: impl Into<String>,
        body: serde_json::Value,
    ) -> Self {
        Self {
            method: method.as_str(),
            body: (!body.is_null()).then_some(body),
            reads: method == Method::Get,
            reference: reference.into(),
            ..Self::get(path)
        }
    }

    /// The same member with one header more, for example `Sforce-Duplicate-Rule-Header`.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers
            .insert(name.to_owned(), serde_json::Value::String(value.into()));
        self
    }
}

/// What an earlier member answered, for use in a later one: `@{contact.id}`. Case counts: a POST answers `id`, a GET
/// `Id`.
pub fn reference(reference: &str, field: &str) -> String {
    format!("@{{{reference}.{field}}}")
}

/// Whether Salesforce would read a reference in a text of a composite's body. There is no way to write one that it
/// leaves alone.
pub fn holds_reference(text: &str) -> bool {
    text.contains("@{")
}

/// A composite request. Its members run in order.
#[derive(Debug, Clone, Serialize)]
pub struct Composite {
    #[serde(rename = "allOrNone")]
    all_or_none: bool,
    // True by default at Salesforce since v49, which lets it reorder members.
    #[serde(rename = "collateSubrequests")]
    collate: bool,
    #[serde(rename = "compositeRequest")]
    members: Vec<Subrequest>,
}

impl Default for Composite {
    fn default() -> Self {
        Self::new()
    }
}

impl Composite {
    /// A composite without members, each of which will stand for itself.
    pub fn new() -> Self {
        Self {
            all_or_none: false,
            collate: false,
            members: Vec::new(),
        }
    }

    /// When one member fails, none has an effect.
    #[must_use]
    pub fn all_or_none(mut self) -> Self {
        self.all_or_none = true;
        self
    }

    /// Adds a member; one without a reference gets its place as such.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "members are added, nothing is summed up"
    )]
    pub fn add(mut self, mut member: Subrequest) -> Self {
        if member.reference.is_empty() {
            member.reference = format!("r{}", self.members.len());
        }
        self.members.push(member);
        self
    }
}

/// A member's answer.
#[derive(Debug, Clone)]
pub struct SubResponse {
    /// The member's reference.
    pub reference: String,
    /// The member's HTTP status.
    pub status: u16,
    /// The member's headers.
    pub headers: Headers,
    /// The member's body.
    pub body: Json,
}

impl SubResponse {
    /// The body of a member that succeeded.
    ///
    /// # Errors
    /// What went wrong with this member.
    pub fn ok(&self) -> Result<&Json> {
        if (200..300).contains(&self.status) {
            Ok(&self.body)
        } else {
            Err(decode::decode(
                self.status,
                self.body.as_str(),
                &Hints::default(),
            ))
        }
    }
}

#[derive(Deserialize)]
struct RawResponse<'a> {
    #[serde(borrow, rename = "compositeResponse")]
    members: Vec<RawMember<'a>>,
}

#[derive(Deserialize)]
struct RawMember<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(default, rename = "httpHeaders")]
    headers: serde_json::Map<String, serde_json::Value>,
    #[serde(rename = "httpStatusCode")]
    status: u16,
    #[serde(borrow, rename = "referenceId")]
    reference: Cow<'a, str>,
}

/// The members of a composite's answer.
pub(super) fn members(body: &Json) -> Result<Vec<SubResponse>> {
    let response: RawResponse<'_> = body.parse().map_err(SalesforceError::malformed)?;
    let member = |m: RawMember<'_>| SubResponse {
        reference: m.reference.into_owned(),
        status: m.status,
        headers: m
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect(),
        body: match m.body {
            Some(raw) => body.piece(raw),
            None => Json::new("null".to_owned()),
        },
    };
    Ok(response.members.into_iter().map(member).collect())
}

/// The members of a composite that only reads. A passing failure of one makes the whole fail, so that it is repeated.
fn reads(body: &Json) -> Result<Vec<SubResponse>> {
    let members = members(body)?;
    for member in &members {
        if let Err(error) = member.ok()
            && matches!(
                error.kind,
                ErrorKind::Unavailable { .. }
                    | ErrorKind::RateLimited {
                        quota: Quota::Concurrent,
                        ..
                    }
                    | ErrorKind::Locked
            )
        {
            return Err(error);
        }
    }
    Ok(members)
}

/// The answers to several composites' members, in order; only their places tell them apart.
///
/// # Errors
/// When there are not as many as members were asked.
fn all_answered<R>(answers: Vec<Vec<R>>, asked: usize) -> Result<Vec<R>> {
    let answers: Vec<R> = answers.into_iter().flatten().collect();
    if answers.len() == asked {
        return Ok(answers);
    }
    Err(SalesforceError::malformed(
        "the composite answer lacks a member",
    ))
}

impl<T: Transport> Client<T> {
    pub(super) fn composite_call(
        &self,
        composite: &Composite,
        step: impl Into<Cow<'static, str>>,
    ) -> Result<Call> {
        let call = Call::write(Method::Post, self.path("composite"), composite, step)?;
        let only_reads = composite.members.iter().all(|m| m.reads);
        Ok(if only_reads { call.reading() } else { call })
    }

    /// Sends a composite request; the answers come in the order of its members.
    ///
    /// One that only reads is repeated like any read; one that writes all or nothing also when a record was locked,
    /// since then nothing was done.
    ///
    /// # Errors
    /// When the whole fails; a member's failure is in its own answer.
    pub fn composite(
        &self,
        composite: &Composite,
        step: impl Into<Cow<'static, str>>,
    ) -> Result<Vec<SubResponse>> {
        let count = composite.members.len();
        if count > MAX_MEMBERS {
            return Err(SalesforceError::new(
                ErrorKind::Other,
                format!("a composite holds {MAX_MEMBERS} members, not {count}"),
            ));
        }
        let call = self.composite_call(composite, step)?;
        let last = std::cell::RefCell::new(None);
        let result = self.run(&call, |answer: Answer| {
            let found = if call.repeat == Repeat::Safe {
                reads(&answer.body)?
            } else {
                members(&answer.body)?
            };
            let found = all_answered(vec![found], count)?;
            let locked = found
                .iter()
                .find_map(|m| m.ok().err().filter(|e| e.kind == ErrorKind::Locked));
            if let (true, Some(locked)) = (composite.all_or_none, locked) {
                last.replace(Some(found));
                return Err(locked);
            }
            Ok(found)
        });
        match (result, last.into_inner()) {
            // Still locked at the last attempt: the members tell more than the one error.
            (Err(error), Some(found)) if error.kind == ErrorKind::Locked => Ok(found),
            (result, _) => result,
        }
    }

    /// Reads by several requests, as many to a call as it holds, some of the calls at the same time. The members of a
    /// group are answered in one call, in their order.
    ///
    /// # Errors
    /// The first call's that fails; what is wrong with one member is in its own answer.
    pub fn read_groups(
        &self,
        groups: &[Vec<Subrequest>],
        step: &'static str,
    ) -> Result<Vec<Vec<SubResponse>>> {
        let calls: Vec<Call> = packed(groups)
            .iter()
            .map(|composite| self.composite_call(composite, step))
            .collect::<Result<_>>()?;
        let answers = match self.run_many(calls, |answer| reads(&answer.body)) {
            // One by one where all are too much for Salesforce or the host.
            Err(error) if error.asks_for_less() && groups.len() > 1 => {
                let one_by_one = groups
                    .iter()
                    .map(|group| self.read_groups(std::slice::from_ref(group), step));
                return Ok(one_by_one.collect::<Result<Vec<_>>>()?.concat());
            }
            answers => answers?,
        };
        let asked = groups.iter().map(Vec::len).sum();
        let mut answers = all_answered(answers, asked)
            .map_err(|error| error.at(step))?
            .into_iter();
        let of_group = |group: &Vec<Subrequest>| answers.by_ref().take(group.len()).collect();
        Ok(groups.iter().map(of_group).collect())
    }

    /// As [`read_groups`](Client::read_groups), each member a group of its own.
    ///
    /// # Errors
    /// As there.
    pub fn read_each(
        &self,
        members: impl IntoIterator<Item = Subrequest>,
        step: &'static str,
    ) -> Result<Vec<SubResponse>> {
        let groups: Vec<Vec<Subrequest>> = members.into_iter().map(|member| vec![member]).collect();
        Ok(self.read_groups(&groups, step)?.concat())
    }

    /// Sends several reading calls, some of them at the same time; the results come in the order of the calls.
    fn run_many<R>(
        &self,
        calls: Vec<Call>,
        decode: impl Fn(Answer) -> Result<R>,
    ) -> Result<Vec<R>> {
        let mut results = Vec::with_capacity(calls.len());
        let mut waiting = calls.into_iter();
        let mut flying: std::collections::VecDeque<_> = waiting
            .by_ref()
            .take(OVERLAP)
            .map(|c| self.start(c))
            .collect();
        while let Some(flight) = flying.pop_front() {
            results.push(self.finish(flight, &decode)?);
            flying.extend(waiting.next().map(|c| self.start(c)));
        }
        Ok(results)
    }
}

/// As few composites as hold the groups, each of them whole.
fn packed(groups: &[Vec<Subrequest>]) -> Vec<Composite> {
    let queries = |members: &[Subrequest]| members.iter().filter(|m| m.is_query).count();
    let mut composites: Vec<Composite> = Vec::new();
    for group in groups {
        let room = composites.pop_if(|last| {
            last.members.len() + group.len() <= MAX_MEMBERS
                && queries(&last.members) + queries(group) <= MAX_QUERIES
        });
        let composite = group
            .iter()
            .cloned()
            .fold(room.unwrap_or_default(), Composite::add);
        composites.push(composite);
    }
    composites
}

#[cfg(test)]
mod tests;
