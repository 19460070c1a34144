-- How far stations reach, narrowed as maps narrow them: by kind, by level, or to one station.

DROP FUNCTION wangge.homes_unreached, wangge.station_coverage, wangge.station_zones, wangge.stations_at;

-- Every station that the caller sees as it was just before a moment. Not a function of its owner: policies and all.
CREATE FUNCTION wangge.stations_at(p_until timestamptz)
RETURNS TABLE (id bigint, code text, area_id bigint, path ltree, level text, kind text, geom geometry, radius_m integer,
    service_area geometry, area_m2 numeric, active boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT s.id, s.code, s.area_id, s.path, s.level, s.kind, s.geom, s.radius_m, s.service_area, s.area_m2, s.active
    FROM wangge.station AS s WHERE s.updated_at < p_until
    UNION ALL
    SELECT p.id, p.code, p.area_id, p.path, p.level, p.kind, p.geom, p.radius_m, p.service_area, p.area_m2, p.active
    FROM wangge.station_past AS p WHERE p.updated_at < p_until AND p.until >= p_until;
END;
REVOKE ALL ON FUNCTION wangge.stations_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.stations_at TO wangge_app;

-- How far each active station of some kinds and levels reached before a moment, or the one by a code: a shape, or so many metres
-- around a place. `p_reach` is how far people walk: for stations with neither an area nor a radius of their own, or, where
-- `p_walk`, for all.
CREATE FUNCTION wangge.station_zones(
    p_until timestamptz, p_kinds text[], p_levels text[], p_station text, p_reach double precision, p_walk boolean)
RETURNS TABLE (at geometry, shape geometry, metres double precision)
LANGUAGE sql STABLE
AS $$
    SELECT s.geom, CASE WHEN NOT p_walk THEN s.service_area END,
        CASE WHEN p_walk THEN p_reach ELSE coalesce(s.radius_m, p_reach) END
    FROM wangge.stations_at(p_until) AS s
    WHERE s.active AND s.kind = ANY (p_kinds) AND s.level = ANY (p_levels) AND (p_station IS NULL OR s.code = p_station)
$$;
REVOKE ALL ON FUNCTION wangge.station_zones FROM PUBLIC;

-- Grid by grid, how many household points and households there are, and how many a station reaches, whoever keeps it. For
-- whoever may read internal figures there.
CREATE FUNCTION wangge.station_coverage(
    p_path ltree, p_day date, p_until timestamptz, p_kinds text[], p_levels text[], p_station text, p_reach double precision,
    p_walk boolean)
RETURNS TABLE (grid_code text, path ltree, points bigint, points_reached bigint, households bigint, reached bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH near AS MATERIALIZED (
        SELECT DISTINCT h.id FROM station_zones(p_until, p_kinds, p_levels, p_station, p_reach, p_walk) AS z
            JOIN household_point AS h ON h.geom && zone_box(z.at, z.shape, z.metres)
        WHERE in_zone(h.geom, z.at, z.shape, z.metres)
    ), counted AS (
        SELECT h.grid_code, count(*) AS points, count(n.id) AS points_reached, sum(h.households) AS households,
            coalesce(sum(h.households) FILTER (WHERE n.id IS NOT NULL), 0) AS reached
        FROM homes_of_grids(p_path, p_day, p_until) AS h LEFT JOIN near AS n ON n.id = h.household_id
        GROUP BY h.grid_code
    )
    SELECT g.code, g.path, coalesce(c.points, 0), coalesce(c.points_reached, 0), coalesce(c.households, 0),
        coalesce(c.reached, 0)
    FROM grid AS g LEFT JOIN counted AS c ON c.grid_code = g.code
    WHERE g.in_force @> p_day AND g.path <@ p_path AND g.path <@ ANY (scope(1))
    ORDER BY g.code COLLATE "C";
END $$;

-- The household points of a grid that no station reaches, by their ids, those after `p_after`. For whoever plans there.
CREATE FUNCTION wangge.homes_unreached(
    p_grid text, p_day date, p_until timestamptz, p_kinds text[], p_levels text[], p_reach double precision, p_walk boolean,
    p_after text, p_limit integer)
RETURNS TABLE (target text, households integer, lon double precision, lat double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT h.external_id, h.households, ST_X(h.geom), ST_Y(h.geom)
    FROM (SELECT g.path FROM grid AS g WHERE g.code = p_grid AND g.in_force @> p_day) AS here
        CROSS JOIN LATERAL homes_of_grids(here.path, p_day, p_until) AS o
        JOIN household_point AS h ON h.id = o.household_id
    WHERE o.grid_code = p_grid AND o.target COLLATE "C" > p_after AND here.path <@ ANY (scope(3))
        AND NOT EXISTS (
            SELECT FROM station_zones(p_until, p_kinds, p_levels, NULL, p_reach, p_walk) AS z
            WHERE in_zone(h.geom, z.at, z.shape, z.metres))
    ORDER BY o.target COLLATE "C" LIMIT p_limit;
END $$;
REVOKE ALL ON FUNCTION wangge.station_coverage, wangge.homes_unreached FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.station_coverage, wangge.homes_unreached TO wangge_app;
