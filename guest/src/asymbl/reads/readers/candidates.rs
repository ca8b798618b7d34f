//! Candidates: those contacts that are candidates.
//!
//! A contact becomes one, or stops being one, through an applicant, without its own stamp moving. So a delta judges every
//! contact that changed, and every contact that an applicant which changed, came or went points to. A deleted contact has lost
//! its applicants and a merged one handed them on, so deleted contacts are read whatever they were (asymbl-schema.md 2).

use std::collections::BTreeSet;

use crate::asymbl::context::{Context, Slot};
use crate::asymbl::models::candidates::{Candidates, Judgement, Membership, applicant_link};
use crate::asymbl::models::{Mapping, Missing, Tenant};
use crate::asymbl::reads::marks::Marks;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader, Readers};
use crate::asymbl::reads::rows::{Find, find, map, split_deleted, values_of};
use crate::exports::ats::connector::reads::Records;
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::unified::Candidate;
use crate::salesforce::Record;
use crate::salesforce::soql::eq;
use crate::transport::Transport;

/// Reads candidates.
pub struct CandidatesReader {
    mapping: Candidates,
    membership: Membership,
    /// The applicant object and its lookup to the contact, where they can be read.
    link: Option<(String, String)>,
}

impl CandidatesReader {
    /// Those of some contacts who are candidates.
    fn judge<T: Transport>(
        &self,
        ctx: &Context<T>,
        contacts: Vec<Record>,
    ) -> Result<Vec<Record>, Error> {
        let asked = |wanted: Judgement| -> Vec<String> {
            let rows = contacts
                .iter()
                .filter(|row| self.membership.judge(row) == wanted);
            rows.filter_map(|row| row.string("Id")).collect()
        };
        let mut taken = BTreeSet::new();
        let doubtful = asked(Judgement::IfApplied);
        if let (Some((object, lookup)), false) = (&self.link, doubtful.is_empty()) {
            let columns = [lookup.clone()];
            let query = Find::new(object, &columns, lookup).filter(eq("IsDeleted", false));
            taken.extend(values_of(&find(ctx, &query, &doubtful)?, lookup));
        }
        let by_query = asked(Judgement::ByQuery);
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
        let is_candidate = |row: &Record| match self.membership.judge(row) {
            Judgement::Candidate => true,
            Judgement::NotCandidate => false,
            Judgement::IfApplied | Judgement::ByQuery => {
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
        let candidates = self.judge(ctx, contacts)?;
        for id in candidates.iter().filter_map(|row| row.string("Id")) {
            ids.remove(&id);
        }
        // The applicant that made or described them may go to another contact before applications are read.
        page.recheck(
            Self::MODEL,
            Self::MODEL,
            values_of(&candidates, "Id").into_iter().collect(),
        );
        page.items.extend(map(ctx, &self.mapping, &candidates)?);
        page.deleted.extend(ids);
        Ok(())
    }

    /// Whoever is a candidate only by an applicant that another contact gets before applications are read: then no application
    /// leads back. In a listing of everything only those whom no application refers to are worth a second look.
    fn look_again(&self, candidates: &[Record], page: &mut Page<Candidate>) {
        let by_applicant = candidates
            .iter()
            .filter(|row| self.membership.judge(row) == Judgement::IfApplied);
        let ids = by_applicant.filter_map(|row| row.string("Id")).collect();
        page.recheck(Self::MODEL, Model::Applications, ids);
    }

    fn contacts<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
    ) -> Result<Vec<Record>, Error> {
        let query = Find::new(self.mapping.object(), self.mapping.columns(), "Id");
        Ok(find(ctx, &query, ids)?)
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
        })
    }

    fn slot(readers: &Readers) -> &Slot<Self> {
        &readers.candidates
    }

    fn objects(&self) -> Vec<String> {
        let applicants = self.link.iter().map(|(object, _)| object.clone());
        std::iter::once(self.mapping.object().to_owned())
            .chain(applicants)
            .collect()
    }

    fn vanishing(&self) -> Vec<String> {
        // Whoever applied is a candidate no more when the applicant vanishes.
        self.objects()
    }

    fn everything(&self) -> Vec<Phase> {
        let all = || Phase::new(Step::Records, self.mapping.object(), self.mapping.columns());
        let conditions = self.membership.conditions().into_iter();
        conditions
            .map(|condition| match condition {
                Some(condition) => all().filter(condition),
                None => all(),
            })
            .collect()
    }

    fn changes(&self, since: &Marks) -> Vec<Phase> {
        let contact = self.mapping.object();
        let own = Phase::new(Step::Judged, contact, self.mapping.columns());
        let own = own.since(since.get(contact)).with_deleted();
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
            Step::Judged => {
                let (live, gone) = split_deleted(rows);
                let ids = values_of(&live, "Id");
                self.sort_out(ctx, live, ids, page)?;
                page.deleted.extend(gone.iter().cloned());
                page.recheck(Model::Applications, Self::MODEL, gone);
            }
            Step::LeadTo(lookup) => {
                let ids = values_of(&rows, lookup);
                let asked: Vec<String> = ids.iter().cloned().collect();
                let contacts = self.contacts(ctx, &asked)?;
                self.sort_out(ctx, contacts, ids, page)?;
            }
            _ => {
                self.look_again(&rows, page);
                page.items.extend(map(ctx, &self.mapping, &rows)?);
            }
        }
        Ok(())
    }

    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
    ) -> Result<Vec<Candidate>, Error> {
        let contacts = self.contacts(ctx, ids)?;
        let candidates = self.judge(ctx, contacts)?;
        Ok(map(ctx, &self.mapping, &candidates)?)
    }

    fn id(record: &Candidate) -> &str {
        &record.remote_id
    }

    fn records(records: Vec<Candidate>) -> Records {
        Records::Candidates(records)
    }
}
