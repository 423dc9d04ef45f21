"""The lies of ``table.rs`` and ``functions.rs``: the test that finds each, and the method it names."""

from __future__ import annotations

from dataclasses import dataclass

FILTER, LIMIT = "Source::supports_filter", "Scan::limit"
READ, STATISTICS = "Partition::read", "Partition::statistics"
INSERT = "Insert::insert"
CHANGES = "asked again, it gives other rows. Look at Source::partitions"


@dataclass(frozen=True)
class Lie:
    """``test`` is the one to run. Without it, all tests run, and the first that fails counts."""

    look_at: str
    test: str | None = None
    columns: tuple[str, ...] = ("id", "name")
    kind: str = ""
    # The values are wrong in the same way each time, which only a reference can tell.
    needs_reference: bool = False


def filters(*columns: str) -> Lie:
    return Lie(FILTER, "test_every_filter_by_itself", columns)


TABLES = {
    "IN with four values": filters("id"),
    "NOT IN": filters("name"),
    "IN with a null": filters("name"),
    "the empty text": filters("name"),
    "a number in no row": filters("id"),
    "the largest number": filters("id"),
    "NaN": filters("celsius"),
    "IS DISTINCT FROM": filters("name"),
    "IS NOT DISTINCT FROM": filters("id"),
    "LIKE": filters("name"),
    "NOT LIKE": filters("name"),
    "ILIKE": filters("name"),
    "a regular expression": filters("name"),
    "remainder": filters("id"),
    "arithmetic": filters("id"),
    "bits": filters("id"),
    "CASE": filters("id"),
    "CAST": filters("celsius"),
    "a function": filters("name"),
    "IS NOT TRUE": filters("flag"),
    "a condition by itself": filters("flag"),
    "IS NULL beside a column": filters("celsius"),
    "two columns": Lie(FILTER, "test_filters_of_two_columns", ("id", "other")),
    "OR of two columns": Lie(FILTER, "test_filters_of_two_columns"),
    "two filters": Lie(FILTER, "test_filters_of_two_columns"),
    "the filters of the last scan": Lie("Source::partitions", "test_queries", ("id",)),
    "three columns": Lie(READ, "test_columns", ("id", "other", "third", "name")),
    "two columns of one type": Lie(READ, "test_columns", ("id", "other", "name")),
    "one column": Lie(READ, "test_columns", ("id", "other", "third")),
    "a row less without columns": Lie(READ, None),
    "rows that are read again": Lie(READ, None),
    "rows after half a read": Lie(READ, None),
    "every 50th scan": Lie(CHANGES, None),
    "batches of one row": Lie(READ, "test_batches"),
    "batches of many rows": Lie(READ, "test_batches"),
    "a limit of 100": Lie(LIMIT, "test_every_limit_by_itself"),
    "a sum of floats": Lie(STATISTICS, None, ("id", "celsius")),
    "a sum of whole numbers": Lie(STATISTICS, None, ("id", "other")),
    "a minimum under a filter": Lie(STATISTICS, "test_statistics"),
    "a maximum of text": Lie(STATISTICS, None),
    "distinct values of a filter": Lie(STATISTICS, "test_statistics"),
    "statistics in another order": Lie(STATISTICS, None, ("id", "third")),
    "nulls of the last column": Lie(STATISTICS, None, ("id", "third")),
    "an insert of several batches": Lie(INSERT, "test_insert_is_whole_or_refused"),
    "an insert of no rows": Lie(INSERT, "test_insert_is_whole_or_refused"),
    "an insert of a batch twice": Lie(INSERT, "test_insert_is_whole_or_refused"),
    "an insert of nulls": Lie(INSERT, "test_insert_is_whole_or_refused", ("id", "third")),
    "an insert of more than 400 rows": Lie(INSERT, "test_insert_is_whole_or_refused"),
    "the row count before an insert": Lie(STATISTICS, "test_insert_is_whole_or_refused"),
}


def scalar(look_at: str, test: str, needs_reference: bool = False) -> Lie:
    return Lie(look_at, test, kind="scalar", needs_reference=needs_reference)


def aggregate(look_at: str, test: str) -> Lie:
    return Lie(look_at, f"test_aggregate_of_{test}", kind="aggregate")


def window(look_at: str, test: str, needs_reference: bool = False) -> Lie:
    test = f"test_window_of_{test}"
    return Lie(look_at, test, kind="window", needs_reference=needs_reference)


INVOKE, COERCE = "ScalarUDFImpl::invoke_with_args", "ScalarUDFImpl::signature or coerce_types"
MERGE = "Accumulator::state or merge_batch"
FUNCTIONS = {
    "rows after a thousand": scalar(INVOKE, "test_scalar_rows"),
    "the smallest number": scalar(INVOKE, "test_scalar_rows", needs_reference=True),
    "twelve": scalar(INVOKE, "test_scalar_rows", needs_reference=True),
    "the value before": scalar(INVOKE, "test_scalar_rows"),
    "a count of calls": scalar(INVOKE, "test_scalar_rows"),
    "a constant": scalar(INVOKE, "test_scalar_constants"),
    "a null constant": scalar(INVOKE, "test_scalar_constants"),
    "a type that it cannot take": scalar(COERCE, "test_types_that_are_accepted"),
    "a type that loses digits": scalar(COERCE, "test_types_that_are_accepted"),
    "the type of one row": scalar("ScalarUDFImpl::return_type", "test_scalar_rows"),
    "a result that is never null": scalar("return_field_from_args", "test_scalar_rows"),
    "a total that is never null": aggregate(
        "AggregateUDFImpl::return_type or is_nullable", "parts"
    ),
    "no rows": aggregate("Accumulator::evaluate", "groups"),
    "values of a long batch": aggregate(MERGE, "parts"),
    "a state without values": aggregate(MERGE, "parts"),
    "the second state": aggregate(MERGE, "parts"),
    "a state that is negative": aggregate(MERGE, "parts"),
    "the type of a state": aggregate("AggregateUDFImpl::state_fields", "parts"),
    "several rows that leave": aggregate("Accumulator::retract_batch", "frames"),
    "nulls that leave": aggregate("Accumulator::retract_batch", "frames"),
    "the last row that leaves": aggregate("Accumulator::retract_batch", "frames"),
    "a result that is asked for": aggregate("Accumulator::evaluate, which must not", "frames"),
    "more than thirty groups": aggregate("GroupsAccumulator::update_batch", "groups"),
    "groups that are complete": aggregate("GroupsAccumulator::", "groups"),
    "groups of a later batch": aggregate("GroupsAccumulator::", "groups"),
    "a filter that is null": aggregate("GroupsAccumulator::update_batch", "groups"),
    "the state of a group": aggregate("GroupsAccumulator::update_batch, state", "groups"),
    "a group without values": aggregate("GroupsAccumulator::", "groups"),
    "the filter of rows by themselves": aggregate("GroupsAccumulator::convert_to_state", "groups"),
    "a window that is never null": window("WindowUDFImpl::field", "rows"),
    "a partition of one row": window("PartitionEvaluator::evaluate_all", "rows", True),
    "a partition of many rows": window("PartitionEvaluator::evaluate_all", "rows", True),
    "a null before": window("PartitionEvaluator::evaluate_all", "rows", True),
    "the partition before": window("WindowUDFImpl::partition_evaluator", "partitions"),
    "a row less": window("PartitionEvaluator::evaluate_all", "rows"),
}
