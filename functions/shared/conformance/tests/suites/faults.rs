//! The suites notice what they are there to notice: each fault of a store is
//! found by a behaviour that is named for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tidemark_conformance::faults::Flaw;
use tidemark_conformance::naive::Naive;
use tidemark_conformance::{
    Subject, about, catalog, deletions, listings, points, scans, slots, summaries, upserts,
};

/// Whether a behaviour fails for a store with this fault.
fn noticed(fault: Flaw, behaviour: impl AsyncFnOnce(&Subject<Naive>)) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let subject = Subject::new(Naive::new(fault));
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(behaviour(&subject)))).is_err()
}

macro_rules! faults {
    ($($fault:ident => $suite:ident::$behaviour:ident,)+) => {
        #[test]
        fn every_fault_is_noticed() {
            $(
                assert!(
                    noticed(Flaw::$fault, $suite::$behaviour::<Naive>),
                    concat!(stringify!($fault), " goes unnoticed by ", stringify!($behaviour))
                );
            )+
        }
    };
}

faults! {
    LastDeliveryWins => upserts::a_late_batch_loses,
    LastDeliveryWins => upserts::redelivery_changes_nothing,
    LastDeliveryWins => upserts::the_order_of_delivery_does_not_matter,
    LastDeliveryWins => summaries::rewritten_points_count_once,
    BatchesAreNotCompared => upserts::received_at_once_the_greater_batch_wins,
    BatchesAreNotCompared => upserts::batches_compare_as_numbers,
    IndexIsIgnored => upserts::of_one_batch_the_greater_index_wins,
    IndexIsIgnored => upserts::duplicates_inside_a_batch_count_once,
    TagsAreLost => points::tags_come_back,
    TagsStay => upserts::a_newer_write_replaces_the_tags,
    TheSignOfZeroIsLost => points::values_come_back_bit_for_bit,
    TheSignOfZeroIsLost => points::odd_values_among_even_ones_survive,
    ValuesAreRounded => points::values_come_back_bit_for_bit,
    TimesAreRounded => points::every_instant_is_kept_or_refused,
    TheEndIsLeftOut => scans::ranges_include_both_ends,
    TheEndIsLeftOut => summaries::small_ranges_agree,
    PagesRepeat => scans::pages_neither_miss_nor_repeat,
    PagesSkip => scans::pages_neither_miss_nor_repeat,
    OnlyAscending => scans::pages_neither_miss_nor_repeat,
    TenantsMix => points::tenants_and_series_do_not_mix,
    TenantsMix => listings::many_series_are_counted_exactly,
    TombstonesAreIgnored => deletions::tombstones_hide_by_receipt_and_range,
    TombstonesAreIgnored => deletions::a_late_batch_is_hidden,
    TombstonesAreIgnored => summaries::what_is_hidden_does_not_count,
    TombstonesExcludeTheirInstant => deletions::tombstones_hide_by_receipt_and_range,
    DeletingDoesNothing => deletions::deleting_spares_what_was_received_later,
    DeletingDoesNothing => deletions::an_extent_is_empty_after_deleting,
    DeletingTakesAll => deletions::deleting_spares_what_was_received_later,
    DeletingTakesAll => deletions::a_newer_write_is_seen_over_a_hidden_one,
    HiddenPointsCount => summaries::what_is_hidden_does_not_count,
    BucketsBeginWithPoints => slots::a_range_cuts_slots,
    SlotsAreNotCut => slots::a_range_cuts_slots,
    SlotsAreNotCut => summaries::many_points_agree,
    TheLimitKeepsTheLatest => slots::the_limit_keeps_the_earliest,
    PartsAreLeftOut => summaries::small_ranges_agree,
    ExtentsAreShort => scans::extents_cover_what_there_is,
    LateBatchesRevive => catalog::a_late_registration_does_not_revive,
    TombstonesAreForgotten => catalog::a_newer_batch_revives_and_the_tombstone_stays,
    UpdatedIsTheLastCome => catalog::updated_is_the_latest_receipt,
    PrefixesMustBeNames => listings::prefixes_filter,
    CountsIgnoreThePrefix => listings::prefixes_filter,
    CountsIncludeTheDeleted => listings::the_count_follows_what_comes_and_goes,
    ListsRepeat => listings::pages_begin_after_any_name,
    TombstonesAreUnbounded => catalog::too_many_separate_deletions_are_refused,
    WhatIsSaidIsLost => about::what_is_said_comes_back,
    WhatIsSaidIsLost => about::changes_at_once_are_all_kept,
    ChangesReplaceAll => about::a_change_leaves_the_rest,
    ChangesReplaceAll => about::changes_at_once_are_all_kept,
    NothingIsCleared => about::a_change_leaves_the_rest,
    NothingIsCleared => about::a_series_begins_with_a_unit,
    TheGoneAreDescribed => about::of_no_series_nothing_is_said,
    WhatIsSaidIsKept => about::what_is_said_goes_with_the_series,
    BatchesUnsay => about::what_is_said_outlives_batches,
    UnitsComeBack => about::a_series_begins_with_a_unit,
    SeriesBeginWithoutUnit => about::a_series_begins_with_a_unit,
    TenantsMix => about::what_is_said_belongs_to_one_series,
}
