//! What a hostile guest does while it is read.

use crate::behaviour::Listing::{self, *};
use crate::bindings::exports::ats::connector::{reads, types, unified};
use crate::bindings::wasi::clocks::monotonic_clock;

/// Everything that a listing can do; the settings hold the variant's name.
const ALL: [Listing; 17] = [
    SameCursor,
    NewCursors,
    NewRecords,
    RejectedCursors,
    LongCursor,
    LongToken,
    LongKey,
    LongRecheck,
    NewRechecks,
    DeepRow,
    LongProfile,
    LongMessage,
    ManyProblems,
    ManyNotes,
    OtherForms,
    AnyToken,
    NewIds,
];

/// How the settings ask for users to be listed, if they do.
pub fn asked() -> Option<Listing> {
    let name = crate::behaviour_name();
    ALL.into_iter()
        .find(|listing| format!("{listing:?}") == name)
}

/// The profile, which is where one of them misbehaves.
pub fn profile(listing: Listing) -> String {
    "x".repeat(if matches!(listing, LongProfile) {
        2 << 20
    } else {
        10
    })
}

/// The last page of a listing that ends well.
pub fn done() -> reads::PageInfo {
    info(reads::Progress::Done("done".into()))
}

fn info(progress: reads::Progress) -> reads::PageInfo {
    reads::PageInfo {
        progress,
        coverage: reads::Coverage::Changes,
        deleted: Vec::new(),
        rechecks: Vec::new(),
        versions: Vec::new(),
        deletions: reads::Deletions::Listed,
        notes: Vec::new(),
    }
}

fn more(cursor: impl ToString) -> reads::PageInfo {
    info(reads::Progress::More(cursor.to_string()))
}

/// A page of these lines.
pub fn page(lines: String, info: reads::PageInfo) -> reads::TextPage {
    let records = records(lines);
    reads::TextPage { records, info }
}

fn records(lines: String) -> reads::TextRecords {
    reads::TextRecords {
        lines,
        complete_jobs: Vec::new(),
    }
}

/// The line of a user who has a key and a source row, and nothing else.
fn user(key: impl ToString, row: &str) -> String {
    let key = key.to_string();
    format!(
        "{{\"remote_id\":\"{key}\",\"first_name\":null,\"last_name\":null,\"email\":null,\"status\":null,\"remote_data\":{row}}}\n"
    )
}

fn failure(message: String) -> types::Failure {
    types::Failure {
        message,
        remote: None,
    }
}

fn recheck(id: String) -> reads::Recheck {
    reads::Recheck::Referrers(reads::Referrers {
        model: types::Model::Users,
        referring_to: types::Model::Users,
        ids: vec![id],
    })
}

/// A page of users.
pub fn users(query: &reads::ListQuery) -> Result<reads::TextPage, reads::Error> {
    let Some(listing) = asked() else {
        return Err(crate::refuse::refusal());
    };
    let number: u32 = query
        .cursor
        .as_ref()
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0);
    let mut lines = String::new();
    let info = match listing {
        SameCursor => {
            lines = user(number, "null");
            more("again")
        }
        NewCursors => more(number + 1),
        NewRecords => {
            lines = user(number, "null");
            more(number + 1)
        }
        RejectedCursors if number > 0 => {
            return Err(types::Error::ResyncRequired(failure("begin anew".into())));
        }
        RejectedCursors => more(1),
        LongCursor => more("x".repeat(100_000)),
        LongToken => info(reads::Progress::Done("x".repeat(100_000))),
        LongKey => {
            lines = user("x".repeat(10_000_000), "null");
            done()
        }
        LongRecheck => reads::PageInfo {
            rechecks: vec![recheck("x".repeat(10_000_000))],
            ..done()
        },
        NewRechecks => reads::PageInfo {
            rechecks: vec![recheck("0".into())],
            ..done()
        },
        DeepRow => {
            let row = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
            lines = user("deep", &row);
            done()
        }
        LongMessage => {
            let message = "x".repeat(10_000_000);
            return Err(types::Error::Remote(failure(message)));
        }
        ManyProblems => {
            let problem = types::Problem {
                field: "users".into(),
                message: "wrong".into(),
                remote: None,
            };
            return Err(types::Error::InvalidInput(vec![problem; 100_000]));
        }
        LongProfile => done(),
        OtherForms | AnyToken => {
            lines = user("one", "null");
            done()
        }
        NewIds => {
            lines = user(monotonic_clock::now(), "null");
            done()
        }
        ManyNotes => reads::PageInfo {
            notes: (0..10_000)
                .map(|number| types::Warning {
                    code: "hostile".into(),
                    message: format!("\u{1b}[2J\nerror: forged {number}"),
                })
                .collect(),
            ..done()
        },
    };
    Ok(page(lines, info))
}

/// A page of typed users, of the one behaviour that has them.
pub fn typed_users() -> Result<reads::UsersPage, reads::Error> {
    if !matches!(asked(), Some(OtherForms)) {
        return Err(crate::refuse::refusal());
    }
    let user = unified::User {
        remote_id: "one".into(),
        first_name: Some("Another".into()),
        last_name: None,
        email: None,
        status: None,
        extra: None,
        remote_data: None,
    };
    Ok(reads::UsersPage {
        items: vec![user],
        info: done(),
    })
}

/// Users by their ids: none is there.
pub fn get_batch(ids: Vec<String>) -> reads::TextBatch {
    let next = ids.iter().filter_map(|id| id.parse::<u64>().ok()).max();
    let rechecks = match asked() {
        Some(NewRechecks) => next
            .map(|id| recheck((id + 1).to_string()))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    reads::TextBatch {
        found: records(String::new()),
        versions: Vec::new(),
        gone: Vec::new(),
        unseen: ids,
        rechecks,
    }
}
