//! Move an application to another stage of its job.

use serde_json::json;

use super::alerts::Alerts;
use super::create::message_of;
use super::fields::{Feed, Fill};
use super::refusal::Blame;
use super::{check_field_on, check_switched_on, input, is_ambiguous, kept, lookup, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::{failure, problem};
use crate::asymbl::models::Tenant;
use crate::asymbl::models::applications::links;
use crate::asymbl::models::json::line;
use crate::asymbl::names;
use crate::asymbl::settings::DuplicateAlerts;
use crate::exports::ats::connector::actions::{ActionContext, MoveInput, Moved};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use crate::exports::ats::connector::unified::{Application, Outcome};
use salesforce::transport::{Method, Transport};
use salesforce::{Answer, Call};

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
    let (applicant, stage, mut warnings) = input::movement(context, input)?;
    let (applicant, stage) = (applicant.as_str(), stage.as_str());
    let before = lookup::application(ctx, tenant, applicant)?;
    if before.current_stage_id.as_deref() == Some(stage) {
        warnings.extend(still_declined(&before));
        return Ok(Moved {
            application: line(&before),
            changed: false,
            warnings,
        });
    }
    check_stage(ctx, tenant, &before, stage)?;
    let application = match write(ctx, tenant, applicant, stage, &mut warnings)? {
        Some(found) => found,
        None => lookup::application(ctx, tenant, applicant).map_err(|error| {
            Error::Unavailable(failure(format!(
                "the application {applicant} was written, but could not be read back ({}); the same call again returns it",
                message_of(error)
            )))
        })?,
    };
    let now = application.current_stage_id.as_deref();
    if now != Some(stage) {
        warnings.push(kept::changed(
            "stage_id",
            stage,
            now,
            &format!("the stage of the application {applicant}"),
        ));
    }
    warnings.extend(still_declined(&application).filter(|_| now == Some(stage)));
    Ok(Moved {
        changed: now != before.current_stage_id.as_deref(),
        application: line(&application),
        warnings,
    })
}

/// The warning that an application which is rejected stays so, whatever its stage.
fn still_declined(application: &Application) -> Option<Warning> {
    let id = &application.remote_id;
    matches!(application.outcome, Some(Outcome::Declined)).then(|| {
        let message = format!(
            "the application {id} is in the stage that was asked for, but it is rejected, so its outcome stays DECLINED: set its \
             Applicant Status back to Active in Asymbl"
        );
        warning("still-declined", message)
    })
}

/// Refuses a stage that the application's job does not have.
fn check_stage<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    application: &Application,
    stage: &str,
) -> Result<(), Error> {
    let wrong =
        |field: &str, message: String| Err(Error::InvalidInput(vec![problem(field, message)]));
    let Some(job) = &application.job_id else {
        let id = &application.remote_id;
        return wrong(
            "application_id",
            format!("the application {id} has no job (any more), so it has no stages"),
        );
    };
    let stages = lookup::stages(ctx, tenant, job)?;
    if stages.iter().any(|s| s.id == stage) {
        return Ok(());
    }
    let all: Vec<String> = stages
        .iter()
        .map(|s| format!("{} {}", s.id, s.name))
        .collect();
    wrong(
        "stage_id",
        format!(
            "{stage} is not a stage of the job {job}; its stages: {}",
            all.join(", ")
        ),
    )
}

/// Writes the stage. Where the answer is lost and the record shows that it was written, that record is returned.
fn write<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    applicant: &str,
    stage: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Application>, Error> {
    let object = tenant.profile.names().api(names::APPLICANT);
    let link = links(tenant).stage;
    let path = ctx.client.path(&format!("sobjects/{object}/{applicant}"));
    let body = json!({ link.as_str(): stage });
    let mut alerts = Alerts::new(ctx);
    loop {
        let call = Call::write(Method::Patch, path.clone(), &body, "move the application")?;
        let error = match ctx.client.run(&alerts.on_call(call), Answer::nothing) {
            Ok(()) => return Ok(None),
            Err(error) => error,
        };
        if alerts.save_through(&error, warnings) {
            continue;
        }
        if is_ambiguous(&error) {
            let now = lookup::application(ctx, tenant, applicant).ok();
            let done = now.filter(|a| a.current_stage_id.as_deref() == Some(stage));
            return done.map(Some).ok_or_else(|| error.into());
        }
        let [object] = lookup::shapes(ctx, [object.as_str()])?;
        let feed = Feed {
            field: link,
            path: "stage_id",
            fill: Fill::Asked,
        };
        return Err(Blame {
            object: &object,
            feeds: &[feed],
            whole: "application_id",
            may_save: ctx.settings.duplicate_alerts == DuplicateAlerts::Refuse,
        }
        .typed(error));
    }
}
