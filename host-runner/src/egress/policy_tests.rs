use super::*;
use proptest::prelude::*;

const OWN: &str = "https://acme.my.salesforce.com";
const DENIED: &[&str] = &["/services/oauth2/token", "/secur"];

fn policy() -> EgressPolicy {
    EgressPolicy::new(OWN.parse().unwrap()).deny_paths(DENIED)
}

fn parts(method: &str, uri: &str, host: Option<&str>) -> Option<Parts> {
    let mut request = http::Request::builder().method(method).uri(uri);
    if let Some(host) = host {
        request = request.header(header::HOST, host);
    }
    request.body(()).ok().map(|request| request.into_parts().0)
}

/// The verdict, or `None` where the http crate already refuses to build such a request.
fn verdict(method: &str, uri: &str, host: Option<&str>) -> Option<Result<Permit, Rule>> {
    parts(method, uri, host).map(|parts| policy().permits(&parts).map_err(|denied| denied.rule))
}

#[test]
fn the_tenants_own_origin_may_be_asked() {
    let table = [
        ("GET", "https://acme.my.salesforce.com/services/data", None),
        ("GET", "https://ACME.my.salesforce.com/services/data", None),
        ("POST", "https://acme.my.salesforce.com:443/x?y=z", None),
        (
            "PATCH",
            "https://acme.my.salesforce.com/x",
            Some("acme.my.salesforce.com"),
        ),
        (
            "DELETE",
            "https://acme.my.salesforce.com/x",
            Some("ACME.my.salesforce.com:443"),
        ),
        (
            "GET",
            "https://acme.my.salesforce.com/services/oauth2/userinfo",
            None,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com/x?next=https://evil.example/",
            None,
        ),
        ("GET", "https://acme.my.salesforce.com/@evil.example/", None),
        ("GET", "https://acme.my.salesforce.com", None),
        ("GET", "https://acme.my.salesforce.com/security", None),
    ];
    for (method, uri, host) in table {
        assert_eq!(
            verdict(method, uri, host),
            Some(Ok(Permit::Tenant)),
            "{method} {uri} {host:?}"
        );
    }
}

#[test]
fn everything_else_is_refused_by_a_named_rule() {
    let table = [
        (
            "CONNECT",
            "https://acme.my.salesforce.com/",
            None,
            Rule::Method,
        ),
        (
            "TRACE",
            "https://acme.my.salesforce.com/",
            None,
            Rule::Method,
        ),
        ("GET", "/services/data", None, Rule::NoAuthority),
        (
            "GET",
            "/services/data",
            Some("acme.my.salesforce.com"),
            Rule::NoAuthority,
        ),
        ("OPTIONS", "*", None, Rule::NoAuthority),
        ("GET", "https://evil.example/", None, Rule::Origin),
        (
            "GET",
            "https://acme.my.salesforce.com.evil.example/",
            None,
            Rule::Origin,
        ),
        (
            "GET",
            "https://evilacme.my.salesforce.com/",
            None,
            Rule::Origin,
        ),
        (
            "GET",
            "https://other.my.salesforce.com/",
            None,
            Rule::Origin,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com:8443/",
            None,
            Rule::Origin,
        ),
        ("GET", "https://127.0.0.1/", None, Rule::Origin),
        ("GET", "http://127.0.0.1/", None, Rule::Origin),
        (
            "GET",
            "https://169.254.169.254/latest/meta-data/",
            None,
            Rule::Origin,
        ),
        ("GET", "http://acme.my.salesforce.com/", None, Rule::Scheme),
        ("GET", "http://169.254.169.254/", None, Rule::Scheme),
        ("GET", "ws://acme.my.salesforce.com/", None, Rule::Scheme),
        ("GET", "ftp://acme.my.salesforce.com/", None, Rule::Scheme),
        (
            "GET",
            "https://user@acme.my.salesforce.com/",
            None,
            Rule::OddAuthority,
        ),
        (
            "GET",
            "https://user:pw@acme.my.salesforce.com/",
            None,
            Rule::OddAuthority,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com@evil.example/",
            None,
            Rule::OddAuthority,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com./",
            None,
            Rule::OddAuthority,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com:0443/",
            None,
            Rule::OddAuthority,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com/",
            Some("evil.example"),
            Rule::HostHeader,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com/",
            Some("acme.my.salesforce.com:8443"),
            Rule::HostHeader,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com/",
            Some(""),
            Rule::HostHeader,
        ),
        (
            "POST",
            "https://acme.my.salesforce.com/services/oauth2/token",
            None,
            Rule::CredentialPath,
        ),
        (
            "POST",
            "https://acme.my.salesforce.com/services//oauth2/./token",
            None,
            Rule::CredentialPath,
        ),
        (
            "POST",
            "https://acme.my.salesforce.com/services/%6fauth2/token",
            None,
            Rule::CredentialPath,
        ),
        (
            "POST",
            "https://acme.my.salesforce.com/services/%256fauth2/token",
            None,
            Rule::CredentialPath,
        ),
        (
            "POST",
            "https://acme.my.salesforce.com/SERVICES/x/../OAuth2/token;x=1",
            None,
            Rule::CredentialPath,
        ),
        (
            "GET",
            "https://acme.my.salesforce.com/secur/frontdoor.jsp",
            None,
            Rule::CredentialPath,
        ),
    ];
    for (method, uri, host, rule) in table {
        assert_eq!(
            verdict(method, uri, host),
            Some(Err(rule)),
            "{method} {uri} {host:?}"
        );
    }
}

#[test]
fn a_credential_path_is_refused_however_often_it_is_encoded_and_wherever_it_ends() {
    for path in [
        "/services/oauth2/%252574oken",
        "/services/oauth2/%25252525252574oken",
        "/services/oauth2/token%00",
        "/services/oauth2/token%00.json",
        "/services/oauth2/token%20",
        "/services/oauth2/token%2520x",
        "/services/oauth2/token%09",
        "/services/oauth2/token%23x",
        "/services/oauth2/token%3fx",
        "/services/oauth2%20/token",
        "/secur%00/frontdoor.jsp",
    ] {
        let verdict = verdict("POST", &format!("{OWN}{path}"), None);
        assert_eq!(verdict, Some(Err(Rule::CredentialPath)), "{path}");
    }
}

#[test]
fn odd_authorities_never_pass_even_where_the_uri_type_takes_them() {
    for authority in [
        "acme.my.salesforce.com:",
        "acme%2emy.salesforce.com",
        "acme.my.salesforce.com%00.evil.example",
        "[::ffff:7f00:1]",
        "acme.my.salesforce.com:443:443",
        "acme.my.salesforce.com\\@evil.example",
        "acme.my.salesforce.com,evil.example",
        "acme.my.salesforce.com;evil.example",
        "*.my.salesforce.com",
        "ａcme.my.salesforce.com",
    ] {
        let verdict = verdict("GET", &format!("https://{authority}/"), None);
        assert!(!matches!(verdict, Some(Ok(_))), "{authority} passed");
    }
}

#[test]
fn only_a_uri_longer_than_the_org_could_take_is_refused() {
    let long = |n: usize| format!("{OWN}/{}", "x".repeat(n));
    assert_eq!(
        verdict("GET", &long(20_000), None),
        Some(Ok(Permit::Tenant))
    );
    assert_eq!(
        verdict("GET", &long(MAX_URI_BYTES), None),
        Some(Err(Rule::UriLength))
    );
}

#[test]
fn a_grant_opens_its_origin_for_reading_and_nothing_more() {
    let grant = Grant {
        origin: "https://files.example".parse().unwrap(),
        addresses: AddressRule::PublicOnly,
        max_body: ByteSize::mib(25),
    };
    let grants = [grant.clone()];
    let decide = |method: &str, uri: &str| {
        policy()
            .permits_with(&parts(method, uri, None).unwrap(), &grants)
            .map_err(|denied| denied.rule)
    };
    assert_eq!(
        decide("GET", "https://files.example/cv.pdf"),
        Ok(Permit::Granted(grant.clone()))
    );
    assert_eq!(
        decide("HEAD", "https://files.example/cv.pdf"),
        Ok(Permit::Granted(grant.clone()))
    );
    assert_eq!(
        decide("POST", "https://files.example/cv.pdf"),
        Err(Rule::GrantIsReadOnly)
    );
    assert_eq!(
        decide("GET", "https://other.example/cv.pdf"),
        Err(Rule::Origin)
    );
    assert_eq!(
        decide("GET", "https://files.example:8443/cv.pdf"),
        Err(Rule::Origin)
    );
    assert_eq!(
        decide("GET", "http://files.example/cv.pdf"),
        Err(Rule::Scheme)
    );
    assert_eq!(
        decide("GET", "https://acme.my.salesforce.com/x"),
        Ok(Permit::Tenant)
    );
}

#[test]
fn a_denial_names_rule_and_mend_but_neither_path_nor_query() {
    let uri = "https://evil.example/very/secret?token=hunter2";
    let denied = policy()
        .permits(&parts("GET", uri, None).unwrap())
        .unwrap_err();
    let text = format!("{denied} {denied:?}");
    assert!(
        text.contains("evil.example") && text.contains("instance_url"),
        "{text}"
    );
    assert!(
        !text.contains("secret") && !text.contains("hunter2"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn only_the_own_origin_is_ever_permitted(uri in "(https?|ftp)://[a-zA-Z0-9.@:%\\[\\]-]{0,40}(/[a-z%./;@]{0,20})?") {
        if let Some(parts) = parts("GET", &uri, None)
            && policy().permits(&parts).is_ok()
        {
            prop_assert_eq!(parts.uri.scheme_str(), Some("https"));
            prop_assert_eq!(parts.uri.host().map(str::to_lowercase), Some("acme.my.salesforce.com".to_owned()));
        }
    }
}
