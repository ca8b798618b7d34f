//! Turns what went wrong into the contract's errors, each with its fix in words where one is known.
//!
//! `case` is the one table from the kinds that the protocol tells apart to the cases that a caller can act on. Messages
//! name the step, the object or field, and the permission set that gives the right; they hold no secret, since none
//! passes here.

use super::models::Missing;
use super::profile::ProfileError;
use super::settings::SettingsProblem;
use crate::exports::ats::connector::types::{
    Conflict, Error, Failure, Problem, Quota, RateLimit, RemoteAnswer,
};
use salesforce::{AccountProblem, ErrorKind, Quota as Spent, SalesforceError};

pub use crate::engine::{failure, problem, resync};

/// The permission set that gives an integration user what this connector reads (asymbl-schema.md 4).
pub const PERMISSION_SET: &str = "Asymbl ATS User";

/// What helps where the org's transaction security policies refuse a request, or take too long to decide.
const TRANSACTION_SECURITY: &str = "a transaction security policy of the org stands in the way: give the integration user the \
     permission \"Exempt from Transaction Security\", or change the policy (Setup, Transaction Security Policies)";

/// Longest part of an answer's message that is handed on, in characters.
const MESSAGE_LIMIT: usize = 4_000;

/// What Salesforce answered; none where it was not asked or did not answer.
fn answer(error: &SalesforceError) -> Option<RemoteAnswer> {
    if error.status.is_none() && error.code.is_empty() {
        return None;
    }
    Some(RemoteAnswer {
        status: error.status,
        code: Some(error.code.clone()).filter(|c| !c.is_empty()),
        message: error.message.chars().take(MESSAGE_LIMIT).collect(),
        fields: error.fields.clone(),
    })
}

/// The contract's cases that carry nothing but a failure.
enum Case {
    Unauthenticated,
    Permission,
    ProfileOutdated,
    Unavailable,
    NotFound,
    Remote,
}

/// What a kind of error is for a caller, and what to do about it.
fn case(error: &SalesforceError) -> (Case, String) {
    let assign = format!("assign the permission set \"{PERMISSION_SET}\" to the integration user");
    match &error.kind {
        // No answer: the host has no credentials, and only the host knows why.
        ErrorKind::Unauthenticated if error.status.is_none() => {
            (Case::Unauthenticated, String::new())
        }
        ErrorKind::Unauthenticated => (
            Case::Unauthenticated,
            "a new session is not accepted either: check that the integration user is active and has \"API Enabled\", that the app has \
             the scope `api`, and that no IP range or session policy refuses the host's address"
                .to_owned(),
        ),
        ErrorKind::Account(problem) => (Case::Unauthenticated, account_fix(*problem).to_owned()),
        ErrorKind::SessionNotValidForApi => (
            Case::Permission,
            "give the integration user \"API Enabled\" and the app the scope `api`".to_owned(),
        ),
        ErrorKind::Permission => (Case::Permission, assign),
        ErrorKind::ObjectAbsent => (
            Case::ProfileOutdated,
            format!("the user lacks the right to read the object, or the Asymbl ATS package is not installed: {assign}"),
        ),
        ErrorKind::InvalidField { column, entity } => {
            let field = match (entity, column) {
                (Some(entity), Some(column)) => format!("the field {column} of {entity}"),
                (None, Some(column)) => format!("the field {column}"),
                _ => "a field".to_owned(),
            };
            let fix = format!(
                "{field} was deleted, renamed or hidden from the connected user: if a setting names it, correct the setting; else {assign}"
            );
            (Case::ProfileOutdated, fix)
        }
        ErrorKind::Unfilterable { column } => (
            Case::Remote,
            format!(
                "Salesforce can't search by {column}, which may be encrypted: choose deterministic encryption for it, or name another \
                 field in the settings"
            ),
        ),
        ErrorKind::Unavailable { .. } | ErrorKind::Locked | ErrorKind::Incomplete => {
            (Case::Unavailable, "try again later".to_owned())
        }
        ErrorKind::QueryTimeout => (
            Case::Unavailable,
            "Salesforce took too long, also for fewer rows at once: try again later, or switch off fields of the model".to_owned(),
        ),
        ErrorKind::QueryTooHeavy => (
            Case::Unavailable,
            "Salesforce finds the query too heavy, also for fewer rows at once: give the user \"View All\" on the object, or switch off \
             fields of the model"
                .to_owned(),
        ),
        ErrorKind::TooLarge => (
            Case::Remote,
            "raise `response_size` in the tenant file's `[limits]`, or switch off fields of the model".to_owned(),
        ),
        ErrorKind::Moved { to: Some(to) } => (
            Case::Remote,
            format!("set instance_url to {to}, once you know that this is the org's address"),
        ),
        ErrorKind::Moved { to: None } => (
            Case::Remote,
            "set instance_url to the org's present My Domain address".to_owned(),
        ),
        ErrorKind::Malformed => (
            Case::Unavailable,
            "Salesforce's answer can't be read: try again later, and check that the address is the org's own".to_owned(),
        ),
        ErrorKind::NotFound => (Case::NotFound, "it may be deleted, or not visible to the integration user".to_owned()),
        ErrorKind::Blocked => (Case::Remote, "the host refused the request: look at its limits, its policy and the server's certificate".to_owned()),
        ErrorKind::MalformedQuery => (
            Case::Remote,
            "if the setting `candidates` holds a condition, check it".to_owned(),
        ),
        _ => (Case::Remote, String::new()),
    }
}

fn account_fix(problem: AccountProblem) -> &'static str {
    match problem {
        AccountProblem::PasswordExpired => {
            "set a new password for the integration user, and give the user \"Password Never Expires\""
        }
        AccountProblem::UserLocked => "activate, unfreeze or unlock the integration user",
        AccountProblem::OrgLocked => {
            "the org is locked or its trial has expired: ask its administrator, or Salesforce"
        }
        AccountProblem::AddressOrHour => {
            "allow the host's address and the hour: in the app's IP policy, in Network Access, or in the user's profile (login IP ranges, \
             login hours)"
        }
        AccountProblem::AppRefused => {
            "install the app in this org, or ask an administrator to unblock it and to approve it for the user"
        }
    }
}

/// What a refused value or a record that exists already is for a caller; the rest is in [`case`].
fn of_a_write(error: &SalesforceError, said: &Failure) -> Option<Error> {
    match &error.kind {
        ErrorKind::DuplicateValue { existing: Some(id) } => Some(Error::AlreadyExists(Conflict {
            existing_id: id.to_string(),
            failure: said.clone(),
        })),
        ErrorKind::Write(_)
        | ErrorKind::Duplicate { .. }
        | ErrorKind::DuplicateValue { existing: None } => {
            Some(Error::InvalidInput(vec![Problem {
                field: String::new(),
                message: said.message.clone(),
                remote: said.remote.clone(),
            }]))
        }
        _ => None,
    }
}

impl From<SalesforceError> for Error {
    fn from(error: SalesforceError) -> Self {
        let remote = answer(&error);
        if let ErrorKind::RateLimited { quota, .. } = error.kind {
            let (quota, fix) = match quota {
                Spent::Daily => (
                    Quota::Daily,
                    "the org's API calls of 24 hours are used up: go on tomorrow",
                ),
                Spent::Concurrent => (
                    Quota::Concurrent,
                    "too many requests at once: go on in a minute",
                ),
            };
            let seconds = error
                .retry_after()
                .map(|d| u32::try_from(d.as_secs()).unwrap_or(u32::MAX));
            return Self::RateLimited(RateLimit {
                quota,
                retry_after_seconds: seconds,
                failure: Failure {
                    message: format!("{error}: {fix}"),
                    remote,
                },
            });
        }
        if error.kind == ErrorKind::VersionRefused {
            return Self::InvalidInput(vec![Problem {
                field: "api_version".to_owned(),
                message: format!("{error}: set api_version to one that the org has"),
                remote,
            }]);
        }
        let (case, mut fix) = case(&error);
        if error.code.starts_with("TXN_SECURITY") {
            fix = TRANSACTION_SECURITY.to_owned();
        }
        let message = if fix.is_empty() {
            error.to_string()
        } else {
            format!("{error}: {fix}")
        };
        let said = Failure { message, remote };
        if let Some(of_a_write) = of_a_write(&error, &said) {
            return of_a_write;
        }
        match case {
            Case::Unauthenticated => Self::Unauthenticated(said),
            Case::Permission => Self::Permission(said),
            Case::ProfileOutdated => Self::ProfileOutdated(said),
            Case::Unavailable => Self::Unavailable(said),
            Case::NotFound => Self::NotFound(said),
            Case::Remote => Self::Remote(said),
        }
    }
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        Self::Permission(failure(missing.to_string()))
    }
}

impl From<ProfileError> for Error {
    fn from(error: ProfileError) -> Self {
        Self::ResyncRequired(failure(error.to_string()))
    }
}

/// Settings that can't be used, all problems at once. Their fields begin with `settings`, which no input does.
pub fn bad_settings(problems: Vec<SettingsProblem>) -> Error {
    let problems = problems.into_iter().map(|p| {
        let key = match p.key.as_str() {
            "" => "settings".to_owned(),
            key => format!("settings.{key}"),
        };
        problem(key, p.message)
    });
    Error::InvalidInput(problems.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use salesforce::error::decode::{Hints, decode};

    fn text(error: &Error) -> &str {
        match error {
            Error::Permission(f)
            | Error::ProfileOutdated(f)
            | Error::Remote(f)
            | Error::Unavailable(f)
            | Error::Unauthenticated(f) => &f.message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hidden_object_names_the_object_and_the_permission_set() {
        let error = SalesforceError::new(
            ErrorKind::ObjectAbsent,
            "sObject type 'bpats__Job__c' is not supported.",
        );
        let error = Error::from(error.at("list bpats__Job__c"));
        assert!(matches!(error, Error::ProfileOutdated(_)));
        for part in ["bpats__Job__c", "Asymbl ATS User", "not installed"] {
            assert!(text(&error).contains(part), "{part}: {}", text(&error));
        }
    }

    #[test]
    fn only_a_known_lack_of_rights_is_told_as_one() {
        let refused = |status: u16, code: &str| {
            let body = format!(r#"[{{"errorCode":"{code}","message":"As it came."}}]"#);
            let error = decode(status, &body, &Hints::default());
            Error::from(error)
        };
        let lacks = refused(403, "INSUFFICIENT_ACCESS_OR_READONLY");
        assert!(matches!(&lacks, Error::Permission(_)) && text(&lacks).contains(PERMISSION_SET));
        for code in ["OF_NEXT_YEAR", "FUNCTIONALITY_NOT_ENABLED", ""] {
            let unknown = refused(403, code);
            assert!(matches!(&unknown, Error::Remote(_)), "{code}: {unknown:?}");
            assert!(
                text(&unknown).starts_with("As it came. (403"),
                "{code}: {unknown:?}"
            );
            assert!(!text(&unknown).contains("permission set"), "{unknown:?}");
        }
        for (status, code, fix) in [
            (
                403,
                "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
                "new password",
            ),
            (
                401,
                "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
                "new password",
            ),
            (403, "ORG_LOCKED", "the org is locked"),
            (403, "TRIAL_EXPIRED", "trial"),
            (403, "LOGIN_DURING_RESTRICTED_DOMAIN", "login IP ranges"),
            (403, "app_not_found", "install the app"),
        ] {
            let error = refused(status, code);
            assert!(
                matches!(&error, Error::Unauthenticated(_)),
                "{code}: {error:?}"
            );
            assert!(text(&error).contains(fix), "{code}: {error:?}");
            assert!(!text(&error).contains("client id"), "{error:?}");
        }
    }

    #[test]
    fn a_field_lost_since_discover_is_named_with_a_fix() {
        let kind = ErrorKind::InvalidField {
            column: Some("Pay__c".into()),
            entity: Some("bpats__Job__c".into()),
        };
        let error = Error::from(SalesforceError::new(kind, "No such column"));
        assert!(matches!(error, Error::ProfileOutdated(_)));
        assert!(
            text(&error)
                .contains("the field Pay__c of bpats__Job__c was deleted, renamed or hidden")
        );
    }

    #[test]
    fn a_version_the_org_lacks_is_blamed_on_api_version() {
        let error =
            SalesforceError::new(ErrorKind::VersionRefused, "the org has no API version 66.0");
        let Error::InvalidInput(problems) = Error::from(error) else {
            panic!("another case");
        };
        assert_eq!(problems[0].field, "api_version");
        assert!(problems[0].message.contains("set api_version"));
    }

    #[test]
    fn transaction_security_is_not_blamed_on_the_permission_set() {
        let body =
            r#"[{"errorCode":"TXN_SECURITY_METERING_ERROR","message":"policies took too long"}]"#;
        let hints = salesforce::error::decode::Hints::default();
        let error = salesforce::error::decode::decode(403, body, &hints);
        let error = Error::from(error);
        assert!(matches!(error, Error::Unavailable(_)));
        assert!(text(&error).contains("Exempt from Transaction Security"));
        assert!(!text(&error).contains(PERMISSION_SET));
    }

    #[test]
    fn a_spent_quota_tells_which_one_and_when_to_come_back() {
        let kind = ErrorKind::RateLimited {
            quota: Spent::Daily,
            retry_after: Some(std::time::Duration::from_secs(90)),
        };
        let Error::RateLimited(limit) =
            Error::from(SalesforceError::new(kind, "TotalRequests Limit exceeded."))
        else {
            panic!("another case");
        };
        assert_eq!(
            (limit.quota, limit.retry_after_seconds),
            (Quota::Daily, Some(90))
        );
    }
}
