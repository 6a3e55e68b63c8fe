//! The stated rules that a point is held to, by source.

use crate::batch::Source;
use crate::discard::Reason;
use crate::point::Tags;
use crate::time::Timestamp;

const HOUR: i64 = 3600 * 1_000_000_000;

/// What a source's points must fulfil to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How old a point may be when it is received, in nanoseconds.
    pub max_age: Option<i64>,
    /// How far ahead of its receipt a point may lie, in nanoseconds.
    pub max_lead: Option<i64>,
    /// Whether the tags `system` and `suspect` discard ([`Rules::reason_of`]).
    pub tags_discard: bool,
}

/// The tags that discard a point, where the rules say so.
const DISCARDING: [(&str, Reason); 2] = [("system", Reason::System), ("suspect", Reason::Suspect)];

impl Rules {
    /// The reason that a tag is, where tags discard; `None` for other tags.
    pub fn reason_of(tag: &str) -> Option<Reason> {
        DISCARDING
            .iter()
            .find(|(discarding, _)| *discarding == tag)
            .map(|(_, reason)| *reason)
    }

    /// The rules of a source. The data server's points are discarded when they
    /// are older than one hour, or tagged `system` or `suspect`. A client's own
    /// points have no such rule: it may load history.
    pub const fn of(source: Source) -> Self {
        match source {
            Source::Api | Source::Meterdata => Self {
                max_age: None,
                max_lead: None,
                tags_discard: false,
            },
            Source::DataServer => Self {
                max_age: Some(HOUR),
                max_lead: None,
                tags_discard: true,
            },
        }
    }

    /// Every reason to discard a point of this time and these tags, received
    /// at `received`; none if it is to be kept. Exactly as old as is allowed is
    /// not too old.
    pub fn judge(&self, time: Timestamp, tags: &Tags, received: Timestamp) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.max_age.is_some_and(|max| received.since(time) > max) {
            reasons.push(Reason::TooOld);
        }
        if self.max_lead.is_some_and(|max| time.since(received) > max) {
            reasons.push(Reason::TooFarAhead);
        }
        if self.tags_discard {
            for (tag, reason) in DISCARDING {
                if tags.contains(tag) {
                    reasons.push(reason);
                }
            }
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_named() {
        let rules = Rules::of(Source::DataServer);
        let received = Timestamp::from_seconds(1_700_000_000).unwrap();
        let judge = |age_seconds: i64, tags: &[&str]| {
            let tags = Tags::new(tags.iter().map(|t| (*t).to_owned())).unwrap();
            rules.judge(received.plus(-age_seconds * 1_000_000_000), &tags, received)
        };
        assert_eq!(judge(3600, &["sun-glint"]), []);
        assert_eq!(judge(3601, &[]), [Reason::TooOld]);
        assert_eq!(judge(3601, &["suspect"]), [Reason::TooOld, Reason::Suspect]);
        assert_eq!(
            judge(0, &["suspect", "system"]),
            [Reason::System, Reason::Suspect]
        );
        assert_eq!(judge(-86_400, &[]), []);
        assert_eq!(
            rules.judge(Timestamp::MIN, &Tags::none(), received),
            [Reason::TooOld]
        );
    }

    #[test]
    fn a_lead_can_be_limited() {
        let rules = Rules {
            max_age: None,
            max_lead: Some(900),
            tags_discard: false,
        };
        let judge = |lead| {
            rules.judge(
                Timestamp::from_nanos(lead),
                &Tags::none(),
                Timestamp::from_nanos(0),
            )
        };
        assert_eq!(judge(900), []);
        assert_eq!(judge(901), [Reason::TooFarAhead]);
        assert_eq!(judge(i64::MAX), [Reason::TooFarAhead]);
    }

    #[test]
    fn clients_may_load_history() {
        let tags = Tags::new(["suspect".to_owned()]).unwrap();
        for source in [Source::Api, Source::Meterdata] {
            let reasons = Rules::of(source).judge(Timestamp::MIN, &tags, Timestamp::MAX);
            assert_eq!(reasons, []);
        }
    }
}
