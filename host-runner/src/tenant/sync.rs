//! `[sync]`: how this tenant's mirror is kept. Every default carries its reason.

use std::time::Duration;

use serde::Deserialize;

/// In seconds.
const DAY: u64 = 24 * 60 * 60;

/// What holds for every sync of the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncSettings {
    /// Only applications that our own actions created, and their candidates; all other models come in full.
    pub only_created_applications: bool,
    /// Share of a model's records, in percent, that may disappear at once before it looks like lost permissions.
    pub mass_delete_percent: u8,
    /// Records that may disappear at once however large their share is.
    pub mass_delete_rows: u64,
    /// After how long without a comparison of all ids one is due.
    pub reconcile_after: Duration,
    /// After how long a model is read in full again, which refreshes what changes without a trace (formula fields).
    pub refresh_after: Duration,
    /// Share of the org's daily API calls, in percent, at which a sync stops.
    pub api_quota_percent: u8,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            only_created_applications: false,
            // A lost permission set hides whole objects; people delete a few rows a day.
            mass_delete_percent: 10,
            mass_delete_rows: 20,
            // Salesforce keeps deleted rows, and tells of deletions, for 15 days (salesforce-api.md 3.3, 3.4).
            reconcile_after: Duration::from_secs(14 * DAY),
            // Formulas over other objects go stale unnoticed (salesforce-api.md 3.5); a full listing a month costs
            // little.
            refresh_after: Duration::from_secs(30 * DAY),
            // The quota is shared with everything else that the customer runs; a sync can wait until tomorrow.
            api_quota_percent: 80,
        }
    }
}

/// `[sync]` as it is written: every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncTable {
    #[serde(default)]
    only_created_applications: bool,
    mass_delete_percent: Option<u8>,
    mass_delete_rows: Option<u64>,
    reconcile_days: Option<u16>,
    refresh_days: Option<u16>,
    api_quota_percent: Option<u8>,
}

impl SyncTable {
    pub(crate) fn checked(self) -> Result<SyncSettings, (&'static str, String)> {
        let defaults = SyncSettings::default();
        let days =
            |given: Option<u16>| given.map(|days| Duration::from_secs(u64::from(days) * DAY));
        let percent = |key: &'static str, given: Option<u8>, default| match given {
            Some(percent) if percent > 100 => Err((
                key,
                format!("is {percent}, but a share is 0 to 100 percent"),
            )),
            given => Ok(given.unwrap_or(default)),
        };
        Ok(SyncSettings {
            only_created_applications: self.only_created_applications,
            mass_delete_percent: percent(
                "sync.mass_delete_percent",
                self.mass_delete_percent,
                defaults.mass_delete_percent,
            )?,
            mass_delete_rows: self.mass_delete_rows.unwrap_or(defaults.mass_delete_rows),
            reconcile_after: days(self.reconcile_days).unwrap_or(defaults.reconcile_after),
            refresh_after: days(self.refresh_days).unwrap_or(defaults.refresh_after),
            api_quota_percent: percent(
                "sync.api_quota_percent",
                self.api_quota_percent,
                defaults.api_quota_percent,
            )?,
        })
    }
}
