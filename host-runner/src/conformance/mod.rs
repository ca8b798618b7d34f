//! The conformance kit: says whether a connector keeps the contract, from what it returns for a real tenant.
//!
//! The rules are those that a host relies on and that no type can express: listings end, cursors work in another
//! sandbox, both forms of a page hold the same records. The kit reads; what a change of the source must show, it finds
//! out if the caller makes one ([`Options::change`]).

mod changes;
mod model;
mod report;
mod walk;

use std::collections::BTreeMap;

use crate::sandbox::contract::about::ConnectorDescription;
use crate::sandbox::contract::reads::{ListQuery, ModelToken};
use crate::sandbox::contract::types::Profile;
use crate::sandbox::{CallError, ErrorKind, Job, JobSetup, contract_model, unified_model};
use crate::session::Session;
use crate::unified::Model;

pub use changes::{Change, ChangeKind};
pub use report::{Finding, Outcome, RULES, Report, Rule};
use walk::Listed;

/// What a run may do beyond reading.
#[derive(Default)]
pub struct Options {
    /// Changes the source, and says what it changed. It runs once, after everything was read.
    pub change: Option<ChangeSource>,
}

/// Changes the source, and says what it changed or why it could not.
pub type ChangeSource = Box<dyn FnOnce() -> Result<Vec<Change>, String> + Send>;

/// Checks the connector of a session against every rule.
///
/// # Errors
/// [`CallError`] when no sandbox can be started. Whatever the connector does wrong is in the report.
pub async fn check(session: &Session, options: Options) -> Result<Report, CallError> {
    let mut offline = session.connector().start(JobSetup::offline()).await?;
    let mut kit = Kit {
        session,
        profile: Profile::new(),
        about: None,
        report: Report::default(),
        listed: BTreeMap::new(),
    };
    kit.imports();
    kit.describe(offline.describe_connector().await);
    if kit.discover().await? {
        for model in Model::ALL {
            if kit.has(model) {
                kit.model(model).await?;
            } else {
                kit.absent(model).await?;
            }
        }
        kit.probe().await?;
        kit.changes(options.change).await?;
    }
    Ok(kit.report)
}

/// A run of the kit.
struct Kit<'a> {
    session: &'a Session,
    profile: Profile,
    about: Option<ConnectorDescription>,
    report: Report,
    /// The full listing of each model that could be read.
    listed: BTreeMap<Model, Listed>,
}

impl Kit<'_> {
    async fn start(&self) -> Result<Job, CallError> {
        self.session.start().await
    }

    fn has(&self, model: Model) -> bool {
        let models = self.about.iter().flat_map(|about| &about.models);
        models
            .into_iter()
            .any(|one| unified_model(one.model) == model)
    }

    fn imports(&mut self) {
        // The loader refuses a component that imports more.
        let count = self.session.connector().component().imports().len();
        let detail = format!("{count} imports, all allowed");
        self.report
            .note(Rule::Imports, "component", Outcome::Passed(detail));
    }

    fn describe(&mut self, answer: Result<ConnectorDescription, CallError>) {
        const CALL: &str = "describe-connector";
        let about = match answer {
            Ok(about) => about,
            Err(error) => return self.report.failed(Rule::Describe, CALL, error.to_string()),
        };
        let mut wrong = Vec::new();
        if about.slug.is_empty() || about.label.is_empty() || about.version.is_empty() {
            wrong.push("slug, label or version is empty".to_owned());
        }
        if !serde_json::from_str(&about.settings_schema)
            .is_ok_and(|schema: serde_json::Value| schema.is_object())
        {
            wrong.push("settings-schema is not a JSON object".to_owned());
        }
        for model in &about.models {
            let ours = unified_model(model.model);
            let unknown = model
                .fields
                .iter()
                .filter(|field| ours.field(&field.name).is_none());
            wrong.extend(unknown.map(|field| format!("{ours} has no field {}", field.name)));
        }
        self.report.slug = about.slug.clone();
        self.report.label = about.label.clone();
        self.report.version = about.version.clone();
        let models = about.models.len();
        self.about = Some(about);
        self.report
            .all(Rule::Describe, CALL, wrong, format!("{models} models"));
    }

    /// Returns true if there is a profile to go on with.
    async fn discover(&mut self) -> Result<bool, CallError> {
        let (first, second) = (
            self.start().await?.discover().await,
            self.start().await?.discover().await,
        );
        let (first, second) = match (first, second) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(error), _) | (_, Err(error)) => {
                self.report
                    .failed(Rule::Discover, "discover", error.to_string());
                return Ok(false);
            }
        };
        let mut wrong = Vec::new();
        let id = first.organization.id;
        if id.is_empty() || id != second.organization.id {
            wrong.push(format!(
                "organization.id is {id:?}, then {:?}",
                second.organization.id
            ));
        }
        if first.organization.time_zone.is_empty() {
            wrong.push("organization.time-zone is empty".into());
        }
        self.profile = first.profile;
        self.report.all(Rule::Discover, "discover", wrong, id);
        Ok(true)
    }

    async fn absent(&mut self, model: Model) -> Result<(), CallError> {
        let answer = self.start().await?.list(model, &self.profile, &QUERY).await;
        let call = format!("list-page {model}");
        match answer {
            Err(error) if error.kind() == ErrorKind::Unsupported => self.report.note(
                Rule::AbsentModels,
                call,
                Outcome::Passed("unsupported".into()),
            ),
            Err(error) => self.report.failed(
                Rule::AbsentModels,
                call,
                format!("expected `unsupported`, got {}", named(&error)),
            ),
            Ok(_) => self.report.failed(
                Rule::AbsentModels,
                call,
                "it returns a page, but describe-connector does not list the model".into(),
            ),
        }
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), CallError> {
        const CALL: &str = "probe-changes";
        let token = |(model, listed): (&Model, &Listed)| ModelToken {
            model: contract_model(*model),
            token: listed.token.clone(),
        };
        let tokens: Vec<ModelToken> = self.listed.iter().map(token).collect();
        let mut job = self.start().await?;
        let probes = match job.probe_changes(&self.profile, &tokens).await {
            Ok(probes) => probes,
            Err(error) => {
                self.report.refused(Rule::Probe, CALL, &error);
                return Ok(());
            }
        };
        let mut wrong = Vec::new();
        for probe in &probes {
            let model = unified_model(probe.model);
            let query = ListQuery {
                since: Some(probe.token.clone()),
                ..QUERY
            };
            match self.start().await?.list(model, &self.profile, &query).await {
                Err(error) => wrong.push(format!("its token of {model}: {}", named(&error))),
                Ok(page) if !probe.changed && !page.rows.is_empty() => wrong.push(format!(
                    "{model} is unchanged, but a delta has {} records",
                    page.rows.len()
                )),
                Ok(_) => {}
            }
        }
        let detail = format!("{} models", probes.len());
        self.report.all(Rule::Probe, CALL, wrong, detail);
        Ok(())
    }
}

/// A listing from the beginning.
const QUERY: ListQuery = ListQuery {
    since: None,
    cursor: None,
    page_size: None,
};

/// An error with its case.
fn named(error: &CallError) -> String {
    format!("{}: {error}", error.kind().name())
}
