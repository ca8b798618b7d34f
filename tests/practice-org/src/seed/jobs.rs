//! Templates, jobs and the stages of each job.

use super::people::{Client, People};
use super::seeder::{Seeder, when};
use super::stages::{TEMPLATES, Template};
use super::text;
use super::words::{AWKWARD, PLACES, TITLES};
use crate::id::RecordId;
use crate::random::Random;
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

/// Statuses and whether they are closed ones, with the share of each in 100 jobs; values of the package's value set.
const STATUSES: [((&str, bool), usize); 6] = [
    (("Open", false), 45),
    (("Draft", false), 8),
    (("On Hold", false), 7),
    (("Filled", true), 18),
    (("Closed", true), 17),
    (("Cancelled", true), 5),
];

/// Types and their templates, with the share of each in 100 jobs.
const TYPES: [((&str, usize), usize); 6] = [
    (("Permanent", 1), 38),
    (("Contract", 2), 22),
    (("Direct Hire", 3), 12),
    (("Contract to Hire", 0), 10),
    (("Temporary", 0), 10),
    (("Consulting", 0), 8),
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
    (0..count)
        .map(|number| {
            let draft = Draft::new(people, &mut rng, number);
            job(seeder, people, &mut rng, &stored, &draft)
        })
        .collect()
}

/// What a job is to be.
struct Draft<'a> {
    number: usize,
    title: &'static str,
    /// A year's, in dollars.
    salary: i64,
    client: &'a Client,
    site: RecordId,
    city: &'static str,
    state: &'static str,
    status: &'static str,
    closed: bool,
    kind: &'static str,
    template: usize,
    days_ago: i64,
}

impl<'a> Draft<'a> {
    fn new(people: &'a People, rng: &mut Random, number: usize) -> Self {
        let (title, salary) = TITLES[rng.below(TITLES.len())];
        let client = &people.clients[rng.below(people.clients.len())];
        let (site, place) = client.sites[rng.below(client.sites.len())];
        let (city, state, _) = PLACES[place];
        // The first job is always open, so that every org has one to apply for.
        let (status, closed) = match number {
            0 => ("Open", false),
            _ => share(&STATUSES, rng.below(100)),
        };
        let (kind, template) = share(&TYPES, rng.below(100));
        let days_ago = match closed {
            true => rng.between(60, 700),
            false => rng.between(2, 240),
        };
        Self {
            number,
            title,
            salary,
            client,
            site,
            city,
            state,
            status,
            closed,
            kind,
            template,
            days_ago,
        }
    }

    fn name(&self) -> String {
        let (number, title) = (self.number, self.title);
        let name = match number % 5 {
            0 => format!("Senior {title}"),
            1 => format!("{title} ({})", self.city),
            _ => title.to_owned(),
        };
        match number % 97 {
            13 => format!("{name} {}", AWKWARD[number / 97 % AWKWARD.len()])
                .chars()
                .take(80)
                .collect(),
            _ => name,
        }
    }
}

/// Puts a job and its stages.
fn job(
    seeder: &mut Seeder<'_>,
    people: &People,
    rng: &mut Random,
    stored: &[Stored],
    draft: &Draft<'_>,
) -> Job {
    let (client, days_ago) = (draft.client, draft.days_ago);
    let stamps = seeder.stamps(days_ago, rng.between(0, days_ago));
    let owner = match rng.percent(10) {
        true => people.queues[rng.below(people.queues.len())],
        false => people.recruiters[rng.below(people.recruiters.len())],
    };
    let one_of = |rng: &mut Random, ids: &[RecordId]| ids.get(rng.below(ids.len())).copied();
    let manager: Value = match rng.below(10) {
        0 | 1 => Value::Null,
        2 | 3 => one_of(rng, &people.internal_managers).into(),
        _ => one_of(rng, &client.contacts).into(),
    };
    let delivery: Value = match rng.below(10) {
        0 => Value::Null,
        1 => people.former.first().copied().into(),
        _ => one_of(rng, &people.delivery).into(),
    };
    let description = match draft.number % 211 {
        17 => text::huge_description(rng),
        _ => text::description(rng, draft.title, &client.name, draft.city),
    };
    let object = seeder.job_object();
    let mut fields: Vec<(&'static str, Value)> =
        vec![("Name", draft.name().into()), ("OwnerId", owner.into())];
    if object == "bpats__Job__c" {
        fields.push(("bpats__ATS_Template__c", stored[draft.template].id.into()));
        let others = [manager, delivery, description.into()];
        fields.extend(package_fields(seeder, people, rng, draft, others));
        seeder.currency(&mut fields, draft.number);
    } else {
        fields.extend([
            ("Headline__c", draft.title.into()),
            ("Client__c", client.id.into()),
            ("State__c", draft.status.into()),
            ("Closed__c", draft.closed.into()),
            ("Hiring_Contact__c", manager),
            ("Summary__c", description.into()),
            ("Yearly_Pay__c", (draft.salary as f64).into()),
        ]);
    }
    let id = seeder.put(object, stamps, fields);
    Job {
        id,
        days_ago,
        stages: copy_stages(seeder, &stored[draft.template], id, days_ago),
        template: draft.template,
    }
}

/// The fields of the package's own job.
fn package_fields(
    seeder: &Seeder<'_>,
    people: &People,
    rng: &mut Random,
    draft: &Draft<'_>,
    [manager, delivery, description]: [Value; 3],
) -> Vec<(&'static str, Value)> {
    let (title, city, salary) = (draft.title, draft.city, draft.salary);
    let hourly = matches!(draft.kind, "Contract" | "Temporary" | "Contract to Hire");
    let posted = seeder.date(draft.days_ago - 1);
    let salary_of_year = |rng: &mut Random| match hourly || rng.percent(15) {
        true => Value::Null,
        false => ((salary + rng.between(-8, 12) * 500) as f64).into(),
    };
    let short = format!("<p>{title} for a client in {city}.</p>");
    let filled = if draft.status == "Filled" { 1.0 } else { 0.0 };
    let tags = ["onsite", "remote ok; hybrid", "night shift", "bilingual"];
    // In this order: the values are drawn one after the other.
    vec![
        ("bpats__Job_Title__c", title.into()),
        ("bpats__Account__c", draft.client.id.into()),
        ("bpats__Status__c", draft.status.into()),
        ("bpats__Is_Closed__c", draft.closed.into()),
        ("bpats__Is_Active__c", (!draft.closed).into()),
        ("bpats__Type__c", draft.kind.into()),
        ("bpats__Post_Externally__c", rng.percent(60).into()),
        ("bpats__Salary__c", salary_of_year(rng)),
        (
            "bpats__Pay_Rate__c",
            when(hourly, (salary / 2_080) as f64 + 0.5),
        ),
        ("bpats__Bill_Rate__c", when(hourly, (salary / 1_400) as f64)),
        (
            "bpats__Location__c",
            when(rng.percent(85), format!("{city}, {}", draft.state)),
        ),
        (
            "bpats__Work_Site_Location__c",
            when(rng.percent(80), draft.site),
        ),
        (
            "bpats__Posted_Date__c",
            when(draft.status != "Draft", posted),
        ),
        ("bpats__Start_Date__c", seeder.date(draft.days_ago - 45)),
        ("bpats__Hiring_Manager__c", manager),
        ("bpats__Delivery_Lead__c", delivery),
        (
            "bpats__Sales_Lead__c",
            people.sales[rng.below(people.sales.len())].into(),
        ),
        (
            "bpats__Job_Description__c",
            when(rng.percent(92), description),
        ),
        ("bpats__Short_Description__c", short.into()),
        (
            "bpats__Number_of_Openings__c",
            (rng.between(1, 4) as f64).into(),
        ),
        ("bpats__Openings_Filled__c", filled.into()),
        (
            "bpats__Priority__c",
            rng.pick(&["Low", "Medium", "High"]).into(),
        ),
        ("bpats__Urgent_Hiring__c", rng.percent(7).into()),
        ("bpats__Tags__c", rng.pick(&tags).into()),
    ]
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
