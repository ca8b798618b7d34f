//! How long and how large one request and its answer may be.

use super::ByteSize;
use std::time::Duration;

/// The waits of one request. A guest may ask for shorter ones, never for longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// DNS, TCP and TLS together.
    pub connect: Duration,
    /// From the last byte sent to the answer's head.
    pub first_byte: Duration,
    /// Between two pieces of the answer's body, while someone waits for the next.
    pub between_bytes: Duration,
    /// From the request to the last byte of its answer.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            // A reachable host answers within a few hundred milliseconds; ten seconds cover two lost SYN packets.
            connect: Duration::from_secs(10),
            // A query may execute for two minutes before its first byte (salesforce-api.md 5).
            first_byte: Duration::from_secs(150),
            between_bytes: Duration::from_secs(60),
            // Salesforce ends every REST call after ten minutes (salesforce-api.md 5); nothing comes later.
            total: Duration::from_secs(600),
        }
    }
}

impl Deadlines {
    /// The shorter of each wait.
    #[must_use]
    pub fn clamped_by(self, host: &Deadlines) -> Self {
        Self {
            connect: self.connect.min(host.connect),
            first_byte: self.first_byte.min(host.first_byte),
            between_bytes: self.between_bytes.min(host.between_bytes),
            total: self.total.min(host.total),
        }
    }
}

/// What one request and its answer may cost, and how many may run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressLimits {
    /// The waits.
    pub deadlines: Deadlines,
    /// The largest body that a guest reads, counted after gzip decoding.
    pub max_response: ByteSize,
    /// The largest body that is sent.
    pub max_request: ByteSize,
    /// How many requests of one tenant, of all its jobs together, wait for their answers at once; more wait their turn.
    pub max_in_flight: usize,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            deadlines: Deadlines::default(),
            // A page of 2,000 wide rows has some 10 to 20 MB; a guest of 128 MiB can't hold three times more than this.
            max_response: ByteSize::mib(64),
            // Salesforce takes 2 GB at most, for a file (ContentVersion multipart).
            max_request: ByteSize::gib(2),
            // Salesforce runs 25 long requests at once for the whole org, 5 for a small one (salesforce-api.md 5):
            // leave some to others.
            max_in_flight: 4,
        }
    }
}
