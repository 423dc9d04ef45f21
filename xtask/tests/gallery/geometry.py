"""Calls the functions of geodatafusion through the package and natively, over every kind of geometry."""

from __future__ import annotations

import subprocess
import sys

from datafusion import SessionContext
from geometry_ext import register_all

SQUARE = "POLYGON((0 0,4 0,4 4,0 4,0 0))"
SHAPES = [
    "POINT(1 2)",
    "POINT Z(1 2 3)",
    "LINESTRING(0 0,3 4,3 8)",
    "LINESTRING(0 0,3 4,3 8,0 0)",
    SQUARE,
    "POLYGON((0 0,9 0,9 9,0 9,0 0),(2 2,3 2,3 3,2 3,2 2))",
    "POLYGON((0 0,4 4,4 0,0 4,0 0))",
    "MULTIPOINT((1 1),(5 5))",
    "MULTILINESTRING((0 0,1 1),(1 1,2 0))",
    "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 5,6 5,6 6,5 6,5 5)))",
    "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,2 2))",
    "POINT EMPTY",
    "no shape",
    None,
]
ROWS = ", ".join(
    f"({number}, {'NULL' if shape is None else repr(shape)})" for number, shape in enumerate(SHAPES)
)
# `g` is the geometry of a row, `c` a constant.
VALUES = """st_area(g) st_length(g) st_npoints(g) st_numpoints(g) st_numinteriorrings(g) st_ndims(g)
    st_coorddim(g) st_geometrytype(g) st_isclosed(g) st_isempty(g) st_isvalid(g) st_isvalidreason(g)
    st_x(g) st_y(g) st_z(g) st_m(g) st_xmin(g) st_xmax(g) st_ymin(g) st_ymax(g) st_astext(g)
    st_intersects(g,c) st_intersects(c,g) st_contains(g,c) st_contains(c,g) st_within(g,c)
    st_covers(c,g) st_coveredby(g,c) st_touches(g,c) st_crosses(g,c) st_overlaps(g,c) st_disjoint(g,c)
    st_equals(g,c) st_distance(g,c)""".split()
GEOMETRIES = """st_centroid(g) st_convexhull(g) st_orientedenvelope(g) st_simplify(g,0.5)
    st_simplifyvw(g,0.5) st_simplifypreservetopology(g,0.5) st_pointonsurface(g) st_startpoint(g)
    st_endpoint(g) st_geomfromwkb(st_asbinary(g))""".split()
ALONE = [
    "st_astext(st_point(1, 2))",
    "st_astext(st_makepoint(1, 2))",
    "st_astext(st_pointz(1, 2, 3))",
    "st_geohash(st_point(1, 2))",
    "st_z(st_pointz(1, 2, 3))",
    "st_xmin(st_makebox2d(st_point(1, 2), st_point(3, 4)))",
]


def queries() -> list[str]:
    calls = [*VALUES, *(f"st_astext({call})" for call in GEOMETRIES)]
    found = [f"SELECT CAST({call} AS VARCHAR) FROM (VALUES (1)) AS one" for call in ALONE]
    for call in calls:
        call = call.replace("(g", "(st_geomfromtext(w)").replace(",g", ",st_geomfromtext(w)")
        call = call.replace("(c", f"(st_geomfromtext('{SQUARE}')")
        call = call.replace(",c", f",st_geomfromtext('{SQUARE}')")
        select = f"SELECT CAST({call} AS VARCHAR) FROM (VALUES {ROWS}) AS shapes(id, w)"
        found += [f"{select} WHERE id = {number}" for number in range(len(SHAPES))]
        # Several rows at once, so that constants meet columns of another length.
        found.append(f"{select} WHERE id < 6 ORDER BY id")
    shapes = f"(SELECT st_geomfromtext(w) AS g FROM (VALUES {ROWS}) AS shapes(id, w) WHERE id < 8)"
    found += [
        f"SELECT CAST({edge}(st_extent(g)) AS VARCHAR) FROM {shapes}"
        for edge in ["st_xmin", "st_ymax"]
    ]
    return found


def text(value: str | None) -> str:
    return "None" if value is None else f'Some("{value}")'


def answer(ctx: SessionContext, query: str) -> str:
    try:
        table = ctx.sql(query).to_arrow_table()
    except Exception:
        return "an error"
    return f"[{', '.join(map(text, table.column(0).to_pylist()))}]"


asked = queries()
run = subprocess.run(
    [sys.argv[1]], input="\n".join(asked), capture_output=True, text=True, check=True
)
natively = run.stdout.splitlines()
ctx = register_all(SessionContext())
through = [answer(ctx, query) for query in asked]
assert len(natively) == len(asked)
for query, here, there in zip(asked, through, natively):
    if here != there:
        print(f"{query}\n  natively: {there}\n  through the package: {here}")
equal = sum(map(str.__eq__, through, natively))
answered = sum(there != "an error" for there in natively)
print(f"{equal} of {len(asked)} calls equal, {answered} of them answered")
