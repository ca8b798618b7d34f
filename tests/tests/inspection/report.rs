//! The report as a page, also in a browser.

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

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_it_on_desktop_and_phone_in_light_and_dark() {
    let (world, _) = reported_of(crowded().await).await;
    let colours = ["rgb(245, 246, 248)", "rgb(16, 21, 28)"];
    crate::browser::look_at(world.folder(), "report.html", colours, 200);
}
