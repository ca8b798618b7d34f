//! Names in NATS. Tenants go by their ids, since a name may hold what a subject can't.

/// The stream with a slot for each tenant.
pub(crate) const STREAM: &str = "SYNC";
/// The consumer that all workers share.
pub(crate) const WORKERS: &str = "workers";
/// Flags of tenants: paused, again.
pub(crate) const FLAGS: &str = "asymbl_tenants";
/// Which component which share of the tenants has.
pub(crate) const RINGS: &str = "asymbl_rings";
/// The components, by their SHA-256.
pub(crate) const COMPONENTS: &str = "asymbl_components";

/// The subjects of all slots.
pub(crate) const SLOTS: &str = "sync.due.*";

/// A tenant's slot.
pub(crate) fn slot(tenant: &str) -> String {
    format!("sync.due.{tenant}")
}

/// The flag of a tenant whose tickets pass without work.
pub(crate) fn paused(tenant: &str) -> String {
    format!("paused.{tenant}")
}

/// The flag of a tenant that is to be synced once more.
pub(crate) fn again(tenant: &str) -> String {
    format!("again.{tenant}")
}

/// A number that depends on a text alone, for spreading tenants: FNV-1a, 64 bits.
pub(crate) fn spread(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
