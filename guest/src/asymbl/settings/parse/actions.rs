//! The settings of the actions.

use super::{Reader, did_you_mean};
use crate::asymbl::settings::actions::{
    ActionSettings, DEFAULT_CAP, EXISTING, ExistingApplication, LARGEST_CAP, PHONE_FIELD, POLICIES,
    SourcePolicy,
};
use salesforce::SalesforceId;

impl Reader {
    pub(super) fn actions(&mut self) -> ActionSettings {
        ActionSettings {
            candidate_account: self.account(),
            existing_application: self
                .choice("existing_application", &EXISTING)
                .unwrap_or(ExistingApplication::Return),
            allow_closed_jobs: self.value("allow_closed_jobs").unwrap_or(false),
            phone_field: self
                .name("phone_field")
                .unwrap_or_else(|| PHONE_FIELD.to_owned()),
            source_policy: self
                .choice("source_policy", &POLICIES)
                .unwrap_or(SourcePolicy::FreeText),
            contact_external_id_field: self.name("contact_external_id_field"),
            attachment_cap: self.cap(),
            mark_primary_cv: self.value("mark_primary_cv").unwrap_or(true),
        }
    }

    fn account(&mut self) -> Option<String> {
        let text = self.text("candidate_account")?;
        match SalesforceId::parse(&text) {
            Ok(id) => Some(id.to_string()),
            Err(why) => {
                self.add(
                    "candidate_account",
                    format!("{why}; give the id of an account"),
                );
                None
            }
        }
    }

    fn name(&mut self, key: &str) -> Option<String> {
        let name = self.text(key)?;
        self.check_name(key, &name);
        Some(name)
    }

    fn choice<C: Copy>(&mut self, key: &str, choices: &[(&'static str, C)]) -> Option<C> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let hint = did_you_mean(&text, words.iter().copied());
            let all = words.join(", ");
            self.add(key, format!("{text:?} is no choice{hint}; possible: {all}"));
        }
        found.map(|(_, choice)| *choice)
    }

    fn cap(&mut self) -> u64 {
        let Some(cap) = self.value::<u64>("attachment_cap") else {
            return DEFAULT_CAP;
        };
        if !(1..=LARGEST_CAP).contains(&cap) {
            self.add(
                "attachment_cap",
                format!("{cap} is out of range: give bytes, 1 to {LARGEST_CAP}"),
            );
        }
        cap
    }
}
