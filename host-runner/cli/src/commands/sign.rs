//! `asymbl sign` and `asymbl verify`: detached signatures of a component.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::private::write_private;
use super::{Context, Exit, WrongInput, output, text};
use host_runner::sandbox::{PublicKey, Signature, SigningKey, sha256, signature_path};

/// With which key.
#[derive(Args)]
pub(super) struct SignArguments {
    /// The file of the private key (Ed25519, PKCS#8 in PEM)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Make a key first; the file must not exist
    #[arg(long)]
    new_key: bool,
}

/// With which key.
#[derive(Args)]
pub(super) struct VerifyArguments {
    /// The public key, as `asymbl sign` prints it
    #[arg(long, value_name = "KEY")]
    public_key: String,
}

/// Signs the component: its signature is written beside it, the public key is printed.
pub(super) fn sign(arguments: &SignArguments, context: &Context) -> anyhow::Result<Exit> {
    let path = context.component_file()?;
    let wasm = read(&path)?;
    let key = match arguments.new_key {
        true => {
            if arguments.key.exists() {
                let why = format!(
                    "{} exists: a key is never written over",
                    arguments.key.display()
                );
                return Err(WrongInput(why).into());
            }
            let (key, pem) = SigningKey::generate()?;
            write_private(&arguments.key, &pem)?;
            key
        }
        false => {
            let pem = std::fs::read_to_string(&arguments.key).map_err(|error| {
                WrongInput(format!(
                    "can't read the key {}: {error}",
                    arguments.key.display()
                ))
            })?;
            let key = SigningKey::from_pem(&pem);
            key.map_err(|error| WrongInput(format!("{}: {error}", arguments.key.display())))?
        }
    };
    let beside = signature_path(&path);
    std::fs::write(&beside, format!("{}\n", key.sign(&sha256(&wasm))))
        .map_err(|error| WrongInput(format!("can't write {}: {error}", beside.display())))?;
    output::say(&format!(
        "signed {} in {}",
        path.display(),
        beside.display()
    ));
    let mut out = text::stdout(context.json);
    match context.json {
        true => writeln!(
            out,
            "{}",
            json!({ "public_key": key.public_key().to_string() })
        )?,
        false => writeln!(out, "{}", key.public_key())?,
    }
    Ok(Exit::Success)
}

/// Checks the signature beside the component.
pub(super) fn verify(arguments: &VerifyArguments, context: &Context) -> anyhow::Result<Exit> {
    let path = context.component_file()?;
    let hash = sha256(&read(&path)?);
    let key: PublicKey = arguments
        .public_key
        .parse()
        .map_err(|error| WrongInput(format!("{error}")))?;
    let signature: Option<Signature> = match std::fs::read_to_string(signature_path(&path)) {
        Ok(text) => Some(text.parse()?),
        Err(_) => None,
    };
    key.verify(&hash, signature.as_ref())
        .with_context(|| path.display().to_string())?;
    let mut out = text::stdout(context.json);
    match context.json {
        true => writeln!(out, "{}", json!({ "sha256": hash, "verified": true }))?,
        false => writeln!(
            out,
            "{}: signed with this key, sha256 {hash}",
            path.display()
        )?,
    }
    Ok(Exit::Success)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let wasm = std::fs::read(path);
    Ok(wasm.map_err(|error| {
        WrongInput(format!(
            "can't read the component {}: {error}",
            path.display()
        ))
    })?)
}
