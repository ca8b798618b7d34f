//! `asymbl check`: what works with this tenant and what lacks: the connection, the rights, each model really read.
//! Nothing is written. The exit code is for scripts, the words are for people.

mod json;
mod mask;
mod print;

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::connection_problem::ConnectionProblem;
use super::error::error_text;
use super::{Context, Exit, TenantArgument, error};
use host_runner::egress::ApiUsage;
use host_runner::sandbox::contract::inspection::{
    AccessFinding, AccessLevel, AccessReport, ModelTest, TestOutcome,
};
use host_runner::sandbox::contract::reads::Discovery;
use host_runner::sandbox::unified_model;
use host_runner::session::{Session, StepError};
use host_runner::unified::Model;

/// How thoroughly to look.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tenant: TenantArgument,
    /// How many records of each model to read, at most 200; 0 reads none
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=200))]
    records: u32,
    /// Show the first record of each model as it is; personal data are masked otherwise
    #[arg(long)]
    unmasked: bool,
}

/// The warning of a source field that a unified field can't be made of.
const WRONG_TYPE: &str = "setting-wrong-type";

/// A model's test, and how long it took.
struct Tested {
    model: Model,
    test: ModelTest,
    requests: u64,
    elapsed: Duration,
}

/// What was found.
struct Checked {
    discovery: Discovery,
    access: AccessReport,
    tests: Vec<Tested>,
    /// Of the sign-in, which are no API calls.
    sign_in_requests: u64,
    /// API calls.
    requests: u64,
    usage: Option<ApiUsage>,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let looked = match context.session(&arguments.tenant.tenant).await {
        Ok(session) => look(&session, arguments.records).await,
        Err(error) => Err(error),
    };
    match looked {
        Ok(checked) => {
            if context.json {
                println!("{}", json::as_json(&checked, arguments.unmasked));
            } else {
                print::print(&checked, &mut super::text::stdout(false))?;
            }
            Ok(checked.exit())
        }
        Err(error) => {
            let found = ConnectionProblem::of(&error);
            if context.json {
                let exit = Exit::of(&error);
                let mut problem = error::as_json(&error);
                problem["kind"] = found.kind.into();
                problem["fix"] = found.fix.into();
                problem["message"] = error_text(&error).into();
                println!(
                    "{}",
                    json!({ "ok": false, "exit_code": exit.code(), "problem": problem })
                );
                return Ok(exit);
            }
            super::text::print_note(format_args!("{}: {}", found.title, found.fix));
            Err(error)
        }
    }
}

async fn look(session: &Session, records: u32) -> anyhow::Result<Checked> {
    let mut job = session.start().await?;
    let step = |step: String, error, job: &_| StepError::new(session, step, error, Some(job));
    let discovery = match job.discover().await {
        Ok(discovery) => discovery,
        Err(error) => return Err(step("discover".into(), error, &job).into()),
    };
    let access = match job.check_access(&discovery.profile).await {
        Ok(access) => access,
        Err(error) => return Err(step("check access".into(), error, &job).into()),
    };
    let mut tests = Vec::new();
    for found in access
        .models
        .iter()
        .filter(|found| !found.finding.switched_off && records > 0)
    {
        let model = unified_model(found.model);
        let (started, before) = (Instant::now(), job.stats().requests);
        let test = match job.test_model(&discovery.profile, model, records).await {
            Ok(test) => test,
            Err(error) => return Err(step(format!("test {model}"), error, &job).into()),
        };
        tests.push(Tested {
            model,
            test,
            requests: job.stats().requests.saturating_sub(before),
            elapsed: started.elapsed(),
        });
    }
    let stats = job.stats();
    Ok(Checked {
        discovery,
        access,
        tests,
        sign_in_requests: session.tenant().tokens().requests(),
        requests: stats.requests,
        usage: stats.api_usage,
    })
}

impl Checked {
    /// Success when all that is switched on works; `WrongInput` for a setting that can't work; `Incomplete` for a model
    /// that fails although the user may read it.
    fn exit(&self) -> Exit {
        let lacks =
            |finding: &AccessFinding| !finding.switched_off && finding.access != AccessLevel::Full;
        let failing = |outcome| {
            self.tests
                .iter()
                .any(|tested| tested.test.outcome == outcome)
        };
        let rights = self.access.models.iter().any(|found| lacks(&found.finding))
            || self
                .access
                .actions
                .iter()
                .any(|found| lacks(&found.finding));
        if rights || failing(TestOutcome::Denied) {
            Exit::NotAllowed
        } else if failing(TestOutcome::Failing) {
            Exit::Incomplete
        } else if self.warnings().any(|(code, _)| code == WRONG_TYPE) {
            Exit::WrongInput
        } else {
            Exit::Success
        }
    }

    /// What concerns the org as a whole and is not an error of a call.
    fn problem(&self) -> Option<(&str, &str)> {
        ["package-not-installed", "package-hidden", WRONG_TYPE]
            .into_iter()
            .find_map(|wanted| self.warnings().find(|(code, _)| *code == wanted))
    }

    fn tested(&self, model: Model) -> Option<&Tested> {
        self.tests.iter().find(|tested| tested.model == model)
    }

    /// Warnings of discovery and check, each once.
    fn warnings(&self) -> impl Iterator<Item = (&str, &str)> {
        let found = self
            .access
            .warnings
            .iter()
            .map(|w| (w.code.as_str(), w.message.as_str()));
        found.chain(
            self.discovery
                .warnings
                .iter()
                .map(|w| (w.code.as_str(), w.message.as_str())),
        )
    }
}

fn access_word(finding: &AccessFinding) -> &'static str {
    match (finding.switched_off, finding.access) {
        (true, _) => "off",
        (_, AccessLevel::Full) => "allowed",
        (_, AccessLevel::Partial) => "partly",
        (_, AccessLevel::Denied) => "denied",
    }
}

fn outcome_word(outcome: TestOutcome) -> &'static str {
    match outcome {
        TestOutcome::Ok => "ok",
        TestOutcome::Empty => "empty",
        TestOutcome::Denied => "denied",
        TestOutcome::Failing => "failing",
    }
}

fn records_of(test: &ModelTest) -> Vec<Value> {
    serde_json::from_str(&test.records).unwrap_or_default()
}
