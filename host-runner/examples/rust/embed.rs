//! The least that a platform written in Rust needs: load the component once, run a job for a tenant.
//!
//! `cargo run --package host-runner --example embed -- target-component/asymbl.wasm tenant.toml`

use std::error::Error;

use host_runner::sandbox::contract::reads::{ListQuery, Progress};
use host_runner::sandbox::{CheckedComponent, Compiler, EngineSize, new_engine};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::{Model, list_line};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(component), Some(tenant)) = (arguments.next(), arguments.next()) else {
        return Err("usage: embed COMPONENT.wasm TENANT.toml".into());
    };
    let engine = new_engine(EngineSize::default())?;
    // A host that runs components of others has them compiled by a process of its own: `Compiler::in_a_process`.
    let compiler = Compiler::in_this_process();
    let connector = CheckedComponent::from_file(&engine, component.as_ref(), &compiler)?.link()?;
    let tenant = Tenant::open(TenantFile::load(&tenant)?, TokenSourceOptions::default())?;

    let mut job = Session::new(connector, tenant).start().await?;
    let profile = job.discover().await?.profile;
    let mut query = ListQuery {
        since: None,
        cursor: None,
        page_size: None,
    };
    loop {
        let page = job.list(Model::Jobs, &profile, &query).await?;
        for record in page.rows {
            println!("{}", list_line(&record));
        }
        match page.info.progress {
            Progress::More(cursor) => query.cursor = Some(cursor),
            // Keep the token: the next listing with it in `since` gives only what changed.
            Progress::Done(_token) => return Ok(()),
        }
    }
}
