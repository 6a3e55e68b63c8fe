//! The ways in which a store can be told to be wrong, so that the suites can show
//! that they notice.

/// In what way the store is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// In none.
    None,
    /// What is delivered last wins.
    LastDeliveryWins,
    /// Batches received at once are compared as if they were one.
    BatchesAreNotCompared,
    /// In one batch, the point that stands last wins, whatever its index.
    IndexIsIgnored,
    /// Tags are lost.
    TagsAreLost,
    /// A newer write without tags leaves those of the older.
    TagsStay,
    /// -0.0 becomes 0.0.
    TheSignOfZeroIsLost,
    /// Values are kept to 15 digits.
    ValuesAreRounded,
    /// Times are kept to microseconds.
    TimesAreRounded,
    /// The end of a range is left out.
    TheEndIsLeftOut,
    /// A page begins with the last point of the one before.
    PagesRepeat,
    /// Behind a full page a point is left out.
    PagesSkip,
    /// Points come ascending, always.
    OnlyAscending,
    /// All tenants share their series.
    TenantsMix,
    /// Tombstones are not looked at.
    TombstonesAreIgnored,
    /// What was received at the instant of a deletion stays.
    TombstonesExcludeTheirInstant,
    /// Deleting does nothing.
    DeletingDoesNothing,
    /// Deleting takes what was received later, too.
    DeletingTakesAll,
    /// Hidden points are summarized.
    HiddenPointsCount,
    /// A bucket begins with its first point.
    BucketsBeginWithPoints,
    /// A slot's bucket has all of the slot's points, also those outside the range.
    SlotsAreNotCut,
    /// The latest buckets are kept of too many.
    TheLimitKeepsTheLatest,
    /// Moments and quantiles are left out.
    PartsAreLeftOut,
    /// An extent begins after the first point.
    ExtentsAreShort,
    /// A registration brings back what was deleted after it.
    LateBatchesRevive,
    /// A deleted series forgets its tombstones.
    TombstonesAreForgotten,
    /// `updated` is when the last registration came.
    UpdatedIsTheLastCome,
    /// A prefix must be a name.
    PrefixesMustBeNames,
    /// Counting forgets the prefix.
    CountsIgnoreThePrefix,
    /// What was deleted is counted all the same.
    CountsIncludeTheDeleted,
    /// A page of the list begins with the name it should begin after.
    ListsRepeat,
    /// Tombstones are kept without bound.
    TombstonesAreUnbounded,
    /// What is said of a series is not kept.
    WhatIsSaidIsLost,
    /// What a change does not name is cleared.
    ChangesReplaceAll,
    /// What is to be cleared stays.
    NothingIsCleared,
    /// Something can be said of a series that was deleted.
    TheGoneAreDescribed,
    /// What is said of a series outlives it.
    WhatIsSaidIsKept,
    /// A batch clears what is said of its series.
    BatchesUnsay,
    /// A batch brings back the unit that was cleared.
    UnitsComeBack,
    /// A new series has no unit.
    SeriesBeginWithoutUnit,
}
