//! A hash for texts that outlive the program.

/// FNV-1a with a final mix: stable between builds, which the standard hasher is not.
pub fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
        (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}
