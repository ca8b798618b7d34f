//! What commands share: which tenant and mirror, which component, and how results are printed.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;

use host_runner::metrics::Metrics;
use host_runner::tenant::TokenSource;
use host_runner::unified::Model;

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
    /// The mirror's file [default: the tenant file's name with the ending .mirror.sqlite]
    #[arg(long, value_name = "FILE")]
    pub(super) mirror: Option<PathBuf>,
}

impl MirrorArgument {
    pub(super) fn path(&self, tenant: &TenantArgument) -> PathBuf {
        self.mirror
            .clone()
            .unwrap_or_else(|| tenant.tenant.with_extension("mirror.sqlite"))
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
