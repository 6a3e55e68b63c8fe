//! Points that can be in many series or in one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use http::Method;

use crate::client::{Connection, Endpoint, Failure, runtime};
use crate::target::{Target, Tidemark};
use crate::workload::{push_value, thousandths, time};

/// Points of a request that loads, and of how many series.
const REQUEST: usize = 1000;
const SERIES_PER_REQUEST: usize = 20;
/// Connections that load.
const CONNECTIONS: usize = 4;
const HOUR: i64 = 3600;

/// Points in series of the same length, a second apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// What their names begin with; a number follows.
    pub(super) prefix: &'static str,
    /// How many series.
    pub(super) series: usize,
    /// Points of each.
    pub(super) each: usize,
    /// After how many points of all the values are those of another series.
    pub(super) cut: usize,
}

/// What stands in a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// Counted from 1970.
    pub(super) hour: i64,
    /// How many points.
    pub(super) count: i64,
    /// The sum of their values.
    pub(super) thousandths: i64,
}

impl Shape {
    /// The same points in one series.
    pub(super) const fn in_one(self, prefix: &'static str) -> Self {
        Self {
            prefix,
            series: 1,
            each: self.series * self.each,
            ..self
        }
    }

    /// The value of a point of a series, in thousandths; it has three decimals.
    fn thousandths(self, series: usize, i: usize) -> i64 {
        let k = series * self.each + i;
        thousandths(odd(k / self.cut), k % self.cut)
    }

    /// How many series and points of each a request holds.
    fn request(self) -> (usize, usize) {
        let together = SERIES_PER_REQUEST.min(self.series);
        (together, (REQUEST / together).min(self.each))
    }

    fn requests(self) -> usize {
        let (together, length) = self.request();
        self.series.div_ceil(together) * self.each.div_ceil(length)
    }

    /// Request number `n` in the order of time; and how many points are in it.
    fn body(self, n: usize) -> (Vec<u8>, usize) {
        let (together, length) = self.request();
        let groups = self.series.div_ceil(together);
        let (first, begin) = (n % groups * together, n / groups * length);
        let (mut body, mut points) = (Vec::with_capacity(REQUEST * 56), 0);
        for series in first..(first + together).min(self.series) {
            for i in begin..(begin + length).min(self.each) {
                body.push(if body.is_empty() { b'[' } else { b',' });
                body.extend(b"{\"name\":\"");
                body.extend(self.prefix.bytes());
                body.extend(itoa::Buffer::new().format(series).bytes());
                body.extend(b"\",\"t\":");
                body.extend(itoa::Buffer::new().format(time(i)).bytes());
                body.extend(b",\"v\":");
                push_value(&mut body, odd(series), self.thousandths(series, i));
                body.push(b'}');
                points += 1;
            }
        }
        body.push(b']');
        (body, points)
    }

    /// Posts all of them.
    pub(super) fn load(self, endpoint: &Endpoint) -> Result<(), Failure> {
        let (next, begin) = (AtomicUsize::new(0), Instant::now());
        let target = Tidemark::default();
        let write = || -> Result<(), Failure> {
            runtime()?.block_on(async {
                let mut connection = Connection::open(endpoint).await?;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= self.requests() {
                        return Ok(());
                    }
                    let (body, points) = self.body(n);
                    let body = Some((target.content_type(), Bytes::from(body)));
                    let path = target.ingest_path();
                    let reply = connection.send(Method::POST, path, body).await?;
                    if !target.took(reply.status, &reply.body, points) {
                        return Err(reply.complaint(path));
                    }
                }
            })
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(write)).collect();
            for thread in threads {
                thread.join().map_err(|_| "a writer panicked")??;
            }
            let (points, seconds) = (self.series * self.each, begin.elapsed().as_secs_f64());
            eprintln!(
                "  {points} points of {} series in {seconds:.1} s",
                self.series
            );
            Ok(())
        })
    }

    /// What stands in each hour.
    pub(super) fn by_hour(self) -> Vec<Sum> {
        let mut sums: Vec<Sum> = Vec::new();
        for i in 0..self.each {
            let hour = time(i).div_euclid(HOUR);
            if sums.last().is_none_or(|last| last.hour != hour) {
                let none = Sum::default();
                sums.push(Sum { hour, ..none });
            }
            if let Some(sum) = sums.last_mut() {
                for series in 0..self.series {
                    sum.count += 1;
                    sum.thousandths += self.thousandths(series, i);
                }
            }
        }
        sums
    }

    /// What stands in all hours together.
    pub(super) fn whole(self) -> Vec<Sum> {
        let all = self.by_hour().into_iter().reduce(|a, b| Sum {
            hour: a.hour,
            count: a.count + b.count,
            thousandths: a.thousandths + b.thousandths,
        });
        all.into_iter().collect()
    }
}

/// Series of odd numbers have three decimals.
const fn odd(series: usize) -> usize {
    2 * series + 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    const MANY: Shape = Shape {
        prefix: "many.",
        series: 45,
        each: 130,
        cut: 130,
    };

    /// The values of a shape's requests, by series and time.
    fn sent(shape: Shape) -> BTreeMap<(String, i64), String> {
        let mut sent = BTreeMap::new();
        for n in 0..shape.requests() {
            let (body, points) = shape.body(n);
            let rows: Vec<Value> = serde_json::from_slice(&body).unwrap();
            assert_eq!(rows.len(), points);
            for row in rows {
                let name = row["name"].as_str().unwrap().to_owned();
                let key = (name, row["t"].as_i64().unwrap());
                let earlier = sent.insert(key, row["v"].to_string());
                assert_eq!(earlier, None);
            }
        }
        sent
    }

    #[test]
    fn one_series_has_the_points_of_many() {
        let (many, one) = (sent(MANY), sent(MANY.in_one("one.")));
        assert_eq!(many.len(), MANY.series * MANY.each);
        let mut last = None;
        for ((n, value), ((name, t), of_one)) in (0..).zip(values(&many)).zip(&one) {
            assert_eq!((name.as_str(), *t), ("one.0", time(n)));
            assert_eq!(&value, of_one, "{n}");
            last = Some(n);
        }
        assert_eq!(last, Some(one.len() - 1));
    }

    /// In the order of the series' numbers.
    fn values(sent: &BTreeMap<(String, i64), String>) -> Vec<String> {
        let mut ordered: Vec<_> = sent.iter().collect();
        ordered.sort_by_key(|((name, t), _)| {
            let number: usize = name.rsplit('.').next().unwrap().parse().unwrap();
            (number, *t)
        });
        ordered
            .into_iter()
            .map(|(_, value)| value.clone())
            .collect()
    }

    #[test]
    fn sums_are_those_of_what_is_sent() {
        for shape in [MANY, MANY.in_one("one.")] {
            let mut expected: BTreeMap<i64, (i64, f64)> = BTreeMap::new();
            for ((_, t), value) in sent(shape) {
                let (count, sum) = expected.entry(t.div_euclid(HOUR)).or_default();
                *count += 1;
                *sum += value.parse::<f64>().unwrap();
            }
            let sums = shape.by_hour();
            assert_eq!(sums.len(), expected.len());
            for (sum, (hour, (count, all))) in sums.iter().zip(expected) {
                assert_eq!((sum.hour, sum.count), (hour, count));
                assert!((sum.thousandths as f64 / 1000.0 - all).abs() < 1e-6);
            }
        }
        assert_eq!(MANY.whole(), MANY.in_one("one.").whole());
    }
}
