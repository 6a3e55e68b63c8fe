//! A point as a record.

use std::cmp::Reverse;

use aws_sdk_timestreamwrite::error::BuildError;
use aws_sdk_timestreamwrite::types::builders::RecordBuilder;
use aws_sdk_timestreamwrite::types::{Dimension, MeasureValue, MeasureValueType, Record, TimeUnit};
use tidemark_core::batch::{SeriesPoints, Source, Write};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::Timestamp;

use super::version::Versioned;
use super::{BEGIN, sql};

/// The name of the measure that holds the others.
const MEASURE: &str = "point";
/// How many bytes a record may have.
const LONGEST: usize = 2048;
/// How many bytes of it are not tags: names, and numbers of 8 bytes.
const REST: usize = "series".len()
    + MEASURE.len()
    + "value".len()
    + "tags".len()
    + "received".len()
    + "batch".len()
    + "place".len()
    + "source".len()
    + 32
    + 4 * 8;

/// A point that is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing {
    /// Its series, as a position in the write.
    pub(super) series: usize,
    /// Its position in the columns of that series.
    pub(super) position: usize,
    /// With which version.
    pub(super) write: Versioned,
}

/// A write, as records.
pub(super) struct Records<'a> {
    write: &'a Write,
    keys: Vec<SeriesKey>,
}

impl<'a> Records<'a> {
    pub(super) fn new(write: &'a Write) -> Self {
        let key = |points: &SeriesPoints| SeriesKey {
            tenant: write.tenant.clone(),
            name: points.name.clone(),
        };
        Self {
            write,
            keys: write.series.iter().map(key).collect(),
        }
    }

    /// All points, of equal times in a series the one that counts.
    pub(super) fn outgoing(&self) -> Vec<Outgoing> {
        let mut all = Vec::new();
        for (series, points) in self.write.series.iter().enumerate() {
            let mut positions: Vec<usize> = (0..points.len()).collect();
            positions.sort_by_key(|&at| (points.times[at], Reverse(points.index[at])));
            positions.dedup_by_key(|at| points.times[*at]);
            all.extend(positions.into_iter().map(|position| Outgoing {
                series,
                position,
                write: Versioned::new(self.write.stamp(points.index[position])),
            }));
        }
        all
    }

    pub(super) fn key(&self, point: Outgoing) -> &SeriesKey {
        &self.keys[point.series]
    }

    pub(super) fn time(&self, point: Outgoing) -> Timestamp {
        self.write.series[point.series].times[point.position]
    }

    /// Why Timestream cannot take a point, as far as it would refuse all of a
    /// call for it.
    pub(super) fn fault(&self, point: Outgoing) -> Option<String> {
        if self.time(point) < BEGIN {
            return Some("Timestream takes no time before 1970".to_owned());
        }
        let tags = self.tags(point).len();
        let source = self.write.source.as_str().len();
        let length = REST + sql::series(self.key(point)).len() + source + tags;
        (length > LONGEST).then(|| {
            format!(
                "its record would have {length} bytes ({tags} of tags), Timestream takes {LONGEST}"
            )
        })
    }

    /// What these points have in common, and what each has beside that.
    pub(super) fn records(&self, points: &[Outgoing]) -> Result<(Record, Vec<Record>), BuildError> {
        let first = points.first().map(|point| point.series);
        let is_one = points.iter().all(|point| Some(point.series) == first);
        let series = points.first().filter(|_| is_one);
        let mut common = Record::builder()
            .measure_name(MEASURE)
            .measure_value_type(MeasureValueType::Multi)
            .time_unit(TimeUnit::Nanoseconds);
        if let Some(&point) = series {
            common = common.dimensions(dimension(self.key(point))?);
        }
        let records = points.iter().map(|&point| {
            let record = self.record(point)?;
            Ok::<_, BuildError>(match series {
                Some(_) => record.build(),
                None => record.dimensions(dimension(self.key(point))?).build(),
            })
        });
        Ok((common.build(), records.collect::<Result<_, _>>()?))
    }

    fn record(&self, point: Outgoing) -> Result<RecordBuilder, BuildError> {
        use MeasureValueType::{Bigint, Double, Varchar};
        let value = self.write.series[point.series].values[point.position].get();
        let stamp = point.write.stamp;
        // Clients' own points, which are most, go without a source: it is a tenth of
        // what a record is billed for, and no query asks for it.
        let source = Some(&self.write.source)
            .filter(|source| **source != Source::Api)
            .map(|source| ("source", source.to_string(), Varchar));
        let measures = [
            ("value", format!("{value:?}"), Double),
            ("tags", self.tags(point), Varchar),
            ("received", stamp.received.nanos().to_string(), Bigint),
            ("batch", stamp.batch.to_string(), Varchar),
            ("place", point.write.place().to_string(), Bigint),
        ];
        let mut record = Record::builder()
            .time(self.time(point).nanos().to_string())
            .version(point.write.version());
        for (name, value, kind) in measures.into_iter().chain(source) {
            let measure = MeasureValue::builder().name(name).value(value);
            record = record.measure_values(measure.r#type(kind).build()?);
        }
        Ok(record)
    }

    /// Written even where there are none: a column is there from the first
    /// record that has it.
    fn tags(&self, point: Outgoing) -> String {
        let tags = self.write.series[point.series].tags_at(point.position);
        serde_json::to_string(tags).unwrap_or_default()
    }
}

fn dimension(key: &SeriesKey) -> Result<Dimension, BuildError> {
    let dimension = Dimension::builder().name("series");
    dimension.value(sql::series(key)).build()
}
