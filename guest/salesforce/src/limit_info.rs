//! How much of the org's daily quota is used.
//!
//! Every REST answer carries the count in `Sforce-Limit-Info`, free of charge (salesforce-api.md 5).

/// The daily API calls as an answer's `Sforce-Limit-Info` header gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitInfo {
    /// Calls that the whole org made within the rolling 24 hours.
    pub used: u64,
    /// Calls that the org may make.
    pub max: u64,
    /// The same for this connected app, where the org sets such a limit.
    pub app: Option<(u64, u64)>,
}

impl LimitInfo {
    /// Parses `api-usage=18/5000` and the longer form `api-usage=18/5000; per-app-api-usage=17/250(appName=x)`.
    pub fn parse(header: &str) -> Option<Self> {
        let mut usage = None;
        let mut app = None;
        for part in header.split(';') {
            let Some((name, value)) = part.split_once('=') else {
                continue;
            };
            let value = value.split('(').next().unwrap_or_default();
            let Some((used, max)) = value.split_once('/') else {
                continue;
            };
            let (Ok(used), Ok(max)) = (used.trim().parse(), max.trim().parse()) else {
                continue;
            };
            match name.trim() {
                "api-usage" => usage = Some((used, max)),
                "per-app-api-usage" => app = Some((used, max)),
                _ => {}
            }
        }
        usage.map(|(used, max)| Self { used, max, app })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_header_are_read() {
        let plain = LimitInfo::parse("api-usage=18/5000").unwrap();
        assert_eq!((plain.used, plain.max, plain.app), (18, 5000, None));
        let long =
            LimitInfo::parse("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)")
                .unwrap();
        assert_eq!((long.used, long.max, long.app), (25, 5000, Some((17, 250))));
        for odd in [
            "",
            "api-usage",
            "api-usage=1",
            "api-usage=a/b",
            "per-app-api-usage=1/2",
        ] {
            assert_eq!(LimitInfo::parse(odd), None, "{odd}");
        }
    }
}
