//! The engine against a practice org in process. What a host and a mirror make of it is tested through the sandbox, in
//! `tests/tests/`.

mod calls;
mod forms;
mod listing;
pub mod org;
mod reading;
mod texts;

use self::org::{APPLICANT, JOB, Org, STAGE};
use crate::asymbl::context::{Connection, Context};
use crate::asymbl::names::word;
use crate::exports::ats::connector::types::Model;

pub const MODELS: [Model; 7] = [
    Model::Users,
    Model::Jobs,
    Model::Candidates,
    Model::ApplicationStages,
    Model::Applications,
    Model::JobStages,
    Model::HiringTeamMembers,
];

/// A fresh instance, as after a restart.
pub fn instance(org: &Org, settings: &str) -> Context<Org> {
    // Raw rows show lookups that the platform clears without a stamp; the mapped fields are what must be right.
    let off = MODELS.map(|model| format!("{}.remote_data", word(model)));
    instance_with(org, settings, off.to_vec())
}

/// A fresh instance of a tenant that switched these off.
pub fn instance_with(org: &Org, settings: &str, disabled: Vec<String>) -> Context<Org> {
    let connection = Connection {
        base_url: org.url(),
        settings: settings.into(),
        disabled,
        ..Connection::default()
    };
    Context::new(&connection, org.clone(), Box::new(|_, _, _| ())).unwrap()
}

pub fn profile(org: &Org) -> String {
    super::discover(&instance(org, "{}")).unwrap().profile
}

/// An org, and the ids of its rows.
pub struct Cast {
    pub org: Org,
    pub users: Vec<String>,
    /// Candidates first by their record type, then others.
    pub contacts: Vec<String>,
    pub jobs: Vec<String>,
    pub stages: Vec<String>,
    pub applicants: Vec<String>,
}

pub fn cast() -> Cast {
    let org = Org::new();
    let all = |object: &str| org.ids(&format!("SELECT Id FROM {object} ORDER BY Id"));
    let contacts = |is: &str| {
        org.ids(&format!(
            "SELECT Id FROM Contact WHERE RecordType.DeveloperName {is} 'Candidate' ORDER BY Id"
        ))
    };
    Cast {
        users: all("User"),
        contacts: [contacts("="), contacts("!=")].concat(),
        jobs: all(JOB),
        stages: all(STAGE),
        applicants: all(APPLICANT),
        org,
    }
}
