//! A file onto a candidate: the checks of the input, and what of the candidate's files the store has to know.

use std::time::Duration;

use super::file_store::FileStore;
use super::input;
use super::{attachments, check_field_on, check_switched_on, lookup, table, warning};
use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::exports::ats::connector::actions::{
    ActionContext, AddAttachmentInput, Attached, AttachmentKind,
};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::FileTransport;

/// How far the host's clock and Salesforce's may differ.
const CLOCKS: Duration = Duration::from_secs(5 * 60);

/// Attaches a file to an application's candidate, which is where Asymbl keeps files.
///
/// # Errors
/// `invalid-input` with every problem, `not-found`, or what Salesforce answers. Nothing is stored then, except where
/// `unavailable` says that it is unknown.
pub fn add_attachment_to_application<T: FileTransport>(
    ctx: &Context<T>,
    context: &ActionContext,
    input: &AddAttachmentInput,
) -> Result<Attached, Error> {
    let action = "add-attachment-to-application";
    check_switched_on(ctx, action)?;
    check_field_on(ctx, action, Model::Applications, "candidate_id")?;
    let known = ctx.known(&context.profile)?;
    let cap = ctx.settings.attachment_cap;
    let (applicant, mut warnings) = input::attachment(context, input, cap)?;
    let tenant = ctx.tenant(&known.profile);
    let application = lookup::application(ctx, tenant, applicant.as_str())?;
    let Some(contact) = application.candidate_id else {
        return Err(Error::InvalidInput(vec![problem(
            "application_id",
            format!(
                "the application {applicant} has no candidate (any more), and files hang on the candidate"
            ),
        )]));
    };
    let [version] = lookup::shapes(ctx, [table::FILE])?;
    let is_cv = input.attachment.kind == Some(AttachmentKind::Cv);
    let may_mark = is_cv && ctx.settings.mark_primary_cv;
    let repeats = input::repeats(context);
    let existing = if may_mark || repeats.is_some() {
        attachments::of(ctx, tenant, &contact)?
    } else {
        Vec::new()
    };
    let store = FileStore {
        ctx,
        tenant,
        contact: &contact,
        version: &version,
        known: repeats.map(|since| (since.before(CLOCKS), existing.as_slice())),
        mark: may_mark && !existing.iter().any(|f| f.kind == AttachmentKind::Cv),
    };
    let attachment_id = store.run(&input.attachment, &mut warnings)?;
    warnings.extend(unkept_kind(&store, input.attachment.kind));
    Ok(Attached {
        attachment_id,
        candidate_id: Some(contact),
        warnings,
    })
}

/// The warning that a file's type reads back as another one: Salesforce keeps only a mark for the primary CV.
fn unkept_kind<T: FileTransport>(
    store: &FileStore<'_, T>,
    kind: Option<AttachmentKind>,
) -> Option<Warning> {
    let (kind, why) = match kind? {
        AttachmentKind::CoverLetter => ("COVER_LETTER", "Asymbl keeps no such type".to_owned()),
        AttachmentKind::Cv if store.mark && !store.can_mark() => {
            let field = store.primary();
            let why = format!("the connected user may not fill {field} of ContentVersion");
            ("CV", why)
        }
        AttachmentKind::Cv | AttachmentKind::Other => return None,
    };
    let message = format!("attachment.type: the {kind} reads back as OTHER, since {why}");
    Some(warning("type-not-kept", message))
}
