"""The conformance tests run over this: change it first, once you have your own tables."""

from __future__ import annotations

import pyarrow as pa
from conformance import Table
from conformance.functions import Aggregate, Scalar, Window

import geometry_ext
from geometry_ext import functions

PACKAGE = geometry_ext

NUMBERS = [0.0, 1.5, -2.25]
SHAPES = ["POINT(1 2)", "LINESTRING(0 0,3 4)", "POLYGON((0 0,4 0,4 4,0 0))"]

TABLES: list[Table] = []

# These return geometries. A test of the template calls all functions, over all kinds of geometry.
FUNCTIONS: list[Scalar | Aggregate | Window] = [
    Scalar(functions.st_point, [pa.float64(), pa.float64()], values=[NUMBERS, NUMBERS]),
    Scalar(functions.st_geomfromtext, [pa.string()], values=[SHAPES]),
]

# The tests make a class that needs arguments with these.
ARGUMENTS: dict[str, tuple[object, ...]] = {}
