//! Templates, jobs and the stages of each job.

use super::people::People;
use super::seeder::Seeder;
use super::stages::{TEMPLATES, Template};
use super::text;
use super::words::{AWKWARD, PLACES, TITLES};
use crate::id::RecordId;
use crate::value::Value;

/// A job that applicants can be put on.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job (or the row of the org's own job object).
    pub id: RecordId,
    /// When it was created, in days before the anchor.
    pub days_ago: i64,
    /// Its stages, in order.
    pub stages: Vec<RecordId>,
    /// Names of its stages.
    pub template: usize,
}

/// A template with the ids it got.
struct Stored {
    id: RecordId,
    stages: Vec<RecordId>,
    template: &'static Template,
}

/// Share of each status in 100 jobs; values of the package's value set.
const STATUSES: [(&str, usize, bool); 6] = [
    ("Open", 45, false),
    ("Draft", 8, false),
    ("On Hold", 7, false),
    ("Filled", 18, true),
    ("Closed", 17, true),
    ("Cancelled", 5, true),
];

const TYPES: [(&str, usize, usize); 6] = [
    ("Permanent", 38, 1),
    ("Contract", 22, 2),
    ("Direct Hire", 12, 3),
    ("Contract to Hire", 10, 0),
    ("Temporary", 10, 0),
    ("Consulting", 8, 0),
];

fn share<T: Copy>(table: &[(T, usize)], mut roll: usize) -> T {
    for (item, percent) in table {
        if roll < *percent {
            return *item;
        }
        roll -= percent;
    }
    table[0].0
}

fn templates(seeder: &mut Seeder<'_>) -> Vec<Stored> {
    TEMPLATES
        .iter()
        .enumerate()
        .map(|(number, template)| {
            let stamps = seeder.stamps(728, 300);
            let filter: Value = template.job_type.map(|value| format!("[{{\"field\":\"bpats__Type__c\",\"operator\":\"equals\",\"value\":\"{value}\"}}]")).into();
            let id = seeder.put("bpats__ATS_Template__c", stamps, vec![
                ("Name", template.name.into()),
                ("bpats__ATS_Template_External_Id__c", format!("TPL-{number:03}").into()),
                ("bpats__Filter_Criteria__c", filter),
                ("bpats__Is_Active__c", true.into()),
                ("bpats__Is_Default__c", (number == 0).into()),
                ("bpats__Priority__c", template.priority.into()),
            ]);
            let stages = template.stages.iter().enumerate().map(|(at, (name, kind))| {
                let stamps = seeder.stamps(728, 300);
                seeder.put("bpats__ATS_Template_Stage__c", stamps, vec![
                    ("Name", (*name).into()),
                    ("bpats__ATS_Template__c", id.into()),
                    ("bpats__Sequence__c", ((at + 1) as f64).into()),
                    ("bpats__Stage_Type__c", (*kind).into()),
                    ("bpats__Interview_Stage__c", (*kind == "Interview").into()),
                    ("bpats__Template_Stage_External_Id__c", format!("TPL-{number:03}-{:02}", at + 1).into()),
                ])
            });
            let stages = stages.collect();
            Stored { id, stages, template }
        })
        .collect()
}

/// Templates, then `count` jobs with the stages of their template.
pub fn seed(seeder: &mut Seeder<'_>, people: &People, count: usize) -> Vec<Job> {
    let stored = templates(seeder);
    let mut rng = seeder.rng("jobs");
    let statuses: Vec<((&str, bool), usize)> = STATUSES
        .iter()
        .map(|(name, share, closed)| ((*name, *closed), *share))
        .collect();
    let types: Vec<((&str, usize), usize)> = TYPES
        .iter()
        .map(|(name, share, template)| ((*name, *template), *share))
        .collect();
    let mut jobs = Vec::with_capacity(count);
    for number in 0..count {
        let (title, salary) = TITLES[rng.below(TITLES.len())];
        let client = &people.clients[rng.below(people.clients.len())];
        let (site, place) = client.sites[rng.below(client.sites.len())];
        let (city, state, _) = PLACES[place];
        // The first job is always open, so that every org has one to apply for.
        let (status, closed) = if number == 0 {
            ("Open", false)
        } else {
            share(&statuses, rng.below(100))
        };
        let (job_type, template) = share(&types, rng.below(100));
        let days_ago = if closed {
            rng.between(60, 700)
        } else {
            rng.between(2, 240)
        };
        let stamps = seeder.stamps(days_ago, rng.between(0, days_ago));
        let mut name = match number % 5 {
            0 => format!("Senior {title}"),
            1 => format!("{title} ({city})"),
            _ => title.to_owned(),
        };
        if number % 97 == 13 {
            name = format!("{name} {}", AWKWARD[number / 97 % AWKWARD.len()])
                .chars()
                .take(80)
                .collect();
        }
        let hourly = matches!(job_type, "Contract" | "Temporary" | "Contract to Hire");
        let owner = if rng.percent(10) {
            people.queues[rng.below(people.queues.len())]
        } else {
            people.recruiters[rng.below(people.recruiters.len())]
        };
        let manager: Value = match rng.below(10) {
            0 | 1 => Value::Null,
            2 | 3 => people
                .internal_managers
                .get(rng.below(people.internal_managers.len()))
                .copied()
                .into(),
            _ => client
                .contacts
                .get(rng.below(client.contacts.len()))
                .copied()
                .into(),
        };
        let delivery: Value = match rng.below(10) {
            0 => Value::Null,
            1 => people.former.first().copied().into(),
            _ => people.delivery[rng.below(people.delivery.len())].into(),
        };
        let description = match number % 211 {
            17 => text::huge_description(&mut rng),
            _ => text::description(&mut rng, title, &client.name, city),
        };
        let object = seeder.job_object();
        let mut fields: Vec<(&'static str, Value)> =
            vec![("Name", name.into()), ("OwnerId", owner.into())];
        if object == "bpats__Job__c" {
            fields.extend([
                ("bpats__ATS_Template__c", stored[template].id.into()),
                ("bpats__Job_Title__c", title.into()),
                ("bpats__Account__c", client.id.into()),
                ("bpats__Status__c", status.into()),
                ("bpats__Is_Closed__c", closed.into()),
                ("bpats__Is_Active__c", (!closed).into()),
                ("bpats__Type__c", job_type.into()),
                ("bpats__Post_Externally__c", rng.percent(60).into()),
                (
                    "bpats__Salary__c",
                    if hourly || rng.percent(15) {
                        Value::Null
                    } else {
                        ((salary + rng.between(-8, 12) * 500) as f64).into()
                    },
                ),
                (
                    "bpats__Pay_Rate__c",
                    if hourly {
                        Value::Double((salary / 2_080) as f64 + 0.5)
                    } else {
                        Value::Null
                    },
                ),
                (
                    "bpats__Bill_Rate__c",
                    if hourly {
                        Value::Double((salary / 1_400) as f64)
                    } else {
                        Value::Null
                    },
                ),
                (
                    "bpats__Location__c",
                    if rng.percent(85) {
                        format!("{city}, {state}").into()
                    } else {
                        Value::Null
                    },
                ),
                (
                    "bpats__Work_Site_Location__c",
                    if rng.percent(80) {
                        site.into()
                    } else {
                        Value::Null
                    },
                ),
                (
                    "bpats__Posted_Date__c",
                    if status == "Draft" {
                        Value::Null
                    } else {
                        seeder.date(days_ago - 1)
                    },
                ),
                ("bpats__Start_Date__c", seeder.date(days_ago - 45)),
                ("bpats__Hiring_Manager__c", manager),
                ("bpats__Delivery_Lead__c", delivery),
                (
                    "bpats__Sales_Lead__c",
                    people.sales[rng.below(people.sales.len())].into(),
                ),
                (
                    "bpats__Job_Description__c",
                    if rng.percent(92) {
                        description.into()
                    } else {
                        Value::Null
                    },
                ),
                (
                    "bpats__Short_Description__c",
                    format!("<p>{title} for a client in {city}.</p>").into(),
                ),
                (
                    "bpats__Number_of_Openings__c",
                    (rng.between(1, 4) as f64).into(),
                ),
                (
                    "bpats__Openings_Filled__c",
                    (if status == "Filled" { 1.0 } else { 0.0 }).into(),
                ),
                (
                    "bpats__Priority__c",
                    rng.pick(&["Low", "Medium", "High"]).into(),
                ),
                ("bpats__Urgent_Hiring__c", rng.percent(7).into()),
                (
                    "bpats__Tags__c",
                    rng.pick(&["onsite", "remote ok; hybrid", "night shift", "bilingual"])
                        .into(),
                ),
            ]);
            seeder.currency(&mut fields, number);
        } else {
            fields.extend([
                ("Headline__c", title.into()),
                ("Client__c", client.id.into()),
                ("State__c", status.into()),
                ("Closed__c", closed.into()),
                ("Hiring_Contact__c", manager),
                ("Summary__c", description.into()),
                ("Yearly_Pay__c", (salary as f64).into()),
            ]);
        }
        let id = seeder.put(object, stamps, fields);
        let stages = copy_stages(seeder, &stored[template], id, days_ago);
        jobs.push(Job {
            id,
            days_ago,
            stages,
            template,
        });
    }
    jobs
}

fn copy_stages(
    seeder: &mut Seeder<'_>,
    stored: &Stored,
    job: RecordId,
    days_ago: i64,
) -> Vec<RecordId> {
    let lookup = seeder.stage_job_field();
    stored
        .template
        .stages
        .iter()
        .enumerate()
        .map(|(at, (name, kind))| {
            let stamps = seeder.stamps(days_ago, days_ago);
            let mut fields = seeder.blank();
            fields.extend([
                ("Name", Value::from(*name)),
                (lookup, job.into()),
                ("bpats__Sequence__c", ((at + 1) as f64).into()),
                ("bpats__Stage_Type__c", (*kind).into()),
                ("bpats__Interview_Stage__c", (*kind == "Interview").into()),
                ("bpats__ATS_Template_Stage__c", stored.stages[at].into()),
            ]);
            seeder.currency(&mut fields, 0);
            seeder.put("bpats__ATS_Stage__c", stamps, fields)
        })
        .collect()
}
