//! Faults on demand: what networks and Salesforce do to clients, one rule at a time.
//!
//! A rule says which requests it meets (`path` contains, `method`, `kind`), how many it lets pass first (`skip`), how
//! many it hits (`times`) and what happens. Rules are tried in the order they were added.

use serde::{Deserialize, Serialize};

/// What happens to a request that a rule meets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Answer with this status instead of doing the work.
    Status {
        /// HTTP status.
        status: u16,
        /// `errorCode` of a JSON body; by default the one that fits the status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// `message` of a JSON body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// `json` (default), `html`, `garbage` or `empty`.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Meets requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Meets requests of this kind, as named in the statistics (`query`, `query_more`, `token`, ...).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Requests that pass before the first hit.
    #[serde(default)]
    pub skip: u32,
    /// Hits before the rule is spent.
    #[serde(default = "once")]
    pub times: u32,
    /// Of 100 requests that it meets, it hits about so many; all of them when absent. The draw is the same in each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    /// What happens.
    #[serde(flatten)]
    pub action: Action,
}

impl Rule {
    /// A rule that meets the next REST or token request, whatever it is.
    pub fn next(action: Action) -> Self {
        Self {
            path: None,
            method: None,
            kind: None,
            skip: 0,
            times: 1,
            percent: None,
            action,
        }
    }

    /// The same rule for requests of one kind only.
    pub fn on_kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    /// The same rule, hitting `times` requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same rule, hitting about `percent` of 100 requests until it is removed.
    pub fn percent(mut self, percent: u32) -> Self {
        self.percent = Some(percent);
        self.times = u32::MAX;
        self
    }

    /// The same rule, letting `skip` requests pass first.
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn meets(&self, method: &str, target: &str, kind: &str) -> bool {
        self.path
            .as_deref()
            .is_none_or(|text| target.contains(text))
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.kind.as_deref().is_none_or(|wanted| wanted == kind)
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Rule>,
    draws: u64,
}

/// A number from 0 to 99 that looks random and is the same in each run.
fn draw(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 31)) % 100
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

    /// The action for this request, if a rule meets it; spends one hit.
    pub fn take(&mut self, method: &str, target: &str, kind: &str) -> Option<Action> {
        let draws = &mut self.draws;
        let at = self.rules.iter_mut().position(|rule| {
            if !rule.meets(method, target, kind) {
                return false;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                return false;
            }
            if let Some(percent) = rule.percent {
                *draws += 1;
                return draw(*draws) < u64::from(percent);
            }
            true
        })?;
        let rule = &mut self.rules[at];
        let action = rule.action.clone();
        if rule.times < u32::MAX {
            rule.times = rule.times.saturating_sub(1);
        }
        if rule.times == 0 {
            self.rules.remove(at);
        }
        Some(action)
    }
}

/// The `errorCode` that Salesforce pairs with a status (salesforce-api.md 1.5 and 5).
pub fn default_code(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("INVALID_SESSION_ID", "Session expired or invalid"),
        403 => ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        404 => ("NOT_FOUND", "The requested resource does not exist"),
        503 => (
            "SERVER_UNAVAILABLE",
            "Server unavailable; the request could not be processed",
        ),
        _ => (
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred. Please include this ErrorId if you contact support",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_lets_its_skipped_requests_pass_and_then_hits_its_number() {
        let mut faults = Faults::default();
        faults.add(
            Rule::next(Action::Malformed)
                .on_kind("query")
                .skip(1)
                .times(2),
        );
        assert_eq!(faults.take("GET", "/x", "describe"), None);
        let hits: Vec<bool> = (0..4)
            .map(|_| faults.take("GET", "/x", "query").is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false]);
    }

    #[test]
    fn a_rule_with_a_rate_hits_about_that_share_and_stays() {
        let mut faults = Faults::default();
        faults.add(Rule::next(Action::DropBefore).percent(20));
        let hits = (0..1_000)
            .filter(|_| faults.take("GET", "/x", "query").is_some())
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
