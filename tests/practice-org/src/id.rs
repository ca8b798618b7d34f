//! Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that keeps the case.
//!
//! Inside the org only the 15-character form exists; both forms are accepted on input and the
//! 18-character form is what every answer carries (salesforce-api.md 2.5 and 8).

use std::fmt;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// A record id in its 15-character form. Ordered by bytes, which is the order of `ORDER BY Id`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId([u8; 15]);

impl RecordId {
    /// The smallest id: sorts before every id of the org.
    pub const MIN: Self = Self(*b"000000000000000");
    /// The greatest id: sorts after every id of the org.
    pub const MAX: Self = Self(*b"zzzzzzzzzzzzzzz");

    /// Reads a 15- or 18-character id. An 18-character id whose letters lost their case gets it
    /// back from the checksum; `None` when the text is not an id.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let mut id = [0; 15];
        id.copy_from_slice(&bytes[..15]);
        let id = Self(id);
        if bytes.len() == 15 || id.checksum() == bytes[15..] {
            return Some(id);
        }
        id.with_case_of(&bytes[15..])
    }

    /// Makes an id from a key prefix, the three characters of an instance and a sequence number.
    pub fn from_parts(prefix: [u8; 3], instance: [u8; 3], sequence: u64) -> Self {
        let mut id = [b'0'; 15];
        id[..3].copy_from_slice(&prefix);
        id[3..6].copy_from_slice(&instance);
        let mut rest = sequence;
        for slot in id[6..].iter_mut().rev() {
            *slot = ALPHABET[(rest % 62) as usize];
            rest /= 62;
        }
        Self(id)
    }

    /// The sequence number that [`RecordId::from_parts`] was given.
    pub fn sequence(&self) -> u64 {
        self.0[6..].iter().fold(0, |sum, &c| {
            let digit = match c {
                b'0'..=b'9' => c - b'0',
                b'A'..=b'Z' => c - b'A' + 10,
                _ => c - b'a' + 36,
            };
            sum * 62 + u64::from(digit)
        })
    }

    /// The last three characters: those of a sequence number below 62³.
    pub(crate) fn last_three(&self) -> [u8; 3] {
        [self.0[12], self.0[13], self.0[14]]
    }

    /// The key prefix: which object the id belongs to.
    pub fn prefix(&self) -> [u8; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }

    /// The 15 bytes, all of them ASCII letters and digits.
    pub fn as_bytes(&self) -> &[u8; 15] {
        &self.0
    }

    /// From 15 stored bytes.
    pub(crate) fn from_bytes(bytes: [u8; 15]) -> Self {
        Self(bytes)
    }

    /// The 15-character form.
    pub fn as_str15(&self) -> &str {
        // Only ASCII gets in, so this can't be invalid UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The 18-character form as bytes.
    pub fn to_bytes18(&self) -> [u8; 18] {
        let mut long = [0; 18];
        long[..15].copy_from_slice(&self.0);
        long[15..].copy_from_slice(&self.checksum());
        long
    }

    fn checksum(&self) -> [u8; 3] {
        let mut sum = [0; 3];
        for (group, slot) in self.0.chunks_exact(5).zip(&mut sum) {
            let bits = group.iter().enumerate();
            let index = bits.fold(0, |n, (k, c)| {
                n | (usize::from(c.is_ascii_uppercase()) << k)
            });
            *slot = CHECKSUM[index];
        }
        sum
    }

    fn with_case_of(self, checksum: &[u8]) -> Option<Self> {
        let mut id = self.0;
        for (group, sum) in id.chunks_exact_mut(5).zip(checksum) {
            let index = CHECKSUM
                .iter()
                .position(|c| *c == sum.to_ascii_uppercase())?;
            for (k, c) in group.iter_mut().enumerate() {
                match (index >> k & 1 == 1, c.is_ascii_alphabetic()) {
                    (true, true) => c.make_ascii_uppercase(),
                    (true, false) => return None,
                    (false, _) => c.make_ascii_lowercase(),
                }
            }
        }
        Some(Self(id))
    }
}

/// Prints the 18-character form.
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_bytes18()).unwrap_or_default())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_ids_get_their_checksum() {
        for (short, long) in [
            ("001D000000IRFma", "001D000000IRFmaIAH"),
            ("003RO0000035WQg", "003RO0000035WQgYAM"),
            ("a00D0000008pQR5", "a00D0000008pQR5IAM"),
            ("003q000000KvQ1t", "003q000000KvQ1tAAF"),
        ] {
            assert_eq!(RecordId::parse(short).unwrap().to_string(), long);
        }
    }

    #[test]
    fn an_18_character_id_that_lost_its_case_is_still_the_same_record() {
        let id = RecordId::parse("001D000000IRFmaIAH").unwrap();
        assert_eq!(RecordId::parse("001d000000irfmaiah"), Some(id));
        assert_eq!(RecordId::parse("001D000000IRFMAIAH"), Some(id));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "001",
            "001D000000IRFm",
            "001D000000IRFma!AH",
            "0000000000000000",
            "001D000000IRFmaIA",
        ] {
            assert_eq!(RecordId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn generated_ids_sort_by_their_sequence_and_keep_it() {
        let make = |n| RecordId::from_parts(*b"003", *b"Hs0", n);
        assert!(make(61) < make(62) && make(9) < make(10) && make(35) < make(36));
        assert_eq!(make(123_456_789).sequence(), 123_456_789);
        assert_eq!(RecordId::parse(&make(77).to_string()), Some(make(77)));
    }
}
