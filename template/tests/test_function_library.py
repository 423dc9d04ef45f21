"""All functions of the list in Rust, in SQL and in Python; then those of the stub by themselves."""

from __future__ import annotations

import inspect
import keyword
import pickle
from typing import Any

import pyarrow as pa
import pytest
from conformance import run_python
from datafusion import Expr, SessionContext, col, lit, udaf, udf, udwf
from datafusion.expr import Window

from {{crate_name}} import _internal, functions, register_all

SCALAR, AGGREGATE, WINDOW = _internal.function_library()
LIBRARY = [*SCALAR, *AGGREGATE, *WINDOW]
CELSIUS = [-5.0, 20.0, None, 35.0]
READINGS = pa.table({"id": range(4), "celsius": CELSIUS})


@pytest.fixture
def ctx() -> SessionContext:
    # Not by `register_all`: a query planner of this package could not query tables in memory.
    ctx = SessionContext()
    for scalar in SCALAR:
        ctx.register_udf(udf(scalar))
    for aggregate in AGGREGATE:
        ctx.register_udaf(udaf(aggregate))
    for window in WINDOW:
        ctx.register_udwf(udwf(window))
    ctx.from_arrow(READINGS, name="t")
    return ctx


def answers(ctx: SessionContext, expression: Expr | str) -> list[Any]:
    frame = ctx.table("t").sort(col("id"))
    if isinstance(expression, str):
        frame = ctx.sql(f"SELECT {expression} AS answer FROM t")
    else:
        frame = frame.select(expression.alias("answer"))
    return [row["answer"] for row in frame.to_pylist()]


@pytest.mark.parametrize("function", LIBRARY, ids=lambda function: str(function.name))
def test_each_is_registered(function: _internal.LibraryFunction) -> None:
    ctx = register_all(SessionContext())
    over = "OVER ()" if function in WINDOW else ""
    for name in (function.name, *function.aliases):
        problem = ""
        try:
            ctx.sql(f'SELECT "{name}"() {over}')
        except Exception as error:
            problem = str(error)
        # Any other problem is about the arguments.
        assert "Invalid function" not in problem


@pytest.mark.parametrize("function", LIBRARY, ids=lambda function: str(function.name))
def test_each_is_in_python(function: _internal.LibraryFunction) -> None:
    name = f"{function.name}_" if keyword.iskeyword(function.name) else function.name
    if not name.isidentifier():
        pytest.skip("it is for SQL only")
    assert name in functions.__all__
    assert name in dir(functions)
    made = getattr(functions, name)
    assert made.__name__ == name
    assert made.__module__ == functions.__name__
    assert (function.description or "") in made.__doc__
    for argument in function.arguments:
        assert ": ".join(argument) in made.__doc__
    if function.arity:
        with pytest.raises(TypeError, match=f"^{name}"):
            made(*[lit(1.0)] * (function.arity[1] + 1))


def hook(function: object) -> str:
    (found,) = (name for name in dir(function) if name.startswith("__datafusion_"))
    return found


@pytest.mark.parametrize("function", LIBRARY, ids=lambda function: str(function.name))
def test_each_has_a_capsule_of_the_right_name(function: _internal.LibraryFunction) -> None:
    assert f'"{hook(function).strip("_")}"' in repr(getattr(function, hook(function))())


WRONG_HOST = """
import importlib.metadata
from test_function_library import LIBRARY, hook

real = importlib.metadata.version
importlib.metadata.version = lambda name: "99.0.0" if name == "datafusion" else real(name)
for function in LIBRARY:
    try:
        getattr(function, hook(function))()
    except ImportError as error:
        print(error)
"""


def test_each_refuses_a_wrong_host() -> None:
    messages = run_python(WRONG_HOST).splitlines()
    assert len(messages) == len(LIBRARY)
    assert all('Run: pip install "datafusion>=' in message for message in messages)


def test_signatures() -> None:
    signature = inspect.signature(functions.clamp)
    assert list(signature.parameters) == ["celsius", "low", "high"]
    assert signature.return_annotation is Expr
    assert len(inspect.signature(functions.kelvin).parameters) == 1


def test_scalar(ctx: SessionContext) -> None:
    assert answers(ctx, "kelvin(celsius)") == [268.15, 293.15, None, 308.15]
    assert answers(ctx, functions.kelvin(col("celsius"))) == [268.15, 293.15, None, 308.15]
    assert answers(ctx, functions.kelvin(20)) == [293.15] * 4


@pytest.mark.parametrize(
    "call",
    [
        "clamp(celsius, 0, 30)",
        functions.clamp(col("celsius"), 0.0, 30.0),
        functions.clamp(col("celsius"), lit(0), 30),
        functions.clamp(celsius=col("celsius"), high=30, low=0),
    ],
    ids=["sql", "numbers", "literals", "keywords"],
)
def test_constants_are_scalars(ctx: SessionContext, call: Expr | str) -> None:
    assert answers(ctx, call) == [0.0, 20.0, None, 30.0]


def test_constants_alone(ctx: SessionContext) -> None:
    assert answers(ctx, "clamp(50, 0, 30)") == [30.0] * 4
    assert answers(ctx, "clamp(celsius, NULL, 30)") == [-5.0, 20.0, None, 30.0]
    assert answers(ctx, "clamp(NULL, 0, 30)") == [None] * 4


def test_no_rows_and_many(ctx: SessionContext) -> None:
    call = functions.clamp(col("celsius"), 0, 30)
    no_rows = pa.record_batch([pa.array([], pa.float64())], ["celsius"])
    ctx.register_record_batches("none", [[no_rows]])
    assert ctx.table("none").select(call).to_pylist() == []
    many = pa.table({"celsius": [float(i % 100) for i in range(100_000)]})
    clamped = ctx.from_arrow(many).select(call.alias("x")).to_arrow_table()["x"].to_pylist()
    assert sorted(clamped) == sorted(min(float(i % 100), 30.0) for i in range(100_000))


def test_column_named_as_literals_are(ctx: SessionContext) -> None:
    """A constant is told from a column of that name by its values."""
    for values in ([20.0, 21.0, 22.0], [20.0, 20.0, 20.0], [20.0, None, 20.0], [None]):
        frame = ctx.from_arrow(pa.table({"lit": pa.array(values, pa.float64())}))
        kelvin = frame.select(functions.kelvin(col("lit")).alias("k")).to_pylist()
        assert [row["k"] for row in kelvin] == [x if x is None else x + 273.15 for x in values]


def test_bounds_that_are_no_constants(ctx: SessionContext) -> None:
    assert answers(ctx, "clamp(celsius, id * 10, 30)") == [0.0, 20.0, None, 30.0]


def test_wrong_arguments(ctx: SessionContext) -> None:
    clamp: Any = functions.clamp
    with pytest.raises(TypeError, match=r"clamp\(celsius, low, high\): .*'high'"):
        clamp(col("celsius"), 0)
    with pytest.raises(TypeError, match="too many positional arguments"):
        clamp(col("celsius"), 0, 30, 40)
    with pytest.raises(Exception, match="clamp"):
        answers(ctx, "clamp(celsius)")


def test_aggregate(ctx: SessionContext) -> None:
    spread = functions.spread(col("celsius"))
    warm = spread.filter(col("celsius") > lit(0.0)).build()
    frame = ctx.table("t").aggregate([], [spread.alias("all"), warm.alias("warm")])
    assert frame.to_pylist() == [{"all": 40.0, "warm": 15.0}]
    over = functions.spread(col("celsius")).over(Window(order_by=[col("id").sort()]))
    assert answers(ctx, over) == [0.0, 25.0, 25.0, 40.0]


def test_window(ctx: SessionContext) -> None:
    over = functions.warmest(col("celsius")).over(Window(order_by=[col("id").sort()]))
    assert answers(ctx, over) == [-5.0, 20.0, 20.0, 35.0]


def test_by_itself() -> None:
    ctx = SessionContext()
    made: list[Any] = [functions.kelvin, functions.spread, functions.warmest]
    ctx.register_udf(udf(made[0]))
    ctx.register_udaf(udaf(made[1]))
    ctx.register_udwf(udwf(made[2]))
    assert ctx.sql("SELECT kelvin(0.0) AS k, spread(0.0) AS s").to_pylist() == [
        {"k": 273.15, "s": 0.0}
    ]


def test_pickle() -> None:
    assert pickle.loads(pickle.dumps(functions.clamp)) is functions.clamp
