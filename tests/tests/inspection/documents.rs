//! Coverage and connection guide.

use super::*;

async fn told() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let outcome = asymbl(folder.path(), &["inspect", "--coverage", "--json"]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    json_of(&outcome)
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[member].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_models_are_those_of_the_coverage_page() {
    let told = told().await;
    assert_eq!(told["slug"], "asymbl");
    let models = told["models"].as_array().unwrap();
    let promised = coverage::models();
    assert_eq!(models.len(), promised.len());
    for (model, promised) in models.iter().zip(promised) {
        assert_eq!(
            (&model["name"], &model["label"]),
            (&json!(promised.name), &json!(promised.label))
        );
        assert_eq!(model["function"], format!("list-{}", promised.name));
        assert_eq!(texts(&model["fields"], "name"), promised.fields);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_actions_and_inputs_are_those_of_the_coverage_page() {
    let told = told().await;
    let actions = told["actions"].as_array().unwrap();
    let promised = coverage::actions();
    assert_eq!(
        texts(&told["actions"], "label"),
        promised
            .iter()
            .map(|a| a.label.as_str())
            .collect::<Vec<_>>()
    );
    for (action, promised) in actions.iter().zip(promised) {
        let mut inputs = texts(&action["inputs"], "name");
        // The page marks lists, the component's names are those of the fields in them.
        let promised_inputs: Vec<String> = promised
            .inputs
            .iter()
            .map(|input| input.replace("[]", ""))
            .collect();
        let mut expected: Vec<&str> = promised_inputs.iter().map(String::as_str).collect();
        inputs.sort_unstable();
        expected.sort_unstable();
        assert_eq!(inputs, expected, "{}", promised.label);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_features_are_those_of_the_coverage_page() {
    let told = told().await;
    let told: Vec<(&str, &str)> = texts(&told["features"], "label")
        .into_iter()
        .zip(texts(&told["features"], "note"))
        .collect();
    let promised = coverage::features();
    let expected: Vec<(&str, &str)> = promised
        .iter()
        .map(|(label, what)| (label.as_str(), what.as_str()))
        .collect();
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coverage_page_prints_as_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let page = asymbl(folder.path(), &["inspect", "--coverage"]).await.out;
    for promised in coverage::models() {
        let row = format!(
            "| {} | `list-{}` | {} |",
            promised.label,
            promised.name,
            promised.fields.join(", ")
        );
        assert!(page.contains(&row), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_prints_the_page_of_the_docs() {
    let folder = tempfile::tempdir().unwrap();
    let guide = asymbl(folder.path(), &["guide"]).await;
    let kept =
        std::fs::read_to_string(connector_tests::root().join("docs/connection-guide.md")).unwrap();
    assert!(
        guide.out == kept,
        "docs/connection-guide.md is another page"
    );
    let data = json_of(&asymbl(folder.path(), &["guide", "--json"]).await);
    assert_eq!(
        texts(&data["inputs"], "name"),
        ["instance_url", "client_id", "client_secret"]
    );
    assert_eq!(data["markdown"], Value::from(kept));
}
