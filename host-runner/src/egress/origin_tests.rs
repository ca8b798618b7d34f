use super::*;
use proptest::prelude::*;

#[test]
fn origins_are_read_in_one_form() {
    let table = [
        (
            "https://acme.my.salesforce.com",
            "https://acme.my.salesforce.com",
            443,
        ),
        (
            "HTTPS://ACME.My.Salesforce.com/",
            "https://acme.my.salesforce.com",
            443,
        ),
        ("https://acme.example:443", "https://acme.example", 443),
        (
            "https://acme.example:8443",
            "https://acme.example:8443",
            8443,
        ),
        (
            "https://acme--uat.sandbox.my.salesforce.com",
            "https://acme--uat.sandbox.my.salesforce.com",
            443,
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", 8080),
        ("http://localhost", "http://localhost", 80),
        ("http://[::1]:99", "http://[::1]:99", 99),
        (
            "https://[2606:4700:0:0::1111]",
            "https://[2606:4700::1111]",
            443,
        ),
        ("  https://a.example  ", "https://a.example", 443),
    ];
    for (text, shown, port) in table {
        let origin: Origin = text.parse().unwrap();
        assert_eq!(
            (origin.to_string().as_str(), origin.port()),
            (shown, port),
            "{text}"
        );
    }
}

#[test]
fn odd_origins_are_refused_with_their_reason() {
    use OriginError::*;
    type Is = fn(&OriginError) -> bool;
    let table: [(&str, Is); 27] = [
        ("acme.my.salesforce.com", |e| matches!(e, NotAUrl(_))),
        ("", |e| matches!(e, NotAUrl(_))),
        ("https://", |e| matches!(e, NotAUrl(_))),
        ("https://:443", |e| matches!(e, NotAUrl(_))),
        ("http://acme.example", |e| matches!(e, NotSecure(_))),
        ("http://localhost.evil.example", |e| {
            matches!(e, NotSecure(_))
        }),
        ("http://10.0.0.1", |e| matches!(e, NotSecure(_))),
        ("ftp://acme.example", |e| matches!(e, NotSecure(_))),
        ("file:///etc/passwd", |e| matches!(e, NotSecure(_))),
        ("https://user@acme.example", |e| matches!(e, UserInfo(_))),
        ("https://user:pw@acme.example", |e| matches!(e, UserInfo(_))),
        ("https://acme.example@evil.example", |e| {
            matches!(e, UserInfo(_))
        }),
        ("https://acme%2eexample", |e| matches!(e, OddHost(_))),
        ("https://acme.example.", |e| matches!(e, OddHost(_))),
        ("https://acme..example", |e| matches!(e, OddHost(_))),
        ("https://-acme.example", |e| matches!(e, OddHost(_))),
        ("https://äcme.example", |e| matches!(e, OddHost(_))),
        ("https://2130706433", |e| matches!(e, OddHost(_))),
        ("https://127.1", |e| matches!(e, OddHost(_))),
        ("https://0x7f.0.0.0x1", |e| matches!(e, OddHost(_))),
        ("https://[::1", |e| matches!(e, NotAUrl(_))),
        ("https://[fe80::1%25eth0]", |e| matches!(e, OddHost(_))),
        ("https://acme.example:", |e| matches!(e, OddPort(_))),
        ("https://acme.example:0443", |e| matches!(e, OddPort(_))),
        ("https://acme.example:99999", |e| matches!(e, OddPort(_))),
        ("https://acme.example/path", |e| {
            matches!(e, NotJustAnOrigin(_))
        }),
        ("https://acme.example?x=1", |e| {
            matches!(e, NotJustAnOrigin(_))
        }),
    ];
    for (text, is) in table {
        let error = text.parse::<Origin>().unwrap_err();
        assert!(is(&error), "{text}: {error:?}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated_in_the_message() {
    let error = "https://user:hunter2@acme.example/x?token=hunter2"
        .parse::<Origin>()
        .unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_without_a_panic(text in "\\PC*") {
        let _ = text.parse::<Origin>();
        let _ = Origin::of_url(&text);
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_origin(host in "[a-z][a-z0-9]{0,8}(\\.[a-z]{1,5}){0,3}", port in 1u16..) {
        let origin = Origin::from_parts("https", &format!("{host}:{port}")).unwrap();
        prop_assert_eq!(origin.to_string().parse::<Origin>().unwrap(), origin);
    }
}
