//! What a platform written in Rust does with a connector: load the component once, run jobs for a tenant.
//!
//! `cargo run --package host-runner --example embed -- target-component/asymbl.wasm tenant.toml`

use std::error::Error;

use host_runner::sandbox::contract::{actions, inspection, reads};
use host_runner::sandbox::{CheckedComponent, Compiler, EngineSize, Job, new_engine};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::{Model, UnifiedRecord, list_line};

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
    let session = Session::new(connector, tenant);

    // A job is a sandbox of its own; one that reads can't change the org.
    let mut reading = session.start().await?;
    let found = reading.discover().await?;
    println!("organization: {}", found.organization.id);
    let profile = found.profile;
    let (candidates, token) = list(&mut reading, &profile, Model::Candidates, None).await?;
    for candidate in &candidates {
        println!("{}", list_line(candidate));
    }

    let (jobs, _) = list(&mut reading, &profile, Model::Jobs, None).await?;
    let is_open = |job: &&UnifiedRecord| job.text("status").as_deref() == Some("OPEN");
    let job = jobs.iter().find(is_open).ok_or("the org has no open job")?;
    let mut writing = session.start_writing().await?;
    let context = context(&profile);
    let input = application(job.key().as_str());
    let created = writing.create_application(&context, &input).await?;
    println!(
        "created: {} of {}",
        created.application_id, created.candidate_id
    );

    let (changed, _) = list(&mut reading, &profile, Model::Candidates, Some(token)).await?;
    for candidate in &changed {
        let name = candidate.text("first_name").unwrap_or_default();
        println!("changed: {} {name}", candidate.key());
    }

    let nobody = "003000000000000AAA";
    if let Err(error) = reading.get_candidate_attachments(&profile, nobody).await {
        println!("error: {}: {error}", error.kind().name());
    }

    let request = inspection::PassthroughRequest {
        method: "GET".into(),
        path: "/services/data/".into(),
        query: Vec::new(),
        headers: Vec::new(),
        body: inspection::RequestBody::Empty,
    };
    let response = writing.passthrough(&request).await?;
    if let inspection::Content::Text(text) = response.body {
        println!(
            "passthrough: HTTP {}, {} characters of text",
            response.status,
            text.len()
        );
    }
    Ok(())
}

/// Reads a model page by page, in full or what changed since a token; returns the token of its end too.
async fn list(
    job: &mut Job,
    profile: &String,
    model: Model,
    since: Option<String>,
) -> Result<(Vec<UnifiedRecord>, String), Box<dyn Error>> {
    let mut query = reads::ListQuery {
        since,
        cursor: None,
        page_size: None,
    };
    let mut records = Vec::new();
    loop {
        let page = job.list(model, profile, &query).await?;
        records.extend(page.rows);
        match page.info.progress {
            reads::Progress::More(cursor) => query.cursor = Some(cursor),
            reads::Progress::Done(token) => return Ok((records, token)),
        }
    }
}

fn context(profile: &str) -> actions::ActionContext {
    actions::ActionContext {
        profile: profile.into(),
        idempotency_key: None,
        repeats: None,
        acting_user: None,
    }
}

fn application(job: &str) -> actions::CreateInput {
    actions::CreateInput {
        candidate: actions::CandidateInput {
            first_name: "Noor".into(),
            last_name: "de Vries".into(),
            email_address: "noor@rust.example".into(),
            additional_email_addresses: Vec::new(),
            company: None,
            title: None,
            phone_number: None,
            additional_phone_numbers: Vec::new(),
            location: None,
            gender: None,
            availability_date: None,
            salary_expectations: None,
            social_links: Vec::new(),
        },
        application: actions::ApplicationInput {
            job_id: job.into(),
            stage_id: None,
        },
        attachments: Vec::new(),
        source: None,
        extra: None,
    }
}
