//! Before a delta: one question for all models, so that those where nothing happened cost no listing.

use super::{Run, SyncError, concerns_all};
use crate::store::{Claim, Mirror};
use host_runner::sandbox::contract::reads::{ModelProbe, ModelToken};
use host_runner::sandbox::{contract_model, unified_model};
use host_runner::unified::{Model, Timestamp};

impl Run<'_> {
    /// The models in which nothing happened; their tokens are moved on. A probe that fails leaves the answer to the listings.
    pub(super) async fn quiet(
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
        let mut quiet = Vec::new();
        let asked = |answer: &ModelProbe| tokens.iter().any(|token| token.model == answer.model);
        for answer in answers.into_iter().filter(asked) {
            let model = unified_model(answer.model);
            self.counts.extend(answer.count.map(|count| (model, count)));
            if !answer.changed {
                mirror.set_token(claim, model, &answer.token, Timestamp::now())?;
                quiet.push(model);
            }
        }
        Ok(quiet)
    }
}
