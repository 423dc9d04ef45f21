"""Query places on a map, in SQL and with expressions of Python."""

from datafusion import SessionContext, col

from geometry_ext import functions, register_all

PLACES = {
    "name": ["pond", "path", "gate"],
    "shape": [
        "POLYGON((0 0,4 0,4 3,0 3,0 0))",
        "LINESTRING(2 2,6 5)",
        "POINT(6 5)",
    ],
}

ctx = register_all(SessionContext())
places = ctx.from_pydict(PLACES, name="places")
query = """
    SELECT name, st_length(st_geomfromtext(shape)) AS length FROM places
    WHERE st_intersects(st_geomfromtext(shape), st_geomfromtext('POLYGON((0 0,4 0,4 3,0 3,0 0))'))"""
print(ctx.sql(query))
shape = functions.st_geomfromtext(col("shape"))
print(places.select(col("name"), functions.st_area(shape).alias("area")))
