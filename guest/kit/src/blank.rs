//! Records with an id and nothing else, to fill what the ATS has: `User { email, ..blank::user(id) }`.

use crate::unified::{Application, ApplicationStage, Candidate, Job, User};

/// A user.
pub fn user(remote_id: String) -> User {
    User {
        remote_id,
        first_name: None,
        last_name: None,
        email: None,
        status: None,
        extra: None,
        remote_data: None,
    }
}

/// A job.
pub fn job(remote_id: String) -> Job {
    Job {
        remote_id,
        name: None,
        job_code: None,
        description: None,
        employment_type: None,
        status: None,
        visibility: None,
        salary_amount: None,
        salary_currency: None,
        location: None,
        custom_fields: "{}".into(),
        integration_fields: "[]".into(),
        remote_url: None,
        opened_at: None,
        remote_created_at: None,
        remote_updated_at: None,
        extra: None,
        remote_data: None,
    }
}

/// A candidate.
pub fn candidate(remote_id: String) -> Candidate {
    Candidate {
        remote_id,
        first_name: None,
        last_name: None,
        title: None,
        source: None,
        phone_numbers: Vec::new(),
        email_addresses: Vec::new(),
        location: None,
        custom_fields: "{}".into(),
        integration_fields: "[]".into(),
        remote_url: None,
        remote_created_at: None,
        remote_updated_at: None,
        extra: None,
        remote_data: None,
    }
}

/// An application stage.
pub fn application_stage(remote_id: String) -> ApplicationStage {
    ApplicationStage {
        remote_id,
        name: None,
        extra: None,
        remote_data: None,
    }
}

/// An application.
pub fn application(remote_id: String) -> Application {
    Application {
        remote_id,
        outcome: None,
        rejection_reason_name: None,
        current_stage_id: None,
        job_id: None,
        candidate_id: None,
        custom_fields: "{}".into(),
        integration_fields: "[]".into(),
        remote_url: None,
        remote_created_at: None,
        remote_updated_at: None,
        extra: None,
        remote_data: None,
    }
}
