//! Signed URLs: the same file behind a new signature is the same input.

use std::borrow::Cow;

/// Parameters by which Amazon CloudFront, older S3 and Google sign, where one is called `Signature`.
const SIGNATURE: [&str; 6] = [
    "signature",
    "expires",
    "policy",
    "key-pair-id",
    "awsaccesskeyid",
    "googleaccessid",
];

/// Parameters of a shared access signature of Azure, where one is called `sig`.
const SAS: [&str; 20] = [
    "sig", "sv", "ss", "srt", "sp", "se", "st", "spr", "sip", "sr", "ses", "sdd", "skoid", "sktid",
    "skt", "ske", "sks", "skv", "saoid", "suoid",
];

/// A URL without the parameters of its signature, so that a URL that was signed anew compares equal. Everything else
/// stays, since any parameter may choose the file.
pub(super) fn unsigned(url: &str) -> Cow<'_, str> {
    let Some((path, query)) = url.split_once('?') else {
        return Cow::Borrowed(url);
    };
    let name = |pair: &str| {
        pair.split('=')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let has = |wanted: &str| query.split('&').any(|pair| name(pair) == wanted);
    let (signature, sas) = (has("signature"), has("sig"));
    let signs = |pair: &str| {
        let name = name(pair);
        let name = name.as_str();
        name.starts_with("x-amz-")
            || name.starts_with("x-goog-")
            || (signature && SIGNATURE.contains(&name))
            || (sas && SAS.contains(&name))
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !signs(pair)).collect();
    if kept.is_empty() {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("{path}?{}", kept.join("&")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_signs_is_left_out() {
        for (url, plain) in [
            ("https://f.example/a", "https://f.example/a"),
            ("https://f.example/a?", "https://f.example/a?"),
            (
                "https://f.example/a?sp=1&expires=2",
                "https://f.example/a?sp=1&expires=2",
            ),
            (
                "https://f.example/a?v=1&X-Amz-Signature=x&x-amz-date=2",
                "https://f.example/a?v=1",
            ),
            (
                "https://f.example/a?X-Goog-Signature=x",
                "https://f.example/a",
            ),
            (
                "https://f.example/a?sv=1&sig=x&id=2",
                "https://f.example/a?id=2",
            ),
            (
                "https://f.example/a?Expires=1&Signature=x&sig2=3",
                "https://f.example/a?sig2=3",
            ),
        ] {
            assert_eq!(unsigned(url), plain, "{url}");
        }
    }
}
