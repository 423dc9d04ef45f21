"""Options are set from Python and from SQL, and the function uses them."""

from __future__ import annotations

import pytest
from datafusion import SessionConfig, SessionContext, udf

from {{crate_name}} import Options, ShowCelsius, register_all


def context(options: Options | None = None) -> SessionContext:
    config = SessionConfig().with_information_schema()
    if options is not None:
        config = config.with_extension(options)
    ctx = SessionContext(config)
    ctx.register_udf(udf(ShowCelsius()))
    return ctx


def show(ctx: SessionContext, celsius: str = "20.0") -> object:
    [row] = ctx.sql(f"SELECT show_celsius({celsius}) AS shown").to_pylist()
    return row["shown"]


def test_register_all() -> None:
    config = SessionConfig().with_extension(Options("kelvin"))
    assert show(register_all(SessionContext(config))) == "293.1 K"


def test_defaults() -> None:
    assert show(context()) == "20.0 °C"
    assert show(context(Options())) == "20.0 °C"


def test_nulls_and_columns() -> None:
    assert show(context(), "NULL") is None
    sql = "SELECT show_celsius(x) AS s FROM (VALUES (1), (NULL)) AS t(x)"
    assert context().sql(sql).to_pylist() == [{"s": "1.0 °C"}, {"s": None}]


def test_from_python() -> None:
    assert show(context(Options("fahrenheit", 0))) == "68 °F"
    assert show(context(Options(decimals=3))) == "20.000 °C"


def test_from_sql() -> None:
    ctx = context(Options())
    ctx.sql("SET {{crate_name}}.unit = 'kelvin'")
    ctx.sql("SET {{crate_name}}.decimals = 2")
    assert show(ctx) == "293.15 K"
    ctx.sql("SET {{crate_name}}.unit = 'celsius'")
    assert show(ctx) == "20.00 °C"


def test_options_are_of_one_session() -> None:
    options = Options()
    first, second = context(options), context(options)
    first.sql("SET {{crate_name}}.unit = 'kelvin'")
    assert show(first) == "293.1 K"
    assert show(second) == "20.0 °C"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("unit = 'warm'", 'unit must be celsius, fahrenheit or kelvin, got "warm"'),
        ("decimals = 'two'", 'decimals must be a whole number between 0 and 9, got "two"'),
        ("color = 'red'", '"color" not found'),
    ],
)
def test_wrong_option_in_sql(option: str, message: str) -> None:
    ctx = context(Options())
    # `SET` accepts any value, as the host does not ask this package whether the value is right. If
    # this line raises, the host has started to ask.
    ctx.sql(f"SET {{crate_name}}.{option}")
    with pytest.raises(Exception, match=message):
        show(ctx)


@pytest.mark.parametrize(
    ("unit", "decimals", "message"),
    [
        ("warm", 1, 'unit must be celsius, fahrenheit or kelvin, got "warm"'),
        ("kelvin", -1, 'decimals must be a whole number between 0 and 9, got "-1"'),
        ("kelvin", 10, 'decimals must be a whole number between 0 and 9, got "10"'),
    ],
)
def test_wrong_option_in_python(unit: str, decimals: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(unit, decimals)


def test_without_the_options_there_is_nothing_to_set() -> None:
    with pytest.raises(Exception, match="{{crate_name}}"):
        context().sql("SET {{crate_name}}.unit = 'kelvin'")


def test_options_are_shown() -> None:
    ctx = context(Options("kelvin"))
    [row] = ctx.sql(
        "SELECT name, value FROM information_schema.df_settings WHERE name LIKE '%{{crate_name}}.unit'"
    ).to_pylist()
    assert row["value"] == "kelvin"


def test_attributes() -> None:
    options = Options("kelvin", 3)
    assert (options.unit, options.decimals) == ("kelvin", 3)
    assert repr(options) == "Options(unit='kelvin', decimals=3)"
