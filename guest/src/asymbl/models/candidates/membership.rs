//! Which contacts are candidates, as conditions for queries, and what a row alone says about it.
//!
//! Contacts are clients and hiring managers too. SOQL refuses a semi-join inside OR, so "of the type, or with an
//! applicant" is two queries that have no contact in common (asymbl-schema.md 2).

use super::{Tenant, applicant_link};
use crate::asymbl::settings::CandidateRule;
use salesforce::Record;
use salesforce::soql::{Condition, Query, and, eq, in_query, ne, not_null, one_of, raw};

const RECORD_TYPE: &str = "RecordTypeId";

/// What a contact's row alone says about being a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidacy {
    /// It is a candidate.
    Candidate,
    /// It is not a candidate.
    NotCandidate,
    /// It is one when an applicant points to it.
    IfApplied,
    /// Only the tenant's SOQL condition can say.
    ByQuery,
    /// The user may not see whether an applicant points to it.
    Unknown,
}

/// Which contacts are candidates in one org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    rule: CandidateRule,
    types: Vec<String>,
    /// The applicant object and its lookup to the contact.
    link: Option<(String, String)>,
}

impl Membership {
    /// For a tenant.
    pub fn of(tenant: Tenant<'_>) -> Self {
        // Without a readable RecordTypeId no contact has a type.
        let typed = tenant
            .profile
            .contact()
            .is_some_and(|c| c.has("RecordTypeId"));
        Self {
            rule: tenant.settings.candidates.clone(),
            types: if typed {
                tenant.profile.candidate_types.clone()
            } else {
                Vec::new()
            },
            link: applicant_link(tenant),
        }
    }

    /// Returns conditions whose results together are all candidates, none twice. `None` stands for every contact; an
    /// empty list means that nobody is a candidate.
    pub fn conditions(&self) -> Vec<Option<Condition>> {
        let types = self.types.iter().map(String::as_str);
        let typed = (!self.types.is_empty()).then(|| one_of(RECORD_TYPE, types.clone()));
        // `!=` takes rows without a type too.
        let of_other_types = types.map(|t| ne(RECORD_TYPE, t));
        let applied = self.applied();
        match &self.rule {
            CandidateRule::All => vec![None],
            CandidateRule::Condition(condition) => vec![Some(raw(condition.as_str()))],
            CandidateRule::Typed => typed.into_iter().map(Some).collect(),
            CandidateRule::Applied => applied.into_iter().map(Some).collect(),
            CandidateRule::AppliedOrTyped => {
                let rest = applied.map(|applied| and(of_other_types.chain([applied])));
                typed.into_iter().chain(rest).map(Some).collect()
            }
        }
    }

    /// Contacts that an applicant points to. The condition names `IsDeleted`, since it is unknown whether `queryAll`
    /// reaches into a semi-join.
    fn applied(&self) -> Option<Condition> {
        let (object, lookup) = self.link.as_ref()?;
        let applicants = Query::from(object.as_str())
            .select([lookup.as_str()])
            .filter(and([eq("IsDeleted", false), not_null(lookup.as_str())]));
        Some(in_query("Id", applicants))
    }

    /// Returns true if it is not known of some contacts whether they are candidates.
    pub fn is_partly_hidden(&self) -> bool {
        let by_applicants = matches!(
            self.rule,
            CandidateRule::Applied | CandidateRule::AppliedOrTyped
        );
        by_applicants && self.link.is_none()
    }

    /// Classifies a contact by its row, which needs the column `RecordTypeId` where the object has it.
    pub fn classify(&self, row: &Record) -> Candidacy {
        let of_type = row
            .text(RECORD_TYPE)
            .is_some_and(|t| self.types.iter().any(|own| *own == t));
        let by_applicant = if self.link.is_some() {
            Candidacy::IfApplied
        } else {
            Candidacy::Unknown
        };
        match &self.rule {
            CandidateRule::All => Candidacy::Candidate,
            CandidateRule::Condition(_) => Candidacy::ByQuery,
            CandidateRule::Typed if of_type => Candidacy::Candidate,
            CandidateRule::Typed => Candidacy::NotCandidate,
            CandidateRule::Applied => by_applicant,
            CandidateRule::AppliedOrTyped if of_type => Candidacy::Candidate,
            CandidateRule::AppliedOrTyped => by_applicant,
        }
    }
}
