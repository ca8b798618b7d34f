//! Who works at the staffing firm, and its clients: users, queues, accounts, work sites, client contacts.

use super::seeder::{Seeder, when};
use super::text;
use super::words::{FIRM_A, FIRM_B, FIRST, LAST, PLACES, TITLES};
use crate::id::RecordId;
use crate::random::Random;
use crate::value::Value;

/// One client firm.
#[derive(Debug, Clone)]
pub struct Client {
    /// The account.
    pub id: RecordId,
    /// Its name.
    pub name: String,
    /// Its work sites: id, index into [`PLACES`].
    pub sites: Vec<(RecordId, usize)>,
    /// Its contacts.
    pub contacts: Vec<RecordId>,
}

/// Everybody who is needed to fill lookups later on.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Active recruiters: owners of jobs and candidates.
    pub recruiters: Vec<RecordId>,
    /// Delivery leads.
    pub delivery: Vec<RecordId>,
    /// Sales leads.
    pub sales: Vec<RecordId>,
    /// Users who left.
    pub former: Vec<RecordId>,
    /// Queues that own jobs.
    pub queues: Vec<RecordId>,
    /// Client firms.
    pub clients: Vec<Client>,
    /// Accounts that hold the candidate pools.
    pub pools: Vec<RecordId>,
    /// Hiring managers: contacts whose mail address is also a user's.
    pub internal_managers: Vec<RecordId>,
}

struct NewUser {
    first: &'static str,
    last: &'static str,
    email: String,
    title: &'static str,
    active: bool,
    user_type: &'static str,
}

fn user(seeder: &mut Seeder<'_>, new: &NewUser, number: usize, days_ago: i64) -> RecordId {
    let stamps = seeder.stamps(days_ago, days_ago / 3);
    let alias: String = format!(
        "{}{}",
        text::ascii(new.first).chars().take(1).collect::<String>(),
        text::ascii(new.last)
    )
    .chars()
    .take(8)
    .collect();
    let profile = seeder.profile;
    seeder.put(
        "User",
        stamps,
        vec![
            (
                "Username",
                format!(
                    "{}.{}.{number}@practice-org.example.com",
                    text::ascii(new.first),
                    text::ascii(new.last)
                )
                .into(),
            ),
            ("FirstName", new.first.into()),
            ("LastName", new.last.into()),
            ("Email", new.email.clone().into()),
            ("Title", new.title.into()),
            ("CompanyName", "Lighthouse Staffing".into()),
            ("Alias", alias.into()),
            (
                "CommunityNickname",
                format!("{}{number}", text::ascii(new.last)).into(),
            ),
            ("IsActive", new.active.into()),
            ("UserType", new.user_type.into()),
            ("TimeZoneSidKey", "America/New_York".into()),
            ("LocaleSidKey", "en_US".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("EmailEncodingKey", "UTF-8".into()),
            ("ProfileId", Value::from(profile)),
        ],
    )
}

/// Users, queues, clients with sites and contacts.
pub fn seed(seeder: &mut Seeder<'_>, candidates: usize) -> People {
    let mut people = People::default();
    let mut rng = seeder.rng("people");
    let count = 12 + (candidates / 400).min(240);
    let emails = staff(seeder, &mut people, &mut rng, count);
    let automated = NewUser {
        first: "Automated",
        last: "Process",
        email: "autoproc@practice-org.example.com".to_owned(),
        title: "",
        active: true,
        user_type: "AutomatedProcess",
    };
    user(seeder, &automated, count, 729);
    for name in ["Intake Queue", "Healthcare Desk", "Light Industrial Desk"] {
        let stamps = seeder.stamps(700, 700);
        let fields = vec![
            ("Name", name.into()),
            ("DeveloperName", name.replace(' ', "_").into()),
            ("Type", "Queue".into()),
            ("DoesIncludeBosses", true.into()),
        ];
        people.queues.push(seeder.put("Group", stamps, fields));
    }
    pools(seeder, &mut people, &mut rng);
    clients(seeder, &mut people, &mut rng, candidates);
    internal_managers(seeder, &mut people, &emails);
    people
}

/// Puts the firm's own users. Returns the names and addresses of its active recruiters.
fn staff(
    seeder: &mut Seeder<'_>,
    people: &mut People,
    rng: &mut Random,
    count: usize,
) -> Vec<(&'static str, &'static str, String)> {
    let titles = [
        "Recruiter",
        "Senior Recruiter",
        "Delivery Lead",
        "Account Executive",
    ];
    let mut emails = Vec::new();
    for number in 0..count {
        let (first, last) = (rng.pick(&FIRST), rng.pick(&LAST));
        let left = number % 9 == 8;
        let email = format!(
            "{}.{}{number}@lighthouse-staffing.example.com",
            text::ascii(first),
            text::ascii(last)
        );
        let new = NewUser {
            first,
            last,
            email: email.clone(),
            title: titles[number % 4],
            active: !left,
            user_type: "Standard",
        };
        let id = user(seeder, &new, number, rng.between(400, 730));
        match (left, number % 4) {
            (true, _) => people.former.push(id),
            (_, 2) => people.delivery.push(id),
            (_, 3) => people.sales.push(id),
            _ => people.recruiters.push(id),
        }
        if !left && number % 4 < 2 {
            emails.push((first, last, email));
        }
    }
    emails
}

fn pools(seeder: &mut Seeder<'_>, people: &mut People, rng: &mut Random) {
    for name in ["Candidate Pool East", "Candidate Pool West"] {
        let stamps = seeder.stamps(rng.between(600, 720), 600);
        let owner = people.recruiters[0];
        let id = seeder.put(
            "Account",
            stamps,
            vec![
                ("Name", name.into()),
                ("Type", "Other".into()),
                ("OwnerId", owner.into()),
            ],
        );
        people.pools.push(id);
    }
}

/// Clients with their sites and contacts.
fn clients(seeder: &mut Seeder<'_>, people: &mut People, rng: &mut Random, candidates: usize) {
    for number in 0..8 + candidates / 120 {
        let owner = people.sales[rng.below(people.sales.len())];
        people.clients.push(client(seeder, rng, number, owner));
    }
}

fn client_name(number: usize) -> String {
    let name = format!(
        "{} {}",
        FIRM_A[number % FIRM_A.len()],
        FIRM_B[(number / FIRM_A.len() + number * 7) % FIRM_B.len()]
    );
    match number {
        3 => "O'Brien & Daughters \"Quality\" Foods".to_owned(),
        n if n >= FIRM_A.len() * FIRM_B.len() => format!("{name} {number}"),
        _ => name,
    }
}

fn client(seeder: &mut Seeder<'_>, rng: &mut Random, number: usize, owner: RecordId) -> Client {
    const INDUSTRIES: [&str; 8] = [
        "Banking",
        "Biotechnology",
        "Construction",
        "Healthcare",
        "Insurance",
        "Manufacturing",
        "Retail",
        "Technology",
    ];
    let name = client_name(number);
    let place = rng.below(PLACES.len());
    let (city, state, postal) = PLACES[place];
    let days = rng.between(200, 725);
    let stamps = seeder.stamps(days, rng.between(0, days));
    let fields = vec![
        ("Name", name.clone().into()),
        ("Type", "Customer - Direct".into()),
        ("Industry", rng.pick(&INDUSTRIES).into()),
        ("BillingStreet", text::street(rng).into()),
        ("BillingCity", city.into()),
        ("BillingState", state.into()),
        ("BillingPostalCode", postal.into()),
        ("BillingCountry", "US".into()),
        ("Phone", text::phone(rng).into()),
        ("Website", "https://www.example.com".into()),
        ("OwnerId", owner.into()),
    ];
    let id = seeder.put("Account", stamps, fields);
    let sites = match seeder.package {
        true => (0..rng.between(1, 3) as usize)
            .map(|site| {
                let at = (place + site * 5) % PLACES.len();
                let is_abroad = number % 11 == 10 && site == 1;
                (work_site(seeder, rng, id, days, at, is_abroad), at)
            })
            .collect(),
        false => Vec::new(),
    };
    let contacts = (0..rng.between(1, 12) as usize)
        .map(|person| {
            let email = number * 20 + person;
            client_contact(seeder, rng, (id, owner), days, email, (city, state))
        })
        .collect();
    Client {
        id,
        name,
        sites,
        contacts,
    }
}

fn work_site(
    seeder: &mut Seeder<'_>,
    rng: &mut Random,
    client: RecordId,
    days: i64,
    at: usize,
    is_abroad: bool,
) -> RecordId {
    let (city, state, _) = PLACES[at];
    let stamps = seeder.stamps(days, rng.between(0, days));
    let name = match is_abroad {
        true => "Toronto plant".to_owned(),
        false => format!("{city} site"),
    };
    let country = if is_abroad { "Other" } else { "US" };
    let fields = vec![
        ("Name", name.into()),
        ("bpats__Account__c", client.into()),
        ("bpats__Country_Code__c", country.into()),
        ("bpats__State_Code__c", when(!is_abroad, state)),
    ];
    seeder.put("bpats__Work_Site_Location__c", stamps, fields)
}

fn client_contact(
    seeder: &mut Seeder<'_>,
    rng: &mut Random,
    (client, owner): (RecordId, RecordId),
    days: i64,
    email: usize,
    (city, state): (&'static str, &'static str),
) -> RecordId {
    let (first, last) = (rng.pick(&FIRST), rng.pick(&LAST));
    let created = rng.between(30, days.max(31));
    let stamps = seeder.stamps(created, rng.between(0, created));
    let title = TITLES[rng.below(TITLES.len())].0;
    let departments = ["Operations", "Finance", "People", "Engineering"];
    let fields = vec![
        ("FirstName", first.into()),
        ("LastName", last.into()),
        ("Email", text::email(rng, first, last, email).into()),
        ("Phone", text::phone(rng).into()),
        ("Title", format!("{title} Lead").into()),
        ("Department", rng.pick(&departments).into()),
        ("AccountId", client.into()),
        ("RecordTypeId", seeder.record_types.client.into()),
        ("MailingCity", city.into()),
        ("MailingState", state.into()),
        ("MailingCountry", "US".into()),
        ("OwnerId", owner.into()),
    ];
    seeder.put("Contact", stamps, fields)
}

/// The firm also hires for itself: these hiring managers are contacts with a user's mail address.
fn internal_managers(
    seeder: &mut Seeder<'_>,
    people: &mut People,
    emails: &[(&'static str, &'static str, String)],
) {
    let client_type = seeder.record_types.client;
    for (number, (first, last, email)) in emails.iter().enumerate().take(6) {
        let stamps = seeder.stamps(500, 100 + number as i64);
        // One of them is typed in capitals: matching must ignore case.
        let email = if number == 1 {
            email.to_uppercase()
        } else {
            email.clone()
        };
        let id = seeder.put(
            "Contact",
            stamps,
            vec![
                ("FirstName", (*first).into()),
                ("LastName", (*last).into()),
                ("Email", email.into()),
                ("Title", "Branch Manager".into()),
                ("RecordTypeId", client_type.into()),
                ("OwnerId", people.recruiters[0].into()),
            ],
        );
        people.internal_managers.push(id);
    }
}
