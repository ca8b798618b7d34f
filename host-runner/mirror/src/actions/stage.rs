//! A stage by its name.

use super::error::{ActionError, Problem};
use super::ids::Ids;
use crate::store::Mirror;
use host_runner::sandbox::Job;
use host_runner::session::{Session, StepError};
use host_runner::unified::{Model, UnifiedRecord};

/// The stage of this name in the job of an application: its remote id.
///
/// # Errors
/// [`ActionError::Input`] where no stage or more than one has the name; else as [`super::run`].
pub async fn stage_named(
    session: &Session,
    mirror: &dyn Mirror,
    profile: &str,
    application: &str,
    name: &str,
) -> Result<String, ActionError> {
    let wrong =
        |field: &str, message: String| ActionError::Input(vec![Problem::new(field, message)]);
    let ids = Ids {
        mirror: Some(mirror),
    };
    let application = ids
        .remote(Model::Applications, application)
        .map_err(|why| wrong("application_id", why))?;
    let fail = |error, job: Option<&Job>| {
        ActionError::from(StepError::new(session, "find the stage", error, job))
    };
    let mut job = session.start().await.map_err(|error| fail(error, None))?;
    let profile = profile.to_owned();
    let mut read =
        async |model: Model, ids: Vec<String>| match job.get_records(model, &profile, &ids).await {
            Ok(batch) => Ok(batch.rows),
            Err(error) => Err(fail(error, Some(&job))),
        };
    let found: Vec<UnifiedRecord> = read(Model::Applications, vec![application.clone()]).await?;
    let parent = found.first().and_then(|record| record.reference("job_id"));
    let parent = parent.ok_or_else(|| {
        wrong(
            "application_id",
            format!("there is no application {application} with a job"),
        )
    })?;
    let rows = read(Model::JobStages, vec![parent.to_owned()]).await?;
    let stages: Vec<String> = rows
        .iter()
        .filter_map(|row| row.reference("stage_id"))
        .map(str::to_owned)
        .collect();
    let stages = read(Model::ApplicationStages, stages).await?;
    let names = stages
        .iter()
        .filter_map(|s| Some((s.text("name")?, s.key().to_string())));
    let names: Vec<(String, String)> = names.collect();
    only_of_name(&names, name, parent).map_err(|why| wrong("stage", why))
}

fn only_of_name(names: &[(String, String)], name: &str, job: &str) -> Result<String, String> {
    let same: Vec<&String> = names
        .iter()
        .filter(|(n, _)| n.trim().eq_ignore_ascii_case(name.trim()))
        .map(|(_, id)| id)
        .collect();
    match same.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let all: Vec<&str> = names.iter().map(|(n, _)| n.as_str()).collect();
            Err(format!(
                "the job {job} has no stage {name:?}; its stages: {}",
                all.join(", ")
            ))
        }
        several => Err(format!(
            "the job {job} has {} stages {name:?}: give `stage_id`",
            several.len()
        )),
    }
}
