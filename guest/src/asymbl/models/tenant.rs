//! What a mapping is worked out from, and what stands in its way.

use std::fmt;

use crate::asymbl::profile::Profile;
use crate::asymbl::settings::Settings;

/// What a mapping rests on.
#[derive(Clone, Copy)]
pub struct Tenant<'a> {
    /// What discovery found.
    pub profile: &'a Profile,
    /// What the tenant chose.
    pub settings: &'a Settings,
    /// Origin of the org, for links to records.
    pub base_url: &'a str,
}

/// The object that a model rests on is not there for the connected user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its API name.
    pub object: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.object.contains("__") {
            return write!(
                f,
                "Salesforce shows no object {} to the connected user, which lacks the right to read it: grant Read on it in a \
                 permission set of the integration user",
                self.object
            );
        }
        write!(
            f,
            "Salesforce shows no object {} to the connected user: it lacks the right to read it, or the Asymbl ATS package is not \
             installed (or has another namespace). Assign the permission set \"Asymbl ATS User\" to the integration user, or correct \
             the setting `namespace`",
            self.object
        )
    }
}

impl std::error::Error for Missing {}
