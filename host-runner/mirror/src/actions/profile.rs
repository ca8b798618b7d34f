//! An action with the profile that the mirror keeps, and with a new one where that is outdated.

use serde_json::Value;

use super::{Action, ActionError, Outcome, run};
use crate::store::{Mirror, MirrorError};
use crate::sync::{Discovered, discover};
use host_runner::sandbox::ErrorKind;
use host_runner::session::Session;
use host_runner::unified::OrgId;

/// As [`run`], with the profile that `mirror` keeps. Where there is none, or the org changed since, the org is asked
/// for a new one, and its mirror is opened by `open`: by now the tenant may be another org's.
///
/// # Errors
/// As [`run`], and those of the discovery.
pub async fn run_known(
    session: &Session,
    mirror: Option<&mut dyn Mirror>,
    open: impl FnOnce(&OrgId) -> Result<Box<dyn Mirror>, MirrorError>,
    action: Action,
    input: &Value,
    key: Option<String>,
) -> Result<Outcome, ActionError> {
    if let Some(mirror) = mirror
        && let Some(profile) = mirror.profile()?
    {
        match run(session, mirror, &profile, action, input, key.clone()).await {
            // Nothing was written: the org changed since the last sync.
            Err(ActionError::Step(error)) if is_outdated(error.error.kind()) => {}
            outcome => return outcome,
        }
    }
    let Discovered { discovery, org, .. } = discover(session).await?;
    let mut mirror = open(&org)?;
    let profile = &discovery.profile;
    run(session, mirror.as_mut(), profile, action, input, key).await
}

fn is_outdated(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ProfileOutdated | ErrorKind::ResyncRequired)
}
