//! Tokens and cursors as texts from outside.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::org::Org;
use super::reading::query;
use super::{instance, profile};
use crate::asymbl::reads::cursor::{Cursor, Kind};
use crate::asymbl::reads::list_jobs;
use crate::asymbl::reads::token::{self, Basis, FieldSet, Token, unite};
use crate::exports::ats::connector::reads::Progress;
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::Timestamp;

thread_local! {
    /// The org of a test, for all its cases.
    static ORG: Org = Org::new();
}

fn basis() -> Basis {
    static BASIS: OnceLock<Basis> = OnceLock::new();
    let of_jobs = || {
        ORG.with(|org| {
            let ctx = instance(org, "{}");
            let known = ctx.known(&profile(org)).unwrap();
            token::basis(ctx.tenant(&known.profile), Model::Jobs)
        })
    };
    BASIS.get_or_init(of_jobs).clone()
}

fn is_resync<R>(result: Result<R, Error>) -> bool {
    matches!(result, Err(Error::ResyncRequired(_)))
}

#[test]
fn texts_of_an_older_contract_ask_for_a_full_listing() {
    let basis = basis();
    let token = Token::new(basis.clone(), Default::default(), None)
        .to_text()
        .replace("\"v\":1", "\"v\":0");
    let Err(Error::ResyncRequired(failure)) = Token::parse(&token, &basis) else {
        panic!()
    };
    assert!(failure.message.contains("version 0"), "{}", failure.message);
}

#[test]
fn a_field_hidden_for_some_pages_counts_as_added_again() {
    let mut basis = basis();
    basis.fields = FieldSet::of(["Contact.LastName", "Contact.Title"]);
    let cursor = Cursor::begin(
        basis.clone(),
        Kind::Everything,
        Default::default(),
        Default::default(),
    );
    let mut hidden = basis.clone();
    hidden.fields = FieldSet::of(["Contact.LastName"]);
    let resumed = Cursor::parse(&cursor.to_text(), &hidden, &[Kind::Everything]).unwrap();
    let resumed = Cursor::parse(&resumed.to_text(), &basis, &[Kind::Everything]).unwrap();
    assert_eq!(basis.fields.added_since(&resumed.basis.fields), 1);
}

#[test]
fn a_set_that_grows_too_large_is_given_up_for_good() {
    let small = unite(Some(BTreeSet::new()), (0..500).map(|i| i.to_string()));
    assert_eq!(small.as_ref().map(BTreeSet::len), Some(500));
    let given_up = unite(small, ["one more".to_owned()]);
    assert_eq!(unite(given_up, ["another".to_owned()]), None);
}

proptest! {
    #[test]
    fn an_invalid_text_asks_for_a_full_listing(text in ".{0,200}") {
        let basis = basis();
        prop_assert!(is_resync(Token::parse(&text, &basis)));
        prop_assert!(is_resync(Cursor::parse(&text, &basis, &[Kind::Everything])));
    }

    #[test]
    fn a_token_comes_back_as_it_was(names in prop::collection::vec("[A-Za-z_.]{1,20}", 0..50), millis in 0_i64..4_000_000_000_000) {
        let mut basis = basis();
        basis.fields = FieldSet::of(&names);
        let watermarks = [("Contact".to_owned(), Timestamp::from_millis(millis).unwrap())].into();
        let token = Token::new(basis.clone(), watermarks, Some(["x".to_owned()].into()));
        prop_assert_eq!(Token::parse(&token.to_text(), &basis).unwrap(), token);
    }

    #[test]
    fn a_field_set_counts_what_was_added(before in prop::collection::btree_set("[a-z]{6}", 0..30), added in prop::collection::btree_set("[A-Z]{6}", 0..30)) {
        let old = FieldSet::of(&before);
        let new = FieldSet::of(before.union(&added));
        prop_assert_eq!(new.added_since(&old), added.len());
        prop_assert_eq!(old.added_since(&new), 0);
    }

    #[test]
    fn a_damaged_cursor_never_panics(at in 0_usize..2_000, byte in any::<u8>()) {
        let (org, known, cursor) = FIRST_PAGE.with(Clone::clone);
        let mut bytes = cursor.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let cursor = String::from_utf8_lossy(&bytes).into_owned();
        // A changed watermark or key still reads as one; whatever does not is refused.
        if let Err(error) = list_jobs(&instance(&org, "{}"), &known, &query(None, Some(&cursor))) {
            prop_assert!(matches!(error, Error::ResyncRequired(_)), "{error:?}");
        }
    }
}

thread_local! {
    /// An org, its profile and the cursor behind the first job.
    static FIRST_PAGE: (Org, String, String) = {
        let org = Org::new();
        org.page(1);
        let known = profile(&org);
        let page = list_jobs(&instance(&org, "{}"), &known, &query(None, None)).unwrap();
        let Progress::More(cursor) = page.info.progress else { panic!("one page") };
        (org, known, cursor)
    };
}
