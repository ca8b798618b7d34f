//! Jobs, from the package's Job or the org's own Job object.

use super::common::{Frame, Picked};
use super::location::{OwnAddress, SiteLocations, Sites};
use super::rules::{
    Rule,
    Source::{ClosedFlag, Other, Own},
    made, platform,
};
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names::SITE;
use crate::asymbl::row::row_id;
use crate::asymbl::settings::WordTable;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{EmploymentType, Job, JobStatus, Visibility};
use salesforce::Record;

const M: Model = Model::Jobs;

/// The table.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    platform("id"),
    Rule { field: "remote_id", sources: &[Own("Id")], note: "" },
    platform("changed_at"),
    platform("remote_deleted_at"),
    Rule { field: "name", sources: &[Own("Name")], note: "" },
    Rule { field: "job_code", sources: &[Own("bpats__Job_Number__c")], note: "text: leading zeros count" },
    Rule {
        field: "description",
        sources: &[Own("bpats__Job_Description__c"), Own("bpats__Short_Description__c")],
        note: "HTML; the short description where the external one is empty",
    },
    Rule {
        field: "employment_type",
        sources: &[Own("bpats__Type__c")],
        note: "by the setting `employment_type`; words that it does not know pass through",
    },
    Rule {
        field: "status",
        sources: &[Own("bpats__Status__c")],
        note: "CLOSED when the closed flag is set, else by the setting `job_status`; words that it does not know pass through",
    },
    Rule { field: "status.closed", sources: &[ClosedFlag], note: "" },
    Rule {
        field: "visibility",
        sources: &[Own("bpats__Post_Externally__c")],
        note: "by the setting `visibility`: PUBLIC when posted externally, else INTERNAL",
    },
    Rule { field: "salary_amount", sources: &[Own("bpats__Salary__c")], note: "for a year" },
    Rule {
        field: "salary_currency",
        sources: &[Own("CurrencyIsoCode")],
        note: "the record's currency, else the setting `default_currency`; none without an amount",
    },
    Rule {
        field: "location",
        sources: &[Own("bpats__Work_Site_Location__c")],
        note: "the work site's address field where one is filled, else its state and country codes",
    },
    Rule { field: "location.raw", sources: &[Own("bpats__Location__c")], note: "" },
    made("location.street_1", ""),
    made("location.city", ""),
    Rule { field: "location.state", sources: &[Other(SITE, "bpats__State_Code__c")], note: "" },
    made("location.zip_code", ""),
    Rule { field: "location.country", sources: &[Other(SITE, "bpats__Country_Code__c")], note: "" },
    made("custom_fields", "custom fields by API name"),
    made("integration_fields", "the fields of the setting `integration_fields`"),
    made("remote_url", "the record's page in Lightning"),
    Rule { field: "opened_at", sources: &[Own("bpats__Posted_Date__c")], note: "midnight UTC of the posted date" },
    Rule { field: "remote_created_at", sources: &[Own("CreatedDate")], note: "" },
    Rule { field: "remote_updated_at", sources: &[Own("LastModifiedDate")], note: "" },
    made("remote_data", "the source row as received"),
];

/// How a job row becomes a job.
#[derive(Debug, Clone)]
pub struct Jobs {
    frame: Frame,
    name: Picked,
    job_code: Picked,
    description: Picked,
    employment_type: Picked,
    status: Picked,
    closed: Picked,
    visibility: Picked,
    salary_amount: Picked,
    salary_currency: Picked,
    default_currency: Option<String>,
    opened_at: Picked,
    address: OwnAddress,
    sites: Option<Sites>,
    job_status_words: WordTable,
    employment_words: WordTable,
    visibility_words: WordTable,
}

impl Mapping for Jobs {
    const MODEL: Model = M;
    type Record = Job;
    type Related = SiteLocations;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, shape) = Frame::new(tenant, M)?;
        let pick = |field: &str| Picked::new(tenant, M, shape, field);
        let settings = tenant.settings;
        let currency_on = settings.scopes.field_on(M, "salary_currency");
        Ok(Self {
            name: pick("name"),
            job_code: pick("job_code"),
            description: pick("description"),
            employment_type: pick("employment_type"),
            status: pick("status"),
            closed: pick("status.closed"),
            visibility: pick("visibility"),
            salary_amount: pick("salary_amount"),
            salary_currency: pick("salary_currency"),
            default_currency: settings.default_currency.clone().filter(|_| currency_on),
            opened_at: pick("opened_at"),
            address: OwnAddress::new(tenant, M, shape),
            sites: Sites::new(tenant, shape),
            job_status_words: settings.job_status.clone(),
            employment_words: settings.employment_type.clone(),
            visibility_words: settings.visibility.clone(),
            frame,
        })
    }

    fn object(&self) -> &str {
        &self.frame.object
    }

    fn columns(&self) -> &[String] {
        &self.frame.columns
    }

    fn related<F: Fetch>(&self, fetch: &mut F, rows: &[Record]) -> Result<SiteLocations, F::Error> {
        match &self.sites {
            Some(sites) => sites.fetch(fetch, rows),
            None => Ok(SiteLocations::new()),
        }
    }

    fn map(&self, row: &Record, sites: &SiteLocations) -> Option<Job> {
        let id = row_id(row)?;
        let rest = self.frame.members(row, &id);
        let salary_amount = self.salary_amount.number(row);
        let site = self.sites.as_ref().and_then(|s| s.of(row, sites));
        Some(Job {
            name: self.name.text(row),
            job_code: self.job_code.text(row),
            description: self.description.verbatim(row),
            employment_type: self.employment_type(row),
            status: self.status(row),
            visibility: self.visibility(row),
            salary_currency: salary_amount.and_then(|_| {
                self.salary_currency
                    .text(row)
                    .or_else(|| self.default_currency.clone())
            }),
            salary_amount,
            location: self.address.read(row, site),
            custom_fields: rest.custom_fields,
            integration_fields: rest.integration_fields,
            remote_url: rest.remote_url,
            opened_at: self.opened_at.timestamp(row),
            remote_created_at: rest.remote_created_at,
            remote_updated_at: rest.remote_updated_at,
            remote_data: rest.remote_data,
            remote_id: id,
        })
    }
}

impl Jobs {
    fn employment_type(&self, row: &Record) -> Option<EmploymentType> {
        let word = self.employment_type.text(row)?;
        Some(match self.employment_words.get(&word).unwrap_or(&word) {
            "FULL_TIME" => EmploymentType::FullTime,
            "PART_TIME" => EmploymentType::PartTime,
            "CONTRACT" => EmploymentType::Contract,
            "SEASONAL" => EmploymentType::Seasonal,
            "INTERNSHIP" => EmploymentType::Internship,
            other => EmploymentType::Other(other.to_owned()),
        })
    }

    fn status(&self, row: &Record) -> Option<JobStatus> {
        if self.closed.iter().any(|f| row.flag(f) == Some(true)) {
            return Some(JobStatus::Closed);
        }
        let word = self.status.text(row)?;
        Some(match self.job_status_words.get(&word).unwrap_or(&word) {
            "OPEN" => JobStatus::Open,
            "CLOSED" => JobStatus::Closed,
            "DRAFT" => JobStatus::Draft,
            "ARCHIVED" => JobStatus::Archived,
            other => JobStatus::Other(other.to_owned()),
        })
    }

    fn visibility(&self, row: &Record) -> Option<Visibility> {
        let word = self.visibility.text(row)?;
        Some(match self.visibility_words.get(&word).unwrap_or(&word) {
            "PUBLIC" => Visibility::Public,
            "INTERNAL" => Visibility::Internal,
            "UNLISTED" => Visibility::Unlisted,
            "CONFIDENTIAL" => Visibility::Confidential,
            other => Visibility::Other(other.to_owned()),
        })
    }
}

/// The job's lookup to its work site, and the work site object; none where there is none to read or locations are off.
pub fn site_link(tenant: Tenant<'_>) -> Option<(String, String)> {
    let sites = Sites::new(tenant, tenant.profile.job()?)?;
    let (lookup, object) = sites.link();
    Some((lookup.to_owned(), object.to_owned()))
}
