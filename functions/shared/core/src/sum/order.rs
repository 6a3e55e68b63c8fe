//! Which of two sums is greater, and by how much.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::{ExactSum, negate};

impl ExactSum {
    /// Takes another sum away.
    pub fn take_away(&mut self, other: &Self) {
        let mut digits: SmallVec<[u32; 8]> = SmallVec::from_slice(&other.digits);
        // The least number of so many digits needs one more without its sign.
        digits.push(other.digit(other.end()));
        negate(&mut digits);
        self.merge(&Self::shortest(&digits, other.low));
    }
}

/// By the sums themselves, not by what they are rounded to.
impl Ord for ExactSum {
    fn cmp(&self, other: &Self) -> Ordering {
        let low = usize::from(self.low.min(other.low));
        let end = self.end().max(other.end());
        // In two's complement, digits from the highest decide between equal signs.
        other.is_negative().cmp(&self.is_negative()).then_with(|| {
            let order = |at| self.digit(at).cmp(&other.digit(at));
            let mut digits = (low..end).rev().map(order);
            digits
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }
}

impl PartialOrd for ExactSum {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
