//! The probe: one question for all models before the deltas, so that unchanged models cost no listing.

use super::error::SyncError;
use super::run::{Run, concerns_all};
use crate::store::{Claim, Mirror};
use host_runner::sandbox::contract::reads::{ModelProbe, ModelToken};
use host_runner::sandbox::{contract_model, unified_model};
use host_runner::unified::{Model, Timestamp};

impl Run<'_> {
    /// Returns the unchanged models among `models` and advances their tokens. If the probe fails, every model is
    /// listed. Where somebody watches, it also counts those of `listed` of which everything will be read.
    pub(super) async fn unchanged(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        models: &[Model],
        listed: &[Model],
    ) -> Result<Vec<Model>, SyncError> {
        let mut tokens = Vec::new();
        for model in models {
            let state = mirror.model_state(*model)?;
            let same = state.fingerprint.as_ref() == Some(&self.fingerprint);
            if let Some(token) = state.token.filter(|_| same)
                && mirror.open_listing(*model)?.is_none()
            {
                tokens.push(ModelToken {
                    model: contract_model(*model),
                    token,
                });
            }
        }
        if self.events.want_totals() {
            tokens.extend(self.to_count(mirror, listed, &tokens)?);
        }
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let mut job = self.start().await?;
        let before = job.stats().requests;
        let answers = job.probe_changes(&self.profile, &tokens).await;
        self.requests += self.count(&job, before);
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) if concerns_all(&error) => {
                return Err(self.step("probe".into(), error, &job).into());
            }
            Err(error) => {
                tracing::debug!(%error, "no answer to the probe, so every model is read");
                return Ok(Vec::new());
            }
        };
        self.spare.keep(job);
        let mut unchanged = Vec::new();
        let asked = |answer: &ModelProbe| tokens.iter().any(|token| token.model == answer.model);
        let has_token = |model| {
            let mut asked = tokens.iter();
            asked.any(|asked| asked.model == model && !asked.token.is_empty())
        };
        for answer in answers.into_iter().filter(asked) {
            let model = unified_model(answer.model);
            self.expected
                .extend(answer.count.map(|count| (model, count)));
            if !has_token(answer.model) {
                continue;
            }
            self.counts.extend(answer.count.map(|count| (model, count)));
            if !answer.changed {
                mirror.set_token(claim, model, &answer.token, Timestamp::now())?;
                unchanged.push(model);
            }
        }
        Ok(unchanged)
    }

    /// The models of which everything will be read, each with an empty token, which asks for its count alone.
    fn to_count(
        &self,
        mirror: &dyn Mirror,
        listed: &[Model],
        asked: &[ModelToken],
    ) -> Result<Vec<ModelToken>, SyncError> {
        let mut whole = Vec::new();
        for model in listed {
            let model_is_asked = asked
                .iter()
                .any(|asked| unified_model(asked.model) == *model);
            if !model_is_asked && mirror.open_listing(*model)?.is_none() {
                whole.push(ModelToken {
                    model: contract_model(*model),
                    token: String::new(),
                });
            }
        }
        Ok(whole)
    }
}
