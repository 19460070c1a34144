-- Profiles: what a place says of how it governs its grids, as its document, from day to day; of several areas above a place the
-- nearest one's holds. What has a table of its own (staffing rules, rounds, orders, assessments) stands there as well: that is what
-- the service works by, and this is what it came from (api/profile_load.py).
CREATE TABLE wangge.profile (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    doc jsonb NOT NULL CHECK (jsonb_typeof(doc) = 'object'), -- as data/profile.py reads it
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT one_profile_a_day EXCLUDE USING gist (area_id WITH =, valid WITH &&)
);
CREATE INDEX ON wangge.profile USING gist (path);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.profile
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

ALTER TABLE wangge.profile ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.profile TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever works below an area knows what it says. Profiles are loaded at the console.
CREATE POLICY seen ON wangge.profile FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.profile TO wangge_app;

-- What the public card of a grid is made by: the staffing rule that holds there, the kinds of forces that the nearest profile names,
-- and how far it says that people walk. The card counts and looks with them; it tells nothing else of rules and profiles.
CREATE FUNCTION wangge.card_rules(p_grid text, p_day date)
RETURNS TABLE (rule jsonb, kinds jsonb, circle jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT (
        SELECT r.rule FROM wangge.staffing_rule AS r
        WHERE r.path @> g.path AND r.grid_type = g.kind AND r.valid @> p_day ORDER BY nlevel(r.path) DESC LIMIT 1
    ), (
        SELECT p.doc -> 'forces' -> 'kinds' FROM wangge.profile AS p
        WHERE p.path @> g.path AND p.valid @> p_day AND coalesce(p.doc -> 'forces', '{}') <> '{}'
        ORDER BY nlevel(p.path) DESC LIMIT 1
    ), (
        SELECT p.doc -> 'circle' FROM wangge.profile AS p
        WHERE p.path @> g.path AND p.valid @> p_day AND coalesce(p.doc -> 'circle', '{}') <> '{}'
        ORDER BY nlevel(p.path) DESC LIMIT 1
    )
    FROM wangge.grid AS g
    WHERE g.code = p_grid AND g.in_force IS NOT NULL AND g.in_force @> p_day
        AND (wangge.is_public('grids') OR g.path <@ ANY (wangge.scope(1)));
END;

-- Which stations serve a grid, and what they do: what hangs at their doors. Those that the grid was given to; else those in whose
-- area or circle its middle lies, `p_reach` metres around a station that has neither.
CREATE FUNCTION wangge.stations_serving(p_grid text, p_day date, p_reach double precision)
RETURNS TABLE (code text, name text, kind text, services text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT s.code, s.name, s.kind, s.services
    FROM wangge.grid AS g JOIN wangge.station AS s ON s.active AND (
        EXISTS (SELECT FROM wangge.station_grid AS t WHERE t.station_id = s.id AND t.grid_code = g.code)
        OR wangge.in_zone(ST_PointOnSurface(g.geom), s.geom, s.service_area, coalesce(s.radius_m, p_reach))
        AND NOT EXISTS (SELECT FROM wangge.station_grid AS t WHERE t.station_id = s.id))
    WHERE g.code = p_grid AND g.in_force IS NOT NULL AND g.in_force @> p_day
        AND (wangge.is_public('grids') OR g.path <@ ANY (wangge.scope(1)))
    -- Those that the grid was given to, then whatever people have the shortest way to.
    ORDER BY EXISTS (SELECT FROM wangge.station_grid AS t WHERE t.station_id = s.id) DESC,
        ST_Distance(ST_PointOnSurface(g.geom)::geography, s.geom::geography), s.code;
END;
REVOKE ALL ON FUNCTION wangge.card_rules, wangge.stations_serving FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.card_rules, wangge.stations_serving TO wangge_app;
