//! Names in NATS. Tenants go by their ids, since a name may hold what a subject can't.

/// The stream with a slot for each tenant, and the consumer that all workers share.
pub(crate) const SYNC: (&str, &str) = ("SYNC", "workers");
/// The stream of schedules and of the ticks that the server makes of them, and the consumer of the ticks.
pub(crate) const SCHED: (&str, &str) = ("SCHED", "ticks");
/// The stream of actions, and the consumer that all workers share.
pub(crate) const ACT: (&str, &str) = ("ACT", "actors");
/// Flags of tenants: paused, again.
pub(crate) const FLAGS: &str = "asymbl_tenants";
/// Which component which share of the tenants has.
pub(crate) const RINGS: &str = "asymbl_rings";
/// What actions gave.
pub(crate) const RESULTS: &str = "asymbl_results";
/// The components, by their SHA-256.
pub(crate) const COMPONENTS: &str = "asymbl_components";

/// Before the tenant in the subject of its slot.
pub(crate) const SLOT: &str = "sync.due.";
/// Before the tenant in the subject of its schedule.
pub(crate) const SCHEDULE: &str = "sync.every.";
/// Before the tenant in the subject of the tick that its schedule makes.
pub(crate) const TICK: &str = "sync.tick.";
/// Before tenant and call in the subject of an action.
pub(crate) const ACTION: &str = "act.";

/// The flag of a tenant whose tickets pass without work.
pub(crate) fn paused(tenant: &str) -> String {
    format!("paused.{tenant}")
}

/// The flag of a tenant that is to be synced once more.
pub(crate) fn again(tenant: &str) -> String {
    format!("again.{tenant}")
}

/// The value of [`again`] where everything is to be read.
pub(crate) const FULL: &str = "full";

/// A number that depends on a text alone, for spreading tenants: FNV-1a, 64 bits.
pub(crate) fn spread(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
