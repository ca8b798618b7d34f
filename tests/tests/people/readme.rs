//! What the README says can be done, as a newcomer does it.

/// The first block of commands after a heading of the README.
fn block(heading: &str) -> String {
    let readme = std::fs::read_to_string(connector_tests::root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_readme_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let built = connector_tests::command::asymbl_path();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", built.parent().unwrap().display());
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-e", "-c", &block("The command")])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("TMPDIR", folder.path())
        .env(
            "ASYMBL_COMPONENT",
            connector_tests::component_path("asymbl.wasm"),
        )
        .env("XDG_CACHE_HOME", folder.path().join("cache"));
    let run = connector_tests::command::run(shell).await;
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    for part in [
        "All that is switched on works",
        "hiring-team-members",
        "DailyApiRequests",
        "The report is in report.html",
        "<PermissionSet",
    ] {
        assert!(
            run.out.contains(part) || run.err.contains(part),
            "{part}: {}",
            run.out
        );
    }
}

/// A line of output without what differs from run to run: the requests and the time at the end of a row.
fn steady(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [rest @ .., _requests, _time, "ms" | "s"] => rest.join(" "),
        _ => words.join(" "),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string(connector_tests::root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("prints, shortened:\n\n```\n").unwrap();
    let shown = rest.split_once("```").unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let demo = connector_tests::command::asymbl(folder.path(), &["demo"]).await;
    assert_eq!(demo.code, 0, "{}", demo.err);
    assert!(
        !demo.out.contains("\\n"),
        "an escaped line break: {}",
        demo.out
    );
    let printed: Vec<String> = demo.out.lines().map(steady).collect();
    // The rule below the head is as wide as the times are.
    for line in shown.lines().filter(|line| !line.contains('─')) {
        let line = steady(line);
        assert!(printed.contains(&line), "{line}\n{}", demo.out);
    }
}
