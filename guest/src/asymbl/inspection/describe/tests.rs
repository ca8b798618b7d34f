use super::*;

/// The models of the coverage page that the connector promises: label, then its fields.
const PROMISED: [(&str, &str); 7] = [
    (
        "Users",
        "id, remote_id, changed_at, remote_deleted_at, first_name, last_name, email, status, remote_data",
    ),
    (
        "Jobs",
        "id, remote_id, changed_at, remote_deleted_at, name, job_code, description, employment_type, status, visibility, salary_amount, \
         salary_currency, location, custom_fields, integration_fields, remote_url, opened_at, remote_created_at, remote_updated_at, \
         remote_data",
    ),
    (
        "Candidates",
        "id, remote_id, changed_at, remote_deleted_at, first_name, last_name, title, source, phone_numbers, email_addresses, location, \
         custom_fields, integration_fields, remote_url, remote_created_at, remote_updated_at, remote_data",
    ),
    (
        "Application stages",
        "id, remote_id, changed_at, remote_deleted_at, name, remote_data",
    ),
    (
        "Applications",
        "id, remote_id, changed_at, remote_deleted_at, outcome, rejection_reason_name, current_stage_id, job_id, candidate_id, \
         custom_fields, integration_fields, remote_url, remote_created_at, remote_updated_at, remote_data",
    ),
    (
        "Job-specific application stages",
        "index, job_id, stage_id, id, changed_at, remote_deleted_at",
    ),
    (
        "Job hiring team members",
        "roles, job_id, user_id, id, changed_at, remote_deleted_at",
    ),
];

#[test]
fn the_coverage_is_the_promised_one() {
    let told = describe_connector();
    let models: Vec<(String, String)> = told
        .models
        .iter()
        .map(|m| {
            let fields: Vec<&str> = m.fields.iter().map(|f| f.name.as_str()).collect();
            (m.label.clone(), fields.join(", "))
        })
        .collect();
    let promised: Vec<_> = PROMISED
        .iter()
        .map(|(l, f)| ((*l).to_owned(), (*f).to_owned()))
        .collect();
    assert_eq!(models, promised);
}

#[test]
fn the_platforms_own_fields_say_so() {
    for model in describe_connector().models {
        for field in model
            .fields
            .iter()
            .filter(|f| ["id", "changed_at", "remote_deleted_at"].contains(&f.name.as_str()))
        {
            assert_eq!(
                field.note, "given by the platform",
                "{} {}",
                model.label, field.name
            );
        }
    }
}
