//! Each line of the threat model names a test that exists.

use std::path::Path;

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_threat_names_a_test_that_exists() {
    let root = connector_tests::root();
    let mut text = String::new();
    for folder in [
        "host-runner/src",
        "host-runner/mirror/src",
        "host-runner/cli/src",
        "tests/tests",
    ] {
        sources(&root.join(folder), &mut text);
    }
    let page = std::fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let rows: Vec<&str> = rows
        .filter(|line| !line.starts_with("| threat |"))
        .collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        // The last cell; a name in another one may be that of an item.
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests: Vec<&str> = cell.split('`').filter(|word| word.contains("::")).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            let name = test.rsplit("::").next().unwrap();
            assert!(
                text.contains(&format!("fn {name}()")),
                "no test {name}: {row}"
            );
        }
    }
}
