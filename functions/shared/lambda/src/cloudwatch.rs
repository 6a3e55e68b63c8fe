//! Metrics of the process, written to stdout in the embedded metric format:
//! from such a line in its log `CloudWatch` makes metrics, in the namespace
//! `Tidemark`, with the function and the labels as dimensions.
//!
//! The format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Label, Metadata, Recorder,
    SharedString, Unit,
};
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Tidemark";
/// How many values of a metric one document takes.
const VALUES: usize = 100;

static COLLECTED: OnceLock<Collected> = OnceLock::new();

/// Has metrics be collected.
pub(crate) fn install() {
    let collected = COLLECTED.get_or_init(Collected::default);
    // Only a second recorder is refused; there is none.
    let _ = metrics::set_global_recorder(collected.clone());
}

/// Writes what was collected since the last time.
#[allow(clippy::disallowed_methods, reason = "CloudWatch wants to know when")]
pub(crate) fn flush() {
    let Some(collected) = COLLECTED.get() else {
        return;
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let mut out = std::io::stdout().lock();
    for document in collected.documents(&function, now.as_millis()) {
        // A log that cannot be written cannot be told, either.
        let _ = writeln!(out, "{document}");
    }
}

/// What was collected, by labels and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collected(Arc<Mutex<BTreeMap<Key, Held>>>);

#[derive(Debug)]
enum Held {
    Count(u64),
    Values(Vec<f64>),
}

impl Collected {
    /// Takes what was collected: documents of one line, at least one for each
    /// set of labels.
    pub(crate) fn documents(&self, function: &str, millis: u128) -> Vec<Value> {
        let held = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // The documents of each set of labels: of each, its metrics.
        let mut sets: BTreeMap<Vec<Label>, Vec<Map<String, Value>>> = BTreeMap::new();
        for (key, held) in held {
            let labels: Vec<Label> = key.labels().cloned().collect();
            let documents = sets.entry(labels).or_default();
            let parts: Vec<Value> = match held {
                Held::Count(count) => vec![json!(count)],
                Held::Values(values) => values.chunks(VALUES).map(|part| json!(part)).collect(),
            };
            documents.resize_with(documents.len().max(parts.len()), Map::new);
            for (document, part) in documents.iter_mut().zip(parts) {
                document.insert(key.name().to_owned(), part);
            }
        }
        sets.into_iter()
            .flat_map(|(labels, documents)| {
                documents
                    .into_iter()
                    .map(move |metrics| document(function, millis, &labels, metrics))
            })
            .collect()
    }
}

fn document(function: &str, millis: u128, labels: &[Label], metrics: Map<String, Value>) -> Value {
    let unit = |name: &str| match name.strip_suffix("_ms") {
        Some(_) => "Milliseconds",
        None => "Count",
    };
    let told: Vec<Value> = metrics
        .keys()
        .map(|name| json!({"Name": name, "Unit": unit(name)}))
        .collect();
    let keys = labels.iter().map(Label::key);
    let dimensions: Vec<&str> = std::iter::once("function").chain(keys).collect();
    let mut document = json!({
        "_aws": {
            "Timestamp": u64::try_from(millis).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [dimensions],
                "Metrics": told,
            }],
        },
        "function": function,
    });
    if let Some(members) = document.as_object_mut() {
        let labels = labels
            .iter()
            .map(|l| (l.key().to_owned(), json!(l.value())));
        members.extend(labels.chain(metrics));
    }
    document
}

impl Recorder for Collected {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(self.handle(key)))
    }

    /// There are no gauges: what a process of many holds tells nothing.
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(self.handle(key)))
    }
}

/// One metric.
struct Handle {
    key: Key,
    collected: Collected,
}

impl Collected {
    fn handle(&self, key: &Key) -> Handle {
        Handle {
            key: key.clone(),
            collected: self.clone(),
        }
    }
}

impl Handle {
    fn change(&self, empty: Held, change: impl FnOnce(&mut Held)) {
        let mut held = self
            .collected
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(held.entry(self.key.clone()).or_insert(empty));
    }
}

impl CounterFn for Handle {
    fn increment(&self, by: u64) {
        self.change(Held::Count(0), |held| {
            if let Held::Count(count) = held {
                *count = count.saturating_add(by);
            }
        });
    }

    fn absolute(&self, value: u64) {
        self.change(Held::Count(0), |held| *held = Held::Count(value));
    }
}

impl HistogramFn for Handle {
    /// To the hundredth: more digits cost and say nothing.
    fn record(&self, value: f64) {
        self.change(Held::Values(Vec::new()), |held| {
            if let Held::Values(values) = held {
                values.push((value * 100.0).round() / 100.0);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(record: impl FnOnce()) -> Vec<Value> {
        let collected = Collected::default();
        metrics::with_local_recorder(&collected, record);
        let documents = collected.documents("stack-ingest", 7);
        assert_eq!(collected.documents("stack-ingest", 7), Vec::<Value>::new());
        documents
    }

    #[test]
    fn metrics_of_one_set_of_labels_are_one_document() {
        let documents = documents(|| {
            metrics::counter!("points_accepted").increment(3);
            metrics::counter!("points_accepted").increment(4);
            metrics::histogram!("ingest_ms").record(1.23456);
            metrics::histogram!("ingest_ms").record(2);
        });
        assert_eq!(
            documents,
            [json!({
                "_aws": {
                    "Timestamp": 7,
                    "CloudWatchMetrics": [{
                        "Namespace": "Tidemark",
                        "Dimensions": [["function"]],
                        "Metrics": [
                            {"Name": "ingest_ms", "Unit": "Milliseconds"},
                            {"Name": "points_accepted", "Unit": "Count"},
                        ],
                    }],
                },
                "function": "stack-ingest",
                "ingest_ms": [1.23, 2.0],
                "points_accepted": 7,
            })]
        );
    }

    #[test]
    fn labels_are_dimensions() {
        let documents = documents(|| {
            metrics::counter!("points_discarded", "reason" => "too_old").increment(1);
            metrics::counter!("points_discarded", "reason" => "suspect").increment(2);
        });
        let told: Vec<_> = documents
            .iter()
            .map(|d| (d["reason"].as_str().unwrap(), &d["points_discarded"]))
            .collect();
        assert_eq!(told, [("suspect", &json!(2)), ("too_old", &json!(1))]);
        let dimensions = &documents[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(*dimensions, json!([["function", "reason"]]));
    }

    #[test]
    fn many_values_are_several_documents() {
        let documents = documents(|| {
            metrics::counter!("points_accepted").increment(1);
            for value in 0..250 {
                metrics::histogram!("fetch_ms").record(value);
            }
        });
        let lengths: Vec<_> = documents
            .iter()
            .map(|d| d["fetch_ms"].as_array().unwrap().len())
            .collect();
        assert_eq!(lengths, [100, 100, 50]);
        let counts: Vec<_> = documents
            .iter()
            .filter(|d| d["points_accepted"] == 1)
            .collect();
        assert_eq!(counts.len(), 1);
    }
}
