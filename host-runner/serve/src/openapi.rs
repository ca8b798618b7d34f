//! The interface as OpenAPI 3.1: lists from the tables of models and filters, actions from the connector's own schemas,
//! the contract from the component's types.

use axum::extract::State;
use axum::response::Response;
use host_runner::sandbox::JobSetup;
use host_runner::unified::{Model, schema};
use http::StatusCode;
use mirror::actions::name_of;
use serde_json::{Map, Value, json};

use crate::app::{App, INTEGRATION};
use crate::ats::query::{COMMON, filters_of};
use crate::error::Code;
use crate::json_response;

/// The lists: their paths and models.
const LISTS: [(&str, Model); 5] = [
    ("/v1/ats/users", Model::Users),
    ("/v1/ats/jobs", Model::Jobs),
    ("/v1/ats/candidates", Model::Candidates),
    ("/v1/ats/applications", Model::Applications),
    ("/v1/ats/application-stages", Model::ApplicationStages),
];

/// The actions: their names, methods and paths.
const ACTIONS: [(&str, &str, &str); 5] = [
    ("create-candidate", "post", "/v1/ats/candidates"),
    (
        "create-application",
        "post",
        "/v1/ats/jobs/{id}/applications",
    ),
    (
        "add-attachment-to-application",
        "post",
        "/v1/ats/applications/{id}/attachments",
    ),
    (
        "move-application-to-stage",
        "put",
        "/v1/ats/applications/{id}/stage",
    ),
    (
        "get-candidate-attachments",
        "get",
        "/v1/ats/candidates/{id}/attachments",
    ),
];

/// `GET /openapi.json`.
pub(crate) async fn document(State(app): State<App>) -> Response {
    json_response(StatusCode::OK, build(&app).await.to_string())
}

async fn build(app: &App) -> Value {
    let mut paths = Map::new();
    let mut add = |path: &str, method: &str, operation: Value| {
        let item = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        item[method] = operation;
    };
    for (path, model) in LISTS {
        add(path, "get", list(model));
    }
    let inputs = inputs(app).await;
    for (name, method, path) in ACTIONS {
        let schema = inputs.iter().find(|(action, _)| action == name);
        add(
            path,
            method,
            action(name, path, method, schema.map(|(_, schema)| schema)),
        );
    }
    add(
        "/v1/passthrough/{tool}/{api}",
        "post",
        operation(
            "passthrough",
            "Send any request to the tenant's ATS",
            &["tool", "api"],
            passthrough(),
        ),
    );
    add(
        "/v1/force-sync",
        "post",
        operation(
            "force-sync",
            "Ask for a sync soon",
            &[],
            json!({ "type": "object", "properties": { "type": { "enum": ["FULL", "DELTA"] } } }),
        ),
    );
    let mut integrations = operation(
        "integrations",
        "The tenants, with their ids",
        &[],
        json!({}),
    );
    if let Some(members) = integrations.as_object_mut() {
        members.shift_remove("requestBody");
        members.shift_remove("parameters");
    }
    add("/v1/integrations", "get", integrations);
    add("/v1/changes", "get", changes());
    for function in app.functions() {
        let path = format!("/connector/v1/{}/{}", function.interface, function.name);
        let mut call = operation(
            &format!("{}.{}", function.interface, function.name),
            "A function of the contract; its errors are objects with their `case`",
            &[],
            function.parameters_schema(),
        );
        call["responses"]["200"]["content"]["application/json"]["schema"] =
            function.result_schema();
        add(&path, "post", call);
    }
    for (path, about) in [
        ("/health", "Whether the process answers"),
        ("/ready", "Whether tenants are served"),
    ] {
        let mut plain =
            json!({ "summary": about, "responses": { "200": { "description": "yes" } } });
        plain["security"] = json!([]);
        add(path, "get", plain);
    }
    add(
        "/metrics",
        "get",
        json!({ "summary": "Counts as OpenMetrics text", "responses": { "200": { "description": "the counts" } } }),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Unified ATS",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Lists are answered from a local mirror, actions go to the ATS. docs/serve.md has the rules.",
        },
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Error": error() },
        },
    })
}

/// The schema of each action's input, as the connector describes it.
async fn inputs(app: &App) -> Vec<(String, Value)> {
    let connector = app.tenants().connector();
    let Ok(mut job) = connector.start(JobSetup::offline()).await else {
        return Vec::new();
    };
    let Ok(about) = job.describe_connector().await else {
        return Vec::new();
    };
    let named = about.actions.iter().filter_map(|coverage| {
        let schema = serde_json::from_str(&coverage.input_schema).ok()?;
        Some((name_of(coverage.action).to_owned(), schema))
    });
    named.collect()
}

fn integration() -> Value {
    json!({ "name": INTEGRATION, "in": "header", "required": true, "schema": { "type": "string" },
            "description": "the tool, a colon, and the tenant's id or name" })
}

fn answer(about: &str, schema: Value) -> Value {
    json!({
        "200": { "description": about, "content": { "application/json": { "schema": schema } } },
        "default": { "description": "an error", "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Error" } } } },
    })
}

fn operation(id: &str, about: &str, ids: &[&str], body: Value) -> Value {
    let mut parameters = vec![integration()];
    for id in ids {
        parameters.push(
            json!({ "name": id, "in": "path", "required": true, "schema": { "type": "string" } }),
        );
    }
    json!({
        "operationId": id,
        "summary": about,
        "parameters": parameters,
        "requestBody": { "content": { "application/json": { "schema": body } } },
        "responses": answer("what was done", json!({ "type": "object" })),
    })
}

fn list(model: Model) -> Value {
    let mut parameters = vec![integration()];
    for name in COMMON.iter().chain(filters_of(model)) {
        let kind = match *name {
            "page_size" => {
                json!({ "type": "integer", "minimum": 1, "maximum": 250, "default": 100 })
            }
            "include_deleted" | "ignore_unsupported_filters" => {
                json!({ "type": "boolean", "default": false })
            }
            _ => json!({ "type": "string" }),
        };
        parameters.push(json!({ "name": name, "in": "query", "schema": kind }));
    }
    let page = json!({
        "type": "object",
        "properties": {
            "status": { "const": "success" },
            "data": { "type": "object", "properties": {
                "next": { "type": ["string", "null"] },
                "results": { "type": "array", "items": schema(model) },
            } },
        },
    });
    json!({
        "operationId": format!("list-{model}"),
        "summary": format!("List {}", model.label().to_lowercase()),
        "parameters": parameters,
        "responses": answer("a page", page),
    })
}

fn action(name: &str, path: &str, method: &str, schema: Option<&Value>) -> Value {
    let ids: &[&str] = if path.contains("{id}") { &["id"] } else { &[] };
    let body = schema
        .cloned()
        .unwrap_or_else(|| json!({ "type": "object" }));
    let mut operation = operation(name, &name.replace('-', " "), ids, body);
    if method == "get" {
        if let Some(members) = operation.as_object_mut() {
            members.shift_remove("requestBody");
        }
    } else if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.push(
            json!({ "name": "Idempotency-Key", "in": "header", "schema": { "type": "string" },
            "description": "names this call and its repeats, which get its answer" }),
        );
    }
    operation
}

fn passthrough() -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    json!({
        "type": "object",
        "required": ["method", "path"],
        "properties": {
            "method": { "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"] },
            "path": { "type": "string" },
            "headers": texts,
            "params": texts,
            "data": { "type": ["object", "array", "string", "null"] },
            "response_as_base64": { "type": "boolean" },
            "multipart_form_data": { "type": "array", "items": { "type": "object" } },
        },
    })
}

fn changes() -> Value {
    let query = |name: &str, about: &str| json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } });
    json!({
        "operationId": "changes",
        "summary": "What changed in the mirror, in the order of writing",
        "parameters": [
            integration(),
            query("since", "`next` of an earlier answer, or `now`; none for everything"),
            query("limit", "records of a page, 1 to 2000"),
            query("wait", "seconds to wait for a change, up to 60"),
        ],
        "responses": answer("some changes, and where the next ones begin", json!({ "type": "object" })),
    })
}

fn error() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.parts().0).collect();
    json!({
        "type": "object",
        "properties": {
            "status": { "const": "error" },
            "error": { "type": "object", "properties": {
                "code": { "enum": codes },
                "title": { "type": "string" },
                "message": { "type": "string" },
                "log_url": { "type": "null" },
            } },
        },
    })
}
