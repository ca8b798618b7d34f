//! Query locators: where a query's later pages come from.
//!
//! The row ids are fixed at the first call, values are read per page. A locator belongs to the session that made it and
//! lives two days (salesforce-api.md 1.3 and 2.2); `queryMore` of another session gets INVALID_QUERY_LOCATOR.

use std::collections::HashMap;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::ResultSet;

/// Life of a locator, in milliseconds.
const LIFE_MS: i64 = 2 * 24 * 60 * 60 * 1_000;

/// A query whose later pages may be asked for.
#[derive(Clone)]
pub struct Cursor {
    /// The rows.
    pub result: ResultSet,
    /// Rows of a page, as the caller hinted at the first call.
    pub page_size: Option<usize>,
    session: u64,
    made_ms: i64,
}

/// All open locators.
#[derive(Default)]
pub struct Locators {
    open: HashMap<String, Cursor>,
    next: u64,
}

/// 400 for a locator that is unknown, expired, or another session's.
pub fn invalid() -> ApiError {
    ApiError::new("INVALID_QUERY_LOCATOR", "invalid query locator")
}

impl Locators {
    /// None yet.
    pub fn new() -> Self {
        Self {
            open: HashMap::new(),
            next: 1,
        }
    }

    /// Keeps a result; answers the locator without its offset.
    pub fn keep(
        &mut self,
        result: ResultSet,
        page_size: Option<usize>,
        session: u64,
        now_ms: i64,
    ) -> String {
        self.open
            .retain(|_, cursor| now_ms - cursor.made_ms <= LIFE_MS);
        let id = RecordId::from_parts(*b"0r8", *b"000", self.next).to_string();
        self.next += 1;
        self.open.insert(
            id.clone(),
            Cursor {
                result,
                page_size,
                session,
                made_ms: now_ms,
            },
        );
        id
    }

    /// The cursor and the offset of `0r8...-OFFSET`.
    pub fn find(
        &self,
        locator: &str,
        session: u64,
        now_ms: i64,
    ) -> Result<(String, Cursor, usize), ApiError> {
        let (id, offset) = locator.rsplit_once('-').ok_or_else(invalid)?;
        let offset: usize = offset.parse().map_err(|_| invalid())?;
        let cursor = self.open.get(id).ok_or_else(invalid)?;
        let alive = cursor.session == session && now_ms - cursor.made_ms <= LIFE_MS;
        if !alive || offset > cursor.result.len() {
            return Err(invalid());
        }
        Ok((id.to_owned(), cursor.clone(), offset))
    }

    /// Forgets all locators; says how many.
    pub fn clear(&mut self) -> usize {
        let count = self.open.len();
        self.open.clear();
        count
    }
}
