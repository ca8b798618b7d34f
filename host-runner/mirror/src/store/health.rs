//! What a check of a mirror found.

use std::fmt;

/// What becomes of something that was found damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consequence {
    /// The rest of the mirror has it too: a repair makes it anew.
    MadeAnew,
    /// A repair marks it, and the next sync reads it again.
    ReadAgain,
    /// Nothing brings it back; a repair makes the mirror usable without it.
    Lost,
}

impl Consequence {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MadeAnew => "made-anew",
            Self::ReadAgain => "read-again",
            Self::Lost => "lost",
        }
    }
}

/// Something that is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in words.
    pub message: String,
    /// What becomes of it.
    pub consequence: Consequence,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let then = match self.consequence {
            Consequence::MadeAnew => "a repair makes it anew",
            Consequence::ReadAgain => "after a repair the next sync reads it again",
            Consequence::Lost => "it can't be brought back",
        };
        write!(out, "{}; {then}", self.message)
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Records that were checked.
    pub records: u64,
    /// What is damaged; empty for an intact mirror. The first hundred.
    pub problems: Vec<Problem>,
    /// How many there are besides.
    pub more_problems: u64,
    /// Whether the mirror was repaired. What was lost is lost.
    pub is_repaired: bool,
}

impl Health {
    const MOST: usize = 100;

    pub(super) fn add(&mut self, consequence: Consequence, message: impl Into<String>) {
        if self.problems.len() >= Self::MOST {
            self.more_problems += 1;
            // The worst must be among those that are shown.
            if consequence < Consequence::Lost {
                return;
            }
            self.problems.pop();
        }
        self.problems.push(Problem {
            message: message.into(),
            consequence,
        });
    }

    /// Whether nothing was damaged, or everything was made anew or will be read again.
    pub fn is_well(&self) -> bool {
        self.problems.is_empty() || (self.is_repaired && !self.has_losses())
    }

    /// Whether something can't be brought back.
    pub fn has_losses(&self) -> bool {
        let lost = |problem: &Problem| problem.consequence == Consequence::Lost;
        self.problems.iter().any(lost)
    }
}
