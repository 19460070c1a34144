-- Nets that departments had of their own (条线网格) before there was one net for all: brought in at the console, kept from day to
-- day, retired on the day on which the one net takes their place. Shares from cell to grid are computed when they are asked for
-- (partition/crosswalk.py).
CREATE TABLE wangge.legacy_grid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    department text COLLATE "C" NOT NULL CHECK (length(department) BETWEEN 1 AND 60),
    area_id bigint NOT NULL REFERENCES wangge.area, -- whose department it is
    path ltree NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    -- As that of a grid: the geometry of record is in the area's metric frame, on the 1 cm grid.
    shape geometry NOT NULL CHECK (
        ST_SRID(shape) <> 0 AND ST_IsValid(shape) AND GeometryType(shape) IN ('POLYGON', 'MULTIPOLYGON')),
    geom geometry(Geometry, 4490) GENERATED ALWAYS AS (ST_Transform(shape, 4490)) STORED,
    CONSTRAINT one_cell_a_day EXCLUDE USING gist (area_id WITH =, department WITH =, code WITH =, valid WITH &&)
);
CREATE INDEX ON wangge.legacy_grid USING gist (path);
CREATE INDEX ON wangge.legacy_grid USING gist (geom);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.legacy_grid
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

ALTER TABLE wangge.legacy_grid ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.legacy_grid TO CURRENT_USER USING (true) WITH CHECK (true);
-- Whoever works below an area knows the nets of its departments. They are loaded and retired at the console.
CREATE POLICY seen ON wangge.legacy_grid FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.legacy_grid TO wangge_app;

-- How many households of an area lie in each of some cells and in each grid of a day; '' stands for no grid, and no cell is left
-- out for having none. Sums alone: for whoever may read internal figures there. A household in two cells counts in both.
CREATE FUNCTION wangge.legacy_homes(p_cells bigint[], p_area ltree, p_day date, p_until timestamptz)
RETURNS TABLE (cell bigint, grid_code text, households bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp SET plan_cache_mode = force_custom_plan
    SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH netted AS (
            SELECT DISTINCT g.path FROM grid AS g WHERE g.in_force @> p_day AND g.path <@ p_area
        ), known AS (
            SELECT s.town_id, max(s.number) AS snapshot FROM snapshot AS s WHERE s.taken_at < p_until GROUP BY s.town_id
        ), homes AS MATERIALIZED (
            SELECT h.geom, h.households, o.grid_code
            FROM homes_of_grids(p_area, p_day, p_until) AS o JOIN household_point AS h ON h.id = o.household_id
            UNION ALL -- where there is no net yet
            SELECT h.geom, h.households, ''
            FROM known AS k JOIN household_point AS h ON h.town_id = k.town_id AND h.seen @> k.snapshot
            WHERE h.path <@ p_area AND NOT EXISTS (SELECT FROM netted AS n WHERE n.path = h.path)
        )
        SELECT l.id, h.grid_code, sum(h.households)
        FROM legacy_grid AS l JOIN homes AS h ON ST_Covers(l.geom, h.geom)
        WHERE l.id = ANY (p_cells) AND p_area <@ ANY (scope(1))
        GROUP BY l.id, h.grid_code;
END $$;
REVOKE ALL ON FUNCTION wangge.legacy_homes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.legacy_homes TO wangge_app;
