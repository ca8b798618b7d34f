//! File names as Salesforce takes them, and the content types that go with their extensions.

/// Extensions of the usual documents and their content types; of several extensions the first is the usual one. What is
/// not here is in the register of `mime_guess`, which knows no usual ones.
const TYPES: [(&str, &str); 29] = [
    ("pdf", "application/pdf"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("rtf", "application/rtf"),
    ("rtf", "text/rtf"),
    ("txt", "text/plain"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("zip", "application/zip"),
    ("pages", "application/vnd.apple.pages"),
    ("numbers", "application/vnd.apple.numbers"),
    ("key", "application/vnd.apple.keynote"),
];

/// Further extensions of documents, whose content types are in the register.
const DOCUMENTS: [&str; 24] = [
    "docm", "dotx", "xlsm", "pptm", "ppsx", "odp", "ods", "epub", "ps", "tex", "log", "msg", "eml",
    "ics", "vcf", "bmp", "tif", "heic", "svg", "wav", "m4a", "mov", "rar", "7z",
];

/// What a file of an unknown kind is.
pub const UNKNOWN: &str = "application/octet-stream";

/// Longest name, in characters: `Title` takes 255.
const LONGEST: usize = 200;

/// A name ready for Salesforce.
#[derive(Debug, PartialEq, Eq)]
pub struct Cleaned {
    pub name: String,
    /// The extension that was added because the name had none of a document, nor one of the content type's.
    pub added: Option<&'static str>,
}

/// The content type of a file by its extension.
pub fn content_type(name: &str) -> &'static str {
    let Some(extension) = extension(name) else {
        return UNKNOWN;
    };
    let usual = TYPES.iter().find(|(known, _)| *known == extension);
    usual
        .map(|(_, kind)| *kind)
        .or_else(|| mime_guess::from_ext(&extension).first_raw())
        .unwrap_or(UNKNOWN)
}

/// The extensions of a content type, the usual ones first; none where it says nothing of the kind or is registered
/// nowhere.
fn extensions(kind: &str) -> impl Iterator<Item = &'static str> {
    let usual: Vec<&'static str> = TYPES
        .iter()
        .filter(|(_, known)| *known == kind)
        .map(|(extension, _)| *extension)
        .collect();
    let registered = (kind != UNKNOWN)
        .then(|| mime_guess::get_mime_extensions_str(kind))
        .flatten()
        .unwrap_or_default();
    usual.into_iter().chain(registered.iter().copied())
}

fn is_document(extension: &str) -> bool {
    TYPES.iter().any(|(known, _)| *known == extension) || DOCUMENTS.contains(&extension)
}

fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// `type/subtype`, parameters after `;` allowed.
pub fn is_content_type(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.+-".contains(&b))
    };
    essence(text)
        .split_once('/')
        .is_some_and(|(a, b)| plain(a) && plain(b))
        && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

/// A content type without its parameters, in lower case.
pub fn essence(text: &str) -> String {
    text.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Folders, control characters and what file systems refuse are taken out of a name. Where the content type is a
/// registered one and the extension is neither a document's nor among the type's own, the type's usual extension is
/// added. Extensions are surer than types: systems declare `application/zip` for `.docx` and `text/plain` for `.pdf`.
pub fn clean(name: &str, content_type: Option<&str>) -> Cleaned {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    // Direction marks make `cvfdp.exe` look like `cvexe.pdf`. Joiners (U+200C, U+200D) stay: Persian and Indic names
    // need them.
    let odd = |c: char| {
        c.is_control()
            || "<>:\"|?*".contains(c)
            || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let base: String = base.chars().map(|c| if odd(c) { '_' } else { c }).collect();
    let base = base.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if base.chars().all(|c| c == '_') {
        return Cleaned {
            name: String::new(),
            added: None,
        };
    }
    let (stem, end) = match base.rsplit_once('.') {
        Some((stem, end)) if end.chars().count() <= 10 => (stem, Some(end)),
        _ => (base, None),
    };
    let stem: String = stem.chars().take(LONGEST).collect();
    let mut name = match end {
        Some(end) => format!("{stem}.{end}"),
        None => stem,
    };
    let wanted = content_type.map(essence).unwrap_or_default();
    let agrees = extension(&name)
        .is_some_and(|e| is_document(&e) || extensions(&wanted).any(|fitting| fitting == e));
    let added = extensions(&wanted).next().filter(|_| !agrees);
    if let Some(added) = added {
        name = format!("{name}.{added}");
    }
    Cleaned { name, added }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_content_types_parameters_hold_no_control_characters() {
        for text in [
            "application/pdf",
            "text/plain; charset=utf-8",
            "image/svg+xml",
        ] {
            assert!(is_content_type(text), "{text}");
        }
        for text in [
            "pdf",
            "text/plain\r\nX-Evil: 1",
            "text/plain; a=b\r\nX-Evil: 1",
            "text/plain;\0",
            "text/pl\u{e4}in",
        ] {
            assert!(!is_content_type(text), "{text}");
        }
    }

    #[test]
    fn names_are_cleaned_and_agree_with_their_content_type() {
        for (name, kind, clean_name) in [
            ("CV.pdf", Some("application/pdf"), "CV.pdf"),
            ("CV.PDF", Some("application/pdf; charset=x"), "CV.PDF"),
            ("CV", Some("application/pdf"), "CV.pdf"),
            ("CV.exe", Some("application/pdf"), "CV.exe.pdf"),
            ("CV.jpeg", Some("image/jpeg"), "CV.jpeg"),
            ("CV.xyz", Some("application/x-own"), "CV.xyz"),
            ("CV.pdf", Some("image/svg+xml"), "CV.pdf"),
            ("CV.pdf", Some("text/plain"), "CV.pdf"),
            ("CV.docx", Some("application/zip"), "CV.docx"),
            ("CV.docx", Some("application/msword"), "CV.docx"),
            ("CV.RTF", Some("application/msword"), "CV.RTF"),
            ("list.csv", Some("application/vnd.ms-excel"), "list.csv"),
            ("mail.eml", Some("text/plain"), "mail.eml"),
            ("Dr. A.Smith", Some("application/pdf"), "Dr. A.Smith.pdf"),
            (
                "\u{6A9}\u{62A}\u{627}\u{628}\u{200C}\u{647}\u{627}.pdf",
                None,
                "\u{6A9}\u{62A}\u{627}\u{628}\u{200C}\u{647}\u{627}.pdf",
            ),
            (
                "\u{915}\u{94D}\u{200D}\u{937}.pdf",
                None,
                "\u{915}\u{94D}\u{200D}\u{937}.pdf",
            ),
            ("a\u{200B}b\u{200F}.pdf", None, "a_b_.pdf"),
            ("CV", Some("application/epub+zip"), "CV.epub"),
            ("notes.log", Some("text/plain"), "notes.log"),
            ("CV.pdf", Some("application/octet-stream"), "CV.pdf"),
            ("../../etc/passwd", None, "passwd"),
            ("C:\\temp\\a<b>.txt", None, "a_b_.txt"),
            ("a\r\nb\u{202E}.pdf", None, "a__b_.pdf"),
            (" .. ", None, ""),
            ("folder/", None, ""),
        ] {
            assert_eq!(clean(name, kind).name, clean_name, "{name}");
        }
        assert_eq!(content_type("a.DOCX"), TYPES[2].1);
        assert_eq!(content_type(".pdf"), UNKNOWN);
        assert_eq!(content_type("a.epub"), "application/epub+zip");
        assert_eq!(content_type("a.q9z"), UNKNOWN);
    }

    proptest! {
        #[test]
        fn no_cleaned_name_leaves_its_folder_or_grows_too_long(name in ".*", known in 0..TYPES.len()) {
            let cleaned = clean(&name, Some(TYPES[known].1)).name;
            prop_assert!(!cleaned.contains(['/', '\\', '\n', '\0']));
            prop_assert!(cleaned.chars().count() <= LONGEST + 20);
            prop_assert!(!cleaned.starts_with('.'));
        }
    }
}
