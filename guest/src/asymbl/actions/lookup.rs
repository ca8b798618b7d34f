//! What is there before a write: the job, its stages, the contacts of an address, their applications; and records read back.

use super::{not_found, table, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::failure;
use crate::asymbl::models::applications::{Applications, Links, links};
use crate::asymbl::models::candidates::Candidates;
use crate::asymbl::models::jobs::Jobs;
use crate::asymbl::models::{Mapping, Tenant};
use crate::asymbl::reads::map;
use crate::exports::ats::connector::types::{Error, Warning};
use crate::exports::ats::connector::unified::{Application, Candidate, Job};
use salesforce::soql::{eq, one_of, or};
use salesforce::transport::Transport;
use salesforce::{ObjectShape, Query, Record, Rows};

/// Contacts of one address that are looked at; more are no honest data.
const CONTACTS: u32 = 200;

/// A stage of a job, in the job's order.
pub struct Stage {
    pub id: String,
    pub name: String,
}

/// The objects of an action, as the connected user may write them.
pub fn shapes<T: Transport, const N: usize>(
    ctx: &Context<T>,
    objects: [&str; N],
) -> Result<[ObjectShape; N], Error> {
    let found = ctx.client.describe(&objects)?;
    let mut shapes = Vec::with_capacity(N);
    for (object, shape) in objects.iter().zip(found) {
        shapes.push(shape.ok_or_else(|| {
            Error::from(crate::asymbl::models::Missing {
                object: (*object).to_owned(),
            })
        })?);
    }
    shapes
        .try_into()
        .map_err(|_| Error::Unavailable(failure("the description of an object is missing")))
}

/// A record by its id, whatever the tenant's list of models says: an action's answer needs it.
fn record<M: Mapping, T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    id: &str,
) -> Result<Option<M::Record>, Error> {
    let mapping = M::new(tenant)?;
    let query = Query::from(mapping.object())
        .select(mapping.columns().iter().map(String::as_str))
        .filter(eq("Id", id));
    let rows = ctx.client.query_all_pages(&query, Rows::Live)?;
    Ok(map(ctx, &mapping, &rows)?.into_iter().next())
}

/// A job.
pub fn job<T: Transport>(ctx: &Context<T>, tenant: Tenant<'_>, id: &str) -> Result<Job, Error> {
    record::<Jobs, T>(ctx, tenant, id)?.ok_or_else(|| not_found("application.job_id", id, "job"))
}

/// A candidate as it now is.
pub fn candidate<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    id: &str,
) -> Result<Candidate, Error> {
    // Written just now: what an earlier read remembers of other rows is old.
    ctx.rows.borrow_mut().clear();
    record::<Candidates, T>(ctx, tenant, id)?
        .ok_or_else(|| not_found("candidate_id", id, "contact"))
}

/// An application as it now is.
pub fn application<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    id: &str,
) -> Result<Application, Error> {
    ctx.rows.borrow_mut().clear();
    record::<Applications, T>(ctx, tenant, id)?
        .ok_or_else(|| not_found("application_id", id, "application"))
}

/// The stages of a job, first to last.
pub fn stages<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    job: &str,
) -> Result<Vec<Stage>, Error> {
    let names = tenant.profile.names();
    let query = Query::from(names.api(crate::asymbl::names::STAGE))
        .select(["Id", "Name"])
        .filter(eq(tenant.profile.job_link.stage_lookup.as_str(), job))
        .order_by(names.api(table::STAGE_ORDER))
        .order_by("CreatedDate")
        .order_by("Id");
    let rows = ctx.client.query_all_pages(&query, Rows::Live)?;
    let stage = |row: &Record| {
        Some(Stage {
            id: row.string("Id")?,
            name: row.string("Name").unwrap_or_default(),
        })
    };
    Ok(rows.iter().filter_map(stage).collect())
}

/// The contacts that have an address in one of the candidates' e-mail fields, best first: of the candidate record type, then
/// the oldest.
pub fn contacts<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    email: &str,
) -> Result<Vec<String>, Error> {
    let fields = table::emails(tenant).fields;
    let matches: Vec<_> = fields
        .iter()
        .filter(|(f, _)| shape.field(f).is_some_and(|f| f.filterable))
        .map(|(f, _)| eq(f.as_str(), email))
        .collect();
    by_condition(ctx, tenant, shape, or(matches))
}

/// The contact that holds a value in the external-id field.
pub fn contact_of<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    field: &str,
    value: &str,
) -> Result<Option<String>, Error> {
    Ok(by_condition(ctx, tenant, shape, eq(field, value))?
        .into_iter()
        .next())
}

fn by_condition<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    condition: salesforce::soql::Condition,
) -> Result<Vec<String>, Error> {
    let kind = shape.has_field("RecordTypeId").then_some("RecordTypeId");
    let query = Query::from(shape.name.as_str())
        .select(["Id"].into_iter().chain(kind))
        .filter(condition)
        .order_by("CreatedDate")
        .order_by("Id")
        .limit(CONTACTS);
    let rows = ctx.client.query_all_pages(&query, Rows::Live)?;
    let of_type = |row: &Record| {
        row.id("RecordTypeId").is_some_and(|t| {
            tenant
                .profile
                .candidate_types
                .iter()
                .any(|c| c == t.as_str())
        })
    };
    let (typed, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| of_type(row));
    Ok(typed
        .into_iter()
        .chain(others)
        .filter_map(|row| row.string("Id"))
        .collect())
}

/// The oldest application of one of these contacts on a job: its id and its contact's.
pub fn applied<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    job: &str,
    contacts: &[String],
) -> Result<Option<(String, String)>, Error> {
    if contacts.is_empty() {
        return Ok(None);
    }
    let Links {
        job: job_link,
        contact,
        ..
    } = links(tenant);
    let query = Query::from(tenant.profile.names().api(crate::asymbl::names::APPLICANT))
        .select(["Id", contact.as_str()])
        .filter(eq(job_link, job))
        .filter(one_of(
            contact.as_str(),
            contacts.iter().map(String::as_str),
        ))
        .order_by("CreatedDate")
        .order_by("Id")
        .limit(1);
    let rows = ctx.client.query_all_pages(&query, Rows::Live)?;
    Ok(rows
        .first()
        .and_then(|row| Some((row.string("Id")?, row.string(&contact)?))))
}

/// Says that an address belongs to several contacts, of which one was taken.
pub fn several(contacts: &[String], taken: &str, warnings: &mut Vec<Warning>) {
    if contacts.len() > 1 {
        warnings.push(warning(
            "several-candidates",
            format!(
                "{} contacts have this e-mail address; {taken} was taken",
                contacts.len()
            ),
        ));
    }
}
