//! Made-up texts: phone numbers, mail addresses, job descriptions.

use super::words::{DOMAINS, DUTIES, STREETS};
use crate::random::Random;

/// A phone number from the range that is reserved for fiction (area code, 555, 0100 to 0199), in one of the forms
/// that people type.
pub fn phone(rng: &mut Random) -> String {
    const AREAS: [&str; 8] = ["212", "303", "312", "415", "512", "617", "702", "813"];
    let (area, line) = (rng.pick(&AREAS), rng.between(100, 199));
    match rng.below(4) {
        0 => format!("({area}) 555-0{line}"),
        1 => format!("+1 {area} 555 0{line}"),
        2 => format!("{area}.555.0{line}"),
        _ => format!("{area}-555-0{line}"),
    }
}

/// A mail address at a domain that is reserved for examples; `number` keeps it apart from a namesake's.
pub fn email(rng: &mut Random, first: &str, last: &str, number: usize) -> String {
    let mut address = String::with_capacity(48);
    push_ascii(&mut address, first);
    address.push('.');
    push_ascii(&mut address, last);
    address.push_str(&number.to_string());
    address.push('@');
    address.push_str(rng.pick(&DOMAINS));
    address
}

/// The letters of a name that may stand in a mail address.
pub fn ascii(name: &str) -> String {
    let mut letters = String::with_capacity(name.len());
    push_ascii(&mut letters, name);
    letters
}

fn push_ascii(out: &mut String, name: &str) {
    out.extend(
        name.chars()
            .filter(char::is_ascii_alphabetic)
            .map(|c| c.to_ascii_lowercase()),
    );
}

/// A street address; one in eight has a second line.
pub fn street(rng: &mut Random) -> String {
    let first = format!("{} {}", rng.between(1, 980), rng.pick(&STREETS));
    match rng.below(8) {
        0 => format!("{first}\r\nSuite {}", rng.between(100, 900)),
        _ => first,
    }
}

/// A rich-text job description, as the editor of the platform writes it.
pub fn description(rng: &mut Random, title: &str, firm: &str, city: &str) -> String {
    let firm = firm.replace('&', "&amp;");
    let mut html = format!(
        "<p><b>{title}</b> in {city}</p><p>Our client, {firm}, is looking for somebody who likes the work and the people.</p><p>What you will do:</p><ul>"
    );
    let start = rng.below(DUTIES.len());
    for step in 0..rng.between(4, 9) as usize {
        html.push_str("<li>");
        html.push_str(DUTIES[(start + step * 3) % DUTIES.len()]);
        html.push_str("</li>");
    }
    html.push_str("</ul><p>What you bring:</p><ol><li>");
    html.push_str(&format!(
        "{} years of experience or an equivalent</li><li>Clear writing and speaking</li></ol>",
        rng.between(1, 9)
    ));
    html.push_str("<p style=\"text-align: center;\"><i>We hire people of every background.</i>&nbsp;<a href=\"https://jobs.example.com/apply?a=1&amp;b=2\" target=\"_blank\">Apply here</a></p>");
    html
}

/// A description of about 30 kB, near the end of what a rich-text field holds.
pub fn huge_description(rng: &mut Random) -> String {
    let mut html = String::with_capacity(31_000);
    while html.len() < 30_000 {
        html.push_str("<p>");
        html.push_str(rng.pick(&DUTIES));
        html.push_str(" &mdash; <b>“quoted”</b> 日本語 🚀</p>");
    }
    html
}
