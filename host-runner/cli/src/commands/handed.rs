//! What `asymbl serve` hands to a fleet, and how the answers of workers cross NATS: as `asymbl action --json` prints
//! them, and for an error beside it what the unified API says.

use std::time::Duration;

use serde_json::{Map, Value};

use super::action::{answer, outcome};
use super::error::as_json;
use ::fleet::{Fleet, FleetError};
use ::serve::{ApiError, Code, Pending, Workers};
use mirror::actions::{Action, Outcome};

/// The member of an error that holds the one of the unified API.
const API: &str = "api";

/// An answer of a worker.
pub(super) fn to_value(result: Result<Outcome, FleetError>) -> Value {
    let error = match result {
        Ok(outcome) => return answer(outcome),
        Err(error) => error,
    };
    let api = api_error(&error).to_value();
    let mut object = match error {
        FleetError::Action(error) => as_json(&error.into()),
        error => as_json(&error.into()),
    };
    object[API] = api;
    object
}

/// The error in an answer of a worker, as it is printed; none where it is an outcome.
pub(super) fn printed_error(answer: &Value) -> Option<Map<String, Value>> {
    let mut object = answer.as_object()?.clone();
    object.shift_remove(API);
    object.contains_key("error").then_some(object)
}

/// What the unified API says of an error.
fn api_error(error: &FleetError) -> ApiError {
    let code = match error {
        FleetError::Action(error) => return ApiError::of_action(error),
        FleetError::NoAnswer { .. } => Code::TimedOut,
        FleetError::UnknownAction(_) => Code::ActionNotAvailable,
        // The server has it; the workers don't, or can't use theirs.
        FleetError::UnknownTenant { .. } | FleetError::Tenant(_) => Code::SetupIncomplete,
        error => return ApiError::unavailable(error.to_string()),
    };
    ApiError::new(code, error.to_string())
}

/// A fleet as a server uses it.
pub(super) struct Handed {
    pub(super) fleet: Fleet,
    /// How long to wait for an answer.
    pub(super) wait: Duration,
}

impl Workers for Handed {
    fn act<'a>(
        &'a self,
        tenant: &'a str,
        action: Action,
        input: &'a Value,
        key: Option<&'a str>,
    ) -> Pending<'a, Option<Outcome>> {
        Box::pin(async move {
            let key = key.map(str::to_owned);
            let acted = self
                .fleet
                .act(tenant, action, input.clone(), key, self.wait);
            let answer = match acted.await {
                Ok(answer) => answer,
                // Files are in it: more than a message may hold, and not more than this server does by itself.
                Err(FleetError::InputTooLarge { .. }) => return Ok(None),
                Err(error) => return Err(api_error(&error)),
            };
            if let Some(api) = answer.get(API) {
                let error = ApiError::of_value(api);
                return Err(error.unwrap_or_else(not_understood));
            }
            outcome(answer).map(Some).ok_or_else(not_understood)
        })
    }

    fn sync<'a>(&'a self, tenant: &'a str, full: bool) -> Pending<'a, bool> {
        Box::pin(async move {
            let asked = self.fleet.sync_now(tenant, full).await;
            asked.map_err(|error| api_error(&error))
        })
    }
}

fn not_understood() -> ApiError {
    let message = "a worker's answer can't be read: workers and server are of different versions";
    ApiError::new(Code::Unknown, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirror::actions::{ActionError, Problem};
    use serde_json::json;

    #[test]
    fn an_outcome_comes_back_as_it_went() {
        for is_partial in [false, true] {
            let data = json!({ "id": "x" });
            let warnings = vec![json!({ "code": "c", "message": "m" })];
            let came = outcome(to_value(Ok(Outcome {
                data: data.clone(),
                warnings: warnings.clone(),
                is_partial,
            })));
            let came = came.unwrap();
            assert_eq!((came.data, came.warnings), (data, warnings));
            assert_eq!(came.is_partial, is_partial);
        }
    }

    #[test]
    fn an_error_has_the_code_of_the_unified_api() {
        let problem = Problem {
            field: "job_id".into(),
            message: "is missing".into(),
        };
        let error = FleetError::Action(ActionError::Input(vec![problem]));
        let answer = to_value(Err(error));
        let api = ApiError::of_value(&answer[API]).unwrap();
        assert_eq!(api.code(), Code::Input);
        assert_eq!(api.message(), "job_id: is missing");
        let printed = printed_error(&answer).unwrap();
        assert_eq!(printed["exit_code"], 2);
        assert!(!printed.contains_key(API));
        assert!(printed_error(&json!({ "status": "success" })).is_none());
    }
}
