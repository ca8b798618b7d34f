//! Compound fields (salesforce-api.md 2.4): which parts an address shows, under which JSON keys.

use crate::schema::{Field, FieldId, Object};

/// JSON key and name of the component, in the order of the platform's answers.
const ADDRESS: [(&str, &str); 10] = [
    ("city", "City"),
    ("country", "Country"),
    ("countryCode", "CountryCode"),
    ("geocodeAccuracy", "GeocodeAccuracy"),
    ("latitude", "Latitude"),
    ("longitude", "Longitude"),
    ("postalCode", "PostalCode"),
    ("state", "State"),
    ("stateCode", "StateCode"),
    ("street", "Street"),
];

/// The parts of a compound field that its object has.
pub(super) fn parts(object: &Object, compound: &Field) -> Vec<(String, FieldId)> {
    let components: Vec<&Field> = object
        .fields()
        .filter(|f| {
            f.compound
                .as_deref()
                .is_some_and(|c| c.eq_ignore_ascii_case(&compound.name))
        })
        .collect();
    let part = |(key, suffix): &(&str, &str)| {
        let custom = format!("__{suffix}__s");
        // The longest name wins, so that `StateCode` is never taken for `State`.
        let named = |f: &&&Field| f.name.ends_with(suffix) || f.name.ends_with(&custom);
        components
            .iter()
            .find(named)
            .map(|f| ((*key).to_owned(), f.id))
    };
    ADDRESS.iter().filter_map(part).collect()
}
