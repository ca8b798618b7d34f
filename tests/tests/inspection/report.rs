//! The report as a page, also in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// An org synced three times, with work in between, and its report.
async fn reported() -> (World, String) {
    reported_of(World::of(small_org()).await).await
}

async fn reported_of(world: World) -> (World, String) {
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

/// An org with more jobs than have a card, one of them with a name that gives no place to break it.
async fn crowded() -> World {
    use connector_tests::world::{fields, ids};
    let world = World::of(small_org().candidates(900)).await;
    let job = ids(world.db(), "bpats__Job__c")[0].to_string();
    let name = json!({ "Name": "Senior_".repeat(11) });
    world.write(|org| org.update("bpats__Job__c", &job, &fields(name)));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_beyond_the_cards_are_in_a_folded_list() {
    let (world, page) = reported_of(crowded().await).await;
    let applied: std::collections::BTreeSet<String> = world
        .live(host_runner::unified::Model::Applications)
        .iter()
        .filter_map(|a| Some(a.record.content()["job_id"].as_str()?.to_owned()))
        .collect();
    assert!(applied.len() > 12, "{} jobs", applied.len());
    assert!(page.contains(&format!("for 12 of {} jobs", applied.len())));
    assert!(page.contains(&format!(
        "<summary>{} more jobs</summary>",
        applied.len() - 12
    )));
    assert_eq!(
        page.matches("<td class=\"long\">").count(),
        applied.len() - 12
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_shows_from_its_first_sync_on() {
    let world = World::of(small_org()).await;
    world.sync().await;
    for status in [503, 500] {
        let action = Action::Status {
            status,
            code: None,
            message: None,
            body: Default::default(),
            retry_after: None,
        };
        for kind in ["query", "composite", "describe", "batch", "token"] {
            world
                .org
                .fault(Rule::next(action.clone()).on_kind(kind).times(200));
        }
    }
    for at in 1..3 {
        let synced = run(&world, &["sync"]).await;
        assert_eq!(synced.code, 4, "{synced:?}");
        let reported = run(&world, &["report", "--html", "report.html"]).await;
        assert_eq!(reported.code, 0, "{reported:?}");
        let page = std::fs::read_to_string(world.folder().join("report.html")).unwrap();
        assert!(!page.contains("No problems found"), "after {at}");
        assert!(
            page.contains("The last run (sync) ended as failed"),
            "after {at}"
        );
        assert!(!page.contains(world.org.client_secret()));
        // What the mirror holds is still shown.
        assert!(page.contains("<h3>Jobs</h3>") && !page.contains("not synced so far"));
    }
    world.org.clear_faults();
    world.sync().await;
    let runs = mirror::store::Mirror::runs(&world.mirror(), 10).unwrap();
    assert_eq!(runs.len(), 4);
    // Wrong input is not a run.
    write_private(&world.tenant(), "name = 5");
    let mirror = world.mirror_path().display().to_string();
    assert_eq!(run(&world, &["sync", "--mirror", &mirror]).await.code, 2);
    let runs = mirror::store::Mirror::runs(&world.mirror(), 10).unwrap();
    assert_eq!(runs.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_has_a_scale_and_empty_fields_a_colour() {
    let more = "\n[connector.integration_fields]\njobs = [\"bpats__Pay_Rate__c\"]\n";
    let (_, page) = reported_of(World::with(small_org(), more).await).await;
    assert!(page.contains("<p class=\"scale\""));
    assert!(page.contains("integration_<wbr>fields"));
    assert!(page.contains("class=\"row empty\""));
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

/// Another page measures the report, which has no script and lets none run: its width, what sticks out of it, what it
/// loads, and texts whose contrast is below WCAG 2's AA (4.5, large ones 3).
const MEASURE: &str = r#"<!doctype html><iframe id=f src=report.html style="width:WIDTHpx;height:800px;border:0"></iframe><pre id=o></pre>
<script>onload=()=>{
const w=f.contentWindow,d=f.contentDocument;
d.querySelectorAll("details").forEach(e=>e.open=true);
const rgba=c=>{const n=c.match(/[\d.]+/g).map(Number);return n.length<4?[...n,1]:n};
const back=e=>{const c=rgba(w.getComputedStyle(e).backgroundColor);
  if(c[3]===1||!e.parentElement)return c;const under=back(e.parentElement);
  return [0,1,2].map(i=>c[i]*c[3]+under[i]*(1-c[3])).concat(1)};
const lum=c=>{const l=c.slice(0,3).map(v=>{v/=255;return v<=.03928?v/12.92:((v+.055)/1.055)**2.4});return .2126*l[0]+.7152*l[1]+.0722*l[2]};
const out=[],pale=[];let texts=0;
const cut=[...d.querySelectorAll(".scroll")].filter(e=>e.scrollWidth>e.clientWidth+1).map(e=>e.ariaLabel+" "+e.scrollWidth+">"+e.clientWidth);
for(const e of d.body.querySelectorAll("*")){
  const box=e.getBoundingClientRect();
  if(box.width&&(box.right>WIDTH+.5||box.left<-.5)&&!e.closest(".scroll table"))out.push(e.tagName+"."+e.className+" "+box.right);
  if(e.closest("svg")||![...e.childNodes].some(n=>n.nodeType===3&&n.data.trim()))continue;
  texts++;
  const s=w.getComputedStyle(e),a=lum(rgba(s.color)),b=lum(back(e));
  const ratio=(Math.max(a,b)+.05)/(Math.min(a,b)+.05);
  if(ratio<(parseFloat(s.fontSize)>=24?3:4.5))pale.push(e.tagName+"."+e.className+" "+ratio.toFixed(2));
}
o.textContent="RESULT "+JSON.stringify({wide:d.documentElement.scrollWidth,back:w.getComputedStyle(d.body).backgroundColor,
  cut,out:[...new Set(out)],pale:[...new Set(pale)],texts,loaded:w.performance.getEntriesByType("resource").length})+" END"}</script>"#;

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
        assert!(
            std::env::var_os("ASYMBL_TEST_WITHOUT_BROWSER").is_some(),
            "no chromium in PATH, so nobody can look at the report's page: install one, or set ASYMBL_TEST_WITHOUT_BROWSER to go without"
        );
        // Written past the test harness, which would swallow it.
        let response =
            "\nSKIPPED, NOT TESTED: no chromium in PATH, so nobody looked at the report's page\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), response.as_bytes());
        return;
    };
    let (world, _) = reported_of(crowded().await).await;
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
            std::fs::write(
                world.folder().join("measure.html"),
                MEASURE.replace("WIDTH", &width.to_string()),
            )
            .unwrap();
            let page = |name: &str| format!("file://{}", world.folder().join(name).display());
            let response = browse(
                &program,
                profile.path(),
                &["--dump-dom".into(), colours.clone(), page("measure.html")],
            );
            let response = response
                .split_once("RESULT ")
                .and_then(|(_, rest)| rest.split_once(" END"))
                .unwrap_or_else(|| panic!("{case}: {response}"))
                .0;
            let response: Value =
                serde_json::from_str(&response.replace("&quot;", "\"").replace("&gt;", ">"))
                    .unwrap();
            assert_eq!(response["wide"], width, "{case}: the page scrolls sideways");
            assert_eq!(response["back"], background, "{case}");
            assert_eq!(response["out"], json!([]), "{case}: stick out of the page");
            assert_eq!(
                response["cut"],
                json!([]),
                "{case}: columns are out of sight"
            );
            assert_eq!(response["pale"], json!([]), "{case}: too little contrast");
            assert_eq!(response["loaded"], 0, "{case}: the page loads something");
            assert!(
                response["texts"].as_u64().unwrap() > 200,
                "{case}: {response}"
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
