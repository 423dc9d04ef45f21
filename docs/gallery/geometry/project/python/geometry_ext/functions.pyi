"""The functions of this package, to call in Python. pyo3-datafusion/stubs.py wrote this."""

from datafusion import Expr

__all__ = [
    "box2d",
    "box3d",
    "geometrytype",
    "st_3dmakebox",
    "st_area",
    "st_asbinary",
    "st_astext",
    "st_box2dfromgeohash",
    "st_centroid",
    "st_contains",
    "st_convexhull",
    "st_coorddim",
    "st_coveredby",
    "st_covers",
    "st_crosses",
    "st_disjoint",
    "st_distance",
    "st_dump",
    "st_endpoint",
    "st_equals",
    "st_extent",
    "st_geohash",
    "st_geometryfromtext",
    "st_geometrytype",
    "st_geomfromtext",
    "st_geomfromwkb",
    "st_intersects",
    "st_isclosed",
    "st_isempty",
    "st_isvalid",
    "st_isvalidreason",
    "st_length",
    "st_length2d",
    "st_m",
    "st_makebox2d",
    "st_makepoint",
    "st_makepointm",
    "st_ndims",
    "st_npoints",
    "st_numinteriorring",
    "st_numinteriorrings",
    "st_numpoints",
    "st_orientedenvelope",
    "st_overlaps",
    "st_point",
    "st_pointfromgeohash",
    "st_pointm",
    "st_pointonsurface",
    "st_pointz",
    "st_pointzm",
    "st_simplify",
    "st_simplifypreservetopology",
    "st_simplifyvw",
    "st_startpoint",
    "st_touches",
    "st_within",
    "st_wkbtosql",
    "st_wkttosql",
    "st_x",
    "st_xmax",
    "st_xmin",
    "st_y",
    "st_ymax",
    "st_ymin",
    "st_z",
    "st_zmax",
    "st_zmin",
]

def box2d(geom: object) -> Expr:
    """Returns a box2d representing the 2D extent of the geometry.

    In SQL: ``Box2D(geometry)``

    Args:
        geom: geometry
    """

def box3d(geom: object) -> Expr:
    """Returns a box3d representing the 3D extent of the geometry.

    In SQL: ``Box3D(geometry)``

    Args:
        geom: geometry
    """

def geometrytype(g1: object) -> Expr:
    """Returns the type of the geometry as a string. Eg: 'LINESTRING', 'POLYGON', 'MULTIPOINT', etc.

    In SQL: ``GeometryType(geometry)``

    Args:
        g1: geometry
    """

def st_3dmakebox(pointLowLeft: object, pointUpRight: object) -> Expr:
    """Creates a box3d defined by two 3D Point geometries.

    In SQL: ``ST_3DMakeBox(ST_MakePoint(-989502.1875, 528439.5625, 10),
            ST_MakePoint(-987121.375 ,529933.1875, 10))``

    Args:
        pointLowLeft: geometry
        pointUpRight: geometry
    """

def st_area(geom: object) -> Expr:
    """Returns the area of a polygonal geometry.

    In SQL: ``ST_Area(geom)``

    Args:
        geom: geometry
    """

def st_asbinary(g1: object) -> Expr:
    """Returns the OGC/ISO Well-Known Binary (WKB) representation of the geometry.

    In SQL: ``ST_AsBinary(geometry)``

    Args:
        g1: geometry
    """

def st_astext(g1: object) -> Expr:
    """Returns the OGC Well-Known Text (WKT) representation of the geometry/geography.

    In SQL: ``ST_AsText(geometry)``

    Args:
        g1: geometry
    """

def st_box2dfromgeohash(text: object) -> Expr:
    """Return a BOX2D from a GeoHash string.

    In SQL: ``ST_Box2dFromGeoHash(geohash)``

    Args:
        text: geohash
    """

def st_centroid(g1: object) -> Expr:
    """Computes a point which is the geometric center of mass of a geometry.

    In SQL: ``ST_Centroid(geometry)``

    Args:
        g1: geometry
    """

def st_contains(geomA: object, geomB: object) -> Expr:
    """Returns TRUE if geometry A contains geometry B. A contains B if and only if all points of B lie
    inside (i.e. in the interior or boundary of) A (or equivalently, no points of B lie in the
    exterior of A), and the interiors of A and B have at least one point in common.

    In SQL: ``ST_Contains(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_convexhull(g1: object) -> Expr:
    """Computes the convex hull of a geometry. The convex hull is the smallest convex geometry that
    encloses all geometries in the input.

    In SQL: ``ST_ConvexHull(geometry)``

    Args:
        g1: geometry
    """

def st_coorddim(g1: object) -> Expr:
    """Return the coordinate dimension of the ST_Geometry value.

    In SQL: ``ST_CoordDim(geometry)``

    Args:
        g1: geometry
    """

def st_coveredby(geomA: object, geomB: object) -> Expr:
    """Returns true if every point in Geometry/Geography A lies inside (i.e. intersects the interior or
    boundary of) Geometry/Geography B. Equivalently, tests that no point of A lies outside (in the
    exterior of) B.

    In SQL: ``ST_CoveredBy(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_covers(geomA: object, geomB: object) -> Expr:
    """Returns true if every point in Geometry/Geography B lies inside (i.e. intersects the interior or
    boundary of) Geometry/Geography A. Equivalently, tests that no point of B lies outside (in the
    exterior of) A.

    In SQL: ``ST_Covers(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_crosses(geomA: object, geomB: object) -> Expr:
    """Compares two geometry objects and returns true if their intersection "spatially crosses"; that
    is, the geometries have some, but not all interior points in common. The intersection of the
    interiors of the geometries must be non-empty and must have dimension less than the maximum
    dimension of the two input geometries, and the intersection of the two geometries must not equal
    either geometry. Otherwise, it returns false. The crosses relation is symmetric and irreflexive.

    In SQL: ``ST_Crosses(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_disjoint(geomA: object, geomB: object) -> Expr:
    """Returns true if two geometries are disjoint. Geometries are disjoint if they have no point in
    common.

    In SQL: ``ST_Disjoint(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_distance(geomA: object, geomB: object) -> Expr:
    """For geometry types returns the minimum 2D Cartesian (planar) distance between two geometries, in
    projected units (spatial ref units).

    In SQL: ``ST_Distance(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_dump(geom: object) -> Expr:
    """Decomposes a geometry into its atomic components (Point, LineString, Polygon). Multi-geometries
    and GeometryCollections are split (recursively) into their parts. Atomic geometries are returned
    unchanged. This includes Polygons, which are returned whole. Returns, per input row, a list of
    `(path, geom)` structs where `path` is the 1-based navigation path to the component (empty for
    an atomic input). Use `unnest` if you want to expand into a row per component instead of row per
    input geom. Empty inputs (recursively, per the same definition as ST_Empty) produce zero
    components.

    In SQL: ``ST_Dump(geom)``

    Args:
        geom: geometry
    """

def st_endpoint(g1: object) -> Expr:
    """Returns the last point of a LINESTRING geometry as a POINT. Returns NULL if the input is not a
    LINESTRING.

    In SQL: ``ST_EndPoint(line_string)``

    Args:
        g1: geometry
    """

def st_equals(geomA: object, geomB: object) -> Expr:
    """Returns true if the given geometries are "topologically equal". Use this for a 'better' answer
    than '='. Topological equality means that the geometries have the same dimension, and their
    point-sets occupy the same space. This means that the order of vertices may be different in
    topologically equal geometries.

    In SQL: ``ST_Equals(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_extent(arg1: object, /) -> Expr:
    """The aggregate function ``st_extent`` of SQL."""

def st_geohash(geom: object) -> Expr:
    """Computes a GeoHash representation of a geometry. A GeoHash encodes a geographic Point into a
    text form that is sortable and searchable based on prefixing. A shorter GeoHash is a less
    precise representation of a point. It can be thought of as a box that contains the point.

    In SQL: ``ST_GeoHash(point)``

    Args:
        geom: geometry
    """

def st_geometryfromtext(g1: object) -> Expr:
    """Constructs a geometry object from the OGC Well-Known text representation.

    In SQL: ``ST_GeomFromText(text)``

    Args:
        g1: geometry
    """

def st_geometrytype(g1: object) -> Expr:
    """Returns the type of the geometry as a string. Eg: 'LINESTRING', 'POLYGON', 'MULTIPOINT', etc.

    In SQL: ``ST_GeometryType(geometry)``

    Args:
        g1: geometry
    """

def st_geomfromtext(g1: object) -> Expr:
    """Constructs a geometry object from the OGC Well-Known text representation.

    In SQL: ``ST_GeomFromText(text)``

    Args:
        g1: geometry
    """

def st_geomfromwkb(geom: object) -> Expr:
    """Takes a well-known binary representation of a geometry and a Spatial Reference System ID (SRID)
    and creates an instance of the appropriate geometry type

    In SQL: ``ST_GeomFromWKB(buffer)``

    Args:
        geom: WKB buffers
    """

def st_intersects(geomA: object, geomB: object) -> Expr:
    """Returns true if two geometries intersect. Geometries intersect if they have any point in common.

    In SQL: ``ST_Intersects(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_isclosed(geom: object) -> Expr:
    """Tests if a LineStrings's start and end points are coincident.

    In SQL: ``ST_IsClosed(geom)``

    Args:
        geom: geometry
    """

def st_isempty(geom: object) -> Expr:
    """Tests if a geometry is topologically empty. Multi-geometries and GeometryCollections where every
    leaf is empty (e.g. GEOMETRYCOLLECTION(POINT EMPTY, POLYGON EMPTY) are reported empty.
    ST_IsEmpty(NULL) is NULL.

    In SQL: ``ST_IsEmpty(geom)``

    Args:
        geom: geometry
    """

def st_isvalid(geom: object) -> Expr:
    """Tests if an ST_Geometry value is well-formed and valid in 2D according to the OGC rules

    In SQL: ``ST_IsValid(geomA)``

    Args:
        geom: geometry
    """

def st_isvalidreason(geomA: object) -> Expr:
    """Returns text stating if a geometry is valid, or if invalid a reason why.

    In SQL: ``ST_IsValidReason(geomA)``

    Args:
        geomA: geometry
    """

def st_length(geom: object) -> Expr:
    """Returns the 2D Cartesian length of the geometry if it is a LineString or MultiLineString. For
    areal geometries 0 is returned; use ST_Perimeter instead.

    In SQL: ``ST_Length(geom)``

    Args:
        geom: geometry
    """

def st_length2d(geom: object) -> Expr:
    """Returns the 2D Cartesian length of the geometry if it is a LineString or MultiLineString. For
    areal geometries 0 is returned; use ST_Perimeter instead.

    In SQL: ``ST_Length(geom)``

    Args:
        geom: geometry
    """

def st_m(a_point: object) -> Expr:
    """Return the M coordinate of the point, or NULL if not available. Input must be a point.

    In SQL: ``ST_M(geometry)``

    Args:
        a_point: geometry
    """

def st_makebox2d(pointLowLeft: object, pointUpRight: object) -> Expr:
    """Creates a box2d defined by two Point geometries. This is useful for doing range queries.

    In SQL: ``ST_MakeBox2D(ST_Point(-989502.1875, 528439.5625), ST_Point(-987121.375,
    529933.1875))``

    Args:
        pointLowLeft: geometry
        pointUpRight: geometry
    """

def st_makepoint(x: object, y: object, z: object = ..., m: object = ...) -> Expr:
    """Creates a 2D XY or 3D XYZ or 4D XYZM Point geometry. Use ST_MakePointM to make points with XYM
    coordinates

    In SQL: ``ST_MakePoint(-71.104, 42.315)``

    Args:
        x: x value
        y: y value
        z: z value
        m: m value
    """

def st_makepointm(x: object, y: object, m: object) -> Expr:
    """Creates a point with X, Y and M (measure) ordinates. Use ST_MakePoint to make points with XY,
    XYZ, or XYZM coordinates.

    In SQL: ``ST_MakePointM(-71.104, 42.315, 10)``

    Args:
        x: x value
        y: y value
        m: m value
    """

def st_ndims(g1: object) -> Expr:
    """Return the coordinate dimension of the geometry.

    In SQL: ``ST_NDims(geometry)``

    Args:
        g1: geometry
    """

def st_npoints(g1: object) -> Expr:
    """Return the number of points in a geometry. Works for all geometries.

    In SQL: ``ST_NPoints(geometry)``

    Args:
        g1: geometry
    """

def st_numinteriorring(g1: object) -> Expr:
    """Return the number of points in a geometry. Works for all geometries.

    In SQL: ``ST_NPoints(geometry)``

    Args:
        g1: geometry
    """

def st_numinteriorrings(g1: object) -> Expr:
    """Return the number of points in a geometry. Works for all geometries.

    In SQL: ``ST_NPoints(geometry)``

    Args:
        g1: geometry
    """

def st_numpoints(g1: object) -> Expr:
    """Return the number of points in a geometry. Works for all geometries.

    In SQL: ``ST_NPoints(geometry)``

    Args:
        g1: geometry
    """

def st_orientedenvelope(g1: object) -> Expr:
    """Returns the minimum-area rotated rectangle enclosing a geometry. Note that more than one such
    rectangle may exist. May return a Point or LineString in the case of degenerate inputs.

    In SQL: ``ST_OrientedEnvelope(geometry)``

    Args:
        g1: geometry
    """

def st_overlaps(geomA: object, geomB: object) -> Expr:
    """Returns TRUE if geometry A and B "spatially overlap". Two geometries overlap if they have the
    same dimension, their interiors intersect in that dimension. and each has at least one point
    inside the other (or equivalently, neither one covers the other). The overlaps relation is
    symmetric and irreflexive.

    In SQL: ``ST_Overlaps(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_point(x: object, y: object, srid: object = ...) -> Expr:
    """Returns a Point with the given X and Y coordinate values.

    In SQL: ``ST_Point(-71.104, 42.315) or ST_Point(-71.104, 42.315, 4326)``

    Args:
        x: x value
        y: y value
        srid: integer SRID value
    """

def st_pointfromgeohash(text: object) -> Expr:
    """Return a point from a GeoHash string. The point represents the center point of the GeoHash.

    In SQL: ``ST_PointFromGeoHash(geohash)``

    Args:
        text: geohash
    """

def st_pointm(x: object, y: object, m: object, srid: object = ...) -> Expr:
    """Returns an Point with the given X, Y and M coordinate values, and optionally an SRID number.

    In SQL: ``ST_PointM(-71.104, 42.315, 3.4) or ST_PointM(-71.104, 42.315, 3.4, 4326)``

    Args:
        x: x value
        y: y value
        m: m value
        srid: integer SRID value
    """

def st_pointonsurface(g1: object) -> Expr:
    """Returns a POINT which is guaranteed to lie in the interior of a surface.

    In SQL: ``ST_PointOnSurface(geometry)``

    Args:
        g1: geometry
    """

def st_pointz(x: object, y: object, z: object, srid: object = ...) -> Expr:
    """Returns an Point with the given X, Y and Z coordinate values, and optionally an SRID number.

    In SQL: ``ST_Point(-71.104, 42.315) or ST_Point(-71.104, 42.315, 4326)``

    Args:
        x: x value
        y: y value
        z: z value
        srid: integer SRID value
    """

def st_pointzm(x: object, y: object, z: object, m: object, srid: object = ...) -> Expr:
    """Returns an Point with the given X, Y, Z and M coordinate values, and optionally an SRID number.

    In SQL: ``ST_Point(-71.104, 42.315) or ST_Point(-71.104, 42.315, 4326)``

    Args:
        x: x value
        y: y value
        z: z value
        m: m value
        srid: integer SRID value
    """

def st_simplify(geom: object, tolerance: object) -> Expr:
    """Computes a simplified representation of a geometry using the Douglas-Peucker algorithm. The
    simplification tolerance is a distance value, in the units of the input SRS. Simplification
    removes vertices which are within the tolerance distance of the simplified linework. The result
    may not be valid even if the input is.

    In SQL: ``ST_Simplify(geometry, epsilon)``

    Args:
        geom: geometry
        tolerance: float
    """

def st_simplifypreservetopology(geom: object, tolerance: object) -> Expr:
    """Computes a simplified representation of a geometry using a variant of the Douglas-Peucker
    algorithm which limits simplification to ensure the result has the same topology as the input.
    The simplification tolerance is a distance value, in the units of the input SRS. Simplification
    removes vertices which are within the tolerance distance of the simplified linework, as long as
    topology is preserved. The result will be valid and simple if the input is.

    In SQL: ``ST_SimplifyPreserveTopology(geometry, epsilon)``

    Args:
        geom: geometry
        tolerance: float
    """

def st_simplifyvw(geom: object, tolerance: object) -> Expr:
    """Returns a simplified representation of a geometry using the Visvalingam-Whyatt algorithm. The
    simplification tolerance is an area value, in the units of the input SRS. Simplification removes
    vertices which form "corners" with area less than the tolerance. The result may not be valid
    even if the input is.

    In SQL: ``ST_SimplifyVW(geometry, epsilon)``

    Args:
        geom: geometry
        tolerance: float
    """

def st_startpoint(g1: object) -> Expr:
    """Returns the first point of a LINESTRING geometry as a POINT. Returns NULL if the input is not a
    LINESTRING

    In SQL: ``ST_StartPoint(line_string)``

    Args:
        g1: geometry
    """

def st_touches(geomA: object, geomB: object) -> Expr:
    """Returns TRUE if A and B intersect, but their interiors do not intersect. Equivalently, A and B
    have at least one point in common, and the common points lie in at least one boundary. For
    Point/Point inputs the relationship is always FALSE, since points do not have a boundary.

    In SQL: ``ST_Touches(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_within(geomA: object, geomB: object) -> Expr:
    """Returns TRUE if geometry A is within geometry B. A is within B if and only if all points of A
    lie inside (i.e. in the interior or boundary of) B (or equivalently, no points of A lie in the
    exterior of B), and the interiors of A and B have at least one point in common.

    In SQL: ``ST_Within(geomA, geomB)``

    Args:
        geomA: geometry
        geomB: geometry
    """

def st_wkbtosql(geom: object) -> Expr:
    """Takes a well-known binary representation of a geometry and a Spatial Reference System ID (SRID)
    and creates an instance of the appropriate geometry type

    In SQL: ``ST_GeomFromWKB(buffer)``

    Args:
        geom: WKB buffers
    """

def st_wkttosql(g1: object) -> Expr:
    """Constructs a geometry object from the OGC Well-Known text representation.

    In SQL: ``ST_GeomFromText(text)``

    Args:
        g1: geometry
    """

def st_x(a_point: object) -> Expr:
    """Return the X coordinate of the point, or NULL if not available. Input must be a point.

    In SQL: ``ST_X(geometry)``

    Args:
        a_point: geometry
    """

def st_xmax(box: object) -> Expr:
    """Returns X maxima of a bounding box 2d or 3d or a geometry

    In SQL: ``ST_XMax(geometry)``

    Args:
        box: The geometry or box input
    """

def st_xmin(box: object) -> Expr:
    """Returns X minima of a bounding box 2d or 3d or a geometry

    In SQL: ``ST_XMin(geometry)``

    Args:
        box: The geometry or box input
    """

def st_y(a_point: object) -> Expr:
    """Return the Y coordinate of the point, or NULL if not available. Input must be a point.

    In SQL: ``ST_Y(geometry)``

    Args:
        a_point: geometry
    """

def st_ymax(box: object) -> Expr:
    """Returns Y maxima of a bounding box 2d or 3d or a geometry

    In SQL: ``ST_YMax(geometry)``

    Args:
        box: The geometry or box input
    """

def st_ymin(box: object) -> Expr:
    """Returns Y minima of a bounding box 2d or 3d or a geometry

    In SQL: ``ST_YMin(geometry)``

    Args:
        box: The geometry or box input
    """

def st_z(a_point: object) -> Expr:
    """Return the Z coordinate of the point, or NULL if not available. Input must be a point.

    In SQL: ``ST_Z(geometry)``

    Args:
        a_point: geometry
    """

def st_zmax(box: object) -> Expr:
    """Returns Z maxima of a bounding box 2d or 3d or a geometry

    In SQL: ``ST_ZMax(geometry)``

    Args:
        box: The geometry or box input
    """

def st_zmin(box: object) -> Expr:
    """Returns the Z minima of a 2D or 3D bounding box or a geometry

    In SQL: ``ST_ZMin(geometry)``

    Args:
        box: The geometry or box input
    """
