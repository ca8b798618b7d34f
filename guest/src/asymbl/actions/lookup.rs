//! What is there before a write: the job, its stages, the contacts of an address, their applications; and records read
//! back.

use super::fields::email_hash;
use super::kept::{self, Written};
use super::{not_found, table, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::failure;
use crate::asymbl::models::applications::{Applications, Links, links};
use crate::asymbl::models::candidates::Candidates;
use crate::asymbl::models::jobs::Jobs;
use crate::asymbl::models::{Mapping, Tenant};
use crate::asymbl::names;
use crate::asymbl::reads::map;
use crate::exports::ats::connector::types::{Error, Warning};
use crate::exports::ats::connector::unified::{Application, Candidate, Job};
use salesforce::soql::{eq, one_of, or};
use salesforce::transport::Transport;
use salesforce::{ObjectShape, Query, QueryPage, Record, Rows};

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

/// The query for a record by its id, whatever the tenant's list of models says: an action's answer needs it.
fn by_id<M: Mapping>(mapping: &M, id: &str) -> Query {
    Query::from(mapping.object())
        .select(mapping.columns().iter().map(String::as_str))
        .filter(eq("Id", id))
}

fn record<M: Mapping, T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    id: &str,
) -> Result<Option<M::Record>, Error> {
    // What an earlier read remembers of other rows may be old by now.
    ctx.rows.borrow_mut().clear();
    let mapping = M::new(tenant)?;
    let rows = ctx
        .client
        .query_all_pages(&by_id(&mapping, id), Rows::Live)?;
    Ok(map(ctx, &mapping, &rows)?.into_iter().next())
}

/// A job.
pub fn job<T: Transport>(ctx: &Context<T>, tenant: Tenant<'_>, id: &str) -> Result<Job, Error> {
    record::<Jobs, T>(ctx, tenant, id)?.ok_or_else(|| not_found("application.job_id", id, "job"))
}

/// The records of a create as they now are, read in one call together with what is compared with what they were to be.
/// A warning for each value that was not kept.
pub fn created<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    written: &Written,
    warnings: &mut Vec<Warning>,
) -> (Result<Candidate, Error>, Result<Application, Error>) {
    ctx.rows.borrow_mut().clear();
    let candidates = Candidates::new(tenant);
    let applications = Applications::new(tenant);
    let mut queries: Vec<Query> = Vec::new();
    queries.extend(candidates.as_ref().ok().map(|m| by_id(m, &written.contact)));
    queries.extend(
        applications
            .as_ref()
            .ok()
            .map(|m| by_id(m, &written.applicant)),
    );
    let ids = |shape: &ObjectShape| match shape.name.eq_ignore_ascii_case(names::CONTACT) {
        true => written.contact.as_str(),
        false => written.applicant.as_str(),
    };
    let compared: Vec<_> = written
        .compared
        .iter()
        .filter_map(|(shape, draft)| Some((shape, draft, kept::query(shape, draft, ids(shape))?)))
        .collect();
    let left = written.left.as_ref().and_then(|(shape, draft)| {
        Some((shape, draft, kept::query(shape, draft, &written.contact)?))
    });
    queries.extend(compared.iter().map(|(_, _, query)| query.clone()));
    queries.extend(left.iter().map(|(_, _, query)| query.clone()));
    let asked: Vec<_> = queries.iter().map(|query| (query, Rows::Live)).collect();
    let mut pages = match ctx.client.query_many(&asked) {
        Ok(pages) => pages.into_iter(),
        Err(error) => return (Err(error.clone().into()), Err(error.into())),
    };
    let candidate = candidates
        .map_err(Error::from)
        .and_then(|m| first(ctx, &m, pages.next()));
    let application = applications
        .map_err(Error::from)
        .and_then(|m| first(ctx, &m, pages.next()));
    // Where the values can't be read, the record can't either, which has a warning of its own.
    let mut rows = pages.map(|page| page.ok().and_then(|page| page.records.into_iter().next()));
    for (shape, draft, _) in &compared {
        if let Some(row) = rows.next().flatten() {
            warnings.extend(kept::differences(shape, draft, &row));
        }
    }
    if let (Some((shape, draft, _)), Some(row)) = (left, rows.next().flatten()) {
        warnings.extend(kept::unused(shape, draft, &row));
    }
    let contact_absent = || not_found("candidate_id", &written.contact, "contact");
    let applicant_absent = || not_found("application_id", &written.applicant, "application");
    (
        candidate.and_then(|found| found.ok_or_else(contact_absent)),
        application.and_then(|found| found.ok_or_else(applicant_absent)),
    )
}

/// The first record of a page, if there is one.
fn first<M: Mapping, T: Transport>(
    ctx: &Context<T>,
    mapping: &M,
    page: Option<salesforce::Result<QueryPage>>,
) -> Result<Option<M::Record>, Error> {
    let Some(page) = page else {
        return Ok(None);
    };
    Ok(map(ctx, mapping, &page?.records)?.into_iter().next())
}

/// An application as it now is.
pub fn application<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    id: &str,
) -> Result<Application, Error> {
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

/// The contacts that have an address in one of the candidates' e-mail fields, best first: of the candidate record type,
/// then the oldest.
///
/// # Errors
/// `unsupported` where a field can't be searched, so that it would be a guess that nobody is there.
pub fn contacts<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shape: &ObjectShape,
    email: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<String>, Error> {
    let fields = table::emails(tenant).fields;
    let (searched, closed): (Vec<_>, Vec<_>) = fields
        .iter()
        .filter_map(|(name, _)| shape.field(name))
        .partition(|field| field.filterable);
    let mut matches: Vec<_> = searched
        .iter()
        .map(|f| eq(f.name.as_str(), email))
        .collect();
    let closed: Vec<&str> = closed.iter().map(|f| f.name.as_str()).collect();
    if !closed.is_empty() || matches.is_empty() {
        let hash = tenant.settings.contact_external_id_field.as_deref();
        let hash = hash.filter(|name| shape.field(name).is_some_and(|f| f.filterable));
        let Some(hash) = hash else {
            return Err(Error::Unsupported(failure(unsearchable(
                &shape.name,
                &closed,
            ))));
        };
        matches.push(eq(hash, email_hash(email)));
        let message = format!(
            "an existing candidate is looked for by {hash} only, since Salesforce can't search by {}: contacts without a value in \
             {hash} are not found by their e-mail address",
            closed.join(", ")
        );
        warnings.push(warning("email-not-searchable", message));
    }
    by_condition(ctx, tenant, shape, or(matches))
}

/// Why an e-mail address can't be looked up, and what can be done.
pub fn unsearchable(object: &str, fields: &[&str]) -> String {
    let (what, email) = match fields {
        [] => (
            format!("the connected user may not read an e-mail field of {object}"),
            true,
        ),
        names => (
            format!(
                "Salesforce can't search {object} by {} (Shield may encrypt it)",
                names.join(", ")
            ),
            names.iter().any(|name| name.eq_ignore_ascii_case("Email")),
        ),
    };
    let further = match email {
        true => "choose deterministic encryption for the field, which can be searched",
        false => {
            "take the field out of the setting `candidate_email_fields`, or choose deterministic encryption for it"
        }
    };
    format!(
        "{what}, so whether a candidate with this e-mail address is there already can't be known, and nothing is written: \
         {further}; or let the setting `{}` name a unique field with a hash of the address",
        table::HASH_SETTING
    )
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
