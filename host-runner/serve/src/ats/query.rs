//! The query of a list: paging and filters (unified-model.md 4.3, 4.4).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host_runner::hex;
use host_runner::unified::{Model, NaturalKey, Timestamp};
use ring::digest::{SHA256, digest};

use crate::error::ApiError;

/// Records of a page where nobody says how many.
const PAGE: usize = 100;
/// Most records of a page.
const LARGEST_PAGE: usize = 250;
/// Most values of one filter.
const VALUES: usize = 1_000;

/// Parameters that every list takes besides its filters.
pub(crate) const COMMON: [&str; 7] = [
    "cursor",
    "page_size",
    "updated_after",
    "include_deleted",
    "ignore_unsupported_filters",
    "ids",
    "remote_ids",
];

/// The filters of a model's list alone.
pub(crate) fn filters_of(model: Model) -> &'static [&'static str] {
    match model {
        Model::Users => &["emails"],
        Model::Jobs => &[
            "job_codes",
            "post_url",
            "status",
            "statuses",
            "employment_types",
            "visibilities",
            "remote_created_after",
            "name_contains",
        ],
        Model::Candidates => &["email", "job_ids", "first_name", "last_name"],
        Model::Applications => &[
            "outcome",
            "outcomes",
            "job_ids",
            "job_remote_ids",
            "current_stage_ids",
            "remote_created_after",
        ],
        _ => &[],
    }
}

/// A query that was read.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) page_size: usize,
    pub(super) after: Option<NaturalKey>,
    pub(super) updated_after: Option<Timestamp>,
    pub(super) include_deleted: bool,
    pub(super) ignore_unsupported: bool,
    filters: BTreeMap<&'static str, String>,
    /// Of all that decides which records come, so that a cursor is refused by another query.
    digest: String,
}

impl Query {
    /// Reads the query of a list.
    ///
    /// # Errors
    /// `PLATFORM.INPUT_INVALID` naming the parameter.
    pub(super) fn parse(model: Model, text: &str) -> Result<Self, ApiError> {
        let mut filters: BTreeMap<&'static str, String> = BTreeMap::new();
        let known = || COMMON.iter().chain(filters_of(model)).copied();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let Some(name) = known().find(|known| *known == name) else {
                let known: Vec<&str> = known().collect();
                return Err(ApiError::input(format!(
                    "{name}: this list has no such parameter; it has {}",
                    known.join(", ")
                )));
            };
            let held = filters.entry(name).or_default();
            // A list may also come as the same parameter again.
            if !held.is_empty() && !value.is_empty() {
                held.push(',');
            }
            held.push_str(&value);
        }
        let mut take = |name: &str| filters.remove(name).filter(|value| !value.is_empty());
        let page_size = match take("page_size") {
            None => PAGE,
            Some(text) => match text.parse() {
                Ok(size @ 1..=LARGEST_PAGE) => size,
                _ => return Err(wrong("page_size", &format!("must be 1 to {LARGEST_PAGE}"))),
            },
        };
        let cursor = take("cursor");
        let include_deleted = flag("include_deleted", take("include_deleted"))?;
        let ignore_unsupported = flag(
            "ignore_unsupported_filters",
            take("ignore_unsupported_filters"),
        )?;
        let updated_after = moment("updated_after", take("updated_after"))?;
        filters.retain(|_, value| !value.is_empty());
        let all =
            format!("{model} {updated_after:?} {include_deleted} {ignore_unsupported} {filters:?}");
        let digest = hex(&digest(&SHA256, all.as_bytes()).as_ref()[..6]);
        let after = cursor
            .map(|text| place(model, &text, &digest))
            .transpose()?;
        Ok(Self {
            page_size,
            after,
            updated_after,
            include_deleted,
            ignore_unsupported,
            filters,
            digest,
        })
    }

    /// The text of a filter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.filters.get(name).map(String::as_str)
    }

    /// The values of a filter that is a list; of `statuses` also the older `status`.
    ///
    /// # Errors
    /// `PLATFORM.INPUT_INVALID` for too many.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<&str>>, ApiError> {
        let older = match name {
            "statuses" => "status",
            "outcomes" => "outcome",
            name => name,
        };
        let Some(text) = self.text(name).or_else(|| self.text(older)) else {
            return Ok(None);
        };
        let values: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|v| !v.is_empty())
            .collect();
        match values.len() > VALUES {
            true => Err(wrong(name, &format!("has more than {VALUES} values"))),
            false => Ok(Some(values)),
        }
    }

    /// The day or moment of a filter.
    ///
    /// # Errors
    /// `PLATFORM.INPUT_INVALID`.
    pub(super) fn moment(&self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        moment(name, self.text(name).map(str::to_owned))
    }

    /// The cursor of the page after a record.
    pub(super) fn cursor(&self, last: &NaturalKey) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{last}", self.digest))
    }
}

fn wrong(name: &str, what: &str) -> ApiError {
    ApiError::input(format!("{name}: {what}"))
}

fn place(model: Model, text: &str, digest: &str) -> Result<NaturalKey, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = plain.as_deref().and_then(|plain| plain.split_once('.'));
    let Some((of, key)) = parts else {
        return Err(wrong(
            "cursor",
            "is none of this server: pass `next` of the page before",
        ));
    };
    if of != digest {
        return Err(wrong(
            "cursor",
            "is of another query: repeat all filters of the first page with it",
        ));
    }
    NaturalKey::parse(model, key).map_err(|_| wrong("cursor", "is damaged"))
}

fn flag(name: &str, text: Option<String>) -> Result<bool, ApiError> {
    match text.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(wrong(name, "must be true or false")),
    }
}

/// A date, or a moment in UTC, with or without its `Z` (unified-model.md 1, "Date in").
fn moment(name: &str, text: Option<String>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let bare = text.strip_suffix('Z').unwrap_or(&text);
    let whole = match bare.contains('T') {
        true => format!("{bare}Z"),
        false => format!("{bare}T00:00:00Z"),
    };
    match Timestamp::parse(&whole) {
        Ok(moment) => Ok(Some(moment)),
        Err(_) => Err(wrong(
            name,
            "must be a date or a moment in UTC, like 2026-11-25 or 2026-11-25T09:30:00.000Z",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]
    use super::*;

    fn refused(model: Model, text: &str) -> String {
        Query::parse(model, text).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_the_published_clients_send_is_read() {
        let sent = "ignore_unsupported_filters=false&include_deleted=true&page_size=2&updated_after=2026-11-25T09%3A30%3A00.000Z&ids=a,b";
        let query = Query::parse(Model::Jobs, sent).unwrap();
        assert_eq!((query.page_size, query.include_deleted), (2, true));
        assert_eq!(query.list("ids").unwrap().unwrap(), ["a", "b"]);
        let moment = query.updated_after.unwrap().to_string();
        assert_eq!(moment, "2026-11-25T09:30:00.000Z");
        for same in [
            "2026-11-25T09:30:00Z",
            "2026-11-25T09:30:00",
            "2026-11-25T09:30:00.0Z",
        ] {
            let query = Query::parse(Model::Jobs, &format!("updated_after={same}")).unwrap();
            assert_eq!(query.updated_after.unwrap().to_string(), moment, "{same}");
        }
        let query = Query::parse(Model::Jobs, "updated_after=2026-11-25&status=OPEN").unwrap();
        assert_eq!(query.list("statuses").unwrap().unwrap(), ["OPEN"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused(Model::Users, "page_size=0").starts_with("page_size"));
        assert!(refused(Model::Users, "page_size=251").starts_with("page_size"));
        assert!(refused(Model::Users, "include_deleted=yes").starts_with("include_deleted"));
        assert!(refused(Model::Users, "updated_after=tomorrow").starts_with("updated_after"));
        assert!(refused(Model::Users, "job_codes=1").starts_with("job_codes"));
        assert!(refused(Model::Users, "cursor=!").starts_with("cursor"));
    }

    #[test]
    fn a_cursor_goes_on_in_its_own_query_alone() {
        let first = Query::parse(Model::Users, "emails=a%40b.org&page_size=2").unwrap();
        let key = NaturalKey::parse(Model::Users, "005000000000001").unwrap();
        let cursor = first.cursor(&key);
        let next = format!("emails=a%40b.org&page_size=5&cursor={cursor}");
        assert_eq!(Query::parse(Model::Users, &next).unwrap().after, Some(key));
        let other = format!("emails=c%40b.org&cursor={cursor}");
        assert!(refused(Model::Users, &other).contains("another query"));
    }
}
