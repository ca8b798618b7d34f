//! The path and query of a passthrough request: what stays under the tenant's origin, whoever reads it.

use percent_encoding::percent_decode_str;

use crate::exports::ats::connector::inspection::QueryValue;
use salesforce::encode::query_value;

/// The request's target from a path, which may bring a query of its own, and further query values, which are encoded
/// here.
///
/// # Errors
/// What is wrong with the path, for a person.
pub(super) fn target(path: &str, query: &[QueryValue]) -> Result<String, String> {
    if path.contains("://") && !path.starts_with('/') {
        return Err(
            "an absolute URL is refused: give the path, which goes to the tenant's own org"
                .to_owned(),
        );
    }
    if !path.starts_with('/') {
        return Err("a path begins with /, for example /services/data/v66.0/limits".to_owned());
    }
    if let Some(odd) = path.chars().find(|c| !c.is_ascii_graphic() || *c == '\\') {
        return Err(format!("{odd:?} can't stand in a path: percent-encode it"));
    }
    if path.contains('#') {
        return Err("a fragment (#) is not sent to a server: leave it out".to_owned());
    }
    let (plain, own_query) = path
        .split_once('?')
        .map_or((path, None), |(p, q)| (p, Some(q)));
    check_segments(plain)?;
    let mut target = path.to_owned();
    let mut separator = match own_query {
        None => '?',
        Some(_) => '&',
    };
    for value in query {
        target.push(separator);
        target.push_str(&query_value(&value.name));
        target.push('=');
        target.push_str(&query_value(&value.value));
        separator = '&';
    }
    Ok(target)
}

/// Refuses what a server could read as another path than a person does, however it is encoded.
fn check_segments(path: &str) -> Result<(), String> {
    let mut read = path.to_owned();
    // A proxy and the server behind it may each decode once.
    for round in 0..3 {
        if read.starts_with("//") {
            return Err("a path begins with one /, not two".to_owned());
        }
        let up = read
            .split(['/', '\\'])
            .map(|segment| segment.split(';').next().unwrap_or_default())
            .any(|segment| segment == ".." || segment == ".");
        if up {
            return Err(
                "`.` and `..` in a path are refused, also encoded: give the path itself".to_owned(),
            );
        }
        // What one round left of a literal %25 is not an escape for the next.
        match decoded(&read, round == 0)? {
            next if next == read => return Ok(()),
            next => read = next,
        }
    }
    Err("the path is percent-encoded more than twice".to_owned())
}

/// Takes off one layer of encoding; a % that begins no escape is an error where it is `strict`, else it stays.
fn decoded(text: &str, strict: bool) -> Result<String, String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if strict && !text.split('%').skip(1).all(is_escape) {
        return Err("a % in a path needs two hexadecimal digits: write %25".to_owned());
    }
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    if bytes.iter().any(u8::is_ascii_control) {
        return Err("the path holds an encoded control character".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(pairs: &[(&str, &str)]) -> Vec<QueryValue> {
        let pair = |(name, value): &(&str, &str)| QueryValue {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_query_is_encoded_and_joins_the_paths_own() {
        let soql = query(&[("q", "SELECT Id FROM Contact WHERE Name = 'A&B'")]);
        assert_eq!(
            target("/services/data/v66.0/query", &soql).unwrap(),
            "/services/data/v66.0/query?q=SELECT%20Id%20FROM%20Contact%20WHERE%20Name%20%3D%20'A%26B'"
        );
        assert_eq!(
            target("/a?b=1", &query(&[("c", "2")])).unwrap(),
            "/a?b=1&c=2"
        );
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "https://evil.example/services/data",
            "//evil.example/x",
            "/%2Fevil.example",
            "services/data",
            "",
            "/services/data/../oauth2/token",
            "/services/data/%2e%2e/oauth2/token",
            "/services/data/%252e%252e/oauth2/token",
            "/services/data/..%2foauth2",
            "/services/data/..%5coauth2",
            "/services/data/..;x=1/oauth2",
            "/services/./data",
            "/services\\..\\data",
            "/a b",
            "/a\r\nHost: evil.example",
            "/a%0d%0aHost",
            "/a#b",
            "/100%",
            "/%252525252e",
            "/a%25/%252e%252e/oauth2",
            "/a%25/%25%32%65%2e",
            "/a%7fb",
        ] {
            assert!(target(path, &[]).is_err(), "{path}");
        }
    }

    #[test]
    fn other_paths_go_out_as_they_are() {
        for path in [
            "/services/oauth2/userinfo",
            "/services/data",
            "/services/data/v66.0/sobjects/Job__c/Code__c/50%25",
            "/services/data/v66.0/sobjects/Job__c/Code__c/50%25of",
        ] {
            assert_eq!(target(path, &[]).unwrap(), path);
        }
    }

    proptest! {
        #[test]
        fn no_accepted_path_has_a_dot_segment_or_another_authority(path in "/?[a-z./%2eEfF5cC;?#:\\\\]{0,24}") {
            if let Ok(target) = target(&path, &[]) {
                let plain = target.split('?').next().unwrap().to_lowercase();
                prop_assert!(plain.starts_with('/') && !plain.starts_with("//"));
                let once = plain.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
                let has_dots = once.split('/').any(|s| s == ".." || s == ".");
                prop_assert!(!has_dots);
            }
        }
    }
}
