//! Transactions that tests hold open.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::server::lock::lock;
use crate::store::Transaction;

/// Open transactions by their numbers.
#[derive(Default)]
pub struct Transactions(Mutex<(u64, HashMap<u64, Transaction>)>);

impl Transactions {
    /// Keeps an open transaction for later; returns its number.
    pub fn keep(&self, transaction: Transaction) -> u64 {
        let mut kept = lock(&self.0);
        kept.0 += 1;
        let number = kept.0;
        kept.1.insert(number, transaction);
        number
    }

    /// Takes a kept transaction out.
    pub fn take(&self, number: u64) -> Option<Transaction> {
        lock(&self.0).1.remove(&number)
    }
}
