//! The rights as a permission set that the Metadata API deploys: a line a right, in place of a click a right.
//!
//! Not every right can be in a set: some come with the object, and naming one makes the deployment fail
//! (salesforce-api.md 6).

use std::collections::BTreeMap;

use crate::asymbl::actions::table;
use crate::asymbl::inspection::needs::{self, ObjectNeed, Operation};
use crate::asymbl::models::{TABLES, Tenant};
use crate::asymbl::names::{self, ACTIONS};

/// Label of the set.
const LABEL: &str = "Asymbl Integration";

/// Objects whose rights come with the licence or with another right, so that a set can't hold them.
const NOT_GOVERNED: [&str; 4] = [
    names::USER,
    table::FILE,
    table::FILE_LINK,
    table::LEGACY_FILE,
];

/// Standard fields that are seen wherever their object is.
const ALWAYS_SEEN: [&str; 6] = [
    "Id",
    "Name",
    "FirstName",
    "LastName",
    "OwnerId",
    "RecordTypeId",
];

/// Fields that the package requires: they come with their objects (asymbl-schema.md 1).
const REQUIRED: [(&str, &str); 2] = [
    (names::APPLICANT, "bpats__Stage__c"),
    (names::STAGE, "bpats__Sequence__c"),
];

/// Objects that Salesforce wants to be readable where others are: the account of a contact and of a work site.
const NEEDS_ACCOUNT: [&str; 2] = [names::CONTACT, names::SITE];
const ACCOUNT: &str = "Account";

#[derive(Default)]
struct Rights {
    create: bool,
    edit: bool,
    /// A model is read from it, so all of its records are wanted.
    all: bool,
    /// Fields, and whether they are written.
    fields: BTreeMap<String, bool>,
}

/// The set for what the tenant has switched on.
pub(super) fn xml(tenant: Tenant<'_>) -> String {
    let objects = rights(tenant);
    let api = |name: &str| tenant.profile.names().api(name);
    let is_governed = |object: &str| !NOT_GOVERNED.contains(&object);
    let is_required = |object: &str, field: &str| {
        REQUIRED
            .iter()
            .any(|(o, f)| api(o) == object && api(f) == field)
    };
    let mut page = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PermissionSet xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n\
         <description>What the Asymbl connector reads and writes, and nothing more.</description>\n",
    );
    for (object, rights) in &objects {
        for (field, editable) in &rights.fields {
            let is_standard = !field.ends_with("__c");
            // Users, and standard fields of files, have no rights by field.
            let is_fixed = is_standard && !is_governed(object);
            if is_fixed || ALWAYS_SEEN.contains(&field.as_str()) || is_required(object, field) {
                continue;
            }
            page.push_str(&format!(
                "<fieldPermissions><editable>{editable}</editable><field>{object}.{field}</field><readable>true</readable></fieldPermissions>\n"
            ));
        }
    }
    page.push_str(&format!(
        "<hasActivationRequired>false</hasActivationRequired>\n<label>{LABEL}</label>\n"
    ));
    for (object, rights) in objects.iter().filter(|(object, _)| is_governed(object)) {
        let Rights {
            create, edit, all, ..
        } = rights;
        page.push_str(&format!(
            "<objectPermissions><allowCreate>{create}</allowCreate><allowDelete>false</allowDelete><allowEdit>{edit}</allowEdit>\
             <allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>{object}</object>\
             <viewAllRecords>{all}</viewAllRecords></objectPermissions>\n"
        ));
    }
    // View Setup depends on View Roles.
    for permission in ["ApiEnabled", "ViewRoles", "ViewSetup"] {
        page.push_str(&format!(
            "<userPermissions><enabled>true</enabled><name>{permission}</name></userPermissions>\n"
        ));
    }
    page.push_str("</PermissionSet>\n");
    page
}

fn rights(tenant: Tenant<'_>) -> BTreeMap<String, Rights> {
    let scopes = &tenant.settings.scopes;
    let mut objects: BTreeMap<String, Rights> = BTreeMap::new();
    let mut add = |needs: Vec<ObjectNeed>, is_model: bool| {
        for need in needs {
            let rights = objects.entry(need.object).or_default();
            rights.create |= need.operations.contains(&Operation::Create);
            rights.edit |= need.operations.contains(&Operation::Edit);
            rights.all |= is_model;
            for field in need.fields {
                // The parts of an address share one right.
                let name = match field.name.strip_prefix("Mailing") {
                    Some(_) => "MailingAddress".to_owned(),
                    None => field.name,
                };
                *rights.fields.entry(name).or_default() |= field.operation != Operation::Read;
            }
        }
    };
    for table in TABLES.iter().filter(|table| scopes.model_on(table.model)) {
        add(needs::of_model(tenant, table), true);
    }
    for (action, word) in ACTIONS {
        if scopes.action_on(word) {
            add(needs::of_action(tenant, action), false);
        }
    }
    let accounts: Vec<bool> = NEEDS_ACCOUNT
        .iter()
        .filter_map(|name| objects.get(&tenant.profile.names().api(name)))
        .map(|rights| rights.all)
        .collect();
    if !accounts.is_empty() {
        // To view all contacts is to view all accounts.
        let all = accounts.contains(&true);
        objects.entry(ACCOUNT.to_owned()).or_default().all |= all;
    }
    objects
}
