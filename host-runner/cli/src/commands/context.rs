//! What commands share: which tenant and mirror, which component, and how results are printed.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;

use host_runner::metrics::Metrics;
use host_runner::tenant::TokenSource;
use host_runner::unified::Model;
use mirror::store::{Location, Login, MirrorError};

/// Which tenant.
#[derive(Args, Clone)]
pub(super) struct TenantArgument {
    /// The tenant file
    #[arg(long, value_name = "FILE", default_value = "tenant.toml")]
    pub(super) tenant: PathBuf,
}

/// Which mirror.
#[derive(Args, Clone)]
pub(super) struct MirrorArgument {
    /// The mirror's file, or a database: postgres://USER@HOST/DATABASE, its password in PGPASSWORD or ~/.pgpass
    /// [default: the tenant file's name with the ending .mirror.sqlite]
    #[arg(long, value_name = "FILE|URL")]
    pub(super) mirror: Option<PathBuf>,
}

impl MirrorArgument {
    /// Where the mirror is. In a database its name is that of the tenant file, unless the URL says another one.
    pub(super) fn location(&self, tenant: &TenantArgument) -> Result<Location, MirrorError> {
        let Some(mirror) = &self.mirror else {
            let path = tenant.tenant.with_extension("mirror.sqlite");
            return Ok(Location::File(path));
        };
        let name = tenant.tenant.file_stem().unwrap_or_default();
        match mirror.to_str() {
            Some(text) => Location::parse(text, &name.to_string_lossy(), &Login::of_environment()),
            None => Ok(Location::File(mirror.clone())),
        }
    }
}

/// Reads a model's name.
pub(super) fn model(text: &str) -> Result<Model, String> {
    text.parse::<Model>().map_err(|error| error.to_string())
}

/// What all commands share.
pub(super) struct Context {
    pub(super) json: bool,
    pub(super) component: Option<PathBuf>,
    /// What is counted, and the file that gets it.
    pub(super) metrics: Option<(PathBuf, Metrics)>,
    /// Of the sessions so far; see [`Context::finish`].
    pub(super) sign_ins: Mutex<Vec<TokenSource>>,
}
