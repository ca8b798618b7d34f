//! The command `asymbl`: what it takes. Each command is a page of its own; [`exit`] holds the exit codes.

mod action;
mod attachment;
mod check;
mod component;
mod coverage;
mod demo;
mod exit;
mod fields;
mod guide;
mod inspect;
mod list;
mod output;
mod practice;
mod records;
mod report;
mod request;
mod save;
mod schedule;
mod sync;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use exit::{Exit, WrongInput};

use host_runner::tenant::TokenSource;
use host_runner::unified::Model;

/// Runs an ATS connector, sandboxed, against a Salesforce org with Asymbl ATS.
#[derive(Parser)]
#[command(name = "asymbl", version, after_help = exit::help())]
struct Command {
    #[command(subcommand)]
    what: What,
    /// Print JSON: one object, or one line per record
    #[arg(long, global = true)]
    json: bool,
    /// The connector component [default: asymbl.wasm beside this program, or target-component/asymbl.wasm]
    #[arg(long, global = true, value_name = "PATH", env = "ASYMBL_COMPONENT")]
    component: Option<PathBuf>,
    /// Also print what the connector logs
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Subcommand)]
enum What {
    /// Show what a component imports, exports and can do
    Inspect(inspect::Arguments),
    /// Test the connection, the rights and each model; writes nothing
    Check(check::Arguments),
    /// List a model's source fields: what they feed, what recent rows hold in them
    Fields(fields::Arguments),
    /// Print how an administrator links the org
    Guide,
    /// List a model, live from Salesforce
    List(list::Arguments),
    /// Bring the local mirror up to date
    Sync(sync::Arguments),
    /// Print what the mirror holds
    Records(records::Arguments),
    /// Write a page about the last syncs and the mirror's records
    Report(report::Arguments),
    /// Send any request to the org, with the tenant's credentials
    Request(request::Arguments),
    /// Write to the org: candidates, applications, files, stages
    Action(action::Arguments),
    /// Download a candidate's file
    Attachment(attachment::Arguments),
    /// Run a simulated Salesforce org with the Asymbl package
    PracticeOrg(practice::Arguments),
    /// Sync a practice org, change it, sync again, and show what changed
    Demo(demo::Arguments),
    /// Compile the component on standard input, for another process of this program
    #[command(hide = true, name = component::COMPILE_COMPONENT)]
    CompileComponent,
}

/// Which tenant.
#[derive(Args, Clone)]
struct TenantArgument {
    /// The tenant file
    #[arg(long, value_name = "FILE", default_value = "tenant.toml")]
    tenant: PathBuf,
}

/// Which mirror.
#[derive(Args, Clone)]
struct MirrorArgument {
    /// The mirror's file [default: the tenant file's name with the ending .mirror.sqlite]
    #[arg(long, value_name = "PATH")]
    mirror: Option<PathBuf>,
}

impl MirrorArgument {
    fn path(&self, tenant: &TenantArgument) -> PathBuf {
        self.mirror
            .clone()
            .unwrap_or_else(|| tenant.tenant.with_extension("mirror.sqlite"))
    }
}

fn model(text: &str) -> Result<Model, String> {
    text.parse::<Model>().map_err(|error| error.to_string())
}

/// What all commands share.
struct Context {
    json: bool,
    component: Option<PathBuf>,
    /// Of the sessions so far; see [`Context::finish`].
    sign_ins: std::sync::Mutex<Vec<TokenSource>>,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return usage(&error),
    };
    output::start_log(command.verbose);
    let context = Context {
        json: command.json,
        component: command.component,
        sign_ins: Default::default(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        // Guests compute on these threads: see `new_engine`.
        .event_interval(1)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            text::print_note(format_args!("error: can't start: {error}"));
            return Exit::Failure.into();
        }
    };
    let result = runtime.block_on(async {
        let result = run(command.what, &context).await;
        context.finish().await;
        result
    });
    // Connections that are still open must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Success.into(),
        Err(error) => {
            output::print_error(&error, context.json);
            Exit::of(&error).into()
        }
    }
}

/// Prints what is wrong with the command line, or the help that it asks for.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if text.lines().all(|line| line == text::escaped(line)) {
        error.exit();
    }
    for line in text.lines() {
        text::print_note(format_args!("{line}"));
    }
    Exit::WrongInput.into()
}

async fn run(what: What, context: &Context) -> anyhow::Result<Exit> {
    match what {
        What::Inspect(arguments) => inspect::run(&arguments, context).await,
        What::Check(arguments) => check::run(&arguments, context).await,
        What::Fields(arguments) => fields::run(&arguments, context).await,
        What::Guide => guide::run(context).await,
        What::List(arguments) => list::run(&arguments, context).await,
        What::Sync(arguments) => sync::run(&arguments, context).await,
        What::Records(arguments) => records::run(&arguments, context),
        What::Report(arguments) => report::run(&arguments, context),
        What::Request(arguments) => request::run(&arguments, context).await,
        What::Action(arguments) => action::run(&arguments, context).await,
        What::Attachment(arguments) => attachment::run(&arguments, context).await,
        What::PracticeOrg(arguments) => practice::run(arguments).await,
        What::Demo(arguments) => demo::run(&arguments, context).await,
        What::CompileComponent => {
            host_runner::sandbox::compile_for_parent()?;
            Ok(Exit::Success)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
