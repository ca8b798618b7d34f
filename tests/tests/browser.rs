//! Pages as a browser shows them: headless Chromium, on a desktop and a phone, in light and dark.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// Another page measures a page that has no script and lets none run: its width, what sticks out of it, what it
/// loads, and texts whose contrast is below WCAG 2's AA (4.5, large ones 3).
const MEASURE: &str = r#"<!doctype html><iframe id=f src=PAGE style="width:WIDTHpx;height:800px;border:0"></iframe><pre id=o></pre>
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

/// Looks at a page of a folder that loads nothing, and keeps pictures of it; `backgrounds` are the colours in light and
/// dark. Without Chromium it says so and returns false.
///
/// # Panics
/// When anything sticks out of the page, is cut off or too pale, or when there is no Chromium and nobody said that this
/// is on purpose.
pub fn look_at(folder: &Path, name: &str, backgrounds: [&str; 2], texts: u64) -> bool {
    let Some(program) = chromium() else {
        assert!(
            std::env::var_os("ASYMBL_TEST_WITHOUT_BROWSER").is_some(),
            "no chromium in PATH, so nobody can look at {name}: install one, or set ASYMBL_TEST_WITHOUT_BROWSER to go without"
        );
        // Written past the test harness, which would swallow it.
        let text =
            format!("\nSKIPPED, NOT TESTED: no chromium in PATH, so nobody looked at {name}\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        return false;
    };
    let shots = connector_tests::command::build_folder().join("screenshots");
    std::fs::create_dir_all(&shots).unwrap();
    let profile = tempfile::tempdir().unwrap();
    for (width, height) in [(1280_u32, 2600_u32), (390, 5200)] {
        for (scheme, setting, background) in
            [("light", 1, backgrounds[0]), ("dark", 0, backgrounds[1])]
        {
            let case = format!("{name} {width} {scheme}");
            let colours = format!("--blink-settings=preferredColorScheme={setting}");
            let measure = MEASURE
                .replace("WIDTH", &width.to_string())
                .replace("PAGE", name);
            std::fs::write(folder.join("measure.html"), measure).unwrap();
            let page = |name: &str| format!("file://{}", folder.join(name).display());
            let dumped = browse(
                &program,
                profile.path(),
                &["--dump-dom".into(), colours.clone(), page("measure.html")],
            );
            let found = dumped
                .split_once("RESULT ")
                .and_then(|(_, rest)| rest.split_once(" END"))
                .unwrap_or_else(|| panic!("{case}: {dumped}"))
                .0;
            let found = found.replace("&quot;", "\"").replace("&gt;", ">");
            let found: Value = serde_json::from_str(&found).unwrap();
            assert_eq!(found["wide"], width, "{case}: the page scrolls sideways");
            assert_eq!(found["back"], background, "{case}");
            assert_eq!(found["out"], json!([]), "{case}: stick out of the page");
            assert_eq!(found["cut"], json!([]), "{case}: columns are out of sight");
            assert_eq!(found["pale"], json!([]), "{case}: too little contrast");
            assert_eq!(found["loaded"], 0, "{case}: the page loads something");
            assert!(found["texts"].as_u64().unwrap() > texts, "{case}: {found}");
            let stem = name.trim_end_matches(".html");
            let shot = shots.join(format!("{stem}-{width}-{scheme}.png"));
            let _ = std::fs::remove_file(&shot);
            let arguments = [
                format!("--screenshot={}", shot.display()),
                format!("--window-size={width},{height}"),
                colours,
                page(name),
            ];
            browse(&program, profile.path(), &arguments);
            let png = std::fs::read(&shot).unwrap();
            let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
            assert_eq!((size(16), size(20)), (width, height), "{case}");
            // An empty page of this size packs into some ten kilobytes.
            assert!(png.len() > 15_000, "{case}: {} bytes", png.len());
        }
    }
    true
}
