//! Makes tests of behaviours.

/// Makes a test of each behaviour of each suite named, for one implementation.
///
/// `open` is an async function without arguments that returns a
/// [`Subject`](crate::Subject) of what implements the suites'
/// ports; every test opens one of its own. Attributes before `mod`, such as
/// `#[ignore = "needs an emulator"]`, go to each test. The tests are called
/// `embedded::points::values_come_back_bit_for_bit`, and so on. The crate that
/// calls this needs tokio with `macros`, `rt-multi-thread` and `time`.
///
/// ```text
/// conformance_tests! {
///     mod embedded: open => points, scans, upserts, deletions, summaries, slots, catalog,
///         about, listings, discards, discard_listings, history;
/// }
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($(#[$attribute:meta])* mod $name:ident: $open:ident => $($suite:ident),+ $(,)? $(;)?) => {
        $crate::conformance_module! { [$(#[$attribute])*] $name $open [$($suite)+] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_module {
    ($attributes:tt $name:ident $open:ident [$($suite:ident)+]) => {
        mod $name {
            use super::$open;
            $(
                mod $suite {
                    use super::$open;
                    $crate::conformance_suite! { $suite $open $attributes }
                }
            )+
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_each {
    ([$($behaviour:ident,)+] $suite:ident $open:ident $attributes:tt) => {
        $( $crate::conformance_test! { $behaviour $suite $open $attributes } )+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_test {
    ($behaviour:ident $suite:ident $open:ident [$($attribute:tt)*]) => {
        #[tokio::test(flavor = "multi_thread")]
        $($attribute)*
        async fn $behaviour() {
            let subject = $open().await;
            $crate::$suite::$behaviour(&subject).await;
        }
    };
}

/// The list of each suite's behaviours, in the order of its file.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_suite {
    (points $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            values_come_back_bit_for_bit,
            odd_values_among_even_ones_survive,
            every_instant_is_kept_or_refused,
            tags_come_back,
            names_are_told_apart,
            tenants_and_series_do_not_mix,
            an_empty_write_is_no_error,
            a_large_batch_is_kept,
            points_out_of_order_are_put_in_order,
            many_series_share_a_batch,
            concurrent_writes_are_all_kept,
        ] points $open $attributes }
    };
    (scans $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            of_an_unknown_series_nothing_is_read,
            ranges_include_both_ends,
            pages_neither_miss_nor_repeat,
            ranges_are_cut_out_of_many_points,
            extents_cover_what_there_is,
            many_extents_are_those_of_each,
        ] scans $open $attributes }
    };
    (upserts $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            received_later_wins,
            received_at_once_the_greater_batch_wins,
            batches_compare_as_numbers,
            of_one_batch_the_greater_index_wins,
            receipts_a_nanosecond_apart_are_told_apart,
            a_late_batch_loses,
            a_late_batch_loses_among_many_points,
            a_newer_write_replaces_the_tags,
            redelivery_changes_nothing,
            duplicates_inside_a_batch_count_once,
            a_point_written_often_is_one_point,
            the_order_of_delivery_does_not_matter,
        ] upserts $open $attributes }
    };
    (deletions $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            tombstones_hide_by_receipt_and_range,
            overlapping_tombstones_add_up,
            a_late_batch_is_hidden,
            a_newer_write_is_seen_over_a_hidden_one,
            no_older_write_comes_to_light,
            deleting_spares_what_was_received_later,
            a_deleted_series_begins_anew,
            stretches_of_many_points_are_deleted,
            deleting_nothing_is_no_error,
            deleting_leaves_others_alone,
            an_extent_is_empty_after_deleting,
        ] deletions $open $attributes }
    };
    (summaries $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            nothing_has_no_summary,
            small_ranges_agree,
            the_earliest_extreme_is_named,
            many_points_agree,
            the_ends_of_time_are_summarized,
            sums_do_not_depend_on_order,
            sums_of_many_points_do_not_depend_on_order,
            rewritten_points_count_once,
            what_is_hidden_does_not_count,
            sums_beyond_f64_are_told,
            many_summaries_are_those_of_each,
        ] summaries $open $attributes }
    };
    (slots $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            the_limit_keeps_the_earliest,
            calendar_slots_agree,
            a_day_in_spring_has_23_hours,
            a_range_cuts_slots,
            fine_slots_over_years_are_only_those_with_points,
        ] slots $open $attributes }
    };
    (catalog $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            a_registered_series_is_there,
            updated_is_the_latest_receipt,
            registering_repeats_and_nothing,
            a_deleted_series_is_gone,
            a_late_registration_does_not_revive,
            a_newer_batch_revives_and_the_tombstone_stays,
            a_late_deletion_spares_a_newer_series,
            tombstones_are_kept_and_joined,
            tombstones_belong_to_one_series,
            a_tombstone_makes_no_series,
            too_many_separate_deletions_are_refused,
        ] catalog $open $attributes }
    };
    (about $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            what_is_said_comes_back,
            a_change_leaves_the_rest,
            of_no_series_nothing_is_said,
            what_is_said_goes_with_the_series,
            what_is_said_outlives_batches,
            a_series_begins_with_a_unit,
            what_is_said_belongs_to_one_series,
            changes_at_once_are_all_kept,
        ] about $open $attributes }
    };
    (listings $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            series_are_listed_by_their_bytes,
            prefixes_filter,
            a_prefix_has_no_wildcards,
            pages_begin_after_any_name,
            many_series_are_counted_exactly,
            the_count_follows_what_comes_and_goes,
        ] listings $open $attributes }
    };
    (discards $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            a_discard_comes_back_whole,
            payloads_are_kept_byte_for_byte,
            cut_payloads_stay_cut,
            an_unknown_discard_is_none,
            putting_again_changes_nothing,
            a_discard_is_replayed_once,
            one_of_many_replays_wins,
            tenants_do_not_see_each_others,
        ] discards $open $attributes }
    };
    (discard_listings $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            filters_combine,
            pages_go_on_at_any_stamp,
            counts_are_exact,
            many_discards_are_put_at_once,
        ] discard_listings $open $attributes }
    };
    (history $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            a_query_comes_back_whole,
            the_latest_comes_first,
            sequences_may_be_large,
            a_query_is_recorded_once,
            tenants_do_not_see_each_others,
        ] history $open $attributes }
    };
    (keys $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            a_key_comes_back_whole,
            an_unknown_key_is_none,
            a_key_is_made_once,
            a_key_is_revoked_once,
            keys_are_listed_by_tenant_and_time,
        ] keys $open $attributes }
    };
    (queue $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            points_arrive_unchanged,
            messages_arrive_unchanged,
            a_large_batch_arrives,
            many_messages_keep_their_index,
            no_batch_is_lost,
        ] queue $open $attributes }
    };
    (calculator $open:ident $attributes:tt) => {
        $crate::conformance_each! { [
            jobs_agree_with_the_store,
            of_an_unknown_series_there_is_nothing,
            groups_are_the_points_of_their_series,
        ] calculator $open $attributes }
    };
}
