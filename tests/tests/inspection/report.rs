//! The report as a page, also in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// An org synced three times, with work in between, and its report.
async fn reported() -> (World, String) {
    let world = World::of(small_org()).await;
    for name in ["Newcomer <b>", "Latecomer", "Third"] {
        world.sync().await;
        let body = json!({ "LastName": name, "LeadSource": "Web" }).to_string();
        assert_eq!(
            run(&world, &["request", "POST", CONTACTS, "--data", &body])
                .await
                .code,
            0
        );
    }
    let outcome = run(&world, &["report", "--html", "report.html"]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let page = std::fs::read_to_string(world.folder().join("report.html")).unwrap();
    (world, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_self_contained_and_shows_every_part() {
    let (world, page) = reported().await;
    for outside in [
        "<script", "<link", "<img", "src=", "href=", "url(", "@import", "http://", "https://",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in [
        "Records",
        "Pipeline",
        "Fill rate",
        "API calls",
        "Last syncs",
        "No problems found",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for model in host_runner::unified::Model::ALL {
        let live = world.live(model).len();
        assert!(
            page.contains(&format!(
                "<h3>{}</h3><p class=\"big\">{live}",
                model.label()
            )),
            "{model}: {live}"
        );
    }
    assert_eq!(
        page.matches("<section").count(),
        page.matches("</section>").count()
    );
    assert_eq!(
        page.matches("<article").count(),
        page.matches("</article>").count()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_was_never_synced_says_so() {
    let world = World::of(small_org()).await;
    drop(world.mirror());
    assert_eq!(
        run(&world, &["report", "--html", "report.html"]).await.code,
        0
    );
    let page = std::fs::read_to_string(world.folder().join("report.html")).unwrap();
    assert!(page.contains("There was no sync so far"));
}

fn chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    found.into_iter().find(|program| program.is_file())
}

fn browse(program: &Path, profile: &Path, arguments: &[String]) -> String {
    let output = Command::new(program)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ])
        .args([
            "--allow-file-access-from-files",
            "--virtual-time-budget=2000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .output()
        .expect("the browser runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_it_on_desktop_and_phone_in_light_and_dark() {
    let Some(program) = chromium() else {
        // Written past the test harness, which would swallow it.
        let told =
            "\nSKIPPED, NOT TESTED: no chromium in PATH, so nobody looked at the report's page\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
        return;
    };
    let (world, _) = reported().await;
    let shots = connector_tests::command::build_folder().join("report-screenshots");
    std::fs::create_dir_all(&shots).unwrap();
    let profile = tempfile::tempdir().unwrap();
    for (width, height) in [(1280_u32, 2600_u32), (390, 5200)] {
        for (scheme, setting, background) in [
            ("light", 1, "rgb(245, 246, 248)"),
            ("dark", 0, "rgb(16, 21, 28)"),
        ] {
            let case = format!("{width} {scheme}");
            let colours = format!("--blink-settings=preferredColorScheme={setting}");
            // Another page measures it: the report itself has no script and lets none run.
            let measure = format!(
                "<!doctype html><iframe id=f src=report.html style='width:{width}px;height:800px;border:0'></iframe><pre id=o></pre>\
                 <script>onload=()=>{{const d=f.contentDocument;o.textContent=`WIDE ${{d.documentElement.scrollWidth}} BACK \
                 ${{f.contentWindow.getComputedStyle(d.body).backgroundColor}}!`}}</script>"
            );
            std::fs::write(world.folder().join("measure.html"), measure).unwrap();
            let page = |name: &str| format!("file://{}", world.folder().join(name).display());
            let told = browse(
                &program,
                profile.path(),
                &["--dump-dom".into(), colours.clone(), page("measure.html")],
            );
            assert!(
                told.contains(&format!("WIDE {width} BACK {background}!")),
                "{case}: {told}"
            );
            let shot = shots.join(format!("report-{width}-{scheme}.png"));
            let _ = std::fs::remove_file(&shot);
            let arguments = [
                format!("--screenshot={}", shot.display()),
                format!("--window-size={width},{height}"),
                colours,
                page("report.html"),
            ];
            browse(&program, profile.path(), &arguments);
            let png = std::fs::read(&shot).unwrap();
            let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
            assert_eq!((size(16), size(20)), (width, height), "{case}");
            // An empty page of this size packs into some ten kilobytes.
            assert!(png.len() > 40_000, "{case}: {} bytes", png.len());
        }
    }
}
