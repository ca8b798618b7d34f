//! What `discover` learned of an org, as later calls need it.
//!
//! A page must not cost a describe, so the host keeps this text and hands it back. It holds names and types of fields
//! that the connected user may read, and the few facts that steer the mapping; no row, no secret.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::{self, Names};
use super::settings::JobNames;

/// Version of the text; another version is refused.
const VERSION: u32 = 1;

/// The system behind the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// 18 characters.
    pub id: String,
    /// The company's name.
    pub name: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// Whether it is a sandbox; none where the user may not see it.
    pub sandbox: Option<bool>,
}

/// Which object is the Job, and how other rows point to it (asymbl-schema.md 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLink {
    /// API name of the Job object.
    pub object: String,
    /// The applicant's lookup to it.
    pub applicant_lookup: String,
    /// The stage's lookup to it.
    pub stage_lookup: String,
    /// Its boolean field that says that the job is closed.
    pub closed_field: Option<String>,
    /// Whether it is the package's own Job.
    pub standard: bool,
}

impl JobLink {
    /// What the tenant's settings say in full.
    pub fn own(own: &JobNames, names: &Names) -> Self {
        Self {
            object: own.object.clone(),
            applicant_lookup: own.applicant_lookup.clone(),
            stage_lookup: own.stage_lookup.clone(),
            closed_field: own.closed_field.clone(),
            standard: own.object.eq_ignore_ascii_case(&names.api(names::JOB)),
        }
    }

    /// The package's own Job.
    pub fn standard(names: &Names) -> Self {
        Self {
            object: names.api(names::JOB),
            applicant_lookup: names.api("bpats__Job__c"),
            stage_lookup: names.api("bpats__Job__c"),
            closed_field: Some(names.api("bpats__Is_Closed__c")),
            standard: true,
        }
    }
}

/// A field that the connected user may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldShape {
    /// API name.
    #[serde(rename = "n")]
    pub name: String,
    /// Salesforce's type word: `picklist`, `address`.
    #[serde(rename = "t")]
    pub kind: String,
    /// What people see.
    #[serde(rename = "l")]
    pub label: String,
    /// Objects that a lookup points to; empty for other fields.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub reference_to: Vec<String>,
    /// The address or geolocation field that this one is a part of.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Whether it can't stand in WHERE: long texts, and what Shield encrypts with random bytes.
    #[serde(rename = "u", default, skip_serializing_if = "std::ops::Not::not")]
    pub unfilterable: bool,
}

impl FieldShape {
    fn of(described: &salesforce::FieldShape, compounds: &[&str]) -> Self {
        // `compoundFieldName` is also set on the parts of a person's name; only addresses and geolocations matter.
        let part_of = described
            .compound_field_name
            .as_deref()
            .filter(|c| compounds.contains(c) && *c != described.name)
            .or_else(|| {
                compounds
                    .iter()
                    .find(|c| is_part_of_custom(&described.name, c))
                    .copied()
            });
        Self {
            name: described.name.clone(),
            kind: described.kind.clone(),
            label: described.label.clone(),
            reference_to: described.reference_to.clone(),
            part_of: part_of.map(str::to_owned),
            unfilterable: !described.filterable,
        }
    }

    /// Whether its API name ends in `__c`: created by the customer or a package.
    pub fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Whether its value is made of the parts that other fields hold. Bulk queries refuse such fields, so the parts are
    /// asked for instead (salesforce-api.md 4.6).
    pub fn is_compound(&self) -> bool {
        matches!(self.kind.as_str(), "address" | "location" | "complexvalue")
    }

    /// Whether the field is a lookup to `object`.
    pub fn refers_to(&self, object: &str) -> bool {
        self.reference_to.iter().any(|r| r == object)
    }
}

/// Whether a name is that of a part of a custom compound field: `Address__Street__s` of `Address__c`.
fn is_part_of_custom(name: &str, compound: &str) -> bool {
    let rest = compound
        .strip_suffix("__c")
        .and_then(|base| name.strip_prefix(base));
    rest.is_some_and(|r| r.starts_with("__") && r.ends_with("__s"))
}

/// An object that the connected user may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectShape {
    /// API name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Whether `/updated` and `/deleted` work for it.
    pub replicateable: bool,
    /// In describe's order.
    pub fields: Vec<FieldShape>,
}

impl ObjectShape {
    /// What later calls need of a described object.
    pub fn of(described: &salesforce::ObjectShape) -> Self {
        let compounds: Vec<&str> = described
            .fields
            .iter()
            .filter(|f| f.kind == "address" || f.kind == "location")
            .map(|f| f.name.as_str())
            .collect();
        Self {
            name: described.name.clone(),
            label: described.label.clone(),
            replicateable: described.replicateable,
            fields: described
                .fields
                .iter()
                .map(|f| FieldShape::of(f, &compounds))
                .collect(),
        }
    }

    /// The field of that API name.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// Whether the user may read that field.
    pub fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// The parts of a compound field, each with its name within the compound: `Street`, `StateCode`, `latitude`.
    pub fn parts<'a>(
        &'a self,
        compound: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a FieldShape)> {
        let parts = self
            .fields
            .iter()
            .filter(move |f| f.part_of.as_deref() == Some(compound));
        parts.filter_map(move |f| {
            let part = match compound.strip_suffix("__c") {
                Some(base) => f
                    .name
                    .strip_prefix(base)?
                    .strip_prefix("__")?
                    .strip_suffix("__s")?,
                // `MailingStreet` of `MailingAddress`.
                None => f
                    .name
                    .strip_prefix(compound.strip_suffix("Address").unwrap_or_default())?,
            };
            Some((part, f))
        })
    }
}

/// What `discover` learned, ready for later calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    version: u32,
    /// The system behind the connection.
    pub organization: Organization,
    /// The namespace that the org was looked at with.
    pub namespace: String,
    /// Which object is the Job.
    pub job_link: JobLink,
    /// Whether the standard Job is only assumed: the package's metadata can't be read and no setting names one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub job_assumed: bool,
    /// Ids of the contact record types that make a candidate.
    pub candidate_types: Vec<String>,
    /// By API name; objects that the user may not read are absent.
    objects: BTreeMap<String, ObjectShape>,
}

/// A profile text that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileError {
    /// No profile text at all.
    Unreadable(String),
    /// Made by another version of the connector.
    Version(u32),
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => {
                write!(
                    f,
                    "the profile can't be read ({why}); `discover` gives a new one"
                )
            }
            Self::Version(found) => write!(
                f,
                "the profile has version {found}, this connector needs {VERSION}; `discover` gives a new one"
            ),
        }
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// Puts together what was learned.
    pub fn new(
        organization: Organization,
        namespace: String,
        job_link: JobLink,
        candidate_types: Vec<String>,
        objects: impl IntoIterator<Item = ObjectShape>,
    ) -> Self {
        Self {
            version: VERSION,
            organization,
            namespace,
            job_link,
            job_assumed: false,
            candidate_types,
            objects: objects.into_iter().map(|o| (o.name.clone(), o)).collect(),
        }
    }

    /// Reads the text that [`Profile::to_text`] wrote.
    ///
    /// # Errors
    /// On any other text, and on that of another version.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let unreadable = |e: serde_json::Error| ProfileError::Unreadable(e.to_string());
        let head: Head = serde_json::from_str(text).map_err(unreadable)?;
        if head.version != VERSION {
            return Err(ProfileError::Version(head.version));
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The text for the host to keep.
    ///
    /// # Errors
    /// Never in practice: every part has a JSON form.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Translates the tables' names into this org's.
    pub fn names(&self) -> Names {
        Names::new(&self.namespace)
    }

    /// An object by its API name in this org.
    pub fn object(&self, api: &str) -> Option<&ObjectShape> {
        self.objects.get(api)
    }

    /// The user object.
    pub fn user(&self) -> Option<&ObjectShape> {
        self.object(names::USER)
    }

    /// The contact object.
    pub fn contact(&self) -> Option<&ObjectShape> {
        self.object(names::CONTACT)
    }

    /// The stage object.
    pub fn stage(&self) -> Option<&ObjectShape> {
        self.object(&self.names().api(names::STAGE))
    }

    /// The applicant object.
    pub fn applicant(&self) -> Option<&ObjectShape> {
        self.object(&self.names().api(names::APPLICANT))
    }

    /// The work site object.
    pub fn site(&self) -> Option<&ObjectShape> {
        self.object(&self.names().api(names::SITE))
    }

    /// The Job object, the package's or the org's own.
    pub fn job(&self) -> Option<&ObjectShape> {
        self.object(&self.job_link.object)
    }

    /// Whether records carry a currency of their own.
    pub fn multi_currency(&self) -> bool {
        self.objects.values().any(|o| o.has("CurrencyIsoCode"))
    }

    /// Whether addresses of contacts carry state and country codes.
    pub fn address_codes(&self) -> bool {
        self.contact().is_some_and(|c| c.has("MailingCountryCode"))
    }
}
