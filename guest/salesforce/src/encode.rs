//! Percent-encoding of the parts of a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a segment of a path can't hold as it is.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What a value can't hold as it is: all but what browsers' `encodeURIComponent` leaves, and the comma.
const IN_VALUE: &AsciiSet = &IN_SEGMENT
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',');

/// Encodes a value for the query part of a URL.
///
/// The comma stays as it is: long field lists must stay short. A space becomes `%20`, which every server reads alike.
pub fn query_value(text: &str) -> String {
    utf8_percent_encode(text, IN_VALUE).to_string()
}

/// Encodes one segment of a path.
pub fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, IN_SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_url_is_encoded() {
        assert_eq!(
            query_value("SELECT Id,Name FROM A WHERE T >= 2026-01-01T00:00:00Z AND N = 'a+b&c%ü'"),
            "SELECT%20Id,Name%20FROM%20A%20WHERE%20T%20%3E%3D%202026-01-01T00%3A00%3A00Z%20AND%20N%20%3D%20'a%2Bb%26c%25%C3%BC'"
        );
        assert_eq!(path_segment("a/b?c@d,e"), "a%2Fb%3Fc%40d%2Ce");
    }
}
