//! What chunks of common kinds cost. The bounds leave some room above what was
//! measured; `cargo test sizes -- --nocapture` prints the sizes.

use super::*;

/// Numbers that look random, the same in each run.
struct Noise(u64);

impl Noise {
    /// One of `0..n`.
    fn below(&mut self, n: u32) -> u32 {
        // Knuth's MMIX generator; its upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((self.0 >> 32) * u64::from(n)) >> 32).unwrap()
    }
}

/// `n` points that came in batches of `per_batch`, each batch some milliseconds
/// after the one before; `at` and `value` make a point.
fn series(
    n: u32,
    per_batch: u32,
    at: impl Fn(u32, &mut Noise) -> i64,
    value: impl Fn(u32, &mut Noise) -> f64,
) -> Columns {
    let mut noise = Noise(1);
    let mut received = 1_790_000_000_123_456_000;
    let mut sequence = 1000;
    let mut parts = Parts {
        batches: Vec::new(),
        samples: Samples::default(),
        batch: Vec::new(),
        index: Vec::new(),
        tags: Vec::new(),
    };
    for i in 0..n {
        if i % per_batch == 0 {
            received += 1_000_000 + i64::from(noise.below(2000)) * 1000;
            sequence += 1 + u64::from(noise.below(2));
            parts.batches.push(BatchStamp {
                received: Timestamp::from_nanos(received),
                id: BatchId::new(0x1234_5678_9abc_def0, sequence),
            });
            let among = (1000 / per_batch).max(1);
            parts.index.push(noise.below(among) * per_batch);
        } else {
            parts.index.push(parts.index[parts.index.len() - 1] + 1);
        }
        parts.batch.push(i / per_batch);
        let at = Timestamp::from_nanos(1_700_000_000_000_000_000 + at(i, &mut noise));
        parts.samples.times.push(at);
        let value = value(i, &mut noise);
        parts.samples.values.push(Value::new(value).unwrap());
    }
    Columns::from_parts(parts)
}

fn assert_costs(what: &str, columns: &Columns, most: f64) {
    let bytes = encode(columns).unwrap();
    let chunk = Chunk::open(&bytes).unwrap();
    let [times, values, stamps] = [chunk.times, chunk.values, chunk.stamps].map(|r| r.0.len());
    let each = bytes.len() as f64 / columns.len() as f64;
    println!("{what:32} {each:6.3} B/point  times {times:5}  values {values:5}  stamps {stamps:5}");
    assert!(each <= most, "{what}: {each} bytes a point, not {most}");
    assert_eq!(bits(&decode(&bytes).unwrap()), bits(columns));
}

const SECOND: i64 = 1_000_000_000;

fn regular(i: u32, _: &mut Noise) -> i64 {
    i64::from(i) * SECOND
}

/// Three decimals: a slow wave under noise of 360 steps, 8.5 bits.
fn wave(i: u32, noise: &mut Noise) -> f64 {
    let wave = 3000.0 * (f64::from(i) / 300.0).sin();
    (20_000.0 + wave + f64::from(noise.below(360))).round() / 1000.0
}

#[test]
fn sizes_of_regular_series() {
    for (n, per_batch, most) in [
        (4096, 1000, 1.25),
        (4096, 100, 1.3),
        (4096, 10, 1.55),
        (1000, 1000, 1.4),
        (50, 50, 2.9),
        (50, 10, 3.5),
    ] {
        let what = format!("{n} points by {per_batch}");
        assert_costs(&what, &series(n, per_batch, regular, wave), most);
    }
}

#[test]
fn sizes_of_irregular_times() {
    let gaps = |i: u32, _: &mut Noise| i64::from(i + i / 97 * 3 + i / 310) * SECOND;
    let jitter = |i: u32, noise: &mut Noise| {
        i64::from(i) * SECOND + i64::from(noise.below(1000)) * 1_000_000
    };
    assert_costs("gaps", &series(4096, 1000, gaps, wave), 1.3);
    assert_costs(
        "milliseconds of jitter",
        &series(4096, 1000, jitter, wave),
        2.7,
    );
}

#[test]
fn sizes_of_other_values() {
    let mostly_decimal = |i: u32, noise: &mut Noise| {
        if noise.below(200) == 0 {
            -0.0
        } else {
            wave(i, noise)
        }
    };
    let counter = |i: u32, noise: &mut Noise| f64::from(i * 3 + noise.below(4));
    let steps = |i: u32, _: &mut Noise| f64::from(i / 400) * 0.25;
    let single = |_: u32, noise: &mut Noise| f64::from((noise.below(1 << 20) as f32).sqrt());
    let double = |_: u32, noise: &mut Noise| f64::from(noise.below(u32::MAX)).sqrt();
    let cost = |what, most, value: &dyn Fn(u32, &mut Noise) -> f64| {
        assert_costs(what, &series(4096, 1000, regular, value), most);
    };
    cost("decimals and some -0.0", 1.35, &mostly_decimal);
    cost("a counter", 0.5, &counter);
    cost("steps", 0.1, &steps);
    cost("single precision", 3.4, &single);
    cost("double precision", 7.2, &double);
}
