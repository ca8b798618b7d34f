use super::client::small;
use serde_json::json;

#[test]
fn statistics_count_by_kind_and_can_be_reset() {
    let org = small();
    org.org.reset_stats();
    org.soql("SELECT Id FROM User").expect(200);
    org.get("sobjects/User/describe").expect(200);
    org.post("composite", &json!({"compositeRequest": [{"method": "GET", "url": "/services/data/v66.0/limits", "referenceId": "r"}]})).expect(200);
    let stats = org.get("/__practice__/stats").expect(200).json();
    assert_eq!(
        (&stats["api_calls"], &stats["requests"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(
        (
            &stats["by_kind"]["query"],
            &stats["by_kind"]["describe"],
            &stats["by_kind"]["sub:limits"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    org.delete("/__practice__/stats").expect(200);
    assert_eq!(org.org.stats().requests, 0);
}

#[test]
fn unknown_calls_and_bad_bodies_say_what_is_wrong() {
    let org = small();
    assert!(
        org.get("/__practice__/nonsense").expect(400).json()["error"]
            .as_str()
            .unwrap()
            .contains("README")
    );
    assert!(
        org.post("/__practice__/clock", &json!({"advance": "soon"}))
            .expect(400)
            .json()["error"]
            .as_str()
            .unwrap()
            .contains("15m")
    );
    assert!(
        org.post("/__practice__/hide", &json!({"object": "Nope"}))
            .expect(400)
            .json()["error"]
            .as_str()
            .unwrap()
            .contains("Nope")
    );
}

#[test]
fn the_recycle_bin_can_be_purged() {
    let org = small();
    let id = org
        .post("sobjects/Contact", &json!({"LastName": "Binned"}))
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    org.delete(&format!("sobjects/Contact/{id}")).expect(204);
    let all = |org: &super::client::Org| {
        org.get(&format!(
            "queryAll?q={}",
            super::client::encode(&format!("SELECT Id FROM Contact WHERE Id = '{id}'"))
        ))
        .expect(200)
        .json()["totalSize"]
            .clone()
    };
    assert_eq!(all(&org), 1);
    assert_eq!(
        org.control("purge", &json!({"object": "Contact"}))["purged"],
        1
    );
    assert_eq!(all(&org), 0);
}

#[test]
fn a_tenant_file_names_the_org_and_its_credentials() {
    let org = small();
    let text = org.org.tenant_toml();
    assert!(
        text.contains(&format!("instance_url = \"{}\"", org.org.url()))
            && text.contains("kind = \"client-credentials\"")
    );
    let ready: serde_json::Value = serde_json::from_str(&org.org.ready_line()).unwrap();
    assert_eq!(ready["url"], org.org.url());
}
