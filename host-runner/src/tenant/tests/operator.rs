//! What an operator lays down for files that customers write.

use super::*;
use crate::egress::{CallOptions, EgressError};

const PUBLIC: OperatorRules = OperatorRules {
    public_only: true,
    most: None,
};

fn with_token(more: &str, instance: &str) -> TenantFile {
    parse(&format!(
        "name = \"Acme\"\ninstance_url = \"{instance}\"\n{more}[auth]\nkind = \"access-token\"\naccess_token = \"00D\"\n"
    ))
    .unwrap()
}

#[tokio::test]
async fn an_address_that_a_customer_types_must_be_public() {
    for instance in [
        "http://localhost:8080",
        "https://localhost",
        "https://127.0.0.1",
    ] {
        let opened = Tenant::open_under(with_token("", instance), quick(), &PUBLIC);
        let error = opened.unwrap_err().to_string();
        assert!(error.contains("`instance_url`"), "{error}");
    }
    let text = GOOD.replace(
        "{ env = \"ACME_SECRET\" }",
        "\"x\"\ntoken_url = \"http://127.0.0.1:9\"",
    );
    let error = Tenant::open_under(parse(&text).unwrap(), quick(), &PUBLIC).unwrap_err();
    assert!(error.to_string().contains("`auth.token_url`"), "{error}");
    // Those that only the network tells are refused before anything is sent; a customer's list of origins changes
    // nothing.
    for instance in [
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[::ffff:10.0.0.1]",
    ] {
        let listed = format!("attachment_origins = [\"{instance}\"]\nproxy = \"none\"\n");
        let file = with_token(&listed, instance);
        let gate = Tenant::open_under(file, quick(), &PUBLIC).unwrap().gate();
        let sent = gate.fetch("/x", http::HeaderMap::new(), CallOptions::default());
        let error = sent.await.unwrap_err();
        assert!(
            matches!(error, EgressError::Address { .. }),
            "{instance}: {error}"
        );
    }
}

#[test]
fn a_customer_s_limits_end_at_the_operator_s() {
    let text = format!(
        "{}[limits]\nmemory = \"512 MiB\"\ncpu_seconds_per_call = 5\npages_per_model = 1000000\n",
        GOOD.replace("{ env = \"ACME_SECRET\" }", "\"x\"")
    );
    let rules = OperatorRules {
        public_only: false,
        most: Some(Limits::default()),
    };
    let tenant = Tenant::open_under(parse(&text).unwrap(), quick(), &rules).unwrap();
    let (limits, usual) = (tenant.file().limits(), Limits::default());
    assert_eq!(
        (limits.memory, limits.model.pages),
        (usual.memory, usual.model.pages)
    );
    assert_eq!(limits.cpu_per_call, Duration::from_secs(5));
}
