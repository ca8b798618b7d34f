//! An error for people, with its causes; and for programs, with the contract's case, all that it holds, and what would
//! fix it.

use serde_json::{Map, Value, json};

use super::Exit;
use super::connection_problem::ConnectionProblem;
use super::text::print_note;
use host_runner::sandbox::CallError;
use host_runner::sandbox::contract::types::{Error, Failure, Problem, RemoteAnswer};
use host_runner::session::StepError;
use mirror::actions::ActionError;
use mirror::store::MirrorError;
use mirror::sync::SyncError;

/// An error with its causes, in one line.
pub(super) fn error_text(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // A wrapper that already tells its cause must not tell it twice.
        if message.contains(&text) {
            continue;
        }
        if !message.is_empty() {
            message.push_str(": ");
        }
        message.push_str(&text);
    }
    message
}

/// One message with its causes, on standard error; as JSON where that was asked for.
pub(super) fn print_error(error: &anyhow::Error, json: bool) {
    if json {
        eprintln!("{}", as_json(error));
    } else {
        print_note(format_args!("error: {}", error_text(error)));
    }
}

/// The error as one object. `kind` is the contract's case, or the name of the exit code for what the host found;
/// members that say nothing are left out.
pub(super) fn as_json(error: &anyhow::Error) -> Value {
    let exit = Exit::of(error);
    let mut object = Map::from_iter([
        ("error".to_owned(), error_text(error).into()),
        ("exit_code".to_owned(), exit.code().into()),
        ("kind".to_owned(), exit.name().into()),
    ]);
    if let Some(fix) = fix_of(exit) {
        object.insert("fix".to_owned(), fix.into());
    }
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<StepError>() {
            object.extend(step(error));
        } else if let Some(error) = cause.downcast_ref::<CallError>() {
            object.extend(call(error));
        } else if let Some(ActionError::Step(error)) = cause.downcast_ref::<ActionError>() {
            object.extend(step(error));
        } else if let Some(ActionError::Input(problems)) = cause.downcast_ref::<ActionError>() {
            let problems = problems
                .iter()
                .map(|problem| json!({ "field": problem.field, "message": problem.message }));
            object.insert("problems".to_owned(), problems.collect());
            // What the host finds wrong with an input is what the connector would call so.
            object.insert("kind".to_owned(), "invalid-input".into());
        }
    }
    let mirror = error
        .chain()
        .find_map(|cause| match cause.downcast_ref::<SyncError>() {
            Some(SyncError::Mirror(error)) => error.fix(),
            _ => cause.downcast_ref::<MirrorError>()?.fix(),
        });
    if let Some(fix) = mirror {
        object.insert("fix".to_owned(), fix.into());
    }
    if let Some(known) = ConnectionProblem::known(error) {
        object.insert("fix".to_owned(), known.fix.into());
    }
    Value::Object(object)
}

/// What a failed step holds: the tenant, the step, and what the call says.
pub(super) fn step(error: &StepError) -> Map<String, Value> {
    let mut object = call(&error.error);
    object.insert("tenant".to_owned(), error.tenant.as_str().into());
    object.insert("step".to_owned(), error.step.as_str().into());
    object
}

fn call(error: &CallError) -> Map<String, Value> {
    let mut object = Map::from_iter([("kind".to_owned(), error.kind().name().into())]);
    if let Some(fix) = fix_of(Exit::of_call(error)) {
        object.insert("fix".to_owned(), fix.into());
    }
    let Some(error) = error.contract() else {
        return object;
    };
    if let Some(remote) = failure(error).and_then(|failure| failure.remote.as_ref()) {
        object.insert("remote".to_owned(), answer(remote));
    }
    match error {
        Error::InvalidInput(problems) => {
            object.insert(
                "problems".to_owned(),
                problems.iter().map(problem).collect(),
            );
        }
        Error::AlreadyExists(conflict) => {
            object.insert(
                "existing_id".to_owned(),
                conflict.existing_id.as_str().into(),
            );
        }
        Error::RateLimited(limit) => {
            object.insert(
                "retry_after_seconds".to_owned(),
                limit.retry_after_seconds.into(),
            );
        }
        _ => {}
    }
    object
}

fn failure(error: &Error) -> Option<&Failure> {
    match error {
        Error::Unauthenticated(failure)
        | Error::Permission(failure)
        | Error::Unavailable(failure)
        | Error::NotFound(failure)
        | Error::JobClosed(failure)
        | Error::ProfileOutdated(failure)
        | Error::ResyncRequired(failure)
        | Error::Unsupported(failure)
        | Error::Remote(failure) => Some(failure),
        Error::Other(other) => Some(&other.failure),
        Error::RateLimited(limit) => Some(&limit.failure),
        Error::AlreadyExists(conflict) => Some(&conflict.failure),
        Error::InvalidInput(_) => None,
    }
}

fn problem(problem: &Problem) -> Value {
    let mut object = json!({ "field": problem.field, "message": problem.message });
    if let Some(remote) = &problem.remote {
        object["remote"] = answer(remote);
    }
    object
}

fn answer(remote: &RemoteAnswer) -> Value {
    json!({
        "status": remote.status,
        "code": remote.code,
        "message": remote.message,
        "fields": remote.fields,
    })
}

/// What usually fixes an error of this exit code; the message may know better.
fn fix_of(exit: Exit) -> Option<&'static str> {
    match exit {
        Exit::Success | Exit::Failure | Exit::Incomplete => None,
        Exit::WrongInput => {
            Some("correct the input, the command line or the tenant file; nothing was written")
        }
        Exit::NotAllowed => Some(
            "renew the credentials, or give the right that the message names; `asymbl check` lists all",
        ),
        Exit::Later => Some("repeat the command later"),
        Exit::Mirror => Some("wait for the other run, or name another file with --mirror"),
        Exit::Component => Some("name a working component with --component"),
        Exit::NotFound => Some("correct the id, or sync again: the record may have been deleted"),
        Exit::AlreadyExists => Some("use the record `existing_id`"),
        Exit::JobClosed => {
            Some("choose an open job, or set `allow_closed_jobs` in the tenant file")
        }
        Exit::Refused => Some("see the message, which is the ATS's own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_runner::sandbox::contract::types::Conflict;

    fn refused(error: Error) -> Value {
        let step = StepError {
            tenant: "acme".into(),
            step: "create-candidate".into(),
            error: CallError::Connector(Box::new(error)),
            problem: None,
        };
        as_json(&anyhow::Error::new(step))
    }

    fn failed(message: &str) -> Failure {
        let remote = RemoteAnswer {
            status: Some(400),
            code: Some("DUPLICATE_VALUE".into()),
            message: "duplicate value found".into(),
            fields: vec!["Email".into()],
        };
        Failure {
            message: message.into(),
            remote: Some(remote),
        }
    }

    #[test]
    fn an_error_carries_all_that_the_contract_says() {
        let response = refused(Error::AlreadyExists(Conflict {
            existing_id: "a02000000000001".into(),
            failure: failed("has applied before"),
        }));
        assert_eq!(
            (
                &response["kind"],
                &response["exit_code"],
                &response["existing_id"]
            ),
            (
                &json!("already-exists"),
                &json!(10),
                &json!("a02000000000001")
            )
        );
        assert_eq!(response["remote"]["code"], "DUPLICATE_VALUE");
        assert_eq!(response["remote"]["fields"], json!(["Email"]));
        assert_eq!(
            (&response["tenant"], &response["step"]),
            (&json!("acme"), &json!("create-candidate"))
        );
        let response = refused(Error::InvalidInput(vec![Problem {
            field: "candidate.email_address".into(),
            message: "is not an address".into(),
            remote: None,
        }]));
        assert_eq!(response["exit_code"], 2);
        assert_eq!(
            response["problems"],
            json!([{ "field": "candidate.email_address", "message": "is not an address" }])
        );
        for (error, kind, code) in [
            (Error::JobClosed(failed("x")), "job-closed", 11),
            (Error::NotFound(failed("x")), "not-found", 9),
            (Error::Remote(failed("x")), "remote", 12),
        ] {
            let response = refused(error);
            assert_eq!(
                (&response["kind"], &response["exit_code"]),
                (&json!(kind), &json!(code))
            );
            assert!(response["fix"].is_string(), "{response}");
        }
    }

    #[test]
    fn every_kind_of_the_contract_has_an_exit_code_that_is_no_defect() {
        let wrong = refused(Error::InvalidInput(vec![Problem {
            field: "settings.hired_stages".into(),
            message: "must be a list".into(),
            remote: None,
        }]));
        // A setting is in the tenant file.
        assert_eq!(wrong["exit_code"], 2);
        for error in [
            Error::Unauthenticated(failed("x")),
            Error::Permission(failed("x")),
            Error::Unavailable(failed("x")),
            Error::ProfileOutdated(failed("x")),
            Error::ResyncRequired(failed("x")),
            Error::Unsupported(failed("x")),
        ] {
            assert_ne!(refused(error)["exit_code"], 1);
        }
    }
}
