//! Percent-encoding of the parts of a URL.

/// Encodes a value for the query part of a URL.
///
/// Left as they are: letters, digits, and what browsers' `encodeURIComponent` leaves, plus the comma: long field lists
/// must stay short. A space becomes `%20`, which every server reads alike.
pub fn query_value(text: &str) -> String {
    encode(text, b"-_.~!'()*,")
}

/// Encodes one segment of a path.
pub fn path_segment(text: &str) -> String {
    encode(text, b"-_.~")
}

fn encode(text: &str, plain: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
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
