//! SOQL errors with the platform's excerpt and caret (salesforce-api.md 2.7).

use crate::error::ApiError;

/// How much of a long query the excerpt shows before and after the fault.
const EXCERPT: usize = 60;

/// A fault at a place of the query text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SoqlError {
    /// Salesforce's code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Byte offset; none for faults of the query as a whole, which have no excerpt.
    pub at: Option<usize>,
}

impl SoqlError {
    pub fn at(at: usize, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            at: Some(at),
        }
    }

    pub fn whole(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            at: None,
        }
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::whole("MALFORMED_QUERY", message)
    }

    /// With the excerpt of the query.
    pub fn into_api(self, query: &str) -> ApiError {
        let Some(at) = self.at else {
            return ApiError::new(self.code, self.message);
        };
        let at = (0..=at.min(query.len()))
            .rev()
            .find(|i| query.is_char_boundary(*i))
            .unwrap_or(0);
        let line_start = query[..at].rfind('\n').map_or(0, |i| i + 1);
        let line_end = query[at..].find('\n').map_or(query.len(), |i| at + i);
        let row = query[..at].matches('\n').count() + 1;
        let column = query[line_start..at].chars().count() + 1;
        let before: Vec<char> = query[line_start..at].chars().collect();
        let shown: String = before[before.len().saturating_sub(EXCERPT)..]
            .iter()
            .collect();
        let after: String = query[at..line_end].chars().take(EXCERPT).collect();
        let caret = " ".repeat(before.len().min(EXCERPT));
        let message = format!(
            "\n{shown}{after}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{}",
            self.message
        );
        ApiError::new(self.code, message)
    }
}
