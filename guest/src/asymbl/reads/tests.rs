//! The engine against a small org, through a mirror that does what a host does.

mod calls;
mod forms;
mod listing;
mod mirror;
mod random;
mod reading;
mod relations;
mod texts;

use std::rc::Rc;

use serde_json::json;

use super::fake_org::{APPLICANT, CANDIDATE_TYPE, CLIENT_TYPE, FakeOrg, JOB, SITE, STAGE};
use crate::asymbl::context::{Connection, Context};
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
pub fn instance(org: &FakeOrg, settings: &str) -> Context<FakeOrg> {
    // Raw rows show lookups that the platform clears without a stamp; the mapped fields are what must be right.
    let models = MODELS.iter().map(|m| crate::asymbl::models::word(*m));
    instance_with(
        org,
        settings,
        models.map(|m| format!("{m}.remote_data")).collect(),
    )
}

/// A fresh instance of a tenant that switched these off.
pub fn instance_with(org: &FakeOrg, settings: &str, disabled: Vec<String>) -> Context<FakeOrg> {
    let connection = Connection {
        base_url: "https://acme.my.salesforce.com".into(),
        settings: settings.into(),
        disabled,
        ..Connection::default()
    };
    Context::new(&connection, org.clone(), Box::new(|_, _, _| ())).unwrap()
}

pub fn profile(org: &FakeOrg) -> String {
    super::discover(&instance(org, "{}")).unwrap().profile
}

/// Three jobs with stages, five contacts of whom some applied, four users.
pub struct Cast {
    pub org: FakeOrg,
    pub users: Vec<String>,
    pub contacts: Vec<String>,
    pub sites: Vec<String>,
    pub jobs: Vec<String>,
    pub stages: Vec<String>,
    pub applicants: Vec<String>,
}

pub fn cast() -> Rc<Cast> {
    let org = FakeOrg::new();
    let users = ["Standard", "Standard", "PowerPartner", "CsnOnly"].iter().enumerate().map(|(i, kind)| {
        org.insert(
            "User",
            json!({"LastName": format!("U{i}"), "Email": format!("u{i}@acme.example"), "IsActive": true, "UserType": kind}),
        )
    });
    let users: Vec<_> = users.collect();
    let contacts = (0..5).map(|i| {
        let kind = if i < 2 { CANDIDATE_TYPE } else { CLIENT_TYPE };
        let email = if i == 4 {
            "u1@acme.example".to_owned()
        } else {
            format!("c{i}@mail.example")
        };
        org.insert(
            "Contact",
            json!({"LastName": format!("C{i}"), "Email": email, "RecordTypeId": kind}),
        )
    });
    let contacts: Vec<_> = contacts.collect();
    let sites = vec![org.insert(
        SITE,
        json!({"bpats__State_Code__c": "CA", "bpats__Country_Code__c": "US"}),
    )];
    let jobs = (0..3).map(|i| {
        org.insert(
            JOB,
            json!({"Name": format!("J{i}"), "OwnerId": users[0], "bpats__Status__c": "Open", "bpats__Hiring_Manager__c": contacts[4],
                "bpats__Delivery_Lead__c": if i == 0 { Some(&users[2]) } else { None },
                "bpats__Work_Site_Location__c": if i == 1 { Some(&sites[0]) } else { None }}),
        )
    });
    let jobs: Vec<_> = jobs.collect();
    let stages = jobs
        .iter()
        .flat_map(|job| (1..=3).map(move |n| (job, n)))
        .map(|(job, n)| {
            let name = ["New", "Interview", "Hired"][n - 1];
            org.insert(
                STAGE,
                json!({"Name": name, "bpats__Job__c": job, "bpats__Sequence__c": n}),
            )
        });
    let stages: Vec<_> = stages.collect();
    let applicants = (1..4).map(|i| {
        org.insert(
            APPLICANT,
            json!({"bpats__ATS_Applicant__c": contacts[i], "bpats__Job__c": jobs[0], "bpats__Stage__c": stages[i - 1],
                "bpats__Applicant_Status__c": "Active", "bpats__Source__c": "Website"}),
        )
    });
    let applicants = applicants.collect();
    org.pass(3_600);
    Rc::new(Cast {
        org,
        users,
        contacts,
        sites,
        jobs,
        stages,
        applicants,
    })
}
