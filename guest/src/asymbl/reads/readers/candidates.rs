//! Candidates: those contacts that are candidates.
//!
//! A contact becomes one, or stops being one, through an applicant, without its own stamp moving. So a delta classifies
//! every contact that changed, and every contact that an applicant which changed, came or went points to. A deleted
//! contact has lost its applicants and a merged one handed them on, so deleted contacts are read whatever they were
//! (asymbl-schema.md 2).

use std::collections::BTreeSet;

use crate::asymbl::context::Context;
use crate::asymbl::models::candidates::{Candidacy, Candidates, Membership, applicant_link};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader};
use crate::asymbl::reads::rows::{Fetcher, Find, find, map, split_deleted, values_of};
use crate::asymbl::reads::watermarks::Watermarks;
use crate::exports::ats::connector::reads::{DoubtfulCandidate, Recheck, Records};
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::Candidate;
use salesforce::soql::eq;
use salesforce::transport::Transport;
use salesforce::{Query, Record};

/// Reads candidates.
pub struct CandidatesReader {
    mapping: Candidates,
    membership: Membership,
    /// The applicant object and its lookup to the contact, where they can be read.
    link: Option<(String, String)>,
    /// Whether applications are listed too.
    applications: bool,
}

impl CandidatesReader {
    /// Those of some contacts who are candidates.
    fn candidates_among<T: Transport>(
        &self,
        ctx: &Context<T>,
        contacts: Vec<Record>,
    ) -> Result<Vec<Record>, Error> {
        let asked = |wanted: Candidacy| -> Vec<String> {
            let rows = contacts
                .iter()
                .filter(|row| self.membership.classify(row) == wanted);
            rows.filter_map(|row| row.string("Id")).collect()
        };
        let mut taken = BTreeSet::new();
        let doubtful = asked(Candidacy::IfApplied);
        if let (Some((object, lookup)), false) = (&self.link, doubtful.is_empty()) {
            let columns = [lookup.clone()];
            let query = Find::new(object, &columns, lookup).filter(eq("IsDeleted", false));
            taken.extend(values_of(&find(ctx, &query, &doubtful)?, lookup));
        }
        let by_query = asked(Candidacy::ByQuery);
        if !by_query.is_empty() {
            let columns = ["Id".to_owned()];
            for condition in self.membership.conditions() {
                let mut query = Find::new(self.mapping.object(), &columns, "Id");
                if let Some(condition) = condition {
                    query = query.filter(condition);
                }
                taken.extend(values_of(&find(ctx, &query, &by_query)?, "Id"));
            }
        }
        let is_candidate = |row: &Record| match self.membership.classify(row) {
            Candidacy::Candidate => true,
            Candidacy::NotCandidate | Candidacy::Unknown => false,
            Candidacy::IfApplied | Candidacy::ByQuery => {
                row.string("Id").is_some_and(|id| taken.contains(&id))
            }
        };
        Ok(contacts.into_iter().filter(is_candidate).collect())
    }

    /// Puts those of some contacts who are candidates on the page, and says of the others that they are none.
    fn sort_out<T: Transport>(
        &self,
        ctx: &Context<T>,
        contacts: Vec<Record>,
        mut ids: BTreeSet<String>,
        page: &mut Page<Candidate>,
    ) -> Result<(), Error> {
        let candidates = self.candidates_among(ctx, contacts)?;
        for id in candidates.iter().filter_map(|row| row.string("Id")) {
            ids.remove(&id);
        }
        self.put_candidates(ctx, &candidates, page)?;
        page.deleted.extend(ids);
        Ok(())
    }

    /// Those of whom nobody can tell whether they are candidates, and the others.
    fn split_unknown(&self, contacts: Vec<Record>) -> (Vec<Record>, Vec<Record>) {
        let is_unknown = |row: &Record| self.membership.classify(row) == Candidacy::Unknown;
        contacts.into_iter().partition(is_unknown)
    }

    /// Puts candidates on the page. Whoever an applicant makes a candidate, or gives a source, is to be read again
    /// unless that applicant is still theirs when applications are read: going to another contact, it leaves no trace
    /// on this one.
    fn put_candidates<T: Transport>(
        &self,
        ctx: &Context<T>,
        candidates: &[Record],
        page: &mut Page<Candidate>,
    ) -> Result<(), Error> {
        let first = self.mapping.related(&mut Fetcher(ctx), candidates)?;
        let doubtful = candidates.iter().filter_map(|row| {
            let id = row.string("Id")?;
            let application_id = first.get(&id).map(|applicant| applicant.id.clone());
            let is_doubtful =
                application_id.is_some() || self.membership.classify(row) == Candidacy::IfApplied;
            is_doubtful.then_some(DoubtfulCandidate {
                candidate_id: id,
                application_id,
            })
        });
        let doubtful: Vec<DoubtfulCandidate> = doubtful.collect();
        if !doubtful.is_empty() {
            page.rechecks
                .push(Recheck::CandidatesWithoutApplication(doubtful));
        }
        let records = candidates
            .iter()
            .filter_map(|row| self.mapping.map(row, &first));
        page.items.extend(records);
        Ok(())
    }
}

impl Reader for CandidatesReader {
    const MODEL: Model = Model::Candidates;
    type Record = Candidate;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: Candidates::new(tenant)?,
            membership: Membership::of(tenant),
            link: applicant_link(tenant),
            applications: tenant.settings.scopes.model_on(Model::Applications),
        })
    }

    fn objects(&self) -> Vec<String> {
        let applicants = self.link.iter().map(|(object, _)| object.clone());
        std::iter::once(self.mapping.object().to_owned())
            .chain(applicants)
            .collect()
    }

    fn vanishing(&self) -> Vec<String> {
        // A contact who applied is not a candidate any more when the applicant is purged.
        self.objects()
    }

    fn untraceable(&self) -> Vec<String> {
        // A purged applicant leaves no trace on its contact, unless its application's end shows it to the host.
        let link = self.link.iter().filter(|_| !self.applications);
        link.map(|(object, _)| object.clone()).collect()
    }

    fn rows(&self) -> Phase {
        Phase::new(Step::Records, self.mapping.object(), self.mapping.columns())
    }

    fn map<T: Transport>(
        &self,
        ctx: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<Candidate>, Error> {
        Ok(map(ctx, &self.mapping, rows)?)
    }

    fn everything(&self) -> Vec<Phase> {
        let conditions = self.membership.conditions().into_iter();
        conditions
            .map(|condition| match condition {
                Some(condition) => self.rows().filter(condition),
                None => self.rows(),
            })
            .collect()
    }

    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        let own = Phase {
            step: Step::ToClassify,
            ..self.changed_rows(since)
        };
        let by_applicant = self.link.iter().map(|(object, lookup)| {
            Phase::new(
                Step::LeadTo(lookup.clone()),
                object,
                ["Id", lookup.as_str()],
            )
            .since(since.get(object))
            .with_deleted()
        });
        std::iter::once(own).chain(by_applicant).collect()
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        phase: &Phase,
        rows: Vec<Record>,
        page: &mut Page<Candidate>,
    ) -> Result<(), Error> {
        match &phase.step {
            Step::ToClassify => {
                let (live, gone) = split_deleted(rows);
                // A right that was lost makes nobody's end: when it is back, all of the model is read again.
                let (_, live) = self.split_unknown(live);
                let ids = values_of(&live, "Id");
                self.sort_out(ctx, live, ids, page)?;
                page.deleted.extend(gone.iter().cloned());
                page.recheck(Model::Applications, Self::MODEL, gone);
            }
            Step::LeadTo(lookup) => {
                let asked: Vec<String> = values_of(&rows, lookup).into_iter().collect();
                let contacts = self.find(ctx, &asked)?;
                // Whoever is not found is no less a candidate for that: a right may have been lost. That a contact was
                // deleted, its own row says.
                let found = values_of(&contacts, "Id");
                self.sort_out(ctx, contacts, found, page)?;
            }
            _ => self.put_candidates(ctx, &rows, page)?,
        }
        Ok(())
    }

    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
        page: &mut Page<Candidate>,
    ) -> Result<(), Error> {
        let contacts = self.find(ctx, ids)?;
        // Whoever is asked for was a candidate once, and is one until the contrary can be seen.
        let (unknown, contacts) = self.split_unknown(contacts);
        self.put_candidates(ctx, &unknown, page)?;
        let found = values_of(&contacts, "Id");
        self.sort_out(ctx, contacts, found, page)
    }

    fn id(record: &Candidate) -> &str {
        &record.remote_id
    }

    /// Nothing while it can't be seen who applied: those who did are not counted then, and stay candidates all the
    /// same.
    fn counts(&self) -> Option<Vec<Query>> {
        let phases = self.everything().into_iter();
        (!self.membership.is_partly_hidden()).then(|| phases.map(Phase::count).collect())
    }

    fn records(records: Vec<Candidate>) -> Records {
        Records::Candidates(records)
    }
}
