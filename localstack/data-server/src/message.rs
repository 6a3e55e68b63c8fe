//! The messages: what they hold, by kind, and for what each is to be discarded.
//! Which kinds and values follow each other depends on the seed and the shares
//! alone.

use std::f64::consts::TAU;

use fastrand::Rng;
use serde::Serialize;

use crate::defect::{self, Defect};
use crate::options::Shares;
use crate::reason::Reason;
use crate::schedule::{self, Schedule};

const OTHER_TAGS: [&str; 6] = [
    "sun-glint",
    "calibrated",
    "night",
    "maintenance window",
    "Süd",
    // Not the ones that discard.
    "suspected",
];

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Valid, without tags.
    Valid,
    /// Valid, with tags that do not discard.
    OtherTags,
    /// Tagged `system`.
    System,
    /// Tagged `suspect`.
    Suspect,
    /// Tagged with both.
    Both,
    /// Older than an hour when it became ready.
    TooOld,
    /// So old, and tagged `suspect`.
    TooOldSuspect,
    /// Wrong in itself, in one way.
    Malformed,
}

/// A message as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its place in the sequence, from 0.
    pub(crate) n: u64,
    /// What it is.
    pub(crate) kind: Kind,
    /// How it is malformed, if it is.
    pub(crate) defect: Option<&'static Defect>,
    /// The time it bears, in microseconds since 1970 UTC, where it has a
    /// regular one.
    pub(crate) time: Option<i64>,
    /// The bytes of the answer.
    pub(crate) payload: Vec<u8>,
}

impl Message {
    /// Every reason for which a receiver at `now` (microseconds since 1970 UTC)
    /// has to discard it. A message that nobody fetched within the hour has
    /// become too old.
    pub(crate) fn reasons(&self, now: i64) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self
            .time
            .is_some_and(|time| schedule::is_too_old(time, now))
        {
            reasons.push(Reason::TooOld);
        }
        if matches!(self.kind, Kind::System | Kind::Both) {
            reasons.push(Reason::System);
        }
        if matches!(self.kind, Kind::Suspect | Kind::Both | Kind::TooOldSuspect) {
            reasons.push(Reason::Suspect);
        }
        reasons.extend(self.defect.map(|defect| defect.reason));
        reasons
    }
}

/// Makes one message after the other.
#[derive(Debug)]
pub(crate) struct Producer {
    schedule: Schedule,
    shares: Shares,
    rng: Rng,
    /// Messages in a day of the signal.
    day: f64,
    phase: f64,
    next: u64,
}

impl Producer {
    /// Messages by `schedule` with these shares; `rate` stretches the signal so
    /// that its day has 86400 seconds.
    pub(crate) fn new(schedule: Schedule, shares: Shares, rate: f64, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        Self {
            schedule,
            shares,
            phase: rng.f64(),
            rng,
            day: 86_400.0 * if rate == 0.0 { 1.0 } else { rate },
            next: 0,
        }
    }

    /// Takes the next message, if it is ready at `now` (microseconds since
    /// 1970 UTC).
    pub(crate) fn take(&mut self, now: i64) -> Option<Message> {
        let n = self.next;
        let time = self.schedule.time(n).filter(|&time| time <= now)?;
        self.next += 1;
        let kind = self.kind();
        let value = self.value(n);
        let is_plain = self.rng.f64() < self.shares.plain;
        if kind == Kind::Malformed {
            let defect = &defect::ALL[self.rng.usize(..defect::ALL.len())];
            let sample = defect::Sample { n, time, value };
            return Some(Message {
                n,
                kind,
                defect: Some(defect),
                time: None,
                payload: (defect.payload)(&sample),
            });
        }
        let tags = match kind {
            Kind::Valid | Kind::TooOld | Kind::Malformed => vec![],
            Kind::System => vec!["system"],
            Kind::Suspect | Kind::TooOldSuspect => vec!["suspect"],
            Kind::Both => vec!["suspect", "system"],
            Kind::OtherTags => {
                let many = self.rng.usize(1..=3);
                self.rng.choose_multiple(OTHER_TAGS, many)
            }
        };
        let time = match kind {
            Kind::TooOld | Kind::TooOldSuspect => self.schedule.old_time(time),
            _ => time,
        };
        Some(Message {
            n,
            kind,
            defect: None,
            time: Some(time),
            payload: payload(time, value, is_plain, &tags).into_bytes(),
        })
    }

    fn kind(&mut self) -> Kind {
        let shares = [
            (self.shares.system, Kind::System),
            (self.shares.suspect, Kind::Suspect),
            (self.shares.both, Kind::Both),
            (self.shares.other_tags, Kind::OtherTags),
            (self.shares.too_old, Kind::TooOld),
            (self.shares.too_old_suspect, Kind::TooOldSuspect),
            (self.shares.malformed, Kind::Malformed),
        ];
        let mut drawn = self.rng.f64();
        for (share, kind) in shares {
            if drawn < share {
                return kind;
            }
            drawn -= share;
        }
        Kind::Valid
    }

    /// A day's rise and fall with some noise, from -1.2 to 1.2.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the data server's values are of single precision"
    )]
    fn value(&mut self, n: u64) -> f32 {
        let day = (n as f64 / self.day + self.phase) * TAU;
        let signal = 0.8 * day.sin() + 0.3 * (2.0 * day).cos();
        let noise = 0.1 * (self.rng.f64() - 0.5);
        (signal + noise) as f32
    }
}

fn payload(time: i64, value: f32, is_plain: bool, tags: &[&str]) -> String {
    let value = if is_plain {
        value.to_string()
    } else {
        format!("{:?}", value.to_le_bytes())
    };
    let tags = serde_json::Value::from(tags);
    let time = schedule::epoch_seconds(time);
    format!(r#"{{"time": {time}, "value": {value}, "tags": {tags}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const START: i64 = 1_790_112_910_734_219;
    const NOW: i64 = START + 60_000_000_000;

    fn messages(shares: &Shares, seed: u64, n: usize) -> Vec<Message> {
        let schedule = Schedule::new(START, 200.0, 10, 0);
        let mut producer = Producer::new(schedule, shares.clone(), 200.0, seed);
        (0..n).map_while(|_| producer.take(NOW)).collect()
    }

    fn mixed() -> Shares {
        Shares {
            system: 0.1,
            suspect: 0.1,
            both: 0.1,
            other_tags: 0.1,
            too_old: 0.1,
            too_old_suspect: 0.1,
            malformed: 0.1,
            plain: 0.5,
        }
    }

    #[test]
    fn it_is_written_as_the_external_server_does() {
        let bytes = f32::from_le_bytes([68, 51, 127, 191]);
        assert_eq!(
            payload(1_790_112_910_000_000, bytes, false, &["suspect", "system"]),
            r#"{"time": 1790112910, "value": [68, 51, 127, 191], "tags": ["suspect","system"]}"#
        );
        assert_eq!(
            payload(1_712_751_031_005_000, 1.012_215_5, true, &[]),
            r#"{"time": 1712751031.005, "value": 1.0122155, "tags": []}"#
        );
    }

    #[test]
    fn a_seed_decides_everything() {
        let drawn = |seed| -> Vec<_> {
            let messages = messages(&mixed(), seed, 500).into_iter();
            messages.map(|m| (m.n, m.kind, m.time, m.payload)).collect()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn shares_are_kept() {
        let messages = messages(&mixed(), 1, 10_000);
        for kind in [
            Kind::System,
            Kind::Suspect,
            Kind::Both,
            Kind::OtherTags,
            Kind::TooOld,
            Kind::TooOldSuspect,
            Kind::Malformed,
        ] {
            let count = messages.iter().filter(|m| m.kind == kind).count();
            assert!((850..1150).contains(&count), "{kind:?}: {count}");
        }
        let well_formed = messages.iter().filter(|m| m.defect.is_none()).count();
        let plain = messages
            .iter()
            .filter_map(|m| serde_json::from_slice::<Value>(&m.payload).ok())
            .filter(|v| v["value"].is_number() && v["time"].is_number())
            .count();
        assert!((45..55).contains(&(plain * 100 / well_formed)), "{plain}");
    }

    #[test]
    fn well_formed_messages_hold_what_their_kind_says() {
        let mut values = Vec::new();
        for m in messages(&mixed(), 2, 5000) {
            if m.defect.is_some() {
                continue;
            }
            let json: Value = serde_json::from_slice(&m.payload).unwrap();
            let tags: Vec<&str> = json["tags"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t.as_str().unwrap())
                .collect();
            let expected = m.reasons(START);
            assert_eq!(tags.contains(&"system"), expected.contains(&Reason::System));
            assert_eq!(
                tags.contains(&"suspect"),
                expected.contains(&Reason::Suspect)
            );
            let age = START as f64 / 1e6 - json["time"].as_f64().unwrap();
            assert_eq!(age > 3600.0, expected.contains(&Reason::TooOld), "{age}");
            assert_eq!(
                m.kind == Kind::Valid,
                expected.is_empty() && tags.is_empty()
            );
            let value = match &json["value"] {
                Value::Array(bytes) => {
                    let bytes: Vec<u8> = bytes
                        .iter()
                        .map(|b| u8::try_from(b.as_u64().unwrap()).unwrap())
                        .collect();
                    f32::from_le_bytes(bytes.try_into().unwrap())
                }
                plain => plain.to_string().parse().unwrap(),
            };
            assert!(value.abs() < 1.2);
            values.push(value);
        }
        // Smooth: neighbours differ by the noise alone.
        assert!(values.windows(2).all(|w| (w[0] - w[1]).abs() < 0.15));
    }

    #[test]
    fn what_nobody_fetched_within_the_hour_is_too_old() {
        let message = &messages(&Shares::default(), 3, 11)[10];
        assert_eq!(message.time, Some(START));
        assert_eq!(message.reasons(START + 3_600_000_000), []);
        assert_eq!(message.reasons(START + 3_600_000_001), [Reason::TooOld]);
    }

    #[test]
    fn nothing_is_ready_before_its_time() {
        let mut producer = Producer::new(
            Schedule::new(START, 200.0, 0, 0),
            Shares::default(),
            200.0,
            0,
        );
        assert!(producer.take(START - 1).is_none());
        assert!(producer.take(START).is_some());
        assert!(producer.take(START).is_none());
        assert_eq!(producer.take(START + 5000).map(|m| m.n), Some(1));
    }
}
