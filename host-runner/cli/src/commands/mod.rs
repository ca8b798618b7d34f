//! The command `asymbl`: what it takes. Each command is a page of its own; [`exit`] holds the exit codes.

mod action;
mod attachment;
mod browser;
mod check;
mod component;
mod componentize;
mod conformance;
mod connection_problem;
mod context;
mod coverage;
mod demo;
mod error;
mod examples;
mod exit;
mod fields;
mod fleet;
mod guide;
mod handed;
mod init;
mod inspect;
mod list;
mod manual;
mod mirror_check;
mod output;
mod practice;
mod private;
mod progress;
mod records;
mod report;
mod request;
mod save;
mod schedule;
mod schema;
mod serve;
mod settings;
mod sign;
mod sync;
mod table;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory as _, Parser, Subcommand};

use context::{Context, MirrorArgument, TenantArgument, model};
use exit::{Exit, Refused, WrongInput};

use host_runner::metrics::Metrics;

/// Runs an ATS connector, sandboxed, against a Salesforce org with Asymbl ATS.
#[derive(Parser)]
#[command(name = "asymbl", version, after_help = exit::help())]
struct Command {
    #[command(subcommand)]
    what: What,
    /// Print JSON: one object, or one line per record
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// The connector component [default: asymbl.wasm beside this program, or in target-component/ of its checkout]
    #[arg(long, global = true, value_name = "FILE", env = "ASYMBL_COMPONENT", help_heading = GLOBAL)]
    component: Option<PathBuf>,
    /// Print results and errors alone
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    quiet: bool,
    /// Also print what the connector logs
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    verbose: bool,
    /// Write counts of requests and records to this file at the end, and after each sync, as OpenMetrics text
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    metrics: Option<PathBuf>,
    /// Colours: auto leaves them out in a pipe, with NO_COLOR and where TERM is dumb
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto, help_heading = GLOBAL)]
    color: ColorChoice,
}

/// The heading of the options that every command takes.
const GLOBAL: &str = "Global options";

#[derive(Subcommand)]
enum What {
    /// Write a tenant file, by asking or from flags, and test that it signs in
    #[command(after_help = examples::INIT)]
    Init(init::Arguments),
    /// Sign in in the browser, for a tenant file whose kind is refresh-token
    #[command(after_help = examples::SIGN_IN)]
    SignIn(browser::Arguments),
    /// Show what a component imports, exports and can do
    #[command(after_help = examples::INSPECT)]
    Inspect(inspect::Arguments),
    /// Check a connector against the contract, with a tenant; see docs/new-connector.md
    #[command(after_help = examples::CONFORMANCE)]
    Conformance(conformance::Arguments),
    /// Wrap a core module, built for wasm32-unknown-unknown, into a component
    #[command(after_help = examples::COMPONENTIZE)]
    Componentize(componentize::Arguments),
    /// Print the JSON Schema of a model's records or of an action's input
    #[command(after_help = examples::SCHEMA)]
    Schema(schema::Arguments),
    /// Test the connection, the rights and each model; writes nothing
    #[command(after_help = examples::CHECK)]
    Check(check::Arguments),
    /// List a model's source fields: what they feed, what recent rows hold in them
    #[command(after_help = examples::FIELDS)]
    Fields(fields::Arguments),
    /// Print how an administrator links the org, or the rights as a permission set
    #[command(after_help = examples::GUIDE)]
    Guide(guide::Arguments),
    /// List a model, live from Salesforce
    #[command(after_help = examples::LIST)]
    List(list::Arguments),
    /// Bring the local mirror up to date
    #[command(after_help = examples::SYNC)]
    Sync(sync::Arguments),
    /// Print what the mirror holds
    #[command(after_help = examples::RECORDS)]
    Records(records::Arguments),
    /// Check the mirror's file, and repair it
    #[command(after_help = examples::MIRROR)]
    Mirror(mirror_check::Arguments),
    /// Serve many tenants over HTTP: the unified API and the contract, with syncs on a schedule
    #[command(after_help = examples::SERVE)]
    Serve(serve::Arguments),
    /// Sync many tenants on many machines, with tickets in NATS JetStream
    #[command(after_help = examples::FLEET)]
    Fleet(fleet::Arguments),
    /// Write a page about the last syncs and the mirror's records
    #[command(after_help = examples::REPORT)]
    Report(report::Arguments),
    /// Send any request to the org, with the tenant's credentials
    #[command(after_help = examples::REQUEST)]
    Request(request::Arguments),
    /// Write to the org: candidates, applications, files, stages
    #[command(after_help = examples::ACTION, after_long_help = examples::action())]
    Action(action::Arguments),
    /// Download a candidate's file
    #[command(after_help = examples::ATTACHMENT)]
    Attachment(attachment::Arguments),
    /// Run a simulated Salesforce org with the Asymbl package
    #[command(after_help = examples::PRACTICE_ORG)]
    PracticeOrg(practice::Arguments),
    /// Sync a practice org, change it, sync again, and show what changed
    #[command(after_help = examples::DEMO)]
    Demo(demo::Arguments),
    /// Sign the component, so that tenant files can require it
    #[command(after_help = examples::SIGN)]
    Sign(sign::SignArguments),
    /// Check the component's signature
    #[command(after_help = examples::VERIFY)]
    Verify(sign::VerifyArguments),
    /// Compile the component on standard input, for another process of this program
    #[command(hide = true, name = component::COMPILE_COMPONENT)]
    CompileComponent,
    /// Print the script with which a shell completes commands and options
    #[command(after_help = examples::COMPLETIONS)]
    Completions(manual::CompletionsArguments),
    /// Print the manual, or write a page for each command
    #[command(after_help = examples::MAN)]
    Man(manual::ManArguments),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => return refuse(&error),
    };
    let log = match command.what {
        What::Serve(_) | What::Fleet(_) => output::Log::OfServer { json: command.json },
        _ => output::Log::OfCommand,
    };
    output::set_up(command.color, command.quiet, command.verbose, log);
    let context = Context {
        json: command.json,
        component: command.component,
        metrics: command.metrics.map(|file| (file, Metrics::new())),
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
            error::print_error(&error, context.json);
            Exit::of(&error).into()
        }
    }
}

/// Prints what is wrong with the command line, or the help that was asked for. A program that asked for JSON gets that.
fn refuse(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let mut arguments = std::env::args_os().filter_map(|argument| argument.into_string().ok());
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let message = text.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let wrong = WrongInput(message.to_owned());
        error::print_error(&wrong.into(), true);
    } else if arguments.any(|argument| text::escaped(&argument) != argument) {
        // In one line: the message quotes arguments, and a line break of theirs must not look like one of its own.
        text::print_note(format_args!("{}", text.trim_end()));
    } else {
        // Nobody is left to tell when standard output is closed.
        let _ = error.print();
    }
    match error.use_stderr() {
        true => Exit::WrongInput.into(),
        false => Exit::Success.into(),
    }
}

async fn run(what: What, context: &Context) -> anyhow::Result<Exit> {
    match what {
        What::Inspect(arguments) => inspect::run(&arguments, context).await,
        What::Check(arguments) => check::run(&arguments, context).await,
        What::Conformance(arguments) => conformance::run(&arguments, context).await,
        What::Componentize(arguments) => componentize::run(&arguments, context),
        What::Schema(arguments) => schema::run(&arguments, context).await,
        What::Fields(arguments) => fields::run(&arguments, context).await,
        What::Init(arguments) => init::run(&arguments, context).await,
        What::SignIn(arguments) => browser::run(&arguments, context).await,
        What::Guide(arguments) => guide::run(&arguments, context).await,
        What::List(arguments) => list::run(&arguments, context).await,
        What::Sync(arguments) => sync::run(&arguments, context).await,
        What::Records(arguments) => records::run(&arguments, context),
        What::Mirror(arguments) => mirror_check::run(&arguments, context),
        What::Fleet(arguments) => fleet::run(&arguments, context).await,
        What::Serve(arguments) => serve::run(&arguments, context).await,
        What::Report(arguments) => report::run(&arguments, context),
        What::Request(arguments) => request::run(&arguments, context).await,
        What::Action(arguments) => action::run(&arguments, context).await,
        What::Attachment(arguments) => attachment::run(&arguments, context).await,
        What::PracticeOrg(arguments) => practice::run(arguments).await,
        What::Demo(arguments) => demo::run(&arguments, context).await,
        What::Sign(arguments) => sign::sign(&arguments, context),
        What::Verify(arguments) => sign::verify(&arguments, context),
        What::CompileComponent => {
            host_runner::sandbox::compile_for_parent()?;
            Ok(Exit::Success)
        }
        What::Completions(arguments) => manual::completions(&arguments, &mut Command::command()),
        What::Man(arguments) => manual::man(&arguments, Command::command()),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
