"""A package that goes wrong: Python gets an exception, and goes on."""

from __future__ import annotations

import subprocess
import sys

import hostile_ext
import pytest
from hostile_ext import PLACES

from hooks import REGISTER, hooks

TABLE = "ctx.register_table('t', Readings(rows=100_000, partitions=3))"
SCALAR = f"{TABLE}; ctx.register_udf(udf(Fahrenheit()))"
WAITING = f"{TABLE}; ctx.register_udf(udf(FloorOf()))"
AGGREGATE = f"{TABLE}; ctx.register_udaf(udaf(RootMeanSquare()))"
WINDOW = f"{TABLE}; ctx.register_udwf(udwf(Change()))"
FUNCTION = "ctx.register_udtf(TableFunction('readings', ReadingsFunction(), ctx))"
FACTORY = "ctx.register_table_factory('READINGS', ReadingsFactory())"
SCHEMA = "ctx.catalog().register_schema('sensors', ReadingsSchema())"
CATALOG = "ctx.register_catalog_provider('house', ReadingsCatalog())"
OPTIONS = (
    "ctx = SessionContext(SessionConfig().with_extension(Options()));"
    "ctx.register_udf(udf(ShowCelsius()))"
)
RULE = f"{TABLE}; ctx.add_physical_optimizer_rule(TrustSourceRule())"
LOGICAL = f"ctx = ctx.with_logical_extension_codec(LogicalCodec()); {TABLE}"
PHYSICAL = f"ctx = ctx.with_physical_extension_codec(PhysicalCodec()); {TABLE}"
LIBRARY = (
    f"{TABLE}; from hostile_ext import functions; ctx.register_udf(udf(functions.clamp));"
    "ctx.register_udaf(udaf(functions.spread)); ctx.register_udwf(udwf(functions.warmest))"
)
PLANNER = f"ctx = ctx.with_extensions(SessionExtension()); {TABLE}"
ROOMS = "ctx.register_table('r', Rooms())"
MANY = "INSERT INTO r SELECT 'hall', value FROM generate_series(1, 20000)"
MANY_ROOMS = f"{ROOMS}; ctx.sql({MANY!r}).collect()"
BUILDING = "ctx.register_catalog_provider('building', BuildingCatalog())"
FILES = """
import pyarrow.parquet, tempfile
folder = tempfile.TemporaryDirectory()
pa.parquet.write_table(pa.table({'id': range(10)}), f'{folder.name}/a.parquet')
"""

SUM = "sql('SELECT sum(celsius), max(id) FROM t WHERE id >= 5 AND id + 0 >= 0')"
COUNT = "sql('SELECT count(*) FROM t')"
PLAN = "ctx.sql('SELECT * FROM t').execution_plan().display_indent()"
ARROW = "pa.table(Readings(rows=500_000, partitions=3)).num_rows"
JOURNAL = "ctx.register_table('j', Journal())"
INSERT = """sql("INSERT INTO j VALUES ('attic', 'warm')")"""
FEW = "(SELECT * FROM t WHERE id < 100) AS few"
FAHRENHEIT = "sql('SELECT max(fahrenheit(celsius)) FROM t')"
FLOOR = "sql('SELECT max(floor_of(sensor)) FROM t WHERE id < 10')"
RMS = "sql('SELECT rms(celsius) FROM t')"
RMS_OF_GROUPS = "sql('SELECT sensor, rms(celsius) FROM t GROUP BY sensor ORDER BY sensor')"
RMS_OF_MANY_GROUPS = "sql('SELECT id, rms(celsius) AS r FROM t GROUP BY id ORDER BY id LIMIT 5')"
RMS_THAT_SLIDES = f"sql('SELECT rms(celsius) OVER (ORDER BY id ROWS 2 PRECEDING) FROM {FEW}')"
EVERY_RMS = [
    (AGGREGATE, question)
    for question in (RMS, RMS_OF_GROUPS, RMS_OF_MANY_GROUPS, RMS_THAT_SLIDES)
]
CHANGE = f"sql('SELECT change(celsius) OVER (ORDER BY id) FROM {FEW}')"
CALL = "sql('SELECT count(*) FROM readings(10, 2)')"
CREATE = """(
    sql("CREATE EXTERNAL TABLE e STORED AS READINGS LOCATION 'sensors://house'"),
    sql("SELECT count(*) FROM e"), sql("DROP TABLE e"),
)"""
TABLE_NAMES = "ctx.catalog().schema('sensors').table_names()"
SCHEMA_NAMES = "ctx.catalog('house').schema_names()"
LIST = "ctx.register_catalog_provider_list(ReadingsCatalogList()), ctx.catalog_names()"
SHOW = "sql('SELECT show_celsius(20.0)')"
LOGICAL_AS_BYTES = """LogicalPlan.from_bytes(
    ctx, ctx.sql("SELECT id FROM t").logical_plan().to_bytes(ctx)
).display_indent()"""
PHYSICAL_AS_BYTES = """ExecutionPlan.from_bytes(
    ctx, ctx.sql("SELECT id FROM t").execution_plan().to_bytes(ctx)
).display_indent()"""
LIMIT = "sql('SELECT id FROM t LIMIT 2')"
ALL = "register_all(SessionContext()) is not None"
CLAMP = "sql('SELECT max(clamp(celsius, 16, 30)) FROM t')"
SPREAD = "sql('SELECT spread(celsius) FROM t')"
WARMEST = f"sql('SELECT warmest(celsius) OVER (ORDER BY id) FROM {FEW}')"
OFFSET = "sql('SELECT id FROM t LIMIT 2 OFFSET 990')"
ROWS = "sql('SELECT count(sensor), max(floor) FROM r WHERE floor > 0')"
ROOMS_TO_ARROW = "pa.table(Rooms()).num_rows"
HALL = """sql("INSERT INTO r VALUES ('hall', 0)")"""
GROUND = "sql('SELECT count(sensor) FROM building.ground.rooms')"
SCHEMAS = "ctx.catalog('building').schema_names()"
TABLES = "ctx.catalog('building').schema('ground').table_names()"
DOORS = """(
    sql("CREATE TABLE IF NOT EXISTS building.ground.doors AS VALUES (1)"),
    sql("SELECT * FROM building.ground.doors"), sql("DROP TABLE building.ground.doors"),
)"""
READ_FILES = "pa.table(ReadingsFiles([folder.name + '/'])).num_rows"

# For each place: what is registered, and what is asked for.
CASES = {
    "source::ReadingsSource::try_new": [("", ARROW), (FUNCTION, CALL), (FACTORY, CREATE)],
    "source::Source::schema": [("", ARROW), (FUNCTION, CALL), (FACTORY, CREATE)],
    "source::Source::partitions": [(TABLE, SUM), ("", ARROW), (PLANNER, OFFSET)],
    "source::Source::supports_filter": [(TABLE, SUM)],
    "source::filtered": [(TABLE, SUM)],
    "source::limited": [(TABLE, LIMIT)],
    "insert::Insert::insert": [(JOURNAL, INSERT)],
    "insert::Insert::overwrite": [(JOURNAL, INSERT.replace("INTO", "OVERWRITE"))],
    "source::Partition::read": [(TABLE, SUM), ("", ARROW)],
    "readings::batch": [(TABLE, SUM), ("", ARROW)],
    "source::stream": [(TABLE, SUM), ("", ARROW)],
    "source::Partition::statistics": [(TABLE, SUM), (TABLE, COUNT), (TABLE, PLAN)],
    "scalar_udf::fahrenheit": [(SCALAR, FAHRENHEIT)],
    "scalar_udf::ScalarUDFImpl::coerce_types": [(SCALAR, FAHRENHEIT)],
    "scalar_udf::ScalarUDFImpl::return_type": [(SCALAR, FAHRENHEIT)],
    "scalar_udf::ScalarUDFImpl::invoke_with_args": [(SCALAR, FAHRENHEIT)],
    "async_scalar_udf::floor_of": [(WAITING, FLOOR)],
    "aggregate_udf::AggregateState::inputs": EVERY_RMS,
    "aggregate_udf::AggregateState::update": EVERY_RMS,
    "aggregate_udf::AggregateState::merge": EVERY_RMS,
    "aggregate_udf::function::State::to_columns": EVERY_RMS[:-1],
    "aggregate_udf::function::State::from_columns": EVERY_RMS[:-1],
    "aggregate_udf::AggregateState::results": EVERY_RMS,
    "aggregate_udf::AggregateUDFImpl::create_sliding_accumulator": [(AGGREGATE, RMS_THAT_SLIDES)],
    "aggregate_udf::AggregateUDFImpl::return_type": [(AGGREGATE, RMS)],
    "aggregate_udf::AggregateUDFImpl::state_fields": [(AGGREGATE, RMS)],
    "aggregate_udf::AggregateUDFImpl::accumulator": [(AGGREGATE, RMS)],
    "aggregate_udf::AggregateUDFImpl::create_groups_accumulator": [(AGGREGATE, RMS_OF_GROUPS)],
    "window_udf::change": [(WINDOW, CHANGE)],
    "window_udf::PartitionEvaluator::evaluate_all": [(WINDOW, CHANGE)],
    "window_udf::WindowUDFImpl::field": [(WINDOW, CHANGE)],
    "window_udf::WindowUDFImpl::partition_evaluator": [(WINDOW, CHANGE)],
    "table_function::source": [(FUNCTION, CALL)],
    "table_provider_factory::source": [(FACTORY, CREATE)],
    "schema_provider::SchemaProvider::table_names": [(SCHEMA, TABLE_NAMES)],
    "schema_provider::SchemaProvider::table": [
        (SCHEMA, "sql('SELECT count(*) FROM sensors.hour')"),
        (CATALOG, "sql('SELECT count(*) FROM house.serial.hour')"),
    ],
    "schema_provider::SchemaProvider::table_exist": [(SCHEMA, "ctx.table_exist('sensors.hour')")],
    "catalog_provider::CatalogProvider::schema_names": [(CATALOG, SCHEMA_NAMES)],
    "catalog_provider::CatalogProvider::schema": [
        (CATALOG, "sql('SELECT count(*) FROM house.serial.hour')")
    ],
    "catalog_provider_list::catalogs": [("", LIST)],
    "extension_options::FromStr::from_str": [(OPTIONS, SHOW), ("", "str(Options('kelvin'))")],
    "extension_options::DisplayOptions::show": [(OPTIONS, SHOW)],
    "extension_options::show_celsius": [(OPTIONS, SHOW)],
    "physical_optimizer_rule::rewrite": [(RULE, SUM), (RULE, PLAN)],
    "logical_extension_codec::SourceCodec::encode": [(LOGICAL, LOGICAL_AS_BYTES), (PLANNER, SUM)],
    "logical_extension_codec::SourceCodec::decode": [(LOGICAL, LOGICAL_AS_BYTES), (PLANNER, SUM)],
    "physical_extension_codec::PartitionCodec::encode": [(PHYSICAL, PHYSICAL_AS_BYTES), (PLANNER, SUM)],
    "physical_extension_codec::PartitionCodec::decode": [(PHYSICAL, PHYSICAL_AS_BYTES), (PLANNER, SUM)],
    "query_planner::plan": [(PLANNER, SUM), (PLANNER, OFFSET)],
    "existing_table_provider::provider": [("", ROOMS_TO_ARROW)],
    "existing_catalog_provider::catalog": [("", "str(BuildingCatalog())[:10]")],
    "listing_table::options": [(FILES, READ_FILES)],
    "listing_table::runtime_env": [(FILES, READ_FILES)],
    "listing_table::table": [(FILES, READ_FILES)],
    "TableProvider::schema": [("", ROOMS_TO_ARROW)],
    "TableProvider::table_type": [("", ROOMS_TO_ARROW)],
    "TableProvider::statistics": [(ROOMS, ROWS)],
    "TableProvider::supports_filters_pushdown": [(ROOMS, ROWS)],
    "TableProvider::scan": [(ROOMS, ROWS), ("", ROOMS_TO_ARROW), (BUILDING, GROUND)],
    "TableProvider::insert_into": [(ROOMS, HALL)],
    "DisplayAs::fmt_as": [(ROOMS, ROWS)],
    "ExecutionPlan::properties": [(ROOMS, ROWS)],
    "ExecutionPlan::repartitioned": [(MANY_ROOMS, ROWS)],
    "ExecutionPlan::execute": [(ROOMS, ROWS), ("", ROOMS_TO_ARROW)],
    "ExecutionPlan::stream": [(ROOMS, ROWS), ("", ROOMS_TO_ARROW)],
    "ExecutionPlan::metrics": [(ROOMS, "len(sql('EXPLAIN ANALYZE SELECT * FROM r'))")],
    "ExecutionPlan::statistics_from_inputs": [(ROOMS, ROWS)],
    "CatalogProvider::schema_names": [(BUILDING, SCHEMAS)],
    "CatalogProvider::schema": [(BUILDING, GROUND)],
    "SchemaProvider::owner_name": [(BUILDING, TABLES)],
    "SchemaProvider::table_names": [(BUILDING, TABLES)],
    "SchemaProvider::table": [(BUILDING, GROUND)],
    "SchemaProvider::table_exist": [(BUILDING, DOORS)],
    "SchemaProvider::register_table": [(BUILDING, DOORS)],
    "SchemaProvider::deregister_table": [(BUILDING, DOORS)],
    "function_library::functions": [("", ALL)],
    "function_library::clamp": [(LIBRARY, CLAMP)],
    "function_library::Spread::update": [(LIBRARY, SPREAD)],
    "function_library::Spread::merge": [(LIBRARY, SPREAD)],
    "function_library::Spread::finish": [(LIBRARY, SPREAD)],
    "function_library::warmest": [(LIBRARY, WARMEST)],
}

# DataFusion has no way to report what goes wrong there.
NOT_REPORTED = {
    "schema_provider::SchemaProvider::table_names": "RESULT set()",
    "schema_provider::SchemaProvider::table_exist": "RESULT False",
    "catalog_provider::CatalogProvider::schema_names": "RESULT set()",
    "catalog_provider::CatalogProvider::schema": "not found",
    "TableProvider::statistics": "RESULT",
    "ExecutionPlan::metrics": "RESULT",
    "CatalogProvider::schema_names": "RESULT set()",
    "CatalogProvider::schema": "not found",
    "SchemaProvider::owner_name": "RESULT",
    "SchemaProvider::table_names": "RESULT set()",
    "SchemaProvider::table_exist": "RESULT",
    "SchemaProvider::deregister_table": "doesn't exist",
}

# In a process of its own, as a fault that is not caught ends it.
SESSION = """
import faulthandler, os, sys
faulthandler.enable()
import pyarrow as pa
from datafusion import *
from hostile_ext import *

fault, setup, question = sys.argv[1:]
config = SessionConfig().with_target_partitions(4).set(
    "datafusion.execution.skip_partial_aggregation_probe_rows_threshold", "1000"
)

def session():
    names = globals() | {"ctx": SessionContext(config)}
    exec(setup, names)
    names["sql"] = lambda statement: names["ctx"].sql(statement).to_pylist()
    # As text, Python would end by the signal that it caught.
    code = compile(question, "question", "eval")
    return lambda: eval(code, names)
"""

ASK = f"""{SESSION}
ask = session()
os.environ["FAULT"] = fault
try:
    print("RESULT", ask())
except BaseException as error:
    print("EXCEPTION", type(error).__name__, str(error).replace("\\n", " "))
del os.environ["FAULT"]
assert ask() == session()()
print("ALIVE")
"""

INTERRUPT = f"""{SESSION}
import signal, threading, time

# Whoever started the tests may have it ignored, as a shell does for what runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
ask = session()
os.environ["FAULT"] = fault
threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
started = time.monotonic()
try:
    ask()
except (KeyboardInterrupt, Exception) as error:
    took = time.monotonic() - started
    print("late" if took >= 30 else repr(error))
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_every_place_has_a_case() -> None:
    assert CASES.keys() == PLACES.keys()


@pytest.mark.parametrize(
    ("kind", "place", "setup", "question"),
    [
        pytest.param(kind, place, *case, id=f"{kind}-{place}-{i}")
        for place, cases in CASES.items()
        for i, case in enumerate(cases)
        for kind in PLACES[place].split()
    ],
)
def test_fault(kind: str, place: str, setup: str, question: str) -> None:
    said, alive = run(ASK, f"{kind}:{place}", setup, question).splitlines()
    assert alive == "ALIVE"
    if kind == "wait":
        assert said.startswith("RESULT ")
        return
    messages = {
        "panic": f"hostile-ext panicked: hostile {place}",
        "error": f"disk of {place}",
        "wrong": "the plan of the table promised the columns",
    }
    assert NOT_REPORTED.get(place, messages[kind]) in said


def test_a_table_that_cannot_be_opened_leaves_the_others() -> None:
    setup = f"""
ctx = SessionContext(SessionConfig().with_information_schema()); {BUILDING}; {TABLE}
"""
    names = "SELECT table_name FROM information_schema.tables ORDER BY 1"
    question = f"sql('{names}'), sql('SELECT max(id) FROM t')"
    said = run(ASK, "error:SchemaProvider::table", setup, question)
    assert said.startswith("RESULT ") and "'rooms'" in said
    for columns in ("count(*)", "*", "sensor"):
        query = f"sql('SELECT {columns} FROM building.ground.rooms')"
        said = run(ASK, "error:SchemaProvider::table", setup, query)
        assert said.startswith("EXCEPTION ") and "disk of SchemaProvider::table" in said


# DataFusion takes anything that is no capsule for an object of its own Python classes.
TAKE_ANYTHING = {
    "__datafusion_catalog_provider__",
    "__datafusion_catalog_provider_list__",
    "__datafusion_schema_provider__",
    "__datafusion_table_provider_factory__",
}

WRONG = """
import faulthandler, sys
faulthandler.enable()
import hostile_ext
from datafusion import SessionContext
from hooks import REGISTER, caller, hooks, register

hook = sys.argv[1]
# A planner of a session is a planner.
right = {hook, hook.replace("session", "query")}
ctx = SessionContext()
things = {
    other: caller(hostile_ext, name, other, ctx)()
    for name, other in hooks(hostile_ext)
    if other not in right and "_session_" not in other
}
for other, thing in [*things.items(), ("5", 5)]:
    class Wrong:
        pass

    setattr(Wrong, hook, lambda self, *_: thing)
    for how in REGISTER[hook]:
        print(other, how, end=" ", flush=True)
        try:
            register(how, SessionContext(), Wrong())
            print("TAKEN")
        except Exception as error:
            print("REFUSED", str(error).replace("\\n", " "))
"""


def test_every_hook_is_known() -> None:
    assert {hook for _, hook in hooks(hostile_ext)} == REGISTER.keys()


@pytest.mark.parametrize("hook", REGISTER)
def test_wrong_capsule_is_refused(hook: str) -> None:
    said = run(WRONG, hook).splitlines()
    assert len(said) >= len(REGISTER) - 3
    taken = [line.split()[0] for line in said if line.endswith(" TAKEN")]
    assert taken == (["5"] if hook in TAKE_ANYTHING else [])


DROP_UNUSED = """
import importlib.metadata, sys
import hostile_ext
from datafusion import SessionContext
from hooks import caller

def resident_memory():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

# Else it would read a file each time.
host = importlib.metadata.version("datafusion")
importlib.metadata.version = lambda _: host

name, method, times = sys.argv[1:]
call = caller(hostile_ext, name, method, None if "arrow" in method else SessionContext())
times = int(times)
# They take what memory is free already, so that a leak would show.
kept = [call() for _ in range(times)]
before = resident_memory()
for _ in range(times):
    call()
print(resident_memory() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "method"),
    [
        *hooks(hostile_ext),
        ("Readings", "__arrow_c_stream__"),
        ("Readings", "__arrow_c_schema__"),
    ],
)
def test_dropped_unused(name: str, method: str) -> None:
    # The source of `Readings` holds 1 MiB; the others hold 200 bytes or more, and files take long.
    few = {"Readings": (100, 2**20), "ReadingsFiles": (1_000, 2**13)}
    times, size = few.get(name, (50_000, 200))
    assert int(run(DROP_UNUSED, name, method, str(times))) < times * size / 2


@pytest.mark.parametrize("place", [place for place in PLACES if "wait" in PLACES[place]])
def test_ctrl_c_while_something_waits(place: str) -> None:
    said = run(INTERRUPT, f"hang:{place}", *CASES[place][0])
    # A function has no other way to say it than an error, which crosses as text.
    expected = "Exception(" if place == "async_scalar_udf::floor_of" else "KeyboardInterrupt("
    assert said.startswith(expected) and "KeyboardInterrupt" in said, said


CONSTRUCTOR = """
import os, signal, sys, threading
from hostile_ext import Readings

signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["FAULT"] = sys.argv[1]
threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
try:
    Readings()
except KeyboardInterrupt:
    del os.environ["FAULT"]
    print("interrupted", Readings())
"""


def test_a_constructor_that_waits_can_be_interrupted() -> None:
    assert run(CONSTRUCTOR, "hang:source::constructor").startswith("interrupted Readings(")
