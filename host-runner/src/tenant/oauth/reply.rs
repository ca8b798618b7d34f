//! Reading the token endpoint's reply (salesforce-api.md 1.2).

use super::OAuthError;
use super::endpoint::Endpoint;
use crate::egress::Origin;
use crate::tenant::Secret;
use http::HeaderValue;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The members of a JSON reply. Of one that is cut short or damaged, those before the damage.
#[derive(Default)]
pub(crate) struct Members {
    found: Map<String, Value>,
    is_whole: bool,
}

impl Members {
    /// Reads the members of an object, or of the first object in an array, which is how Salesforce's REST API lists
    /// errors.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut found = Map::new();
        let mut json = serde_json::Deserializer::from_slice(body);
        let read = Into(&mut found).deserialize(&mut json);
        let is_whole = read.and_then(|()| json.end()).is_ok();
        Self { found, is_whole }
    }

    /// A member that is a text and not blank.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.found
            .get(name)?
            .as_str()
            .filter(|text| !text.trim().is_empty())
    }
}

/// Collects an object's members, so that an error further on does not lose those before it.
struct Into<'a>(&'a mut Map<String, Value>);

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Into<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry()? {
            self.0.insert(name, value);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        items.next_element_seed(self)?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// The access token of a success. One that is for another org is refused: its token must not be sent to ours, nor ours
/// to it.
pub(crate) fn granted(endpoint: &Endpoint, reply: &Members) -> Result<Secret, OAuthError> {
    let unreadable = |detail: String| OAuthError::Unreadable {
        origin: endpoint.origin.clone(),
        detail,
    };
    if let Some(url) = reply.text("instance_url") {
        let answered = Origin::of_url(url)
            .map_err(|error| unreadable(format!("odd instance_url in the reply: {error}")))?;
        if answered != endpoint.instance {
            return Err(OAuthError::OtherOrg {
                expected: endpoint.instance.clone(),
                answered,
            });
        }
    }
    match reply.text("access_token") {
        Some(token) if reply.is_whole => Ok(Secret::new(token)),
        _ => Err(unreadable("the reply is not a token reply".into())),
    }
}

/// Where a redirect leads, by origin alone: the rest may hold secrets.
pub(crate) fn redirected(location: Option<&HeaderValue>) -> String {
    let target = location
        .and_then(|value| value.to_str().ok())
        .and_then(|url| Origin::of_url(url).ok())
        .map(|origin| format!(" to {origin}"))
        .unwrap_or_default();
    format!("it redirects{target}, which is not followed")
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn a_reply_cut_short_gives_the_members_before_the_cut() {
        let whole = r#"{"refresh_token":"r1","scope":"api","access_token":"t1"}"#;
        let text =
            |body: &str, name: &str| Members::read(body.as_bytes()).text(name).map(str::to_owned);
        assert!(Members::read(whole.as_bytes()).is_whole);
        for end in 22..whole.len() {
            let cut = &whole[..end];
            assert!(!Members::read(cut.as_bytes()).is_whole, "{cut}");
            assert_eq!(text(cut, "refresh_token").as_deref(), Some("r1"), "{cut}");
        }
        assert_eq!(
            text(r#"{"refresh_token":"r1"#, "refresh_token"),
            None,
            "half a token"
        );
        assert_eq!(
            text(
                r#"{"access_token":5,"refresh_token":"r1"}"#,
                "refresh_token"
            )
            .as_deref(),
            Some("r1")
        );
        assert_eq!(
            text(r#"[{"errorCode":"X"},{}]"#, "errorCode").as_deref(),
            Some("X")
        );
        for odd in ["", "<html>", "5", "[]", "null"] {
            assert!(Members::read(odd.as_bytes()).found.is_empty(), "{odd}");
        }
    }
}
