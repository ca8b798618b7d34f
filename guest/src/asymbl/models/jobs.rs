//! Jobs, from the package's Job or the org's own Job object.

use super::common::{Frame, pick};
use super::json::{Lines, WriteJson};
use super::location::{OwnAddress, SiteLocations, Sites, site_columns};
use super::table::{
    Object,
    Source::{ClosedFlag, Other, Own, TeamLookups},
    Table, While, computed, field, host_assigned, is_on,
};
use super::takes::{CURRENCY, DATE, NUMBER, TEXT, WORD};
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names::SITE;
use crate::asymbl::row::row_id;
use crate::asymbl::settings::{Settings, WordTable};
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{EmploymentType, Job, JobStatus, Visibility};
use salesforce::Record;

const M: Model = Model::Jobs;

/// The table.
#[rustfmt::skip]
pub const TABLE: Table = Table {
    rules: &[
        host_assigned("id"),
        field("remote_id", &[Own("Id")]),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
        field("name", &[Own("Name")]).choosable(TEXT),
        field("job_code", &[Own("bpats__Job_Number__c")]).choosable(TEXT)
            .note("text: leading zeros count"),
        field("description", &[Own("bpats__Job_Description__c"), Own("bpats__Short_Description__c")]).choosable(TEXT)
            .note("HTML; the short description where the external one is empty"),
        field("employment_type", &[Own("bpats__Type__c")]).choosable(WORD)
            .note("by the setting `employment_type`; words that it does not know pass through"),
        field("status", &[Own("bpats__Status__c")]).choosable(WORD)
            .note("CLOSED when the closed flag is set, else by the setting `job_status`; words that it does not know pass through"),
        field("status.closed", &[ClosedFlag]),
        field("visibility", &[Own("bpats__Post_Externally__c")]).choosable(WORD)
            .note("by the setting `visibility`: PUBLIC when posted externally, else INTERNAL"),
        field("salary_amount", &[Own("bpats__Salary__c")]).choosable(NUMBER)
            .note("for a year"),
        field("salary_currency", &[Own("CurrencyIsoCode")]).choosable(CURRENCY)
            .note("the record's currency, else the setting `default_currency`; none without an amount"),
        field("location", &[Own("bpats__Work_Site_Location__c")])
            .note("the work site's address field where one is filled, else its state and country codes"),
        field("location.raw", &[Own("bpats__Location__c")]).choosable(TEXT),
        computed("location.street_1", "").choosable(TEXT),
        computed("location.city", "").choosable(TEXT),
        field("location.state", &[Other(SITE, "bpats__State_Code__c")]).choosable(TEXT),
        computed("location.zip_code", "").choosable(TEXT),
        field("location.country", &[Other(SITE, "bpats__Country_Code__c")]).choosable(TEXT),
        computed("custom_fields", "custom fields by API name"),
        computed("integration_fields", "the fields of the setting `integration_fields`"),
        computed("remote_url", "the record's page in Lightning"),
        field("opened_at", &[Own("bpats__Posted_Date__c")]).choosable(DATE)
            .note("midnight UTC of the posted date"),
        field("remote_created_at", &[Own("CreatedDate")]),
        field("remote_updated_at", &[Own("LastModifiedDate")]),
        computed("remote_data", "the source row as received"),
    ],
    other_columns: |tenant| match is_on(tenant, M, "location") {
        true => vec![(SITE, site_columns(tenant))],
        false => Vec::new(),
    },
    follows: &[While { what: Object::Named(SITE), one_is_on: &["location"] }],
    feeds_others: &[(TeamLookups, "hiring-team-members.user_id")],
    steered_by: |settings| {
        let Settings { job_status, employment_type, visibility, default_currency, hiring_team, .. } = settings;
        format!("{:?};", (job_status, employment_type, visibility, default_currency, hiring_team))
    },
    notes: &["The package's Job, or the org's own object that it uses as the Job."],
    ..Table::new(M, "Jobs", Object::Job)
};

/// How a job row becomes a job.
#[derive(Debug, Clone)]
pub struct Jobs {
    frame: Frame,
    default_currency: Option<String>,
    address: OwnAddress,
    sites: Option<Sites>,
    job_status_words: WordTable,
    employment_words: WordTable,
    visibility_words: WordTable,
}

impl Mapping for Jobs {
    const TABLE: &'static Table = &TABLE;
    type Record = Job;
    type Related = SiteLocations;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, shape) = Frame::new(tenant, &TABLE)?;
        let settings = tenant.settings;
        let currency_on = settings.scopes.field_on(M, "salary_currency");
        Ok(Self {
            default_currency: settings.default_currency.clone().filter(|_| currency_on),
            address: OwnAddress::new(tenant, &TABLE, shape),
            sites: Sites::new(tenant, shape),
            job_status_words: settings.job_status.clone(),
            employment_words: settings.employment_type.clone(),
            visibility_words: settings.visibility.clone(),
            frame,
        })
    }

    fn frame(&self) -> &Frame {
        &self.frame
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
        let salary_amount = pick!(self, "salary_amount").number(row);
        let site = self.sites.as_ref().and_then(|s| s.of(row, sites));
        Some(Job {
            name: pick!(self, "name").text(row),
            job_code: pick!(self, "job_code").text(row),
            description: pick!(self, "description").verbatim(row),
            employment_type: self.employment_type(row),
            status: self.status(row),
            visibility: self.visibility(row),
            salary_currency: salary_amount.and_then(|_| {
                pick!(self, "salary_currency")
                    .text(row)
                    .or_else(|| self.default_currency.clone())
            }),
            salary_amount,
            location: self.address.read(row, site),
            custom_fields: rest.custom_fields,
            integration_fields: rest.integration_fields,
            remote_url: rest.remote_url,
            opened_at: pick!(self, "opened_at").timestamp(row),
            remote_created_at: rest.remote_created_at,
            remote_updated_at: rest.remote_updated_at,
            extra: None,
            remote_data: rest.remote_data,
            remote_id: id,
        })
    }
}

impl Jobs {
    fn employment_type(&self, row: &Record) -> Option<EmploymentType> {
        let word = pick!(self, "employment_type").text(row)?;
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
        if pick!(self, "status.closed")
            .iter()
            .any(|f| row.flag(f) == Some(true))
        {
            return Some(JobStatus::Closed);
        }
        let word = pick!(self, "status").text(row)?;
        Some(match self.job_status_words.get(&word).unwrap_or(&word) {
            "OPEN" => JobStatus::Open,
            "CLOSED" => JobStatus::Closed,
            "DRAFT" => JobStatus::Draft,
            "ARCHIVED" => JobStatus::Archived,
            other => JobStatus::Other(other.to_owned()),
        })
    }

    fn visibility(&self, row: &Record) -> Option<Visibility> {
        let word = pick!(self, "visibility").text(row)?;
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

impl WriteJson for Job {
    fn write_json(&self, lines: &mut Lines) {
        lines.record(|record| {
            record.text("remote_id", Some(&self.remote_id));
            record.text("name", self.name.as_deref());
            record.text("job_code", self.job_code.as_deref());
            record.text("description", self.description.as_deref());
            record.text(
                "employment_type",
                self.employment_type.as_ref().map(employment_word),
            );
            record.text("status", self.status.as_ref().map(status_word));
            record.text("visibility", self.visibility.as_ref().map(visibility_word));
            record.number("salary_amount", self.salary_amount);
            record.text("salary_currency", self.salary_currency.as_deref());
            record.location("location", self.location.as_ref());
            record.json("custom_fields", Some(&self.custom_fields));
            record.json("integration_fields", Some(&self.integration_fields));
            record.text("remote_url", self.remote_url.as_deref());
            record.text("opened_at", self.opened_at.as_deref());
            record.text("remote_created_at", self.remote_created_at.as_deref());
            record.text("remote_updated_at", self.remote_updated_at.as_deref());
            record.json("remote_data", self.remote_data.as_deref());
        });
    }
}

fn employment_word(kind: &EmploymentType) -> &str {
    match kind {
        EmploymentType::FullTime => "FULL_TIME",
        EmploymentType::PartTime => "PART_TIME",
        EmploymentType::Contract => "CONTRACT",
        EmploymentType::Seasonal => "SEASONAL",
        EmploymentType::Internship => "INTERNSHIP",
        EmploymentType::Other(other) => other,
    }
}

fn status_word(status: &JobStatus) -> &str {
    match status {
        JobStatus::Open => "OPEN",
        JobStatus::Closed => "CLOSED",
        JobStatus::Draft => "DRAFT",
        JobStatus::Archived => "ARCHIVED",
        JobStatus::Other(other) => other,
    }
}

fn visibility_word(visibility: &Visibility) -> &str {
    match visibility {
        Visibility::Public => "PUBLIC",
        Visibility::Internal => "INTERNAL",
        Visibility::Unlisted => "UNLISTED",
        Visibility::Confidential => "CONFIDENTIAL",
        Visibility::Other(other) => other,
    }
}
