use super::*;
use proptest::prelude::*;
use rusqlite::Connection;

const CANDIDATES: Model = Model::Candidates;

/// Rows as alike as those of an org.
fn crowd(names: std::ops::Range<u32>) -> Page {
    let row = |n| {
        let source = format!(
            r#"{{"Id":"C{n}","LastName":"Name {n}","MailingCity":"Tampa","Is_Resume_Parsed__c":true,"Pay_Rate__c":{n}.25}}"#
        );
        let fields = json!({ "remote_id": format!("C{n}"), "last_name": format!("Name {n}"), "title": "Analyst" });
        row(CANDIDATES, fields, &source)
    };
    rows(names.map(row).collect())
}

fn lines(mirror: &SqliteMirror) -> Vec<String> {
    let records = Records::new(mirror, CANDIDATES, RecordFilter::default());
    records
        .map(|stored| list_line(&stored.unwrap().record))
        .collect()
}

fn sorted(page: &Page) -> Vec<String> {
    let mut lines: Vec<String> = page.rows.iter().map(list_line).collect();
    lines.sort();
    lines
}

#[test]
fn packed_rows_come_out_as_they_went_in() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    // Too few for a dictionary, then enough, then by another handle.
    let (few, many) = (crowd(1000..1010), crowd(2000..2600));
    mirror.apply_page(&claim, CANDIDATES, &few, at(1)).unwrap();
    mirror.apply_page(&claim, CANDIDATES, &many, at(2)).unwrap();
    let both = [sorted(&few), sorted(&many)].concat();
    assert_eq!(lines(&mirror), both);
    let again = mirror.apply_page(&claim, CANDIDATES, &few, at(3)).unwrap();
    assert_eq!(again.counts.unchanged, 10);
    drop(mirror);
    assert_eq!(lines(&place.open()), both);

    let connection = Connection::open(place.path()).unwrap();
    let sizes = |sql: &str| -> f64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let packed = sizes("SELECT avg(length(packed)) FROM body WHERE dictionary > 0");
    assert!(packed < 150.0, "{packed} bytes");
}

#[test]
fn a_dictionary_goes_with_the_page_that_made_it() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    let mut page = crowd(2000..2600);
    page.progress = Progress::More("no listing is open".into());
    page.rows.push(member("J", "U"));
    mirror
        .apply_page(&claim, CANDIDATES, &page, at(1))
        .unwrap_err();
    page.progress = Progress::Aside;
    page.rows.pop();
    mirror.apply_page(&claim, CANDIDATES, &page, at(1)).unwrap();
    drop(mirror);
    assert_eq!(lines(&place.open()), sorted(&page));
}

#[test]
fn a_row_whose_dictionary_is_lost_is_told_as_damage() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(&claim, CANDIDATES, &crowd(2000..2600), at(1))
        .unwrap();
    drop(mirror);
    let connection = Connection::open(place.path()).unwrap();
    connection.execute("DELETE FROM dictionary", []).unwrap();
    drop(connection);
    let error = place
        .open()
        .by_key(CANDIDATES, &key(CANDIDATES, "C2000"))
        .unwrap_err();
    assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
}

#[test]
fn a_record_is_found_by_its_id() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(&claim, CANDIDATES, &crowd(2000..2600), at(1))
        .unwrap();
    let wanted = key(CANDIDATES, "C2100");
    let id = UnifiedId::of(&org(), CANDIDATES, &wanted);
    for _ in 0..2 {
        assert_eq!(
            mirror.by_id(CANDIDATES, &id).unwrap().unwrap().record.key(),
            &wanted
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(32), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_texts_are_packed(names in proptest::collection::vec(any::<String>(), 1..4), raw in any::<Option<String>>()) {
        let place = Place::new();
        let (mut mirror, claim) = place.claimed();
        let raw = raw.map_or("null".to_owned(), |text| json!({ "A": text }).to_string());
        let people = names.iter().enumerate().map(|(n, name)| {
            row(CANDIDATES, json!({ "remote_id": format!("C{n}"), "last_name": name }), &raw)
        });
        let page = rows(people.collect());
        mirror.apply_page(&claim, CANDIDATES, &page, at(1)).unwrap();
        prop_assert_eq!(lines(&mirror), sorted(&page));
    }
}
