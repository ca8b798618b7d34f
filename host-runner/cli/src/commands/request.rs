//! `asymbl request METHOD PATH`: any request to the tenant's Salesforce, with the tenant's credentials and limits.

mod download;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::text::print_note;
use super::{Context, Exit, TenantArgument, WrongInput};
use host_runner::passthrough::{answer, bytes};
use host_runner::sandbox::ErrorKind;
use host_runner::sandbox::Job;
use host_runner::sandbox::contract::inspection::{
    Content, FormPart, PassthroughRequest, QueryValue, RequestBody,
};
use host_runner::sandbox::contract::types::Header;
use host_runner::session::{Session, StepError};
use host_runner::tenant::without_mark;

/// What to send.
#[derive(Args)]
pub(super) struct Arguments {
    /// GET, HEAD, POST, PUT, PATCH or DELETE
    method: String,
    /// Path under the org's address: /services/data/v66.0/limits
    path: String,
    #[command(flatten)]
    tenant: TenantArgument,
    /// A value of the query, encoded for you: --query 'q=SELECT Id FROM Contact LIMIT 3'
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// A header
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// Send this JSON (@FILE: the file's; @-: from standard input)
    #[arg(long, value_name = "JSON", group = "body")]
    data: Option<String>,
    /// Send this text (@FILE, @- as above)
    #[arg(long, value_name = "TEXT", group = "body")]
    text: Option<String>,
    /// Send a file's bytes (- for standard input)
    #[arg(long, value_name = "FILE", group = "body")]
    binary: Option<PathBuf>,
    /// Send a form: a value, or a file as NAME=@FILE; `;type=` and `;filename=` may follow
    #[arg(long, value_name = "NAME=VALUE", group = "body", value_parser = pair)]
    form: Vec<(String, String)>,
    /// Write the answer's body to a file as it comes, however large (GET only)
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write NAME: VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    if let Some(file) = &arguments.output {
        return download::run(arguments, file, context).await;
    }
    let request = PassthroughRequest {
        method: arguments.method.clone(),
        path: arguments.path.clone(),
        query: named(&arguments.query, |name, value| QueryValue { name, value }),
        headers: named(&arguments.header, |name, value| Header { name, value }),
        body: body(arguments)?,
    };
    let session = context.session(&arguments.tenant.tenant).await?;
    let mut job = session.start_writing().await?;
    let response = match job.passthrough(&request).await {
        Ok(response) => response,
        Err(error) => {
            let is_input = error.kind() == ErrorKind::InvalidInput;
            let error = StepError::new(&session, "request", error, Some(&job));
            let error = anyhow::Error::new(error);
            return Err(match is_input {
                // All of it comes from the command line.
                true => error.context(WrongInput("the request can't be sent".into())),
                false => error,
            });
        }
    };
    let fix = match response.status {
        404 | 410 => version_fix(&mut job, &session, &arguments.path).await,
        _ => None,
    };
    if context.json {
        let mut object = answer(&response);
        if let Some(fix) = fix {
            object["fix"] = fix.into();
        }
        println!("{object}");
    } else {
        print_note(format_args!("HTTP {}", response.status));
        print_body(bytes(&response.body))?;
        if let Some(fix) = fix {
            print_note(format_args!("{fix}"));
        }
    }
    Ok(code(response.status))
}

/// What to say when a path is not found because the org lacks the API version in it, which its answer does not say.
async fn version_fix(job: &mut Job, session: &Session, path: &str) -> Option<String> {
    const VERSIONS: &str = "/services/data";
    let version = path.strip_prefix(VERSIONS)?.strip_prefix("/v")?;
    let version = version.split(['/', '?']).next()?;
    let request = PassthroughRequest {
        method: "GET".into(),
        path: VERSIONS.into(),
        query: Vec::new(),
        headers: Vec::new(),
        body: RequestBody::Empty,
    };
    let listed = job.passthrough(&request).await.ok()?;
    let listed: Vec<Value> = serde_json::from_slice(bytes(&listed.body)).ok()?;
    let known: Vec<&str> = listed
        .iter()
        .filter_map(|one| one["version"].as_str())
        .collect();
    let (oldest, newest) = (known.first()?, known.last()?);
    if known.contains(&version) {
        return None;
    }
    let of_tenant = match session.tenant().file().api_version().as_str() == version {
        true => "; set `api_version` in the tenant file to one of them too",
        false => " (`api_version` in the tenant file is another)",
    };
    Some(format!(
        "The org has no API version {version}, it has {oldest} to {newest}: name one of them in the path{of_tenant}."
    ))
}

/// Prints a body: as text on a terminal, else as it came, for programs and files.
fn print_body(body: &[u8]) -> std::io::Result<()> {
    let mut raw = std::io::stdout().lock();
    if raw.is_terminal() {
        let mut out = super::text::stdout(false);
        let text = String::from_utf8_lossy(body);
        return text.lines().try_for_each(|line| writeln!(out, "{line}"));
    }
    raw.write_all(body)?;
    if body.last().is_some_and(|last| *last != b'\n') {
        writeln!(raw)?;
    }
    Ok(())
}

/// Success for an answer that is not an error, else [`Exit::Refused`]: a script need not read the status.
fn code(status: u16) -> Exit {
    if status < 400 {
        Exit::Success
    } else {
        Exit::Refused
    }
}

fn named<T>(pairs: &[(String, String)], make: fn(String, String) -> T) -> Vec<T> {
    let pairs = pairs.iter().cloned();
    pairs.map(|(name, value)| make(name, value)).collect()
}

fn body(arguments: &Arguments) -> anyhow::Result<RequestBody> {
    Ok(if let Some(data) = &arguments.data {
        RequestBody::Json(without_mark(&text_of(data)?).to_owned())
    } else if let Some(text) = &arguments.text {
        RequestBody::Text(text_of(text)?)
    } else if let Some(file) = &arguments.binary {
        RequestBody::Bytes(bytes_of(&file.to_string_lossy())?)
    } else if !arguments.form.is_empty() {
        RequestBody::Multipart(
            arguments
                .form
                .iter()
                .map(|(name, value)| part(name, value))
                .collect::<anyhow::Result<_>>()?,
        )
    } else {
        RequestBody::Empty
    })
}

fn text_of(argument: &str) -> anyhow::Result<String> {
    match argument.strip_prefix('@') {
        None => Ok(argument.to_owned()),
        Some(file) => {
            let text = String::from_utf8(bytes_of(file)?);
            Ok(text.map_err(|_| WrongInput(format!("{file} is not UTF-8 text")))?)
        }
    }
}

fn bytes_of(file: &str) -> anyhow::Result<Vec<u8>> {
    if file == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
            .context("standard input")?;
        return Ok(bytes);
    }
    Ok(std::fs::read(file).map_err(|why| WrongInput(format!("can't read {file}: {why}")))?)
}

fn part(name: &str, value: &str) -> anyhow::Result<FormPart> {
    let mut pieces = value.split(';');
    let mut first = pieces.next().unwrap_or_default().to_owned();
    let (mut content_type, mut file_name) = (None, None);
    for piece in pieces {
        if let Some(kind) = piece.strip_prefix("type=") {
            content_type = Some(kind.to_owned());
        } else if let Some(name) = piece.strip_prefix("filename=") {
            file_name = Some(name.to_owned());
        } else {
            // A value may hold semicolons of its own.
            first.push(';');
            first.push_str(piece);
        }
    }
    let content = match first.strip_prefix('@') {
        None => Content::Text(first),
        Some(file) => {
            let base = std::path::Path::new(file)
                .file_name()
                .map(|base| base.to_string_lossy().into_owned());
            file_name = file_name.or(base);
            content_type = content_type.or_else(|| Some("application/octet-stream".to_owned()));
            Content::Bytes(bytes_of(file)?)
        }
    };
    Ok(FormPart {
        name: name.to_owned(),
        file_name,
        content_type,
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_value_keeps_its_semicolons() {
        let part = part("note", "a;b;type=text/csv;filename=x.csv").unwrap();
        assert_eq!(bytes(&part.content), b"a;b");
        assert_eq!(
            (part.content_type.as_deref(), part.file_name.as_deref()),
            (Some("text/csv"), Some("x.csv"))
        );
    }
}
