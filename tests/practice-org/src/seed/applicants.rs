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

fn candidate(
    seeder: &mut Seeder<'_>,
    people: &People,
    rng: &mut Random,
    number: usize,
    days_ago: i64,
) -> RecordId {
    let (first, mut last) = (rng.pick(&FIRST), rng.pick(&LAST).to_owned());
    let (city, state, postal) = PLACES[rng.below(PLACES.len())];
    let (title, salary) = TITLES[rng.below(TITLES.len())];
    let email = text::email(rng, first, &last, number);
    let awkward = number % 199 == 42;
    if awkward {
        last = AWKWARD[number / 199 % AWKWARD.len()].to_owned();
    }
    let chance = |rng: &mut Random, percent: usize, value: Value| {
        if rng.percent(percent) {
            value
        } else {
            Value::Null
        }
    };
    let owner = people.recruiters[rng.below(people.recruiters.len())];
    let phone = text::phone(rng);
    let mailing = rng.percent(75);
    let mail = |value: Value| if mailing { value } else { Value::Null };
    let candidate_type = seeder.record_types.candidate;
    let mut fields = seeder.blank();
    fields.extend([
        (
            "FirstName",
            if number % 50 == 7 {
                Value::Null
            } else {
                first.into()
            },
        ),
        ("LastName", last.into()),
        (
            "Salutation",
            chance(rng, 20, rng.clone().pick(&["Mr.", "Ms.", "Dr."]).into()),
        ),
        ("Email", chance(rng, 93, email.into())),
        ("MobilePhone", chance(rng, 80, phone.clone().into())),
        ("HomePhone", chance(rng, 10, phone.into())),
        ("Phone", {
            let value = text::phone(rng).into();
            chance(rng, 30, value)
        }),
        ("OtherPhone", {
            let value = text::phone(rng).into();
            chance(rng, 5, value)
        }),
        (
            "Title",
            chance(
                rng,
                85,
                if awkward {
                    AWKWARD[(number / 199 + 3) % AWKWARD.len()]
                } else {
                    title
                }
                .into(),
            ),
        ),
        ("LeadSource", {
            let value = rng
                .pick(&[
                    "Web",
                    "Phone Inquiry",
                    "Partner Referral",
                    "Purchased List",
                    "Other",
                ])
                .into();
            chance(rng, 60, value)
        }),
        ("MailingStreet", {
            let value = text::street(rng).into();
            mail(value)
        }),
        ("MailingCity", mail(city.into())),
        ("MailingState", mail(state.into())),
        ("MailingPostalCode", mail(postal.into())),
        ("MailingCountry", mail("US".into())),
        ("RecordTypeId", candidate_type.into()),
        (
            "AccountId",
            if number.is_multiple_of(3) {
                people.pools[number / 3 % people.pools.len()].into()
            } else {
                Value::Null
            },
        ),
        ("OwnerId", owner.into()),
    ]);
    if awkward {
        fields.push(("Description", AWKWARD.join(" | ").into()));
    }
    if seeder.package {
        let salary = (salary + rng.between(-10, 20) * 500) as f64;
        fields.extend([
            (
                "bpats__Contact_Relationship__c",
                rng.pick(&[
                    "Active",
                    "Active",
                    "Active",
                    "Prospect",
                    "Former",
                    "Do Not Use",
                ])
                .into(),
            ),
            ("bpats__Earliest_Available_Date__c", {
                let date = seeder.date(rng.between(-60, 30));
                chance(rng, 40, date)
            }),
            ("bpats__Desired_Salary__c", chance(rng, 45, salary.into())),
            (
                "bpats__Pay_Rate__c",
                chance(
                    rng,
                    20,
                    Value::Double((salary / 2_080.0 * 4.0).round() / 4.0),
                ),
            ),
            ("bpats__Is_Resume_Parsed__c", rng.percent(50).into()),
            (
                "bpats__ATS_Is_Job_Board_Applicant__c",
                rng.percent(30).into(),
            ),
        ]);
    }
    seeder.currency(&mut fields, number);
    let stamps = seeder.stamps(days_ago, rng.between(0, days_ago));
    seeder.put("Contact", stamps, fields)
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
    let names = TEMPLATES[job.template].stages;
    let last = job.stages.len() - 1;
    // Most sit early in the funnel; one in twenty is in the last stage.
    let at = match rng.below(100) {
        0..5 => last,
        5..55 => rng.below(2),
        _ => rng.below(last),
    };
    let rejected = at != last && rng.percent(20);
    let reason: Value = if rejected && rng.percent(85) {
        rng.pick(&[
            "Applicant Withdrew",
            "Client Rejected",
            "Internal Rejection",
        ])
        .into()
    } else {
        Value::Null
    };
    let from_board = rng.percent(35);
    let (job_field, recruiter) = (
        seeder.applicant_job_field(),
        people.recruiters[rng.below(people.recruiters.len())],
    );
    let mut fields = seeder.blank();
    fields.extend([
        ("bpats__ATS_Applicant__c", contact.into()),
        (job_field, job.id.into()),
        ("bpats__Stage__c", job.stages[at].into()),
        (
            "bpats__Applicant_Status__c",
            if rejected { "Rejected" } else { "Active" }.into(),
        ),
        ("bpats__Asymbl_Rejection_Reason__c", reason),
        (
            "bpats__Contact_Job_Relationship__c",
            crate::package::relationship_key(contact, job.id).into(),
        ),
        ("bpats__Initial_Application_Date__c", seeder.date(days_ago)),
        ("bpats__Current_Stage_Date__c", seeder.date(moved)),
        (
            "bpats__Source__c",
            if from_board {
                rng.pick(&["LinkedIn", "Glassdoor", "Indeed", "Website"])
                    .into()
            } else {
                Value::Null
            },
        ),
        (
            "bpats__Internal_Source__c",
            if from_board || rng.percent(60) {
                Value::Null
            } else {
                rng.pick(&["Referral by colleague", "Job fair", "Alumni list"])
                    .into()
            },
        ),
        ("bpats__Job_Board_Applicant__c", from_board.into()),
        ("bpats__Recruited_By__c", recruiter.into()),
        ("OwnerId", recruiter.into()),
        (
            "bpats__Application_Notes__c",
            if rng.percent(10) {
                format!("Spoke on the phone, likes \"{}\".", names[at].0).into()
            } else {
                Value::Null
            },
        ),
    ]);
    seeder.currency(&mut fields, 0);
    let stamps = seeder.stamps(days_ago, moved);
    let id = seeder.put("bpats__ATS_Applicant__c", stamps, fields);
    if at > 0 && rng.percent(20) {
        let stamps = seeder.stamps(moved, moved);
        let mut fields = seeder.blank();
        fields.extend([
            ("bpats__ATS_Applicant__c", id.into()),
            ("bpats__ATS_Stage__c", job.stages[at - 1].into()),
            ("bpats__ATS_Stage_Moved_To__c", job.stages[at].into()),
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
}
