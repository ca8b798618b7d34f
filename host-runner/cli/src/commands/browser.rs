//! `asymbl sign-in`: a person signs in in the browser, and the tenant's refresh token is kept for when nobody is there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::component::{load_tenant, sign_in_to};
use super::exit::NobodyCame;
use super::output::say;
use super::text::print_note;
use super::{Context, Exit, TenantArgument, WrongInput};
use host_runner::tenant::oauth::{BrowserSignIn, Loopback};
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Whom to sign in.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tenant: TenantArgument,
    #[command(flatten)]
    browser: BrowserArguments,
}

/// How the browser is opened, and where it comes back to.
#[derive(Args)]
pub(super) struct BrowserArguments {
    /// The port of the app's callback URL, `http://localhost:PORT/OauthRedirect`
    #[arg(long, value_name = "PORT", default_value_t = 1717)]
    port: u16,
    /// Print the address to open, and open no browser
    #[arg(long)]
    no_browser: bool,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let file = load_tenant(&arguments.tenant.tenant)?;
    sign_in(&file, &arguments.browser).await?;
    let name = file.name().to_owned();
    let tenant = Tenant::open(file, TokenSourceOptions::default())?;
    context.watch(&tenant);
    sign_in_to(&tenant).await?;
    say(&format!("{name} is signed in."));
    if context.json {
        println!("{}", json!({ "tenant": name, "signed_in": true }));
    }
    Ok(Exit::Success)
}

/// Waits for a person in the browser, and keeps the refresh token where the tenant file says.
pub(super) async fn sign_in(file: &TenantFile, how: &BrowserArguments) -> anyhow::Result<()> {
    let loopback = Loopback::bind(how.port).await.map_err(|why| {
        WrongInput(format!(
            "can't listen on port {} for the browser: {why}; name another with --port, and add its callback URL to the app",
            how.port
        ))
    })?;
    let callback = loopback.redirect_uri();
    let waiting = Arc::new(BrowserSignIn::new(file, &callback)?);
    let url = waiting.url();
    if how.no_browser || open::that_detached(&url).is_err() {
        print_note(format_args!(
            "Open this address in a browser, and allow the app:\n"
        ));
    } else {
        print_note(format_args!(
            "Allow the app in the browser. If it did not open, this is the address:\n"
        ));
    }
    print_note(format_args!("  {url}\n"));
    let code = tokio::time::timeout(PATIENCE, loopback.code(&waiting)).await;
    let code = code.map_err(|_| NobodyCame { callback })?;
    let kept = async { waiting.finish(code?).await };
    kept.await
        .map_err(Arc::new)
        .with_context(|| format!("{}: sign in", file.name()))?;
    say(&format!(
        "The refresh token is in {}.",
        waiting.kept_in().display()
    ));
    Ok(())
}
