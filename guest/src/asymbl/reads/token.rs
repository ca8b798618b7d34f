//! What a listing of this connector rests on, for the tokens and cursors of the engine.

use crate::asymbl::models::{self, Tenant, word};
use crate::engine::hash;
use crate::engine::token::Advice;
use crate::exports::ats::connector::types::Model;

pub use crate::engine::token::{Basis, CarriedIds, FieldSet, Token, unite};

/// What a model's records depend on now.
pub fn basis(tenant: Tenant<'_>, model: Model) -> Basis {
    let table = models::table(model);
    let profile = tenant.profile;
    // A record type renamed, another object as the Job, a field with another label or type, or another address of
    // the org changes what the same rows mean.
    let found = format!(
        "{:?};{:?};{};{}",
        profile.job_link,
        profile.candidate_types,
        profile.namespace,
        models::appearance(tenant, table)
    );
    Basis {
        org: profile.organization.id.clone(),
        model: word(model).to_owned(),
        settings: format!(
            "{}{:016x}",
            models::fingerprint(table, tenant.settings),
            hash(found.as_bytes())
        ),
        fields: FieldSet::of(models::column_set(tenant, table)),
        chosen: profile.job_link.object.clone(),
        assumed: profile.job_assumed,
        advice: Advice(
            "grant the connected user access to the package's custom metadata type ATS_Job_Object_Mapping__mdt again, or \
             give the setting `job_object` with `object`, `applicant_lookup`, `stage_lookup` and `closed_field`",
        ),
    }
}
