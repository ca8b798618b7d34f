//! Move an application to another stage of its job.

use serde_json::json;

use super::create::told;
use super::refusal::Blame;
use super::{check_field_on, check_switched_on, id, input, is_ambiguous, lookup};
use crate::asymbl::context::Context;
use crate::asymbl::errors::{failure, problem};
use crate::asymbl::models::applications::links;
use crate::asymbl::names;
use crate::exports::ats::connector::actions::{ActionContext, MoveInput, Moved};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::{Method, Transport};
use salesforce::{Call, SalesforceId};

/// Puts an application into another stage. The package writes the stage's date and history itself (asymbl-schema.md 3).
///
/// # Errors
/// `invalid-input` for a stage of another job, `not-found`, else what Salesforce answers.
pub fn move_application_to_stage<T: Transport>(
    ctx: &Context<T>,
    context: &ActionContext,
    input: &MoveInput,
) -> Result<Moved, Error> {
    check_switched_on(ctx, "move-application-to-stage")?;
    for field in ["job_id", "current_stage_id"] {
        check_field_on(ctx, "move-application-to-stage", Model::Applications, field)?;
    }
    let known = ctx.known(&context.profile)?;
    let tenant = ctx.tenant(&known.profile);
    let (applicant, stage, warnings) = checked(Some(context), input)?;
    let object = tenant.profile.names().api(names::APPLICANT);
    let (applicant, stage) = (applicant.as_str(), stage.as_str());
    let application = lookup::application(ctx, tenant, applicant)?;
    let wrong =
        |field: &str, message: String| Err(Error::InvalidInput(vec![problem(field, message)]));
    let Some(job) = &application.job_id else {
        return wrong(
            "application_id",
            format!("the application {applicant} has no job (any more), so it has no stages"),
        );
    };
    if application.current_stage_id.as_deref() == Some(stage) {
        return Ok(Moved {
            application,
            changed: false,
            warnings,
        });
    }
    let stages = lookup::stages(ctx, tenant, job)?;
    if !stages.iter().any(|s| s.id == stage) {
        let all: Vec<String> = stages
            .iter()
            .map(|s| format!("{} {}", s.id, s.name))
            .collect();
        return wrong(
            "stage_id",
            format!(
                "{stage} is no stage of the job {job}; its stages: {}",
                all.join(", ")
            ),
        );
    }
    let link = links(tenant).stage;
    let path = ctx.client.path(&format!("sobjects/{object}/{applicant}"));
    let body = json!({ link.as_str(): stage });
    let call = Call::write(Method::Patch, path, &body, "move the application")?;
    if let Err(error) = ctx.client.run(&call, |_| Ok(())) {
        // Whether a move without an answer was done shows in the record.
        let ambiguous = is_ambiguous(&error);
        let now = if ambiguous {
            lookup::application(ctx, tenant, applicant).ok()
        } else {
            None
        };
        return match now.filter(|a| a.current_stage_id.as_deref() == Some(stage)) {
            Some(application) => Ok(Moved {
                application,
                changed: true,
                warnings,
            }),
            None if ambiguous => Err(error.into()),
            None => {
                let [object] = lookup::shapes(ctx, [object.as_str()])?;
                let fields = vec![(link, "stage_id".to_owned())];
                Err(Blame {
                    object: &object,
                    fields,
                    whole: "application_id",
                }
                .typed(error))
            }
        };
    }
    let application = lookup::application(ctx, tenant, applicant).map_err(|error| {
        Error::Unavailable(failure(format!(
            "the application {applicant} is moved to the stage {stage}, but could not be read back ({}); the same call again returns \
             it",
            told(error)
        )))
    })?;
    Ok(Moved {
        application,
        changed: true,
        warnings,
    })
}

/// The application and the stage of an input, and what it holds beyond them.
///
/// # Errors
/// `invalid-input` with every problem.
pub fn checked(
    context: Option<&ActionContext>,
    input: &MoveInput,
) -> Result<(SalesforceId, SalesforceId, Vec<Warning>), Error> {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    input::call(context, &mut problems);
    let applicant = id("application_id", &input.application_id, &mut problems);
    let stage = id("stage_id", &input.stage_id, &mut problems);
    input::extra(input.extra.as_deref(), &mut problems, &mut warnings);
    match (applicant, stage) {
        (Some(applicant), Some(stage)) if problems.is_empty() => Ok((applicant, stage, warnings)),
        _ => Err(Error::InvalidInput(problems)),
    }
}
