//! Learning what an org looks like, in a request or two.
//!
//! Objects and fields that the connected user may not read are simply absent from what Salesforce answers
//! (salesforce-api.md 6), so everything expected and absent becomes a warning here, once.

mod findings;
mod job_object;

use std::fmt;

use super::inspection::needs;
use super::models::Tenant;
use super::names;
use super::profile::{ObjectShape, Organization, Profile};
use super::row::{row_id, trimmed};
use super::settings::Settings;
use salesforce::transport::Transport;
use salesforce::{self, Client, ErrorKind, Query, QueryPage, Record, Rows, SalesforceError};

/// What discovery found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// For later calls.
    pub profile: Profile,
    /// Name and value, for people.
    pub facts: Vec<(String, String)>,
    /// Stable word and message.
    pub warnings: Vec<(&'static str, String)>,
}

/// Why discovery failed.
#[derive(Debug)]
pub enum DiscoverError {
    /// Salesforce could not be asked.
    Salesforce(SalesforceError),
    /// The organization's own record can't be read.
    Organization(String),
    /// It is unclear which object is the Job.
    JobObject(String),
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Salesforce(e) => e.fmt(f),
            Self::Organization(message) | Self::JobObject(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for DiscoverError {}

impl From<SalesforceError> for DiscoverError {
    fn from(e: SalesforceError) -> Self {
        Self::Salesforce(e)
    }
}

/// Fields of the organization that every user sees, and those that some orgs hide.
const ORGANIZATION: [&str; 3] = ["Id", "Name", "TimeZoneSidKey"];
const ORGANIZATION_MORE: [&str; 2] = ["IsSandbox", "OrganizationType"];

/// What the org answered, before it is interpreted.
struct Answers {
    organization: Record,
    /// None where the mapping metadata can't be read.
    mapping: Option<Vec<Record>>,
    shapes: Vec<salesforce::ObjectShape>,
}

/// Looks at an org, in a request or two.
///
/// # Errors
/// When Salesforce can't be asked, or the Job object is unclear. Absent objects and fields are warnings.
pub fn discover<T: Transport>(
    client: &Client<T>,
    settings: &Settings,
) -> Result<Discovered, DiscoverError> {
    let organization =
        Query::from("Organization").select(ORGANIZATION.into_iter().chain(ORGANIZATION_MORE));
    let mapping = job_object::query(&settings.names());
    // The mapping says which object is the Job; what most orgs say is described in the same call.
    let likely = match decide_job(settings, None) {
        Ok(link) => objects(settings, link),
        Err(_) => Vec::new(),
    };
    let mut members = vec![
        client.query_member(&organization, Rows::Live)?,
        client.query_member(&mapping, Rows::Live)?,
    ];
    members.extend(likely.iter().map(|object| client.describe_member(object)));
    let answers = client.read_each(members, "read the organization and its objects")?;
    let [about, mapped, described @ ..] = answers.as_slice() else {
        return Err(DiscoverError::Organization(
            "Salesforce did not answer all that discovery asked".to_owned(),
        ));
    };
    let organization = match client.first_page(about, &organization, Rows::Live) {
        Ok(page) => page,
        Err(_) => client.query(
            &Query::from("Organization").select(ORGANIZATION),
            Rows::Live,
        )?,
    };
    let mapping = match client.first_page(mapped, &mapping, Rows::Live) {
        Ok(page) => Some(page.records),
        // Without a grant the metadata looks absent, and so it does in orgs whose package has another namespace.
        Err(e) if looks_absent(&e.kind) => None,
        Err(e) => return Err(e.into()),
    };
    let organization = the_one(organization)?;
    let wanted = objects(settings, decide_job(settings, mapping.as_deref())?);
    let mut shapes = Vec::new();
    for (_, answer) in likely
        .iter()
        .zip(described)
        .filter(|(object, _)| wanted.contains(object))
    {
        shapes.extend(salesforce::ObjectShape::answered(answer)?);
    }
    let others = wanted.iter().filter(|object| !likely.contains(object));
    let others: Vec<&str> = others.map(String::as_str).collect();
    shapes.extend(client.describe(&others)?.into_iter().flatten());
    learn(
        &Answers {
            organization,
            mapping,
            shapes,
        },
        settings,
    )
}

/// What to describe: nothing that only what is switched off would read.
fn objects(settings: &Settings, link: super::profile::JobLink) -> Vec<String> {
    let nobody = Organization {
        id: String::new(),
        name: None,
        time_zone: "UTC".to_owned(),
        sandbox: None,
    };
    // The needs follow from names, links and settings; no object is known yet.
    let profile = Profile::new(nobody, settings.namespace.clone(), link, Vec::new(), []);
    needs::objects(Tenant {
        profile: &profile,
        settings,
        base_url: "",
    })
}

fn looks_absent(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ObjectAbsent
            | ErrorKind::InvalidField { .. }
            | ErrorKind::NotFound
            | ErrorKind::Permission
    )
}

fn the_one(page: QueryPage) -> Result<Record, DiscoverError> {
    let mut rows = page.records.into_iter();
    match (rows.next(), rows.next()) {
        (Some(row), None) => Ok(row),
        _ => Err(DiscoverError::Organization(
            "Salesforce did not answer with one Organization record".to_owned(),
        )),
    }
}

fn decide_job(
    settings: &Settings,
    mapping: Option<&[Record]>,
) -> Result<super::profile::JobLink, DiscoverError> {
    let names = settings.names();
    let rows = mapping.map(|records| job_object::rows(&names, records));
    let setting = settings.job_object.as_ref();
    job_object::decide(&names, setting, rows.as_deref()).map_err(DiscoverError::JobObject)
}

/// Interprets what the org answered.
fn learn(answers: &Answers, settings: &Settings) -> Result<Discovered, DiscoverError> {
    let Some(id) = row_id(&answers.organization) else {
        return Err(DiscoverError::Organization(
            "the Organization record has no Id".to_owned(),
        ));
    };
    let organization = Organization {
        id,
        name: trimmed(&answers.organization, "Name"),
        time_zone: trimmed(&answers.organization, "TimeZoneSidKey")
            .unwrap_or_else(|| "UTC".to_owned()),
        sandbox: answers.organization.flag("IsSandbox"),
    };
    let contact = answers.shapes.iter().find(|s| s.name == names::CONTACT);
    // The master type is what rows without a type show, and no type of its own.
    let types: Vec<_> = contact
        .iter()
        .flat_map(|c| &c.record_types)
        .filter(|t| !t.master)
        .collect();
    let wanted = types.iter().filter(|t| {
        t.developer_name
            .eq_ignore_ascii_case(&settings.candidate_record_type)
    });
    let candidate_types = wanted.map(|t| t.id.to_string()).collect();
    let type_names: Vec<&str> = types.iter().map(|t| t.developer_name.as_str()).collect();
    let link = decide_job(settings, answers.mapping.as_deref())?;
    let mut profile = Profile::new(
        organization,
        settings.namespace.clone(),
        job_object::spelled(link, &settings.names(), &answers.shapes),
        candidate_types,
        answers.shapes.iter().map(ObjectShape::of),
    );
    profile.job_assumed = answers.mapping.is_none() && settings.job_object.is_none();
    let tenant = Tenant {
        profile: &profile,
        settings,
        base_url: "",
    };
    let mut facts = findings::facts(tenant, answers.mapping.is_some(), &type_names);
    if let Some(edition) = trimmed(&answers.organization, "OrganizationType") {
        facts.insert(0, ("edition".to_owned(), edition));
    }
    Ok(Discovered {
        facts,
        warnings: findings::warnings(tenant, &type_names),
        profile,
    })
}

#[cfg(test)]
mod tests;
