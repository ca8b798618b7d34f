use super::*;

#[test]
fn quoted_errors_get_the_kind_that_a_caller_can_act_on() {
    use ErrorKind as K;
    use WriteProblem as W;
    let unavailable = K::Unavailable { retry_after: None };
    for (status, code, message, kind) in [
        (
            401,
            "INVALID_SESSION_ID",
            "Session expired or invalid",
            K::Unauthenticated,
        ),
        (
            401,
            "INVALID_SESSION_ID",
            "This session is not valid for use with the REST API",
            K::SessionNotValidForApi,
        ),
        (401, "INVALID_JWT_FORMAT", "x", K::Unauthenticated),
        (403, "FUNCTIONALITY_NOT_ENABLED", "x", K::Forbidden),
        (
            403,
            "FUNCTIONALITY_NOT_ENABLED",
            "API is not enabled for this Organization or Partner",
            K::SessionNotValidForApi,
        ),
        (
            403,
            "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
            "Your password has expired. Please reset your password.",
            K::Account(AccountProblem::PasswordExpired),
        ),
        (
            403,
            "API_CURRENTLY_DISABLED",
            "Your trial has expired.",
            K::Account(AccountProblem::OrgLocked),
        ),
        (
            403,
            "INSUFFICIENT_ACCESS",
            "ip restricted",
            K::Account(AccountProblem::AddressOrHour),
        ),
        (403, "ORG_IN_MAINTENANCE", "x", unavailable.clone()),
        (401, "INVALID_AUTH_HEADER", "x", K::Unauthenticated),
        (403, "API_DISABLED_FOR_ORG", "x", K::SessionNotValidForApi),
        (
            400,
            "INVALID_TYPE",
            "sObject type 'X' is not supported.",
            K::ObjectAbsent,
        ),
        (
            400,
            "INVALID_TYPE_FOR_OPERATION",
            "entity type X does not support query",
            K::MalformedQuery,
        ),
        (
            400,
            "MALFORMED_QUERY",
            "unexpected token: 'x'",
            K::MalformedQuery,
        ),
        (
            400,
            "QUERY_TIMEOUT",
            "Your query request was running for too long.",
            K::QueryTimeout,
        ),
        (400, "QUERY_TOO_COMPLICATED", "x", K::QueryTooHeavy),
        (
            403,
            "TXN_SECURITY_METERING_ERROR",
            "x",
            K::Unavailable { retry_after: None },
        ),
        (403, "TXN_SECURITY_NO_ACCESS", "x", K::Permission),
        (
            403,
            "API_CURRENTLY_DISABLED",
            "API functionality is temporarily unavailable",
            K::Unavailable { retry_after: None },
        ),
        (
            403,
            "API_CURRENTLY_DISABLED",
            "API is disabled for this User",
            K::SessionNotValidForApi,
        ),
        (
            500,
            "ORG_IN_MAINTENANCE",
            "x",
            K::Unavailable { retry_after: None },
        ),
        (
            400,
            "OPERATION_TOO_LARGE",
            "exceeded 100000 distinct who/what's",
            K::QueryTooHeavy,
        ),
        (
            400,
            "INVALID_QUERY_LOCATOR",
            "invalid query locator",
            K::InvalidLocator,
        ),
        (
            400,
            "INVALID_REPLICATION_DATE",
            "startDate before org replication enabled date",
            K::ReplicationDate,
        ),
        (
            400,
            "EXCEEDED_ID_LIMIT",
            "does not support queryMore()",
            K::TooManyIds,
        ),
        (
            404,
            "NOT_FOUND",
            "The requested resource does not exist",
            K::NotFound,
        ),
        (404, "ENTITY_IS_DELETED", "entity is deleted", K::NotFound),
        (
            404,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            K::NotFound,
        ),
        (
            400,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            K::Write(W::BadReference),
        ),
        (
            400,
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "x",
            K::Permission,
        ),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "x", K::Permission),
        (
            400,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            K::Write(W::Required),
        ),
        (400, "STRING_TOO_LONG", "x", K::Write(W::TooLong)),
        (
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "x",
            K::Write(W::BadPicklistValue),
        ),
        (
            400,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "x",
            K::Write(W::ValidationRule),
        ),
        (
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "x",
            K::Write(W::Automation),
        ),
        (
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "x",
            K::Write(W::ReadOnlyField),
        ),
        (400, "MALFORMED_ID", "x", K::Write(W::BadReference)),
        (
            400,
            "INACTIVE_OWNER_OR_USER",
            "x",
            K::Write(W::InactiveOwner),
        ),
        (400, "INVALID_EMAIL_ADDRESS", "x", K::Write(W::BadValue)),
        (400, "JSON_PARSER_ERROR", "x", K::Write(W::BadValue)),
        (
            400,
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access",
            K::Locked,
        ),
        (
            500,
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access",
            K::Locked,
        ),
        (400, "PROCESSING_HALTED", "x", K::Halted),
        (503, "SERVER_UNAVAILABLE", "x", unavailable.clone()),
        (500, "UNKNOWN_EXCEPTION", "x", unavailable.clone()),
        (502, "A_CODE_OF_TOMORROW", "x", unavailable.clone()),
        (400, "A_CODE_OF_TOMORROW", "x", K::Other),
        (403, "A_CODE_OF_TOMORROW", "x", K::Forbidden),
    ] {
        let body = format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#);
        let error = decode(status, &body, &Hints::default());
        assert_eq!(error.kind, kind, "{status} {code}");
        assert_eq!(
            (error.status, error.code.as_str(), error.message.as_str()),
            (Some(status), code, message)
        );
    }
}
