//! The probe: one question for all models before the deltas, so that unchanged models cost no listing.

use super::error::SyncError;
use super::run::{Run, concerns_all};
use crate::store::{Claim, Mirror};
use host_runner::sandbox::contract::reads::{ModelProbe, ModelToken};
use host_runner::sandbox::{contract_model, unified_model};
use host_runner::unified::{Model, Timestamp};

impl Run<'_> {
    /// Returns the unchanged models and advances their tokens. If the probe fails, every model is listed.
    pub(super) async fn unchanged(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        models: &[Model],
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
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let mut job = self.start().await?;
        let answers = job.probe_changes(&self.profile, &tokens).await;
        self.requests += self.count(&job, 0);
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
        let mut unchanged = Vec::new();
        let asked = |answer: &ModelProbe| tokens.iter().any(|token| token.model == answer.model);
        for answer in answers.into_iter().filter(asked) {
            let model = unified_model(answer.model);
            self.counts.extend(answer.count.map(|count| (model, count)));
            if !answer.changed {
                mirror.set_token(claim, model, &answer.token, Timestamp::now())?;
                unchanged.push(model);
            }
        }
        Ok(unchanged)
    }
}
