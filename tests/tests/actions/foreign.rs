//! What an action wrote is not news to the next delta: the mirror holds it already, as the org does.

use connector_tests::world::{World, small_org};
use host_runner::unified::Model;
use mirror::actions::Action;
use serde_json::json;

use super::{act, input, open_job};

/// Content and stamps of all applications and candidates.
fn held(world: &World) -> Vec<String> {
    let of = |model| {
        world.records(model).into_iter().map(move |stored| {
            let stamps = stored.stamps;
            format!(
                "{model} {} {:?} {:?}",
                stored.record.key(),
                stamps.changed_at,
                stamps.remote_deleted_at
            )
        })
    };
    of(Model::Candidates)
        .chain(of(Model::Applications))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_action_that_writes_makes_news_for_the_next_delta() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, stages) = open_job(&world);
    let mut applicant = json!(null);
    for action in [
        Action::CreateCandidate,
        Action::CreateApplication,
        Action::Move,
        Action::AddAttachment,
    ] {
        let wanted = match action {
            Action::CreateCandidate => input(&job, "first@example.com"),
            Action::CreateApplication => input(&job, "second@example.com"),
            Action::Move => json!({ "application_id": applicant, "stage_id": stages[1] }),
            _ => json!({ "application_id": applicant, "attachment":
                { "name": "a.txt", "content_type": "text/plain", "data": "YQ==" } }),
        };
        let made = act(&world, action, &wanted).await.unwrap();
        if action == Action::CreateApplication {
            applicant = made.data["remote_id"].clone();
        }
        let before = held(&world);
        let report = world.sync().await;
        for model in &report.models {
            let counts = model.counts;
            let news = (
                counts.inserted,
                counts.updated,
                counts.deleted,
                counts.undeleted,
            );
            assert_eq!(
                news,
                (0, 0, 0, 0),
                "{} after {}",
                model.model,
                action.name()
            );
        }
        assert_eq!(held(&world), before, "{}", action.name());
    }
}
