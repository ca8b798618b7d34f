//! Which error code means what. Codes stay English whatever the user's language; messages do not.

use super::{AccountProblem, ErrorKind, Quota, WriteProblem};

/// A code's meaning; the variants with data are filled by the decoder from message and status.
const CODES: &[(&str, ErrorKind)] = &[
    ("INVALID_SESSION_ID", ErrorKind::Unauthenticated),
    ("INVALID_JWT_FORMAT", ErrorKind::Unauthenticated),
    ("INVALID_AUTH_HEADER", ErrorKind::Unauthenticated),
    ("INVALID_LOGIN", ErrorKind::Unauthenticated),
    ("InvalidSessionId", ErrorKind::Unauthenticated),
    ("invalid_grant", ErrorKind::Unauthenticated),
    ("invalid_client", ErrorKind::Unauthenticated),
    ("invalid_client_id", ErrorKind::Unauthenticated),
    ("unsupported_grant_type", ErrorKind::Unauthenticated),
    (
        "inactive_user",
        ErrorKind::Account(AccountProblem::UserLocked),
    ),
    (
        "inactive_org",
        ErrorKind::Account(AccountProblem::OrgLocked),
    ),
    (
        "invalid_app_access",
        ErrorKind::Account(AccountProblem::AppRefused),
    ),
    (
        "app_not_found",
        ErrorKind::Account(AccountProblem::AppRefused),
    ),
    (
        "OAUTH_APP_ACCESS_DENIED",
        ErrorKind::Account(AccountProblem::AppRefused),
    ),
    (
        "OAUTH_APP_BLOCKED",
        ErrorKind::Account(AccountProblem::AppRefused),
    ),
    (
        "OAUTH_EC_APP_NOT_FOUND",
        ErrorKind::Account(AccountProblem::AppRefused),
    ),
    (
        "CLIENT_NOT_ACCESSIBLE_FOR_USER",
        ErrorKind::Account(AccountProblem::AppRefused),
    ),
    (
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        ErrorKind::Account(AccountProblem::PasswordExpired),
    ),
    (
        "PASSWORD_LOCKOUT",
        ErrorKind::Account(AccountProblem::UserLocked),
    ),
    ("ORG_LOCKED", ErrorKind::Account(AccountProblem::OrgLocked)),
    (
        "TRIAL_EXPIRED",
        ErrorKind::Account(AccountProblem::OrgLocked),
    ),
    (
        "LOGIN_DURING_RESTRICTED_DOMAIN",
        ErrorKind::Account(AccountProblem::AddressOrHour),
    ),
    (
        "LOGIN_DURING_RESTRICTED_TIME",
        ErrorKind::Account(AccountProblem::AddressOrHour),
    ),
    ("INSUFFICIENT_ACCESS", ErrorKind::Permission),
    ("INSUFFICIENT_ACCESS_OR_READONLY", ErrorKind::Permission),
    (
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        ErrorKind::Permission,
    ),
    ("CANNOT_DELETE_MANAGED_OBJECT", ErrorKind::Permission),
    ("FUNCTIONALITY_NOT_ENABLED", ErrorKind::Forbidden),
    ("API_DISABLED_FOR_ORG", ErrorKind::SessionNotValidForApi),
    ("API_CURRENTLY_DISABLED", ErrorKind::SessionNotValidForApi),
    // The org's transaction security policies took too long to decide; the next time they may not.
    (
        "TXN_SECURITY_METERING_ERROR",
        ErrorKind::Unavailable { retry_after: None },
    ),
    ("TXN_SECURITY_RUNTIME_ERROR", ErrorKind::Permission),
    ("TXN_SECURITY_RUNTIME_EXCEPTION", ErrorKind::Permission),
    ("TXN_SECURITY_APEX_ERROR", ErrorKind::Permission),
    ("TXN_SECURITY_FAIL_CLOSE", ErrorKind::Permission),
    ("TXN_SECURITY_NO_ACCESS", ErrorKind::Permission),
    ("TXN_SECURITY_TWO_FA_REQUIRED", ErrorKind::Permission),
    ("TXN_SECURITY_END_A_SESSION", ErrorKind::Permission),
    // The org's own code refuses the download.
    (
        "CONTENT_CUSTOMIZED_DOWNLOAD_EXCEPTION",
        ErrorKind::Forbidden,
    ),
    ("INVALID_TYPE", ErrorKind::ObjectAbsent),
    ("INVALIDENTITY", ErrorKind::ObjectAbsent),
    ("INVALID_TYPE_FOR_OPERATION", ErrorKind::MalformedQuery),
    (
        "INVALID_FIELD",
        ErrorKind::InvalidField {
            column: None,
            entity: None,
        },
    ),
    ("MALFORMED_QUERY", ErrorKind::MalformedQuery),
    ("INVALID_QUERY_FILTER_OPERATOR", ErrorKind::MalformedQuery),
    ("INVALID_QUERY_SCOPE", ErrorKind::MalformedQuery),
    ("MALFORMED_SEARCH", ErrorKind::MalformedQuery),
    ("QUERY_TIMEOUT", ErrorKind::QueryTimeout),
    ("REQUEST_RUNNING_TOO_LONG", ErrorKind::QueryTimeout),
    ("QUERY_TOO_COMPLICATED", ErrorKind::QueryTooHeavy),
    ("OPERATION_TOO_LARGE", ErrorKind::QueryTooHeavy),
    ("INVALID_QUERY_LOCATOR", ErrorKind::InvalidLocator),
    ("QUERY_LOCATOR_EXPIRED", ErrorKind::InvalidLocator),
    ("INVALID_REPLICATION_DATE", ErrorKind::ReplicationDate),
    ("EXCEEDED_ID_LIMIT", ErrorKind::TooManyIds),
    ("ENTITY_NOT_REPLICATEABLE", ErrorKind::NotReplicateable),
    (
        "REQUEST_LIMIT_EXCEEDED",
        ErrorKind::RateLimited {
            quota: Quota::Daily,
            retry_after: None,
        },
    ),
    (
        "rate_limit_exceeded",
        ErrorKind::RateLimited {
            quota: Quota::Concurrent,
            retry_after: None,
        },
    ),
    (
        "SERVER_UNAVAILABLE",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "ORG_IN_MAINTENANCE",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "SSO_SERVICE_DOWN",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "UNKNOWN_EXCEPTION",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "INTERNAL_ERROR",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "TRANSACTION_TIMEOUT",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "ORG_IN_MAINTENANCE",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "REALTIME_PROCESSING_TIME_EXCEEDED_LIMIT",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "SSO_SERVICE_DOWN",
        ErrorKind::Unavailable { retry_after: None },
    ),
    (
        "TOO_MANY_APEX_REQUESTS",
        ErrorKind::RateLimited {
            quota: Quota::Concurrent,
            retry_after: None,
        },
    ),
    ("ORG_NOT_OWNED_BY_INSTANCE", ErrorKind::Moved { to: None }),
    ("UNABLE_TO_LOCK_ROW", ErrorKind::Locked),
    (
        "DUPLICATES_DETECTED",
        ErrorKind::Duplicate {
            rule: None,
            allow_save: false,
            matches: Vec::new(),
        },
    ),
    (
        "DUPLICATE_VALUE",
        ErrorKind::DuplicateValue { existing: None },
    ),
    ("DUPLICATE_EXTERNAL_ID", ErrorKind::MultipleMatches),
    ("ENTITY_IS_DELETED", ErrorKind::NotFound),
    ("NOT_FOUND", ErrorKind::NotFound),
    (
        "REQUIRED_FIELD_MISSING",
        ErrorKind::Write(WriteProblem::Required),
    ),
    ("STRING_TOO_LONG", ErrorKind::Write(WriteProblem::TooLong)),
    (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ErrorKind::Write(WriteProblem::BadPicklistValue),
    ),
    (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        ErrorKind::Write(WriteProblem::ValidationRule),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        ErrorKind::Write(WriteProblem::Automation),
    ),
    (
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        ErrorKind::Write(WriteProblem::Automation),
    ),
    ("APEX_ERROR", ErrorKind::Write(WriteProblem::Automation)),
    (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        ErrorKind::Write(WriteProblem::ReadOnlyField),
    ),
    (
        "INVALID_CROSS_REFERENCE_KEY",
        ErrorKind::Write(WriteProblem::BadReference),
    ),
    ("MALFORMED_ID", ErrorKind::Write(WriteProblem::BadReference)),
    (
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        ErrorKind::Write(WriteProblem::BadReference),
    ),
    (
        "INACTIVE_OWNER_OR_USER",
        ErrorKind::Write(WriteProblem::InactiveOwner),
    ),
    (
        "ENTITY_IS_LOCKED",
        ErrorKind::Write(WriteProblem::RecordLocked),
    ),
    (
        "FIELD_INTEGRITY_EXCEPTION",
        ErrorKind::Write(WriteProblem::BadValue),
    ),
    (
        "NUMBER_OUTSIDE_VALID_RANGE",
        ErrorKind::Write(WriteProblem::BadValue),
    ),
    (
        "INVALID_EMAIL_ADDRESS",
        ErrorKind::Write(WriteProblem::BadValue),
    ),
    (
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        ErrorKind::Write(WriteProblem::BadValue),
    ),
    (
        "JSON_PARSER_ERROR",
        ErrorKind::Write(WriteProblem::BadValue),
    ),
    ("DELETE_FAILED", ErrorKind::Write(WriteProblem::Automation)),
    ("STORAGE_LIMIT_EXCEEDED", ErrorKind::Other),
    ("EXCEEDED_MAX_SIZE_REQUEST", ErrorKind::RequestTooLong),
    ("PROCESSING_HALTED", ErrorKind::Halted),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", ErrorKind::Halted),
    ("UNSUPPORTED_API_VERSION", ErrorKind::VersionRefused),
    ("InvalidVersion", ErrorKind::VersionRefused),
];

/// What an HTTP status means when the body gives no known code.
const STATUSES: &[(u16, ErrorKind)] = &[
    (300, ErrorKind::MultipleMatches),
    (301, ErrorKind::Moved { to: None }),
    (302, ErrorKind::Moved { to: None }),
    (303, ErrorKind::Moved { to: None }),
    (307, ErrorKind::Moved { to: None }),
    (308, ErrorKind::Moved { to: None }),
    (401, ErrorKind::Unauthenticated),
    (403, ErrorKind::Forbidden),
    (404, ErrorKind::NotFound),
    (406, ErrorKind::Unavailable { retry_after: None }),
    (408, ErrorKind::Unavailable { retry_after: None }),
    (410, ErrorKind::VersionRefused),
    (413, ErrorKind::RequestTooLong),
    (414, ErrorKind::RequestTooLong),
    (420, ErrorKind::Unavailable { retry_after: None }),
    (
        429,
        ErrorKind::RateLimited {
            quota: Quota::Concurrent,
            retry_after: None,
        },
    ),
    (431, ErrorKind::RequestTooLong),
];

/// The kind that a code stands for.
pub(super) fn by_code(code: &str) -> Option<ErrorKind> {
    find(CODES, &code)
}

/// Apex's own words for a record that another transaction holds.
const LOCKS: [&str; 2] = [
    "unable to obtain exclusive access",
    "Record Currently Unavailable",
];

/// Returns true if the message of a trigger's or flow's error reports a passing problem: it holds the
/// code of the operation that failed in there.
pub(super) fn tells_of_passing_trouble(message: &str) -> bool {
    let mut words = message.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let passes = |word: &str| {
        word == "QUERY_TIMEOUT"
            || matches!(
                by_code(word),
                Some(ErrorKind::Locked | ErrorKind::Unavailable { .. })
            )
    };
    LOCKS.iter().any(|lock| message.contains(lock)) || words.any(passes)
}

/// The kind that a bare status stands for.
pub(super) fn by_status(status: u16) -> ErrorKind {
    find(STATUSES, &status).unwrap_or(match status {
        500..=599 => ErrorKind::Unavailable { retry_after: None },
        200..=299 => ErrorKind::Malformed,
        _ => ErrorKind::Other,
    })
}

fn find<K: PartialEq>(table: &[(K, ErrorKind)], key: &K) -> Option<ErrorKind> {
    table
        .iter()
        .find(|(k, _)| k == key)
        .map(|(_, kind)| kind.clone())
}
