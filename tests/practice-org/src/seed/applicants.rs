//! Candidates and their applications.

use super::jobs::Job;
use super::people::People;
use super::seeder::Seeder;
use super::stages::TEMPLATES;
use super::text;
use super::words::{AWKWARD, FIRST, LAST, PLACES, TITLES};
use crate::id::RecordId;
use crate::random::Random;
use crate::value::Value;

/// Number of applications per candidate, in percent: 1.3 on average.
const APPLICATIONS: [usize; 5] = [25, 40, 20, 10, 5];

fn applications(rng: &mut Random) -> usize {
    let mut roll = rng.below(100);
    for (count, percent) in APPLICATIONS.iter().enumerate() {
        if roll < *percent {
            return count;
        }
        roll -= percent;
    }
    0
}

/// `count` candidates, their applications, and stage tracking for one applicant in five.
pub fn seed(seeder: &mut Seeder<'_>, people: &People, jobs: &[Job], count: usize) {
    let mut rng = seeder.rng("candidates");
    for number in 0..count {
        let days_ago = rng.between(1, 720);
        let contact = candidate(seeder, people, &mut rng, number, days_ago);
        if !seeder.package || jobs.is_empty() {
            continue;
        }
        let mut taken: Vec<usize> = Vec::new();
        for _ in 0..applications(&mut rng) {
            let job = rng.below(jobs.len());
            if taken.contains(&job) {
                continue;
            }
            taken.push(job);
            applicant(seeder, people, &mut rng, contact, &jobs[job], days_ago);
        }
    }
    if seeder.package && !jobs.is_empty() {
        // Client contacts who applied themselves, one in a hundred: candidates without the Candidate type.
        for number in 0..(count / 100).max(2) {
            let client = &people.clients[rng.below(people.clients.len())];
            let contact = client.contacts[rng.below(client.contacts.len())];
            let job = &jobs[(number * 7) % jobs.len()];
            if seeder.first_application(contact, job.id) {
                applicant(seeder, people, &mut rng, contact, job, 20);
            }
        }
    }
}

/// What a record of the seed holds, field by field.
type Fields = Vec<(&'static str, Value)>;

/// The value in so many of 100 cases, else nothing.
fn maybe(rng: &mut Random, percent: usize, value: impl Into<Value>) -> Value {
    if rng.percent(percent) {
        value.into()
    } else {
        Value::Null
    }
}

fn candidate(
    seeder: &mut Seeder<'_>,
    people: &People,
    rng: &mut Random,
    number: usize,
    days_ago: i64,
) -> RecordId {
    let mut fields = seeder.blank();
    let salary = person(seeder, people, rng, number, &mut fields);
    if seeder.package {
        with_package(seeder, rng, salary, &mut fields);
    }
    seeder.currency(&mut fields, number);
    let stamps = seeder.stamps(days_ago, rng.between(0, days_ago));
    seeder.put("Contact", stamps, fields)
}

/// The standard fields of a candidate. Returns the usual yearly salary of the title.
fn person(
    seeder: &Seeder<'_>,
    people: &People,
    rng: &mut Random,
    number: usize,
    fields: &mut Fields,
) -> i64 {
    let (first, mut last) = (rng.pick(&FIRST), rng.pick(&LAST).to_owned());
    let place = PLACES[rng.below(PLACES.len())];
    let (mut title, salary) = TITLES[rng.below(TITLES.len())];
    let email = text::email(rng, first, &last, number);
    let awkward = number % 199 == 42;
    if awkward {
        last = AWKWARD[number / 199 % AWKWARD.len()].to_owned();
        title = AWKWARD[(number / 199 + 3) % AWKWARD.len()];
        fields.push(("Description", AWKWARD.join(" | ").into()));
    }
    let first = if number % 50 == 7 {
        Value::Null
    } else {
        first.into()
    };
    let owner = people.recruiters[rng.below(people.recruiters.len())];
    let phone = text::phone(rng);
    let has_address = rng.percent(75);
    fields.extend([("FirstName", first), ("LastName", last.into())]);
    let salutation = rng.clone().pick(&["Mr.", "Ms.", "Dr."]);
    fields.push(("Salutation", maybe(rng, 20, salutation)));
    fields.push(("Email", maybe(rng, 93, email)));
    fields.push(("MobilePhone", maybe(rng, 80, phone.clone())));
    fields.push(("HomePhone", maybe(rng, 10, phone)));
    let phone = text::phone(rng);
    fields.push(("Phone", maybe(rng, 30, phone)));
    let phone = text::phone(rng);
    fields.push(("OtherPhone", maybe(rng, 5, phone)));
    fields.push(("Title", maybe(rng, 85, title)));
    let source = rng.pick(&[
        "Web",
        "Phone Inquiry",
        "Partner Referral",
        "Purchased List",
        "Other",
    ]);
    fields.push(("LeadSource", maybe(rng, 60, source)));
    let street = text::street(rng);
    if has_address {
        fields.extend(address(street, place));
    }
    let pool = &people.pools[number / 3 % people.pools.len()];
    fields.extend([
        ("RecordTypeId", seeder.record_types.candidate.into()),
        ("OwnerId", owner.into()),
    ]);
    if number.is_multiple_of(3) {
        fields.push(("AccountId", (*pool).into()));
    }
    salary
}

fn address(
    street: String,
    (city, state, postal): (&'static str, &'static str, &'static str),
) -> [(&'static str, Value); 5] {
    [
        ("MailingStreet", street.into()),
        ("MailingCity", city.into()),
        ("MailingState", state.into()),
        ("MailingPostalCode", postal.into()),
        ("MailingCountry", "US".into()),
    ]
}

/// The package's fields of a candidate.
fn with_package(seeder: &Seeder<'_>, rng: &mut Random, usual_salary: i64, fields: &mut Fields) {
    let salary = (usual_salary + rng.between(-10, 20) * 500) as f64;
    let relations = [
        "Active",
        "Active",
        "Active",
        "Prospect",
        "Former",
        "Do Not Use",
    ];
    fields.push((
        "bpats__Contact_Relationship__c",
        rng.pick(&relations).into(),
    ));
    let available = seeder.date(rng.between(-60, 30));
    fields.push((
        "bpats__Earliest_Available_Date__c",
        maybe(rng, 40, available),
    ));
    fields.push(("bpats__Desired_Salary__c", maybe(rng, 45, salary)));
    let rate = Value::Double((salary / 2_080.0 * 4.0).round() / 4.0);
    fields.push(("bpats__Pay_Rate__c", maybe(rng, 20, rate)));
    fields.push(("bpats__Is_Resume_Parsed__c", rng.percent(50).into()));
    fields.push((
        "bpats__ATS_Is_Job_Board_Applicant__c",
        rng.percent(30).into(),
    ));
}

fn applicant(
    seeder: &mut Seeder<'_>,
    people: &People,
    rng: &mut Random,
    contact: RecordId,
    job: &Job,
    contact_days: i64,
) {
    // Nobody applies before the job or the contact exists.
    let days_ago = rng.between(0, job.days_ago.min(contact_days));
    let moved = rng.between(0, days_ago);
    let last = job.stages.len() - 1;
    // Most sit early in the funnel; one in twenty is in the last stage.
    let at = match rng.below(100) {
        0..5 => last,
        5..55 => rng.below(2),
        _ => rng.below(last),
    };
    let mut fields = seeder.blank();
    fields.extend([
        ("bpats__ATS_Applicant__c", contact.into()),
        (seeder.applicant_job_field(), job.id.into()),
        ("bpats__Stage__c", job.stages[at].into()),
        (
            "bpats__Contact_Job_Relationship__c",
            crate::package::relationship_key(contact, job.id).into(),
        ),
        ("bpats__Initial_Application_Date__c", seeder.date(days_ago)),
        ("bpats__Current_Stage_Date__c", seeder.date(moved)),
    ]);
    details(people, rng, job, at, &mut fields);
    seeder.currency(&mut fields, 0);
    let stamps = seeder.stamps(days_ago, moved);
    let id = seeder.put("bpats__ATS_Applicant__c", stamps, fields);
    if at > 0 && rng.percent(20) {
        tracking(
            seeder,
            id,
            (job.stages[at - 1], job.stages[at]),
            days_ago,
            moved,
        );
    }
}

/// How an application came and how it stands.
fn details(people: &People, rng: &mut Random, job: &Job, at: usize, fields: &mut Fields) {
    let is_rejected = at != job.stages.len() - 1 && rng.percent(20);
    let status = if is_rejected { "Rejected" } else { "Active" };
    fields.push(("bpats__Applicant_Status__c", status.into()));
    if is_rejected && rng.percent(85) {
        let reasons = [
            "Applicant Withdrew",
            "Client Rejected",
            "Internal Rejection",
        ];
        fields.push((
            "bpats__Asymbl_Rejection_Reason__c",
            rng.pick(&reasons).into(),
        ));
    }
    let from_board = rng.percent(35);
    let recruiter = people.recruiters[rng.below(people.recruiters.len())];
    if from_board {
        let boards = ["LinkedIn", "Glassdoor", "Indeed", "Website"];
        fields.push(("bpats__Source__c", rng.pick(&boards).into()));
    } else if !rng.percent(60) {
        let sources = ["Referral by colleague", "Job fair", "Alumni list"];
        fields.push(("bpats__Internal_Source__c", rng.pick(&sources).into()));
    }
    fields.extend([
        ("bpats__Job_Board_Applicant__c", from_board.into()),
        ("bpats__Recruited_By__c", recruiter.into()),
        ("OwnerId", recruiter.into()),
    ]);
    if rng.percent(10) {
        let stage = TEMPLATES[job.template].stages[at].0;
        let notes = format!("Spoke on the phone, likes \"{stage}\".");
        fields.push(("bpats__Application_Notes__c", notes.into()));
    }
}

/// The log of an application's last move.
fn tracking(
    seeder: &mut Seeder<'_>,
    application: RecordId,
    (from, to): (RecordId, RecordId),
    days_ago: i64,
    moved: i64,
) {
    let stamps = seeder.stamps(moved, moved);
    let mut fields = seeder.blank();
    fields.extend([
        ("bpats__ATS_Applicant__c", application.into()),
        ("bpats__ATS_Stage__c", from.into()),
        ("bpats__ATS_Stage_Moved_To__c", to.into()),
        (
            "bpats__Start_Date__c",
            Value::DateTime(seeder.moment(days_ago)),
        ),
        ("bpats__End_Date__c", Value::DateTime(seeder.moment(moved))),
        (
            "bpats__Duration_in_Minutes__c",
            (((days_ago - moved) * 1_440) as f64).into(),
        ),
        ("bpats__Type__c", "Log".into()),
    ]);
    seeder.put("bpats__ATS_Stage_Tracking__c", stamps, fields);
}
