//! What each model and action needs of the org: objects, fields, operations. It follows from the tables that the
//! mapping and the actions work by, so that neither the access check nor the connection guide can drift from them.

use crate::asymbl::actions::table::{self, LookUp, Place};
use crate::asymbl::models::applications::links;
use crate::asymbl::models::{OPTIONAL, Source, TABLES, Table, Tenant, is_on};
use crate::asymbl::names::{self, ACTIONS};
use crate::exports::ats::connector::about::Action;

/// What must be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// To see it.
    Read,
    /// To create records of it, to set it at creation.
    Create,
    /// To change it.
    Edit,
}

impl Operation {
    /// As people say it: `read`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Edit => "edit",
        }
    }
}

/// A right on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldNeed {
    /// API name.
    pub name: String,
    /// What must be allowed.
    pub operation: Operation,
    /// Unified fields that come from it, or inputs that go there.
    pub affects: Vec<String>,
    /// Without it nothing works.
    pub essential: bool,
    /// Records are looked up by it, so Salesforce must be able to search it.
    pub searched: bool,
}

/// Rights on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectNeed {
    /// API name.
    pub object: String,
    /// What must be allowed, besides reading.
    pub operations: Vec<Operation>,
    /// Without it nothing works.
    pub essential: bool,
    /// What is lost without it; empty where everything is.
    pub affects: Vec<String>,
    /// Rights on its fields.
    pub fields: Vec<FieldNeed>,
}

/// The needs of one model or action.
#[derive(Default)]
struct Needs(Vec<ObjectNeed>);

impl Needs {
    fn object(&mut self, object: &str, essential: bool) -> &mut ObjectNeed {
        let at = match self.0.iter().position(|n| n.object == object) {
            Some(at) => at,
            None => {
                self.0.push(ObjectNeed {
                    object: object.to_owned(),
                    operations: Vec::new(),
                    essential,
                    affects: Vec::new(),
                    fields: Vec::new(),
                });
                self.0.len() - 1
            }
        };
        &mut self.0[at]
    }
}

impl ObjectNeed {
    fn may(&mut self, operation: Operation) {
        if operation != Operation::Read && !self.operations.contains(&operation) {
            self.operations.push(operation);
        }
    }

    /// What is lost without the object, where that is not everything.
    fn cost(&mut self, what: &str) {
        if !self.essential && !self.affects.iter().any(|known| known == what) {
            self.affects.push(what.to_owned());
        }
    }

    /// A right to write a field holds the right to read it.
    fn field(&mut self, name: &str, operation: Operation, affects: &str, essential: bool) {
        let known = self
            .fields
            .iter_mut()
            .find(|f| f.name == name && (f.operation == operation || operation == Operation::Read));
        let affected = Some(affects.to_owned()).filter(|a| !a.is_empty());
        match known {
            Some(field) => {
                field.essential |= essential;
                let new = affected.filter(|a| !field.affects.contains(a));
                field.affects.extend(new);
            }
            None => self.fields.push(FieldNeed {
                name: name.to_owned(),
                operation,
                affects: affected.into_iter().collect(),
                essential,
                searched: false,
            }),
        }
        if !affects.is_empty() {
            self.cost(affects);
        }
    }
}

/// Fields that every user sees where the object is seen.
const ALWAYS: [&str; 4] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// What reading a model needs. Switched-off fields need nothing.
pub fn of_model(tenant: Tenant<'_>, table: &Table) -> Vec<ObjectNeed> {
    let names = tenant.profile.names();
    let mut needs = Needs::default();
    let own = table.object.api(tenant);
    needs.object(&own, true);
    let mut read = |object: &str, field: &str, affects: &str| {
        let need = needs.object(object, false);
        need.field(field, Operation::Read, affects, false);
    };
    for rule in table.rules_on(tenant) {
        let unified = rule.field.split('.').next().unwrap_or(rule.field);
        for name in table.source_fields(tenant, rule.field) {
            if !ALWAYS.contains(&name.as_str()) && !OPTIONAL.contains(&name.as_str()) {
                read(&own, &name, unified);
            }
        }
        if tenant
            .settings
            .override_of(table.model, rule.field)
            .is_some()
        {
            continue;
        }
        for source in rule.sources {
            if let Source::Other(object, field) = source {
                read(&names.api(object), &names.api(field), unified);
            }
        }
    }
    for extra in table.extra_columns {
        let unified = extra.one_is_on.iter();
        for unified in unified.filter(|unified| is_on(tenant, table.model, unified)) {
            if let Source::Own(field) = extra.what {
                read(&own, &names.api(field), unified);
            }
        }
    }
    for further in table.needs.iter().filter(|need| (need.when)(tenant)) {
        let object = further.object.api(tenant);
        read(&object, &names.api(further.field), further.affects);
    }
    needs.0
}

/// The objects that something switched on reads or writes, files aside: what discovery looks at.
pub fn objects(tenant: Tenant<'_>) -> Vec<String> {
    let scopes = &tenant.settings.scopes;
    let mut objects: Vec<String> = Vec::new();
    let mut add = |object: &str| {
        let is_file = [table::FILE, table::FILE_LINK, table::LEGACY_FILE].contains(&object);
        if !is_file && !objects.iter().any(|known| known == object) {
            objects.push(object.to_owned());
        }
    };
    for table in TABLES.iter().filter(|t| scopes.model_on(t.model)) {
        for need in of_model(tenant, table) {
            add(&need.object);
        }
        for object in table.counting(tenant, table.follows) {
            add(&object.api(tenant));
        }
    }
    for (action, word) in ACTIONS {
        if scopes.action_on(word) {
            for need in of_action(tenant, action) {
                add(&need.object);
            }
        }
    }
    objects
}

/// What carrying out an action needs. The record that it answers with is read as the models are, as far as the user
/// may.
pub fn of_action(tenant: Tenant<'_>, action: Action) -> Vec<ObjectNeed> {
    let mut needs = Needs::default();
    match action {
        Action::CreateCandidate | Action::CreateApplication => create(tenant, &mut needs),
        Action::AddAttachmentToApplication => {
            let links = links(tenant);
            needs
                .applicant(tenant)
                .field(&links.contact, Operation::Read, "application_id", true);
            needs.object(names::CONTACT, true);
            needs.files(tenant, true, "attachment");
            needs.file_list(tenant, false, "attachments that are there already");
        }
        Action::MoveApplicationToStage => {
            let links = links(tenant);
            let applicant = needs.applicant(tenant);
            applicant.may(Operation::Edit);
            applicant.field(&links.stage, Operation::Edit, "stage_id", true);
            applicant.field(&links.job, Operation::Read, "application_id", true);
            needs.look_up(table::stages(tenant, "stage_id"), |_| true);
        }
        Action::GetCandidateAttachments => {
            needs.object(names::CONTACT, true);
            needs.file_list(tenant, true, "candidate_id");
        }
    }
    needs.0
}

fn create(tenant: Tenant<'_>, needs: &mut Needs) {
    needs.places(tenant, names::CONTACT, table::CONTACT);
    needs.look_up(table::emails(tenant), |field| field == "Email");
    let hash = tenant.settings.contact_external_id_field.iter();
    let emails = table::emails(tenant)
        .fields
        .into_iter()
        .map(|(field, _)| field);
    needs.search(names::CONTACT, emails.chain(hash.cloned()));
    needs.places(
        tenant,
        &tenant.profile.names().api(names::APPLICANT),
        table::APPLICANT,
    );
    let closed_too = tenant.settings.allow_closed_jobs;
    needs.look_up(table::open_job(tenant), |_| !closed_too);
    needs.look_up(table::stages(tenant, "application.stage_id"), |_| true);
    needs.files(tenant, false, "attachments");
    needs.file_list(tenant, false, "attachments that are there already");
}

impl Needs {
    fn applicant(&mut self, tenant: Tenant<'_>) -> &mut ObjectNeed {
        self.object(&tenant.profile.names().api(names::APPLICANT), true)
    }

    /// A new record and its fields.
    fn places(&mut self, tenant: Tenant<'_>, object: &str, places: &[Place]) {
        let need = self.object(object, true);
        need.may(Operation::Create);
        for place in places {
            for (i, field) in place.fields(tenant).iter().enumerate() {
                need.field(field, Operation::Create, place.path, place.vital && i == 0);
            }
        }
    }

    fn look_up(&mut self, what: LookUp, vital: impl Fn(&str) -> bool) {
        let need = self.object(&what.object, true);
        for (field, path) in &what.fields {
            need.field(field, Operation::Read, path, vital(field));
        }
    }

    /// Fields by which records are looked up.
    fn search(&mut self, object: &str, fields: impl Iterator<Item = String>) {
        let need = self.object(object, true);
        for name in fields {
            for field in need.fields.iter_mut().filter(|f| f.name == name) {
                field.searched = true;
            }
        }
    }

    /// Storing files. Their standard fields can't be hidden from who sees the object.
    fn files(&mut self, tenant: Tenant<'_>, essential: bool, path: &str) {
        let need = self.object(table::FILE, essential);
        need.may(Operation::Create);
        need.cost(path);
        if tenant.settings.mark_primary_cv {
            let field = tenant.profile.names().api(table::PRIMARY_CV);
            need.field(&field, Operation::Create, "primary CV", false);
        }
    }

    /// Seeing which files are there.
    fn file_list(&mut self, tenant: Tenant<'_>, essential: bool, path: &str) {
        let field = tenant.profile.names().api(table::PRIMARY_CV);
        let need = self.object(table::FILE, essential);
        need.cost(path);
        need.field(&field, Operation::Read, "primary CV", false);
        self.object(table::FILE_LINK, essential).cost(path);
        self.object(table::LEGACY_FILE, false)
            .cost("attachments of the old kind");
    }
}
