//! `asymbl init`: writes a commented tenant file from flags and answers, signs in in the browser where that is how,
//! and tests the sign-in.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::browser;
use super::component::sign_in_to;
use super::output::say;
use super::private::write_private;
use super::{Context, Exit, TenantArgument, WrongInput};
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};

/// What the tenant file shall say; what is left out is asked for.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tenant: TenantArgument,
    /// What to call the tenant [default: the first part of the org's address]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The org's My Domain: `https://NAME.my.salesforce.com`
    #[arg(long, value_name = "URL")]
    instance_url: Option<String>,
    /// How to sign in
    #[arg(long, value_name = "KIND", value_enum, default_value_t = SignIn::ClientCredentials)]
    sign_in: SignIn,
    /// The app's consumer key
    #[arg(long, value_name = "KEY")]
    client_id: Option<String>,
    /// The environment variable that holds the secret: the consumer secret (with browser only if the app requires it),
    /// the PEM private key or the refresh token
    #[arg(long, value_name = "VARIABLE", group = "secret")]
    client_secret_env: Option<String>,
    /// The file that holds the secret, relative to the tenant file
    #[arg(long, value_name = "FILE", group = "secret")]
    client_secret_file: Option<String>,
    /// The user who is signed in (jwt-bearer)
    #[arg(long, value_name = "USER")]
    username: Option<String>,
    #[command(flatten)]
    browser: browser::BrowserArguments,
    /// Write over a tenant file that is there
    #[arg(long)]
    force: bool,
    /// Don't sign in
    #[arg(long)]
    no_test: bool,
}

/// A flow of `[auth]`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SignIn {
    /// The app signs in as its own Run As user
    ClientCredentials,
    /// A key signs for a user whom the app admits
    JwtBearer,
    /// A person signs in in the browser, now
    Browser,
    /// A person did so before, and the refresh token is at hand
    RefreshToken,
}

impl SignIn {
    /// The flow in the tenant file, the key of its secret there, and what people call that.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::ClientCredentials => ["client-credentials", "client_secret", "Consumer secret"],
            Self::JwtBearer => ["jwt-bearer", "private_key", "File of the private key (PEM)"],
            Self::RefreshToken | Self::Browser => {
                ["refresh-token", "refresh_token", "Refresh token"]
            }
        }
    }
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let path = &arguments.tenant.tenant;
    if path.exists() && !arguments.force {
        anyhow::bail!(WrongInput(format!(
            "{} is there already: name another file with --tenant, or write over it with --force",
            path.display()
        )));
    }
    let instance = match &arguments.instance_url {
        Some(url) => url.clone(),
        None => ask(
            "Org address (https://NAME.my.salesforce.com)",
            "--instance-url",
        )?,
    };
    let instance = instance_url(&instance);
    let name = arguments.name.clone().unwrap_or_else(|| label(&instance));
    let client_id = match &arguments.client_id {
        Some(id) => id.clone(),
        None => ask("Consumer key (client id)", "--client-id")?,
    };
    let username = match (arguments.sign_in, &arguments.username) {
        (SignIn::JwtBearer, None) => Some(ask("User who is signed in", "--username")?),
        (SignIn::JwtBearer, given) => given.clone(),
        _ => None,
    };
    let mut auth = String::new();
    if let Some(username) = &username {
        auth += &format!("username = {}\n", quoted(username));
    }
    auth += &secrets(arguments, path)?;
    let text = tenant_file(&Answers {
        name: &name,
        instance: &instance,
        client_id: &client_id,
        sign_in: arguments.sign_in,
        auth: &auth,
    });
    // Before anything is written: what can't be read again must not be there.
    TenantFile::parse(path, &text)?;
    write_private(path, &text)?;
    say(&format!("{} is written.", path.display()));
    if arguments.sign_in == SignIn::Browser && !arguments.no_test {
        browser::sign_in(&TenantFile::load(path)?, &arguments.browser)
            .await
            .with_context(|| {
                format!(
                    "{} is written; `asymbl sign-in` repeats this",
                    path.display()
                )
            })?;
    }
    if !arguments.no_test {
        let tenant = Tenant::open(TenantFile::load(path)?, TokenSourceOptions::default())?;
        context.watch(&tenant);
        sign_in_to(&tenant)
            .await
            .with_context(|| format!("{} is written, but does not sign in", path.display()))?;
        say(
            "The sign-in works. Next: `asymbl check` shows what the user may do, `asymbl sync` reads the org.",
        );
    }
    if context.json {
        println!(
            "{}",
            json!({ "file": path, "name": name, "instance_url": instance, "signed_in": !arguments.no_test })
        );
    }
    Ok(Exit::Success)
}

/// Asks on standard error and reads a line, also where standard input is a pipe.
fn ask(what: &str, flag: &str) -> anyhow::Result<String> {
    let mut stderr = io::stderr();
    write!(stderr, "{what}: ")?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    given(&line, what, flag)
}

/// The same without showing what is typed.
fn ask_secret(what: &str, flag: &str) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        return ask(what, flag);
    }
    let terminal = console::Term::stderr();
    terminal.write_str(&format!("{what} (is not shown): "))?;
    given(&terminal.read_secure_line()?, what, flag)
}

fn given(line: &str, what: &str, flag: &str) -> anyhow::Result<String> {
    let line = line.trim();
    if line.is_empty() {
        anyhow::bail!(WrongInput(format!(
            "{what}: nothing was given; type it, or give {flag}"
        )));
    }
    Ok(line.to_owned())
}

/// The lines of the secrets. One that is typed in goes into a file of its own: a tenant file is shown around.
fn secrets(arguments: &Arguments, tenant: &Path) -> anyhow::Result<String> {
    let [_, key, _] = arguments.sign_in.words();
    if arguments.sign_in != SignIn::Browser {
        let place = match given_place(arguments) {
            Some(place) => place,
            None => typed(arguments, tenant)?,
        };
        return Ok(format!("{key} = {place}\n"));
    }
    let secret = given_place(arguments);
    let secret = secret.map_or_else(String::new, |place| format!("client_secret = {place}\n"));
    let file = beside(tenant, "refresh-token");
    Ok(format!("{secret}{key} = {file}\n"))
}

/// Where the flags say that the secret is, in TOML.
fn given_place(arguments: &Arguments) -> Option<String> {
    let variable = arguments.client_secret_env.as_ref();
    let variable = variable.map(|variable| format!("{{ env = {} }}", quoted(variable)));
    let file = arguments.client_secret_file.as_ref();
    variable.or_else(|| file.map(|file| format!("{{ file = {} }}", quoted(file))))
}

/// A file beside the tenant file, in TOML.
fn beside(tenant: &Path, ending: &str) -> String {
    let file = tenant.with_extension(ending);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("{{ file = {} }}", quoted(&name))
}

/// Asks for the secret, and says in TOML where it is kept.
fn typed(arguments: &Arguments, tenant: &Path) -> anyhow::Result<String> {
    let [_, _, what] = arguments.sign_in.words();
    if arguments.sign_in == SignIn::JwtBearer {
        let file = ask(what, "--client-secret-file")?;
        return Ok(format!("{{ file = {} }}", quoted(&file)));
    }
    let typed = ask_secret(what, "--client-secret-env or --client-secret-file")?;
    write_private(&tenant.with_extension("secret"), &typed)?;
    Ok(beside(tenant, "secret"))
}

/// The org's address as people copy it: without a scheme, with a path, or the one of Lightning.
fn instance_url(text: &str) -> String {
    let text = text.trim();
    let text = match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", &text));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.replace(".lightning.force.com", ".my.salesforce.com");
    format!("{scheme}://{host}")
}

/// The first part of the host's name; `org` for an address of numbers.
fn label(instance: &str) -> String {
    let host = instance.split("://").last().unwrap_or_default();
    let first = host.split(['.', ':']).next().unwrap_or_default();
    match first.parse::<u8>() {
        Err(_) if !first.is_empty() => first.to_owned(),
        _ => "org".to_owned(),
    }
}

/// A TOML string; JSON's escapes are among TOML's.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

struct Answers<'a> {
    name: &'a str,
    instance: &'a str,
    client_id: &'a str,
    sign_in: SignIn,
    /// The rest of `[auth]`.
    auth: &'a str,
}

fn tenant_file(answers: &Answers<'_>) -> String {
    let [kind, _, _] = answers.sign_in.words();
    format!(
        "\
# The connection to one org. `asymbl inspect --settings` explains every key.
name = {name}
instance_url = {instance}
# api_version = \"66.0\"

[auth]
kind = \"{kind}\"
client_id = {client_id}
{auth}
[scopes]                       # what is switched off is not asked of Salesforce
# disabled_models = [\"users\"]
# disabled_fields = [\"candidates.location\"]
# disabled_actions = [\"create-candidate\"]

[sync]
# api_quota_percent = 80       # syncs stop when this share of the org's API calls of 24 hours is used

[connector]                    # how this customer's org differs; `asymbl check` says what is worth setting
# hired_stages = [\"+Placed\"]   # further stages that mean hired
# default_currency = \"USD\"
",
        name = quoted(answers.name),
        instance = quoted(answers.instance),
        client_id = quoted(answers.client_id),
        auth = answers.auth,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_copy_it() {
        for (given, instance, name) in [
            (
                "acme.my.salesforce.com",
                "https://acme.my.salesforce.com",
                "acme",
            ),
            (
                "https://acme.lightning.force.com/lightning/page/home",
                "https://acme.my.salesforce.com",
                "acme",
            ),
            (
                "https://acme--dev.sandbox.lightning.force.com",
                "https://acme--dev.sandbox.my.salesforce.com",
                "acme--dev",
            ),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", "org"),
        ] {
            assert_eq!(instance_url(given), instance);
            assert_eq!(label(instance), name);
        }
    }

    #[test]
    fn the_written_file_is_read_again_for_every_sign_in() {
        let secret = "{ env = \"SECRET\" }";
        for (sign_in, auth) in [
            (
                SignIn::ClientCredentials,
                format!("client_secret = {secret}\n"),
            ),
            (
                SignIn::JwtBearer,
                format!("username = \"a@example.com\"\nprivate_key = {secret}\n"),
            ),
            (SignIn::RefreshToken, format!("refresh_token = {secret}\n")),
            (
                SignIn::Browser,
                format!("client_secret = {secret}\nrefresh_token = {secret}\n"),
            ),
        ] {
            let text = tenant_file(&Answers {
                name: "A \"quoted\" name",
                instance: "https://acme.my.salesforce.com",
                client_id: "3MVG9",
                sign_in,
                auth: &auth,
            });
            let file = TenantFile::parse(Path::new("tenant.toml"), &text).unwrap();
            assert_eq!(file.name(), "A \"quoted\" name");
        }
    }
}
