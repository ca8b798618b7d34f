use super::*;
use crate::id::SalesforceId;
use crate::time::{Date, Timestamp};
use proptest::prelude::*;

fn soql(condition: Condition) -> String {
    let query = Query::from("A")
        .select(["Id"])
        .filter(condition)
        .to_soql()
        .unwrap();
    query
        .strip_prefix("SELECT Id FROM A")
        .unwrap()
        .trim_start_matches(" WHERE ")
        .to_owned()
}

#[test]
fn conditions_have_their_soql_form() {
    let id = SalesforceId::parse("001D000000IRFma").unwrap();
    let stamp = Timestamp::parse("2026-11-23T10:00:00.500Z").unwrap();
    let date = Date::parse("2026-11-23").unwrap();
    for (condition, text) in [
        (
            eq("Name", "O'Hara \\ \"x\"\n"),
            r#"Name = 'O\'Hara \\ \"x\"\n'"#,
        ),
        (eq("OwnerId", id), "OwnerId = '001D000000IRFmaIAH'"),
        (
            ge("SystemModstamp", stamp),
            "SystemModstamp >= 2026-11-23T10:00:00Z",
        ),
        (lt("Day__c", date), "Day__c < 2026-11-23"),
        (ne("IsActive", true), "IsActive != TRUE"),
        (le("N__c", 5), "N__c <= 5"),
        (gt("N__c", -1.5), "N__c > -1.5"),
        (is_null("AccountId"), "AccountId = NULL"),
        (not_null("AccountId"), "AccountId != NULL"),
        (one_of("Id", [id]), "Id IN ('001D000000IRFmaIAH')"),
        (none_of("Name", ["a", "b'"]), r"Name NOT IN ('a','b\'')"),
        (one_of("Name", [""; 0]), "Id = NULL"),
        (none_of("Name", [""; 0]), "Id != NULL"),
        (
            in_query("Id", Query::from("B").select(["A__c"]).filter(eq("X", 1))),
            "Id IN (SELECT A__c FROM B WHERE X = 1)",
        ),
        (
            not_in_query("Id", Query::from("B").select(["A__c"])),
            "Id NOT IN (SELECT A__c FROM B)",
        ),
        (
            or([eq("A", 1), and([eq("B", 2), eq("C", 3)])]),
            "A = 1 OR (B = 2 AND C = 3)",
        ),
        (
            and([or([eq("A", 1), eq("B", 2)]), not(eq("C", 3))]),
            "(A = 1 OR B = 2) AND (NOT C = 3)",
        ),
        (and([or([eq("A", 1)]), and([])]), "A = 1"),
        (and([]), ""),
        (and([eq("A", 1), or([])]), "A = 1 AND Id = NULL"),
        (
            like("Name", format!("{}%", escape_like("50%_\\'"))),
            r"Name LIKE '50\%\_\\\'%'",
        ),
        (
            and([raw("A = 1 OR B = 'x)'"), eq("C", 2)]),
            "(A = 1 OR B = 'x)') AND C = 2",
        ),
    ] {
        assert_eq!(soql(condition), text);
    }
}

#[test]
fn a_query_has_all_its_clauses_in_order() {
    let query = Query::from("Contact")
        .select(["Id", "Account.Owner.Name"])
        .filter(eq("A", 1))
        .filter(eq("B", 2))
        .order_by("SystemModstamp")
        .order_by_descending("Id")
        .limit(10)
        .offset(5);
    assert_eq!(
        query.to_soql().unwrap(),
        "SELECT Id,Account.Owner.Name FROM Contact WHERE A = 1 AND B = 2 ORDER BY SystemModstamp,Id DESC LIMIT 10 OFFSET 5"
    );
    assert_eq!(
        Query::count("Contact").to_soql().unwrap(),
        "SELECT COUNT() FROM Contact"
    );
}

#[test]
fn what_is_no_name_never_becomes_soql() {
    for name in [
        "",
        "1x",
        "a b",
        "Id FROM User",
        "a'b",
        "a..b",
        ".a",
        "a.",
        "_x",
        "a,b",
        "COUNT()",
        "naïve",
    ] {
        let refused = Err(SoqlError::Name(name.to_owned()));
        assert_eq!(Query::from("A").select([name]).to_soql(), refused);
        assert_eq!(Query::from(name).select(["Id"]).to_soql(), refused);
        assert_eq!(
            Query::from("A").select(["Id"]).order_by(name).to_soql(),
            refused
        );
        assert_eq!(
            Query::from("A")
                .select(["Id"])
                .filter(eq(name, 1))
                .to_soql(),
            refused
        );
    }
    assert_eq!(Query::from("A").to_soql(), Err(SoqlError::EmptySelect));
    assert!(
        Query::from("A")
            .select(["Id"])
            .filter(eq("N", f64::NAN))
            .to_soql()
            .is_err()
    );
    let long = one_of("Name", vec!["x".repeat(1000); 100]);
    assert!(matches!(
        Query::from("A").select(["Id"]).filter(long).to_soql(),
        Err(SoqlError::TooLong(_))
    ));
}

#[test]
fn a_hand_written_condition_cannot_leave_its_place() {
    for text in [
        "",
        "  ",
        "A = 1) OR (B = 2",
        "A = 'x",
        "(A = 1",
        "A = 1)",
        "A = 1 LIMIT 1",
        "A = 1 order by Id",
        "A = 'x\\'",
        "Id != null FOR UPDATE",
        "SELECT Id FROM User",
        "A = 1 ALL ROWS",
        "A=1 WITH SECURITY_ENFORCED",
    ] {
        let query = Query::from("A").select(["Id"]).filter(raw(text));
        assert!(
            matches!(query.to_soql(), Err(SoqlError::RawCondition { .. })),
            "{text}"
        );
    }
    for text in [
        "A = 1",
        "A = ') OR ('",
        r"A = '\') LIMIT 1'",
        "Id IN (SELECT A__c FROM B WHERE C = 1 LIMIT 5)",
        "Limit__c = 1",
        "NOT (A = 1 AND B = 2)",
        "CreatedDate = LAST_N_DAYS:30",
    ] {
        assert_eq!(soql(raw(text)), format!("({text})"));
    }
}

/// Reads a SOQL string literal as Salesforce does: the value, and what follows the closing quote.
fn read_literal(text: &str, pattern: bool) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.strip_prefix('\'')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Some((value, &text[1 + at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                'b' => value.push('\u{8}'),
                'f' => value.push('\u{c}'),
                plain @ ('\'' | '"' | '\\') => value.push(plain),
                wild @ ('%' | '_') if pattern => value.push(wild),
                _ => return None,
            },
            '%' | '_' if pattern => return None,
            other => value.push(other),
        }
    }
    None
}

proptest! {
    #[test]
    fn any_text_comes_back_from_its_literal_and_nothing_follows_it(text in ".*") {
        let written = soql(eq("A", text.as_str()));
        let (value, rest) = read_literal(written.strip_prefix("A = ").unwrap(), false).unwrap();
        prop_assert_eq!(value, text);
        prop_assert_eq!(rest, "");
    }

    #[test]
    fn an_escaped_pattern_matches_only_itself(text in "[%_\\\\'\"a-z\n]{0,20}") {
        let written = soql(like("A", escape_like(&text)));
        let (value, rest) = read_literal(written.strip_prefix("A LIKE ").unwrap(), true).unwrap();
        prop_assert_eq!(value, text);
        prop_assert_eq!(rest, "");
    }

    #[test]
    fn any_pattern_stays_one_literal(pattern in "[%_\\\\'\"a-z]{0,20}") {
        let written = soql(like("A", pattern));
        let mut chars = written.strip_prefix("A LIKE '").unwrap().strip_suffix('\'').unwrap().chars();
        while let Some(c) = chars.next() {
            prop_assert_ne!(c, '\'');
            if c == '\\' {
                prop_assert!(chars.next().is_some_and(|e| "'\"\\%_".contains(e)));
            }
        }
    }

    #[test]
    fn a_hand_written_condition_is_one_group_or_refused(text in "[()'\\\\a ]{0,12}") {
        if let Ok(query) = Query::from("A").select(["Id"]).filter(raw(text)).filter(eq("B", 1)).to_soql() {
            let group = query.strip_prefix("SELECT Id FROM A WHERE ").unwrap().strip_suffix(" AND B = 1").unwrap();
            let (mut depth, mut quoted, mut chars) = (0, false, group.chars().peekable());
            while let Some(c) = chars.next() {
                match c {
                    '\\' if quoted => { chars.next(); }
                    '\'' => quoted = !quoted,
                    '(' if !quoted => depth += 1,
                    ')' if !quoted => depth -= 1,
                    _ => {}
                }
                prop_assert!(depth > 0 || chars.peek().is_none());
            }
            prop_assert!(depth == 0 && !quoted);
        }
    }
}

#[test]
fn rows_are_grouped_by_the_selected_fields() {
    let query = Query::from("Stage__c")
        .select(["Name", "Type__c"])
        .aggregate(Aggregate::Count, "Id", "stages")
        .aggregate(Aggregate::Max, "Sequence__c", "last")
        .filter(eq("Job__c", "a01"))
        .limit(200);
    assert_eq!(
        query.to_soql().unwrap(),
        "SELECT Name,Type__c,COUNT(Id) stages,MAX(Sequence__c) last FROM Stage__c WHERE Job__c = 'a01' \
         GROUP BY Name,Type__c LIMIT 200"
    );
    let bad = Query::from("Contact")
        .select(["Name"])
        .aggregate(Aggregate::Count, "Id) n", "x");
    assert!(bad.to_soql().is_err());
}
