//! What the check says of the org as a whole: the package, its permission sets, calls left, and values of closed lists
//! that no table of the tenant's settings maps.

use super::about::{About, NOT_INSTALLED, Shapes, distinct, quoted};
use super::grants::Grants;
use crate::asymbl::context::Context;
use crate::asymbl::models::hiring_team_members::matched_lookups;
use crate::asymbl::models::{self, TABLES, Tenant, jobs};
use crate::asymbl::names::{self, ACTIONS};
use crate::asymbl::row::trimmed;
use crate::asymbl::settings::WordTable;
use crate::exports::ats::connector::about::Action;
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::soql::{and, eq, like, or};
use salesforce::transport::Transport;
use salesforce::{Query, QueryPage, Record, Rows};

mod hired_stages;

/// Looks at the org. What can't be read is left out: none of it is needed.
pub(super) fn look<T: Transport>(
    ctx: &Context<T>,
    tenant: Tenant<'_>,
    shapes: &Shapes,
    grants: &Grants,
) -> Result<About, Error> {
    let mut about = About::default();
    let namespace = tenant.profile.namespace.as_str();
    let publisher = Query::from("Publisher")
        .select(["MajorVersion", "MinorVersion"])
        .filter(eq("NamespacePrefix", namespace));
    let sets = Query::from("PermissionSet")
        .select(["Label"])
        .filter(eq("NamespacePrefix", namespace))
        .order_by("Label");
    let mut queries = vec![(&publisher, Rows::Live), (&sets, Rows::Live)];
    let stages = hired_stages::Questions::new(tenant, shapes);
    let of_stages = stages.as_ref().map(hired_stages::Questions::queries);
    queries.extend(of_stages.iter().flatten().map(|q| (q, Rows::Live)));
    let mangled = mangled_users(tenant);
    queries.extend(mangled.iter().map(|q| (q, Rows::Live)));
    let mut pages: Vec<Option<QueryPage>> = ctx
        .client
        .query_many(&queries)?
        .into_iter()
        .map(Result::ok)
        .collect();
    let mangled = mangled.and_then(|_| pages.pop().flatten());
    let mut answers = pages.into_iter().map(|page| page.map(|page| page.records));
    let publisher = answers.next().flatten();
    let sets = answers.next().flatten();
    package(
        &mut about,
        tenant,
        shapes,
        publisher.as_deref(),
        sets.as_deref(),
    );
    assigned(&mut about, tenant, grants);
    if let Some(stages) = stages {
        let mut rows = || answers.next().flatten();
        stages.report(&mut about, ctx, [rows(), rows(), rows()]);
    }
    unmapped(&mut about, tenant, shapes);
    if let Some(users) = mangled.map(|page| page.total_size).filter(|n| *n > 0) {
        sandbox_emails(&mut about, users);
    }
    if let Some(limit) = ctx.client.limit_info() {
        api_calls_left(&mut about, limit.used, limit.max);
    }
    Ok(about)
}

fn sandbox_emails(about: &mut About, users: u64) {
    about.warn(
        "sandbox-emails",
        format!(
            "this org is a sandbox, and {users} active users have e-mail addresses that Salesforce changed when it was made \
             (`name=acme.com@example.com`, `name@acme.com.invalid`): a hiring manager, who is matched with a user by e-mail address, is \
             missing from the hiring team where the user's address is such a one. Correct the addresses of the users whom you test \
             with (Setup, Users)"
        ),
    );
}

fn api_calls_left(about: &mut About, used: u64, max: u64) {
    let left = max.saturating_sub(used);
    about.fact("API calls left", format!("{left} of {max} a day"));
    // A full sync of a middling org takes some thousands.
    if left < max / 10 {
        about.warn(
            "quota-low",
            format!("only {left} of the org's {max} API calls of 24 hours are left"),
        );
    }
}

/// How many active users have an address as sandboxes make them, where hiring managers are matched by address: the
/// address's own `@` becomes `=` and `@example.com` follows, or `.invalid` is appended.
fn mangled_users(tenant: Tenant<'_>) -> Option<Query> {
    let may_match = tenant.settings.scopes.model_on(Model::HiringTeamMembers)
        && !matched_lookups(tenant).is_empty();
    let is_sandbox = tenant.profile.organization.sandbox == Some(true);
    (is_sandbox && may_match).then(|| {
        let suffixes = [like("Email", "%.invalid"), like("Email", "%=%@example.com")];
        Query::count(names::USER).filter(and([eq("IsActive", true), or(suffixes)]))
    })
}

fn package(
    about: &mut About,
    tenant: Tenant<'_>,
    shapes: &Shapes,
    publisher: Option<&[Record]>,
    sets: Option<&[Record]>,
) {
    let names = tenant.profile.names();
    let labels: Vec<String> = sets
        .into_iter()
        .flatten()
        .filter_map(|row| trimmed(row, "Label"))
        .collect();
    let version = publisher.and_then(<[Record]>::first).and_then(|row| {
        let part = |column: &str| trimmed(row, column);
        Some(format!(
            "{}.{}",
            part("MajorVersion")?,
            part("MinorVersion")?
        ))
    });
    let sees = |object: &str| shapes.contains_key(&names.api(object));
    let visible = [names::STAGE, names::APPLICANT, names::JOB]
        .into_iter()
        .any(sees);
    let installed = visible || version.is_some() || !labels.is_empty();
    about.fact(
        "package",
        match (&version, installed) {
            (Some(version), _) => format!("{} {version}", tenant.profile.namespace),
            (None, true) => format!(
                "{}, version not readable by the connected user",
                tenant.profile.namespace
            ),
            (None, false) => "not found".to_owned(),
        },
    );
    if !labels.is_empty() {
        about.fact("permission sets of the package", labels.join(", "));
    }
    if !installed {
        about.warn(
            NOT_INSTALLED,
            format!(
                "nothing of a package with the namespace {:?} is in the org: the Asymbl ATS package is not installed, has another \
                 namespace (setting `namespace`), or the connected user may see nothing of it",
                tenant.profile.namespace
            ),
        );
    } else if !visible {
        about.warn(
            "package-hidden",
            format!(
                "the package {} is installed, but the connected user sees none of its objects: assign the permission set \"{}\"",
                tenant.profile.namespace,
                crate::asymbl::errors::PERMISSION_SET
            ),
        );
    }
}

/// The connected user's permission sets, and whether sharing may hide records from it.
fn assigned(about: &mut About, tenant: Tenant<'_>, grants: &Grants) {
    about.fact(
        "permission sets of the connected user",
        match grants.sets.as_deref() {
            None => "not readable by the connected user".to_owned(),
            Some([]) => "none".to_owned(),
            Some(sets) => sets.join(", "),
        },
    );
    let scopes = &tenant.settings.scopes;
    let mut partly: Vec<String> = TABLES
        .iter()
        .filter(|table| scopes.model_on(table.model))
        .map(|table| table.object.api(tenant))
        // Every user sees every user, unless an org changes that.
        .filter(|object| object != names::USER && grants.sees_all(object) == Some(false))
        .collect();
    partly.sort_unstable();
    partly.dedup();
    if !partly.is_empty() {
        about.warn(
            "records-by-sharing",
            format!(
                "the connected user has no View All on {}: records that are not shared with it are missing without a sign. Grant View \
                 All in a permission set, unless the org shares these with everyone",
                partly.join(", ")
            ),
        );
    }
}

/// Values of closed lists that no table maps and that would come through as they are.
pub(super) fn unmapped(about: &mut About, tenant: Tenant<'_>, shapes: &Shapes) {
    let settings = tenant.settings;
    let lists: [(&str, &str, &WordTable); 3] = [
        ("status", "job_status", &settings.job_status),
        ("visibility", "visibility", &settings.visibility),
        (
            "employment_type",
            "employment_type",
            &settings.employment_type,
        ),
    ];
    let Some(shape) = shapes.get(&tenant.profile.job_link.object) else {
        return;
    };
    for (unified, setting, table) in lists {
        if !settings.scopes.model_on(Model::Jobs) || !models::is_on(tenant, Model::Jobs, unified) {
            continue;
        }
        let fields = jobs::TABLE.source_fields(tenant, unified);
        let values = fields
            .iter()
            .filter_map(|name| shape.field(name))
            .flat_map(|field| &field.picklist)
            .filter(|value| value.active && table.get(&value.value).is_none())
            .map(|value| value.value.clone());
        let values = distinct(values);
        if !values.is_empty() {
            let refusing = [Action::CreateCandidate, Action::CreateApplication]
                .into_iter()
                .filter_map(|action| ACTIONS.iter().find(|(known, _)| *known == action))
                .map(|(_, word)| *word)
                .filter(|word| settings.scopes.action_on(word))
                .collect::<Vec<_>>()
                .join(" and ");
            let refused =
                unified == "status" && !refusing.is_empty() && !settings.allow_closed_jobs;
            about.warn(
                "value-unmapped",
                format!(
                    "jobs.{unified}: {} would come through as it is{}; say in the setting `{setting}` what it means",
                    quoted(&values),
                    match refused {
                        true => format!(", and {refusing} would refuse such jobs as not open"),
                        false => String::new(),
                    }
                ),
            );
        }
    }
}
