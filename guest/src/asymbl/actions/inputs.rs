//! The actions' inputs, each declared once: the check, `describe-connector` and `docs/inputs.md` come from these
//! tables.

use crate::exports::ats::connector::about::Action;
use Kind::{
    Amount, Any, ContentType, Country, Data, Date, Email, FileName, FileUrl, Flag, Free, Id, Line,
    Link, List, Moment, Open, Part, Word,
};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An object whose members stand in the table.
    Part,
    /// A list of such objects.
    List,
    /// An object whose members are not ours to decide.
    Open,
    /// Text of one line, which is written.
    Line,
    /// Any text.
    Free,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An e-mail address.
    Email,
    /// ISO 3166-1 alpha-2, upper case.
    Country,
    /// A day that Salesforce takes, or a moment.
    Date,
    /// A date or a moment.
    Moment,
    /// A number, 0 or more.
    Amount,
    /// True or false.
    Flag,
    /// Anything.
    Any,
    /// The id of a record.
    Id,
    /// A file's name.
    FileName,
    /// `type/subtype`.
    ContentType,
    /// A file's bytes, which are not part of the checked input: their number stands for them.
    Data,
    /// Where a file can be fetched.
    FileUrl,
    /// An absolute URL.
    Link,
}

/// What becomes of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Of the coverage page: it is written or steers the action.
    Promised,
    /// Accepted beyond the coverage page.
    Further,
    /// Accepted and reported, since Asymbl has no place for it.
    Ignored,
    /// Belongs to the input that it is in.
    Inner,
    /// Not in the object: it goes beside the input.
    Beside,
}

/// An input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its path from the root; `[]` after the name of a list.
    pub path: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// It must be given where the object that it is in is given.
    pub required: bool,
    /// What becomes of it.
    pub role: Role,
    /// A rule worth knowing, or empty.
    pub note: &'static str,
}

impl Input {
    /// Returns the path of the object that it is in, and its own name.
    pub fn place(&self) -> (&'static str, &'static str) {
        let (whole, name) = self.path.rsplit_once('.').unwrap_or(("", self.path));
        (whole, name.trim_end_matches("[]"))
    }

    /// Returns its path as [`describe-connector`](super::coverage) gives it: without the marks of lists.
    pub fn name(&self) -> String {
        self.path.replace("[]", "")
    }

    /// Says whether it must be given, and the rule worth knowing.
    pub fn about(&self) -> String {
        match (self.required && self.role == Role::Promised, self.note) {
            (true, "") => "required".to_owned(),
            (true, note) => format!("required; {note}"),
            (false, note) => note.to_owned(),
        }
    }
}

const fn input(
    role: Role,
    path: &'static str,
    kind: Kind,
    required: bool,
    note: &'static str,
) -> Input {
    Input {
        path,
        kind,
        required,
        role,
        note,
    }
}

const fn must(path: &'static str, kind: Kind, note: &'static str) -> Input {
    input(Role::Promised, path, kind, true, note)
}

const fn may(path: &'static str, kind: Kind, note: &'static str) -> Input {
    input(Role::Promised, path, kind, false, note)
}

const fn further(path: &'static str, kind: Kind, note: &'static str) -> Input {
    input(Role::Further, path, kind, false, note)
}

const fn ignored(path: &'static str, kind: Kind) -> Input {
    input(Role::Ignored, path, kind, false, "")
}

const fn inner(path: &'static str, kind: Kind, required: bool) -> Input {
    input(Role::Inner, path, kind, required, "")
}

const EXTENSION: &str = "with extension; cleaned, see docs/actions.md";
const WITH_DATA: &str = "required with `data`; without it the content type of the download counts";
const FETCHED: &str = "this or `data`: an https address, streamed from there";
const BYTES: &str = "this or `data_url`: base64";
const FILE_KINDS: Kind = Word(&["CV", "COVER_LETTER", "OTHER"]);
const FILE_KIND: &str =
    "CV, COVER_LETTER or OTHER; left out: the first file of a create is the CV, others are OTHER";
const KEY: Input = input(
    Role::Beside,
    "idempotency_key",
    Free,
    false,
    "beside the input: a repeat with the same key is answered from the first call",
);

const ACTING_USER: Input = input(
    Role::Beside,
    "acting_user_id",
    Id,
    false,
    "the user for whom the platform acts; a warning says that Salesforce writes as the connected user",
);

#[rustfmt::skip]
const CREATE: &[Input] = &[
    inner("candidate", Part, true),
    must("candidate.first_name", Line, ""),
    must("candidate.last_name", Line, ""),
    must("candidate.email_address", Email, "finds an existing contact"),
    may("candidate.title", Line, ""),
    may("candidate.phone_number", Line, "into the field of the setting `phone_field`"),
    inner("candidate.location", Part, false),
    may("candidate.location.city", Line, "of the mailing address"),
    input(Role::Promised, "candidate.location.country", Country, true, "with a location: ISO 3166-1 alpha-2"),
    may("candidate.location.zip_code", Line, "of the mailing address"),
    may("candidate.availability_date", Date, "a date from 1700 to 4000, or a moment of which the day in the org's time zone counts"),
    inner("candidate.salary_expectations", Part, false),
    input(Role::Promised, "candidate.salary_expectations.amount", Amount, true,
        "with an expectation: for a YEAR or an HOUR; for a MONTH it is written as a year's"),
    further("candidate.salary_expectations.period", Word(&["YEAR", "MONTH", "HOUR"]), "YEAR, MONTH or HOUR; YEAR when left out"),
    inner("application", Part, true),
    must("application.job_id", Id, "the job must be open unless the setting `allow_closed_jobs` is on"),
    may("application.stage_id", Id, "the job's first stage when left out"),
    inner("attachments[]", List, false),
    input(Role::Promised, "attachments[].name", FileName, true, EXTENSION),
    may("attachments[].content_type", ContentType, WITH_DATA),
    may("attachments[].data_url", FileUrl, FETCHED),
    may("attachments[].data", Data, BYTES),
    further("attachments[].type", FILE_KINDS, FILE_KIND),
    inner("source", Part, false),
    may("source.name", Line, "a value of the picklist, else by the setting `source_policy`; tried after the other two"),
    may("source.unified_key", Line, "as the name"),
    may("source.id", Line, "as the name; tried first"),
    ignored("candidate.additional_email_addresses[]", List),
    inner("candidate.additional_email_addresses[].email_address", Email, true),
    inner("candidate.additional_email_addresses[].type", Word(&["PERSONAL", "WORK", "OTHER"]), false),
    ignored("candidate.additional_phone_numbers[]", List),
    inner("candidate.additional_phone_numbers[].phone_number", Free, true),
    inner("candidate.additional_phone_numbers[].type", Free, false),
    ignored("candidate.company", Free),
    ignored("candidate.gender", Word(&["MALE", "FEMALE", "OTHER"])),
    ignored("candidate.social_links[]", List),
    inner("candidate.social_links[].url", Link, true),
    ignored("candidate.location.state", Free),
    ignored("candidate.location.street_1", Free),
    ignored("screening_question_answers[]", List),
    inner("screening_question_answers[].question_id", Free, true),
    inner("screening_question_answers[].answer", Any, true),
    ignored("sourced_by", Part),
    inner("sourced_by.user_id", Free, false),
    ignored("gdpr_consent", Part),
    inner("gdpr_consent.given", Flag, false),
    inner("gdpr_consent.expires_at", Moment, false),
    ignored("remote_fields", Open),
    KEY,
    ACTING_USER,
];

#[rustfmt::skip]
const ADD: &[Input] = &[
    must("application_id", Id, "the file hangs on the application's candidate"),
    inner("attachment", Part, true),
    must("attachment.name", FileName, EXTENSION),
    may("attachment.content_type", ContentType, WITH_DATA),
    may("attachment.data_url", FileUrl, FETCHED),
    may("attachment.data", Data, BYTES),
    further("attachment.type", FILE_KINDS, "CV, COVER_LETTER or OTHER; OTHER when left out"),
    ignored("remote_fields", Open),
    KEY,
    ACTING_USER,
];

#[rustfmt::skip]
const MOVE: &[Input] = &[
    must("application_id", Id, ""),
    must("stage_id", Id, "a stage of the application's job"),
    ignored("remote_fields", Open),
    KEY,
    ACTING_USER,
];

const GET: &[Input] = &[must("candidate_id", Id, "")];

/// Returns the inputs of an action.
pub const fn table(action: Action) -> &'static [Input] {
    match action {
        Action::CreateCandidate | Action::CreateApplication => CREATE,
        Action::AddAttachmentToApplication => ADD,
        Action::MoveApplicationToStage => MOVE,
        Action::GetCandidateAttachments => GET,
    }
}
