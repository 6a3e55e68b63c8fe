//! The model of calculations over many series: one point after the other.

use std::collections::BTreeMap;

use tidemark_core::across::Combined;
use tidemark_core::name::SeriesKey;
use tidemark_core::point::{Point, Value};
use tidemark_core::summary::{Parts, Summary};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::{GroupJob, GroupSlot, Order, PointStore, Reduction, Scan, SlotContent, Slots};

/// The slots of groups, made of one point after the other, or of what each series is
/// reduced to in each slot. It fills nothing, and knows nothing of what reaches over the
/// edges of a slot.
pub async fn pooled<S: PointStore + ?Sized>(
    store: &S,
    job: &GroupJob,
) -> Result<Vec<Vec<GroupSlot>>> {
    let mut groups = Vec::new();
    for group in &job.groups {
        let mut slots: BTreeMap<Timestamp, Vec<Vec<Point>>> = BTreeMap::new();
        for member in &group.members {
            let series = SeriesKey {
                tenant: job.tenant.clone(),
                name: member.name.clone(),
            };
            let mut own: BTreeMap<Timestamp, Vec<Point>> = BTreeMap::new();
            for point in all(store, &series, group.range, &member.tombstones).await? {
                let start = match job.slots {
                    Slots::Whole => group.range.from(),
                    Slots::Grid(grid) => grid.slot_of(point.time).start,
                };
                own.entry(start).or_default().push(point);
            }
            for (start, points) in own {
                slots.entry(start).or_default().push(points);
            }
        }
        let slot = |(start, series): (Timestamp, Vec<Vec<Point>>)| {
            let contributing = series.len() as u64;
            let content = match &job.reduction {
                None => summary(series.concat(), job.parts).map(SlotContent::Points),
                Some(reduction) => Some(SlotContent::Answers(reduced(series, job, reduction))),
            };
            content.map(|content| GroupSlot {
                start,
                contributing,
                content,
            })
        };
        groups.push(slots.into_iter().filter_map(slot).take(job.limit).collect());
    }
    Ok(groups)
}

fn summary(mut points: Vec<Point>, parts: Parts) -> Option<Summary> {
    points.sort_by_key(|point| point.time);
    let times: Vec<Timestamp> = points.iter().map(|point| point.time).collect();
    let values: Vec<Value> = points.iter().map(|point| point.value).collect();
    Summary::of(&times, &values, parts)
}

fn reduced(series: Vec<Vec<Point>>, job: &GroupJob, reduction: &Reduction) -> Vec<Combined> {
    let mut answers = vec![Combined::default(); reduction.stats.len()];
    for points in series {
        let points = summary(points, job.parts);
        for (combined, stat) in answers.iter_mut().zip(&reduction.stats) {
            combined.merge(&Combined::of(stat.of(points.as_ref())));
        }
    }
    answers
}

async fn all<S: PointStore + ?Sized>(
    store: &S,
    series: &SeriesKey,
    range: TimeRange,
    tombstones: &Tombstones,
) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    let mut rest = Some(range);
    while let Some(range) = rest {
        let page = store
            .read(Scan {
                series,
                range,
                tombstones,
                order: Order::Ascending,
                limit: 10_000,
            })
            .await?;
        points.extend(page.points);
        rest = page.rest;
    }
    Ok(points)
}
