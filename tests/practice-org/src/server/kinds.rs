//! The kinds of requests, for statistics and fault rules.

/// Names the kind of a request, for statistics and fault rules.
pub fn kind(method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["services", "oauth2", "token"] => "token",
        ["services", "oauth2", ..] => "oauth",
        ["services", "async", _, "job", _, "batch", _, "result", _] => "bulk_results",
        ["services", "async", ..] => "bulk",
        ["services", "Soap", ..] => "soap",
        ["id", ..] => "identity",
        ["services", "data"] => "versions",
        ["services", "data", _, rest @ ..] => match rest {
            [] => "resources",
            ["query" | "queryAll"] | ["tooling", "query"] => "query",
            ["query" | "queryAll", _] => "query_more",
            ["sobjects"] => "describe_global",
            ["sobjects", _, "describe", ..] => "describe",
            ["sobjects", _, "updated"] => "updated",
            ["sobjects", _, "deleted"] => "deleted",
            ["sobjects", _, _, "VersionData" | "Body"] => "download",
            ["sobjects", ..] => match method {
                "GET" | "HEAD" => "read",
                "DELETE" => "delete",
                "PATCH" => "update",
                _ => "create",
            },
            ["composite"] => "composite",
            ["composite", "batch"] => "batch",
            ["composite", "graph"] => "graph",
            ["composite", "tree", ..] => "tree",
            ["composite", ..] => "collections",
            ["search" | "parameterizedSearch", ..] => "search",
            ["limits", ..] => "limits",
            ["jobs", _, _, "results"] => "bulk_results",
            ["jobs", ..] => "bulk",
            _ => "other",
        },
        _ => "other",
    }
}
