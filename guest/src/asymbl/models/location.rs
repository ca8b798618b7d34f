//! Addresses: of work sites, for jobs, and mailing addresses, for candidates.
//!
//! Orgs write countries as codes or as names and streets over several lines; the unified location wants a code where
//! there is one and at most two lines.

use std::collections::BTreeMap;

use celes::Country;

use super::common::{Picked, distinct};
use super::mapping::Fetch;
use super::table::{Table, is_on};
use super::tenant::Tenant;
use crate::asymbl::names;
use crate::asymbl::profile::ObjectShape;
use crate::asymbl::row::{row_id, trimmed};
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::Location;
use salesforce::Record;

const SITE_STATE: &str = "bpats__State_Code__c";
const SITE_COUNTRY: &str = "bpats__Country_Code__c";
/// The job's lookup to its work site.
pub(super) const SITE_LOOKUP: &str = "bpats__Work_Site_Location__c";

/// Spellings that people use and the country crate lacks.
const COUNTRY_WORDS: [(&str, &str); 4] = [
    ("uk", "GB"),
    ("usofa", "US"),
    ("korea", "KR"),
    ("vietnam", "VN"),
];

/// Whether a text is a code of ISO 3166-1 alpha-2, in capitals.
pub fn is_country_code(text: &str) -> bool {
    text.len() == 2
        && text.bytes().all(|b| b.is_ascii_uppercase())
        && Country::from_alpha2(text.to_ascii_lowercase()).is_ok()
}

/// A country as ISO 3166-1 alpha-2 where it can be mapped, else the text itself.
pub(super) fn country(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    // "Korea, Republic of" is the list's way of writing "Republic of Korea".
    let turned = text.split_once(',').map(|(a, b)| format!("{b}{a}"));
    let code = std::iter::once(text)
        .chain(turned.as_deref())
        .find_map(|spelling| country_code(&letters(spelling)));
    Some(code.unwrap_or(text).to_owned())
}

fn country_code(folded: &str) -> Option<&'static str> {
    if let Some((_, code)) = COUNTRY_WORDS.iter().find(|(word, _)| *word == folded) {
        return Some(code);
    }
    let found = match folded.len() {
        2 => Country::from_alpha2(folded),
        3 => Country::from_alpha3(folded),
        _ => Country::from_name(folded).or_else(|_| Country::from_alias(folded)),
    };
    found
        .or_else(|_| Country::from_name(format!("the{folded}")))
        .ok()
        .map(|c| c.alpha2)
}

/// Lower-case letters alone, `&` read as "and".
fn letters(text: &str) -> String {
    text.replace('&', "and")
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphabetic())
        .collect()
}

/// What ends a line on any system; a lone carriage return is one, too.
const LINE_ENDS: [char; 7] = [
    '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
];

/// The first line of a street, and the others joined by ", ".
pub(super) fn street_lines(text: &str) -> (Option<String>, Option<String>) {
    let mut lines = text
        .split(LINE_ENDS)
        .map(str::trim)
        .filter(|l| !l.is_empty());
    let first = lines.next().map(str::to_owned);
    let rest: Vec<&str> = lines.collect();
    (first, (!rest.is_empty()).then(|| rest.join(", ")))
}

/// The location without members that hold nothing; none when none holds anything.
fn unless_empty(location: Location) -> Option<Location> {
    let Location {
        city,
        country,
        state,
        street1,
        street2,
        zip_code,
        raw,
    } = &location;
    [city, country, state, street1, street2, zip_code, raw]
        .iter()
        .any(|m| m.is_some())
        .then_some(location)
}

fn nowhere() -> Location {
    Location {
        city: None,
        country: None,
        state: None,
        street1: None,
        street2: None,
        zip_code: None,
        raw: None,
    }
}

/// The parts of a location that a model's own row may hold.
#[derive(Debug, Clone)]
pub(super) struct OwnAddress {
    raw: Picked,
    street: Picked,
    city: Picked,
    state: Picked,
    zip_code: Picked,
    country: Picked,
}

impl OwnAddress {
    pub fn new(tenant: Tenant<'_>, table: &Table, shape: &ObjectShape) -> Self {
        let pick = |field: &str| Picked::new(tenant, table, shape, field);
        Self {
            raw: pick("location.raw"),
            street: pick("location.street_1"),
            city: pick("location.city"),
            state: pick("location.state"),
            zip_code: pick("location.zip_code"),
            country: pick("location.country"),
        }
    }

    /// The row's own parts, and those of `elsewhere` where the row has none.
    pub fn read(&self, row: &Record, elsewhere: Option<&Location>) -> Option<Location> {
        let mut location = elsewhere.cloned().unwrap_or_else(nowhere);
        if let Some(street) = self.street.text(row) {
            (location.street1, location.street2) = street_lines(&street);
        }
        let country = self.country.text(row).and_then(|c| country(&c));
        unless_empty(Location {
            city: self.city.text(row).or(location.city),
            country: country.or(location.country),
            state: self.state.text(row).or(location.state),
            zip_code: self.zip_code.text(row).or(location.zip_code),
            raw: self.raw.text(row).or(location.raw),
            street1: location.street1,
            street2: location.street2,
        })
    }
}

/// The columns of a work site that make its address.
pub(super) fn site_columns(tenant: Tenant<'_>) -> Vec<String> {
    let names = tenant.profile.names();
    let Some(shape) = tenant.profile.site() else {
        return Vec::new();
    };
    let mut columns = vec!["Id".to_owned()];
    columns.extend(
        [SITE_STATE, SITE_COUNTRY]
            .map(|n| names.api(n))
            .into_iter()
            .filter(|n| shape.has(n)),
    );
    for compound in address_fields(shape) {
        columns.extend(shape.parts(compound).map(|(_, field)| field.name.clone()));
    }
    columns
}

fn address_fields(shape: &ObjectShape) -> impl Iterator<Item = &str> {
    shape
        .fields
        .iter()
        .filter(|f| f.kind == "address")
        .map(|f| f.name.as_str())
}

/// How jobs find their work sites, and work sites their addresses.
#[derive(Debug, Clone)]
pub(super) struct Sites {
    object: String,
    lookup: String,
    columns: Vec<String>,
    state: String,
    country: String,
    /// For each address-type field: part and column.
    addresses: Vec<Vec<(String, String)>>,
}

/// Locations of work sites by id.
pub(super) type SiteLocations = BTreeMap<String, Location>;

impl Sites {
    /// None where jobs have no readable work site, or locations are switched off.
    pub fn new(tenant: Tenant<'_>, job: &ObjectShape) -> Option<Self> {
        let names = tenant.profile.names();
        let lookup = names.api(SITE_LOOKUP);
        let site = tenant.profile.site()?;
        if !job.has(&lookup) || !is_on(tenant, Model::Jobs, "location") {
            return None;
        }
        let addresses = address_fields(site)
            .map(|compound| {
                site.parts(compound)
                    .map(|(part, field)| (part.to_owned(), field.name.clone()))
                    .collect()
            })
            .collect();
        Some(Self {
            object: names.api(names::SITE),
            lookup,
            columns: site_columns(tenant),
            state: names.api(SITE_STATE),
            country: names.api(SITE_COUNTRY),
            addresses,
        })
    }

    /// The lookup on the job, and the object that it points to.
    pub fn link(&self) -> (&str, &str) {
        (&self.lookup, &self.object)
    }

    /// Reads the work sites of some jobs.
    pub fn fetch<F: Fetch>(
        &self,
        fetch: &mut F,
        jobs: &[Record],
    ) -> Result<SiteLocations, F::Error> {
        let ids = distinct(jobs.iter().map(|row| trimmed(row, &self.lookup)));
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = fetch.rows(&self.object, &self.columns, "Id", &ids)?;
        Ok(rows
            .iter()
            .filter_map(|row| Some((row_id(row)?, self.location(row))))
            .collect())
    }

    /// The location of a job's work site.
    pub fn of<'s>(&self, job: &Record, sites: &'s SiteLocations) -> Option<&'s Location> {
        sites.get(&trimmed(job, &self.lookup)?)
    }

    /// An address-type field that is filled wins over the two codes.
    fn location(&self, site: &Record) -> Location {
        let filled = self.addresses.iter().find_map(|parts| address(site, parts));
        filled.unwrap_or_else(|| Location {
            state: trimmed(site, &self.state),
            // "Other" says only that it is not the US.
            country: trimmed(site, &self.country)
                .filter(|c| !c.eq_ignore_ascii_case("other"))
                .and_then(|c| country(&c)),
            ..nowhere()
        })
    }
}

/// The location of an address-type field's parts; none where all are empty.
fn address(row: &Record, parts: &[(String, String)]) -> Option<Location> {
    let part = |wanted: &str| {
        let (_, column) = parts.iter().find(|(part, _)| part == wanted)?;
        trimmed(row, column)
    };
    let (street1, street2) = part("Street").map_or((None, None), |s| street_lines(&s));
    unless_empty(Location {
        city: part("City"),
        country: part("CountryCode")
            .or_else(|| part("Country"))
            .and_then(|c| country(&c)),
        state: part("StateCode").or_else(|| part("State")),
        street1,
        street2,
        zip_code: part("PostalCode"),
        raw: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_carriage_return_ends_a_street_line_too() {
        for street in ["1 Main St\rFloor 2\rWest", "1 Main St\r\nFloor 2\n\nWest"] {
            let (first, rest) = street_lines(street);
            assert_eq!(first.as_deref(), Some("1 Main St"));
            assert_eq!(rest.as_deref(), Some("Floor 2, West"));
        }
    }
}
