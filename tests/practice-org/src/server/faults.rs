//! Faults on demand: what networks and Salesforce do to clients, one rule at a time.
//!
//! A rule says which requests it meets (`path`, `contains`, `method`, `kind`), how many it lets pass first (`skip`),
//! how many it hits (`times`) and what happens. Rules are tried in the order they were added. Members of a composite
//! are met by rules of a kind that begins with `sub:` only.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::random::Random;

/// What happens to a request that a rule meets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Answer with this status instead of doing the work, or after it where the rule says `after`.
    Status {
        /// HTTP status.
        status: u16,
        /// `errorCode` of a JSON body; by default the one that fits the status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// `message` of a JSON body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// `json` (default), `html`, `garbage`, `empty`, or `{"text": "..."}`.
        #[serde(default)]
        body: FaultBody,
        /// Adds a `Retry-After` header, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// Do the work, then send only the first `bytes` bytes and cut the connection.
    Truncate {
        /// Bytes of the (encoded) body that get through.
        bytes: usize,
    },
    /// Do the work, then send a body that ends too early for a JSON parser, with a correct length.
    Malformed,
    /// Do the work, then leave the last rows out of the page of a query or out of the CSV of a Bulk result. The counts
    /// stay.
    CutRows {
        /// Rows left out.
        rows: usize,
        /// The page also says that it is the last one.
        #[serde(default)]
        end: bool,
    },
    /// Do the work, then replace text in the answer, wherever it stands.
    Replace {
        /// The text, as the answer spells it (JSON escapes included).
        find: String,
        /// What stands in its place.
        with: String,
    },
    /// Make a call of the back door first, e.g. to remove a field just before a query names it.
    Call {
        /// HTTP method and path behind `/__practice__/`, e.g. `DELETE fields`.
        call: String,
        /// Its body.
        #[serde(default)]
        with: Json,
    },
    /// Cut the connection and do nothing.
    DropBefore,
    /// Do the work (it commits), then cut the connection without an answer.
    DropAfter,
    /// Do the work (it commits), then wait this long before the answer.
    DelayAfter {
        /// Milliseconds.
        ms: u64,
    },
    /// Wait this long, then do the work.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// End every session before the request is looked at, so that it gets a 401.
    KillSessions,
    /// Forget every query locator before the request is looked at.
    ExpireLocators,
}

/// The body of a [`Action::Status`] answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultBody {
    /// Salesforce's error array.
    #[default]
    Json,
    /// An HTML page, as load balancers send.
    Html,
    /// Bytes that are neither.
    Garbage,
    /// Nothing.
    Empty,
    /// This text.
    Text(String),
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn once() -> u32 {
    1
}

/// One fault rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Meets requests whose path and query contain this text (percent-encoding as sent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Meets requests whose decoded path and query, or whose body, contain this text, e.g. a piece of SOQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// Meets requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Meets requests of this kind, as named in the statistics (`query`, `query_more`, `token`, ...); with `sub:`
    /// before it, members of a composite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Requests that pass before the first hit.
    #[serde(default)]
    pub skip: u32,
    /// Hits before the rule is spent; it holds until it is removed when 0.
    #[serde(default = "once")]
    pub times: u32,
    /// Of 100 requests that it meets, it hits about so many; all of them when absent. The draw is the same in each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    /// A `status` is answered after the work, which took effect.
    #[serde(default, skip_serializing_if = "is_false")]
    pub after: bool,
    /// Headers that the answer has besides; `{target}` stands for the path and query of the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What happens.
    #[serde(flatten)]
    pub action: Action,
}

/// A request that rules are tried on.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query, percent-encoded as sent.
    pub target: &'a str,
    /// Kind, as in the statistics.
    pub kind: &'a str,
    /// Body, unzipped.
    pub body: &'a [u8],
}

impl Asked<'_> {
    fn contains(&self, text: &str) -> bool {
        let body = String::from_utf8_lossy(self.body);
        let holds = |place: &str| {
            let plain = place.replace('+', " ");
            place.contains(text)
                || percent_decode_str(&plain)
                    .decode_utf8_lossy()
                    .contains(text)
        };
        holds(self.target) || holds(&body)
    }
}

/// What happens to a request that a rule met.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What happens.
    pub action: Action,
    /// A `status` is answered after the work.
    pub after: bool,
    /// Headers that the answer has besides.
    pub headers: BTreeMap<String, String>,
}

impl Rule {
    /// A rule that meets the next REST or token request, whatever it is.
    pub fn next(action: Action) -> Self {
        Self {
            path: None,
            contains: None,
            method: None,
            kind: None,
            skip: 0,
            times: 1,
            percent: None,
            after: false,
            headers: BTreeMap::new(),
            action,
        }
    }

    /// The same rule for requests of one kind only.
    pub fn on_kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    /// The same rule for requests that contain a text only, e.g. a piece of SOQL.
    pub fn containing(mut self, text: &str) -> Self {
        self.contains = Some(text.to_owned());
        self
    }

    /// The same rule, answering after the work was done.
    pub fn after_the_work(mut self) -> Self {
        self.after = true;
        self
    }

    /// The same rule, hitting `times` requests; every one until it is removed when 0.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same rule, hitting about `percent` of 100 requests until it is removed.
    pub fn percent(mut self, percent: u32) -> Self {
        self.percent = Some(percent);
        self.times = 0;
        self
    }

    /// The same rule, letting `skip` requests pass first.
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn meets(&self, asked: &Asked<'_>) -> bool {
        let of_kind = match &self.kind {
            Some(kind) => kind == asked.kind,
            None => !asked.kind.starts_with("sub:"),
        };
        let said =
            |text: &Option<String>, holds: &dyn Fn(&str) -> bool| text.as_deref().is_none_or(holds);
        of_kind
            && said(&self.method, &|method| {
                method.eq_ignore_ascii_case(asked.method)
            })
            && said(&self.path, &|text| asked.target.contains(text))
            && said(&self.contains, &|text| asked.contains(text))
    }
}

/// The rules in force.
#[derive(Debug)]
pub struct Faults {
    rules: Vec<Rule>,
    /// What rules with a rate draw from.
    chance: Random,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            chance: Random::new(0, "faults"),
        }
    }
}

impl Faults {
    /// Adds a rule behind those in force.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules in force, with what is left of their counts.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What happens to this request, if a rule meets it; spends one hit.
    pub fn take(&mut self, asked: &Asked<'_>) -> Option<Hit> {
        let chance = &mut self.chance;
        let at = self.rules.iter_mut().position(|rule| {
            if !rule.meets(asked) {
                return false;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                return false;
            }
            rule.percent
                .is_none_or(|percent| chance.percent(percent as usize))
        })?;
        let rule = &mut self.rules[at];
        let hit = Hit {
            action: rule.action.clone(),
            after: rule.after,
            headers: rule.headers.clone(),
        };
        match rule.times {
            0 => {}
            1 => drop(self.rules.remove(at)),
            _ => rule.times -= 1,
        }
        Some(hit)
    }
}

/// Codes and messages that Salesforce pairs with a status; the first of a status is its usual one (salesforce-api.md
/// 1.5 and 5).
const USUAL: [(u16, &str, &str); 9] = [
    (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    ),
    (404, "NOT_FOUND", "The requested resource does not exist"),
    (
        503,
        "SERVER_UNAVAILABLE",
        "Server unavailable; the request could not be processed",
    ),
    (
        400,
        "QUERY_TIMEOUT",
        "Your query request was running for too long.",
    ),
    (
        400,
        "OPERATION_TOO_LARGE",
        "exceeded 100000 distinct who/what's",
    ),
    (
        400,
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record or 1 records",
    ),
    (
        403,
        "TXN_SECURITY_METERING_ERROR",
        "The enabled transaction security policies took too long.",
    ),
    (
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support",
    ),
];

/// The code and the message of an answer with this status, where a rule names one of them or neither.
pub fn usual(status: u16, code: Option<&str>) -> (&'static str, &'static str) {
    let known = USUAL.iter().find(|(_, known, _)| Some(*known) == code);
    let by_status = || {
        let of_status = |usual: &&(u16, &str, &str)| usual.0 == status && status != 400;
        USUAL
            .iter()
            .find(of_status)
            .unwrap_or(&USUAL[USUAL.len() - 1])
    };
    let (_, code, message) = known.unwrap_or_else(by_status);
    (code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: &str) -> Asked<'_> {
        Asked {
            method: "GET",
            target: "/query?q=SELECT+Id%2CName+FROM+User",
            kind,
            body: b"",
        }
    }

    #[test]
    fn a_rule_meets_decoded_text_and_members_only_by_their_kind() {
        let mut faults = Faults::default();
        faults.add(
            Rule::next(Action::Malformed)
                .containing("Id,Name FROM User")
                .times(0),
        );
        assert_eq!(faults.take(&asked("sub:query")), None);
        assert!((0..3).all(|_| faults.take(&asked("query")).is_some()));
        faults.clear();
        faults.add(Rule::next(Action::Malformed).on_kind("sub:query"));
        assert!(faults.take(&asked("sub:query")).is_some());
    }

    #[test]
    fn a_rule_lets_its_skipped_requests_pass_and_then_hits_its_number() {
        let mut faults = Faults::default();
        faults.add(
            Rule::next(Action::Malformed)
                .on_kind("query")
                .skip(1)
                .times(2),
        );
        assert_eq!(faults.take(&asked("describe")), None);
        let hits: Vec<bool> = (0..4)
            .map(|_| faults.take(&asked("query")).is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false]);
    }

    #[test]
    fn a_rule_with_a_rate_hits_about_that_share_and_stays() {
        let mut faults = Faults::default();
        faults.add(Rule::next(Action::DropBefore).percent(20));
        let hits = (0..1_000)
            .filter(|_| faults.take(&asked("query")).is_some())
            .count();
        assert!((150..250).contains(&hits), "{hits}");
        assert_eq!(faults.rules().len(), 1);
    }

    #[test]
    fn rules_are_read_from_the_json_that_the_readme_shows() {
        let rule: Rule = serde_json::from_str(
            r#"{"kind":"query","times":3,"do":"status","status":503,"body":"html"}"#,
        )
        .unwrap();
        assert_eq!(rule.times, 3);
        assert!(matches!(
            rule.action,
            Action::Status {
                status: 503,
                body: FaultBody::Html,
                ..
            }
        ));
    }
}
