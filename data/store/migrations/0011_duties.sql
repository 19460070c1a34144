-- Duties: service orders; visits of people and patrols of places, with how often they are owed. How often somebody must come is
-- a rule; who was seen by whom, and when in a day, is nobody's: of a visit the day is kept, and no place but its target's grid.

-- --- orders -------------------------------------------------------------------------------------------------------------

-- How orders go (点单…评价): steps in order, each with who takes it. A variant never changes: orders that began by it end by it.
CREATE TABLE wangge.order_variant (
    name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,59}$'),
    steps jsonb NOT NULL CHECK (jsonb_typeof(steps) = 'array')
);
INSERT INTO wangge.order_variant VALUES
    ('yunyang', '[{"step": "placed", "by": "resident"}, {"step": "sorted", "by": "community"},
                  {"step": "dispatched", "by": "street"}, {"step": "taken", "by": "target"},
                  {"step": "finished", "by": "target"}, {"step": "rated", "by": "resident"}]'),
    ('jiuquan', '[{"step": "placed", "by": "resident"}, {"step": "dispatched", "by": "community"},
                  {"step": "taken", "by": "target"}, {"step": "finished", "by": "target"},
                  {"step": "rated", "by": "resident"}]');

-- Which variant new orders go by, where: the nearest area's that says one.
CREATE TABLE wangge.order_flow (
    area_id bigint PRIMARY KEY REFERENCES wangge.area,
    path ltree NOT NULL,
    variant text COLLATE "C" NOT NULL REFERENCES wangge.order_variant
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.order_flow
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- Numbers are counted by district and day, beside the incidents': O 20261121 370103 00042.
CREATE TABLE wangge.order_number (
    district text COLLATE "C" NOT NULL,
    day date NOT NULL,
    last integer NOT NULL,
    PRIMARY KEY (district, day)
);

-- A row is where an order stands, which is what its log says: the events of kind `order.…`, with its number as subject.
CREATE TABLE wangge.service_order (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    no text COLLATE "C" NOT NULL UNIQUE,
    path ltree NOT NULL, -- the community's
    grid_code text COLLATE "C", -- NULL where the place was not said, or lies in no grid
    variant text COLLATE "C" NOT NULL REFERENCES wangge.order_variant,
    category text NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 4000),
    address text NOT NULL DEFAULT '' CHECK (length(address) <= 200),
    client_uuid uuid UNIQUE,

    state text NOT NULL CHECK (state IN ('placed', 'sorted', 'dispatched', 'taken', 'finished', 'rated')),
    placed_by uuid, -- NULL: somebody without an account, for whom the community rates
    target_org text COLLATE "C",
    target_person uuid,
    satisfaction text CHECK (satisfaction IN ('satisfied', 'basic', 'unsatisfied', 'unreachable')),
    placed_at timestamptz NOT NULL,
    sorted_at timestamptz,
    dispatched_at timestamptz,
    taken_at timestamptz,
    finished_at timestamptz,
    rated_at timestamptz,
    revision integer NOT NULL CHECK (revision > 0),
    at timestamptz NOT NULL, -- of the last record

    CHECK (num_nonnulls(target_org, target_person) = (dispatched_at IS NOT NULL)::integer),
    CHECK ((satisfaction IS NOT NULL) = (rated_at IS NOT NULL))
);
CREATE INDEX ON wangge.service_order (path, id);
CREATE INDEX ON wangge.service_order (placed_at);

ALTER TABLE wangge.order_variant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.order_flow ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.order_number ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.service_order ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.order_variant TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.order_flow TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.order_number TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.service_order TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE POLICY seen ON wangge.order_variant FOR SELECT TO wangge_app USING (true);  -- holds no secret
GRANT SELECT ON wangge.order_variant TO wangge_app;

CREATE POLICY seen ON wangge.order_flow FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.order_flow TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.order_flow TO wangge_app;
GRANT UPDATE (variant) ON wangge.order_flow TO wangge_app;

-- Asked where an order is placed, which may be out of the sight of whoever writes it down.
CREATE FUNCTION wangge.order_variant_at(p_path ltree) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT f.variant FROM wangge.order_flow AS f WHERE f.path @> p_path ORDER BY nlevel(f.path) DESC LIMIT 1;
END;
REVOKE ALL ON FUNCTION wangge.order_variant_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.order_variant_at TO wangge_app;

CREATE POLICY counted ON wangge.order_number TO wangge_app USING ((SELECT wangge.has_right('handle_incidents')))
    WITH CHECK ((SELECT wangge.has_right('handle_incidents')));
GRANT SELECT, INSERT, UPDATE ON wangge.order_number TO wangge_app;

-- Who placed an order follows it wherever it is; everybody else sees those of their areas.
CREATE POLICY seen ON wangge.service_order FOR SELECT TO wangge_app USING (
    (path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(category))
    OR placed_by = (SELECT wangge.actor()));
CREATE POLICY made ON wangge.service_order FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('handle_incidents')) AND state = 'placed'
    AND (placed_by IS NULL OR placed_by = (SELECT wangge.actor())));
CREATE POLICY changed ON wangge.service_order FOR UPDATE TO wangge_app USING (
    ((SELECT wangge.has_right('handle_incidents')) OR (SELECT wangge.has_right('dispatch_incidents')))
    AND ((path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(category))
         OR placed_by = (SELECT wangge.actor())));
GRANT SELECT, INSERT ON wangge.service_order TO wangge_app;
GRANT UPDATE (state, target_org, target_person, satisfaction, sorted_at, dispatched_at, taken_at, finished_at, rated_at, revision,
    at) ON wangge.service_order TO wangge_app;

-- Whoever sees an order reads its log.
CREATE POLICY order_seen ON wangge.event FOR SELECT TO wangge_app USING (
    kind LIKE 'order.%' AND EXISTS (SELECT FROM wangge.service_order AS o WHERE o.no = subject));

-- What this very order has become already, sent twice by a terminal. By the owner: it may be out of sight.
CREATE FUNCTION wangge.order_kept(p_client_uuid uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT o.no FROM wangge.service_order AS o WHERE o.client_uuid = p_client_uuid;
END;
REVOKE ALL ON FUNCTION wangge.order_kept FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.order_kept TO wangge_app;

-- --- how often --------------------------------------------------------------------------------------------------------------

-- What is owed, and in which period (api/rounds/cadence.py says what these mean, and what holds where an area says nothing).
CREATE TABLE wangge.frequency_rule (
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    target text NOT NULL CHECK (target IN ('key_incident', 'key_group', 'household_point', 'patrol')),
    period text NOT NULL CHECK (period IN ('day', 'month', 'half_year')),
    days integer CHECK (days BETWEEN 1 AND 3660), -- so many days back; NULL: as the calendar has its periods
    minutes integer CHECK (minutes BETWEEN 1 AND 1440), -- of a patrol
    categories text[] NOT NULL DEFAULT '{}', -- of incidents that are key ones
    PRIMARY KEY (area_id, target),
    CHECK ((target = 'patrol') = (minutes IS NOT NULL))
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.frequency_rule
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- Which incidents make a visit due (四必访), within how many days; those reported since the rule was made.
CREATE TABLE wangge.visit_trigger (
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    category text COLLATE "C" NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
    reason text NOT NULL CHECK (reason IN ('dispute', 'wedding_funeral', 'emergency', 'special_case')),
    within_days integer NOT NULL CHECK (within_days BETWEEN 0 AND 366),
    since timestamptz NOT NULL,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (area_id, category)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.visit_trigger
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- --- visits and patrols -----------------------------------------------------------------------------------------------------

-- Somebody visited a household point or a unit. `target` is the point's id in its file, or the unit's: never a person.
CREATE TABLE wangge.visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grid_code text COLLATE "C" NOT NULL,
    path ltree NOT NULL,
    kind text NOT NULL CHECK (kind IN ('household_point', 'unit')),
    town_id bigint,
    target text COLLATE "C" NOT NULL CHECK (length(target) BETWEEN 1 AND 200),
    purpose text NOT NULL CHECK (purpose IN ('collection', 'call', 'publicity', 'mediation', 'service')),
    day date NOT NULL,
    minutes smallint NOT NULL DEFAULT 0 CHECK (minutes BETWEEN 0 AND 720),
    staff_id uuid NOT NULL REFERENCES wangge.staff,
    incident text COLLATE "C", -- the number of the incident that made it due
    client_uuid uuid UNIQUE,
    CHECK ((kind = 'household_point') = (town_id IS NOT NULL))
);
CREATE INDEX visit_of_home ON wangge.visit (town_id, target, day) WHERE kind = 'household_point';
CREATE INDEX visit_of_staff ON wangge.visit (staff_id, day);
CREATE INDEX visit_grid ON wangge.visit (grid_code, id);
CREATE INDEX visit_path ON wangge.visit (path, id);
CREATE INDEX visit_incident ON wangge.visit (incident) WHERE incident IS NOT NULL;

-- Minutes of a day in a grid, said once and for all: no way that was walked, no hour.
CREATE TABLE wangge.patrol (
    staff_id uuid NOT NULL REFERENCES wangge.staff,
    grid_code text COLLATE "C" NOT NULL,
    day date NOT NULL,
    path ltree NOT NULL,
    minutes smallint NOT NULL CHECK (minutes BETWEEN 0 AND 1440),
    at timestamptz NOT NULL,
    PRIMARY KEY (staff_id, day, grid_code)
);
CREATE INDEX ON wangge.patrol (path, day);

-- How many households of a point were in the grid's group from a day on: a number, no chat and no names.
CREATE TABLE wangge.home_group (
    town_id bigint NOT NULL,
    target text COLLATE "C" NOT NULL,
    path ltree NOT NULL,
    households integer NOT NULL CHECK (households >= 0),
    day date NOT NULL,
    PRIMARY KEY (town_id, target, day)
);

-- Which of those who must be in a grid's group are: officials, deputies, social workers, power, property.
CREATE TABLE wangge.grid_group (
    grid_code text COLLATE "C" PRIMARY KEY,
    path ltree NOT NULL,
    kinds text[] NOT NULL CHECK (kinds <@ ARRAY[
        'linked_official', 'discipline_official', 'deputy_or_delegate', 'social_work', 'power', 'property']),
    day date NOT NULL
);

-- Key groups (重点人群): how many there are in a grid and how many of them were visited in a month, and not who.
CREATE TABLE wangge.key_group (
    grid_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (length(kind) BETWEEN 1 AND 60),
    month date NOT NULL CHECK (month = date_trunc('month', month)),
    path ltree NOT NULL,
    total integer NOT NULL CHECK (total >= 0),
    visited integer NOT NULL CHECK (visited BETWEEN 0 AND total),
    PRIMARY KEY (grid_code, kind, month)
);
CREATE INDEX ON wangge.key_group (path, month);

-- --- who sees and writes them -----------------------------------------------------------------------------------------------

-- Whether somebody is the caller.
CREATE FUNCTION wangge.is_me(p_staff uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM wangge.staff AS s WHERE s.id = p_staff AND s.person_id = wangge.actor());
END;

-- Whether the caller has a post of any kind on a grid that day.
CREATE FUNCTION wangge.works_in_grid(p_grid text, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM wangge.post AS p JOIN wangge.staff AS s ON s.id = p.staff_id
        WHERE p.grid_code = p_grid AND p.valid @> p_day AND s.person_id = wangge.actor() AND s.status <> 'left');
END;

-- Counts of key groups are for those whose role names the category key_group: `*` does not mean it. An administrator gives it.
CREATE FUNCTION wangge.keeps_key_groups() RETURNS ltree[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(a.path), '{}') FROM wangge.role_grant AS g JOIN wangge.area AS a ON a.id = g.area_id
    WHERE g.person_id = wangge.actor() AND 'key_group' = ANY (g.categories) AND g.duty = 'business'
        AND g.valid @> statement_timestamp();
END;

-- Whether the visit was made that an incident asked for; whoever sees the incident may know that, and not where it was.
CREATE FUNCTION wangge.was_visited_for(p_no text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM wangge.visit AS v WHERE v.incident = p_no);
END;
REVOKE ALL ON FUNCTION wangge.is_me, wangge.works_in_grid, wangge.keeps_key_groups, wangge.was_visited_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.is_me, wangge.works_in_grid, wangge.keeps_key_groups, wangge.was_visited_for TO wangge_app;

ALTER TABLE wangge.frequency_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.visit_trigger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.visit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.patrol ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.home_group ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.grid_group ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.key_group ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.frequency_rule TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.visit_trigger TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.visit TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.patrol TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.home_group TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.grid_group TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.key_group TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE POLICY seen ON wangge.frequency_rule FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.frequency_rule TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.frequency_rule TO wangge_app;
GRANT UPDATE (period, days, minutes, categories) ON wangge.frequency_rule TO wangge_app;

CREATE POLICY seen ON wangge.visit_trigger FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.visit_trigger TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.visit_trigger TO wangge_app;
GRANT UPDATE (reason, within_days, since, active) ON wangge.visit_trigger TO wangge_app;

-- Which homes were visited is as private as the homes are: for those who plan with them, whoever came, and who works there.
CREATE POLICY seen ON wangge.visit FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(3))::ltree[])
    OR (path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND (wangge.is_me(staff_id) OR wangge.works_in_grid(grid_code, day))));
CREATE POLICY made ON wangge.visit FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('handle_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND (wangge.is_me(staff_id) OR (SELECT wangge.has_right('manage_staff'))));
GRANT SELECT, INSERT ON wangge.visit TO wangge_app;

-- How long somebody was out is for them, and for those who direct them.
CREATE POLICY seen ON wangge.patrol FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(2))::ltree[]) OR wangge.is_me(staff_id));
CREATE POLICY kept ON wangge.patrol TO wangge_app USING (
    (SELECT wangge.has_right('handle_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND (wangge.is_me(staff_id) OR (SELECT wangge.has_right('manage_staff'))));
GRANT SELECT, INSERT ON wangge.patrol TO wangge_app;
GRANT UPDATE (minutes, at) ON wangge.patrol TO wangge_app;

-- `home_group` is written by `put_in_group` and read as sums alone.
CREATE POLICY seen ON wangge.grid_group FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.grid_group TO wangge_app USING (
    (SELECT wangge.has_right('handle_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.grid_group TO wangge_app;
GRANT UPDATE (kinds, day, path) ON wangge.grid_group TO wangge_app;

CREATE POLICY seen ON wangge.key_group FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND path <@ ANY ((SELECT wangge.keeps_key_groups())::ltree[]));
CREATE POLICY kept ON wangge.key_group TO wangge_app USING (
    (SELECT wangge.has_right('handle_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND path <@ ANY ((SELECT wangge.keeps_key_groups())::ltree[]));
GRANT SELECT, INSERT ON wangge.key_group TO wangge_app;
GRANT UPDATE (total, visited, path) ON wangge.key_group TO wangge_app;

-- --- homes of grids ---------------------------------------------------------------------------------------------------------

-- The household points of the grids in force on a day below a path, as they were known before a moment, each with its grid.
-- For the functions below, which ask who may; a plan that was made from a later import has that one.
CREATE FUNCTION wangge.homes_of_grids(p_path ltree, p_day date, p_until timestamptz)
RETURNS TABLE (grid_code text, path ltree, town_id bigint, target text, households integer, household_id bigint)
LANGUAGE sql STABLE
AS $$
    WITH plans AS (
        SELECT DISTINCT plan_id, version FROM wangge.grid WHERE in_force @> p_day AND path <@ p_path
    ), net AS MATERIALIZED ( -- one question for each plan, not for each home
        SELECT n.plan_id, n.version, coalesce((
            SELECT s.number FROM wangge.snapshot AS s
            WHERE s.town_id = p.town_id AND s.number > p.snapshot AND s.taken_at < p_until AND EXISTS (
                SELECT FROM wangge.assignment AS a
                WHERE (a.plan_id, a.version, a.snapshot) = (n.plan_id, n.version, s.number))
            ORDER BY s.number DESC LIMIT 1), p.snapshot) AS snapshot
        FROM plans AS n JOIN wangge.plan AS p ON p.id = n.plan_id
    )
    SELECT g.code, g.path, h.town_id, h.external_id, h.households, h.id
    FROM net
        JOIN wangge.assignment AS a ON (a.plan_id, a.version, a.snapshot) = (net.plan_id, net.version, net.snapshot)
        JOIN wangge.grid AS g ON g.id = a.grid_id AND g.in_force @> p_day AND g.path <@ p_path
        JOIN wangge.household_point AS h ON h.id = a.household_id
$$;
REVOKE ALL ON FUNCTION wangge.homes_of_grids FROM PUBLIC;

-- Grid by grid, how many household points there are, how many were visited since the day that the nearest rule above says,
-- how many households they hold, and how many of these are in the grid's group. `p_rules` are paths, '' the highest, and
-- `p_since` a day for each. For whoever may read internal figures there. Planned anew each time: a plan that does not know how
-- much of the town is asked for takes minutes where this takes seconds, and so do those of functions in SQL.
CREATE FUNCTION wangge.visit_coverage(p_path ltree, p_day date, p_until timestamptz, p_rules ltree[], p_since date[])
RETURNS TABLE (grid_code text, path ltree, since date, points bigint, visited bigint, households bigint, in_group bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp SET plan_cache_mode = force_custom_plan
    SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH ours AS MATERIALIZED (
            SELECT c.path, (
                SELECT r.since FROM unnest(p_rules, p_since) AS r (path, since) WHERE r.path @> c.path
                ORDER BY nlevel(r.path) DESC LIMIT 1) AS since
            FROM (SELECT DISTINCT g.path FROM grid AS g
                  WHERE g.in_force @> p_day AND g.path <@ p_path AND g.path <@ ANY (scope(1))) AS c
        ), counted AS (
            SELECT h.grid_code, count(*) AS points, sum(h.households) AS households,
                -- Asked of the index, home by home: a community costs no more for the town around it.
                count(*) FILTER (WHERE EXISTS (
                    SELECT FROM visit AS v
                    WHERE v.kind = 'household_point' AND v.town_id = h.town_id AND v.target = h.target
                        AND v.day >= o.since AND v.day <= p_day)) AS visited,
                sum(least(coalesce(m.households, 0), h.households)) AS in_group
            FROM homes_of_grids(p_path, p_day, p_until) AS h
                JOIN ours AS o ON o.path = h.path
                LEFT JOIN LATERAL (
                    SELECT m.households FROM home_group AS m
                    WHERE m.town_id = h.town_id AND m.target = h.target AND m.day <= p_day
                    ORDER BY m.day DESC LIMIT 1) AS m ON true
            GROUP BY h.grid_code
        )
        SELECT g.code, o.path, o.since, coalesce(c.points, 0), coalesce(c.visited, 0), coalesce(c.households, 0),
            coalesce(c.in_group, 0)
        FROM ours AS o
            JOIN grid AS g ON g.path = o.path AND g.in_force @> p_day
            LEFT JOIN counted AS c ON c.grid_code = g.code
        ORDER BY g.code COLLATE "C";
END $$;

-- The household points of a grid that nobody has visited since a day, in the order of their ids, those after `p_after`. For
-- whoever plans with households there, and for those who have a post on the grid.
CREATE FUNCTION wangge.homes_due(p_grid text, p_day date, p_until timestamptz, p_since date, p_after text, p_limit integer)
RETURNS TABLE (target text, households integer, compound text, building text, lon double precision, lat double precision,
    last_day date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT h.external_id, h.households, h.compound, h.building, ST_X(h.geom), ST_Y(h.geom), v.day
        FROM (SELECT g.path FROM grid AS g WHERE g.code = p_grid AND g.in_force @> p_day) AS here
            CROSS JOIN LATERAL homes_of_grids(here.path, p_day, p_until) AS o
            JOIN household_point AS h ON h.id = o.household_id
            LEFT JOIN LATERAL (
                SELECT max(v.day) AS day FROM visit AS v
                WHERE v.kind = 'household_point' AND (v.town_id, v.target) = (o.town_id, o.target) AND v.day <= p_day) AS v ON true
        WHERE o.grid_code = p_grid AND o.target COLLATE "C" > p_after AND (v.day IS NULL OR v.day < p_since)
            AND (here.path <@ ANY (scope(3)) OR (here.path <@ ANY (scope(1)) AND works_in_grid(p_grid, p_day)))
        ORDER BY o.target COLLATE "C" LIMIT p_limit;
END $$;

-- Which of some ids are household points of a grid today, with the town and how many households each holds. By the place, and
-- within ten centimetres: a point on a line is taken for either side's.
CREATE FUNCTION wangge.homes_in_grid(p_grid text, p_targets text[], p_day date)
RETURNS TABLE (target text, town_id bigint, households integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$
    SELECT h.external_id, h.town_id, h.households
    FROM grid AS g JOIN plan AS p ON p.id = g.plan_id
        JOIN household_point AS h ON h.town_id = p.town_id AND h.external_id = ANY (p_targets) AND upper_inf(h.seen)
    WHERE g.code = p_grid AND g.in_force @> p_day AND g.path <@ ANY (scope(1)) AND ST_DWithin(g.geom, h.geom, 0.000001)
$$;

-- Writes how many households of points are in the grid's group, and says how many points were written; never more than live
-- there.
CREATE FUNCTION wangge.put_in_group(p_grid text, p_targets text[], p_households integer[], p_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
DECLARE
    here ltree := (SELECT g.path FROM grid AS g WHERE g.code = p_grid AND g.in_force @> p_day);
    wrong text;
    written bigint;
BEGIN
    IF NOT (has_right('handle_incidents') AND here <@ ANY (scope(1))
            AND (here <@ ANY (scope(3)) OR works_in_grid(p_grid, p_day))) IS TRUE THEN
        RAISE EXCEPTION 'this is for those who have a post on the grid' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT t.target INTO wrong FROM unnest(p_targets, p_households) AS t (target, households)
        JOIN homes_in_grid(p_grid, p_targets, p_day) AS h ON h.target = t.target
    WHERE t.households > h.households LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'more households of % are in the group than live there', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_than_live_there';
    END IF;
    INSERT INTO home_group AS m (town_id, target, path, households, day)
    SELECT h.town_id, h.target, here, t.households, p_day FROM unnest(p_targets, p_households) AS t (target, households)
        JOIN homes_in_grid(p_grid, p_targets, p_day) AS h ON h.target = t.target
    ON CONFLICT (town_id, target, day) DO UPDATE SET (path, households) = (here, excluded.households);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END $$;
REVOKE ALL ON FUNCTION wangge.visit_coverage, wangge.homes_due, wangge.homes_in_grid, wangge.put_in_group FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.visit_coverage, wangge.homes_due, wangge.homes_in_grid, wangge.put_in_group TO wangge_app;

-- --- stations -----------------------------------------------------------------------------------------------------------

-- Stations (驿站) and centers where people are served. A station may serve across the lines of communities: it lies in the area
-- that keeps it, and serves its service area, else a circle around it, else as far as people walk.
CREATE TABLE wangge.station (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (length(code) BETWEEN 1 AND 60 AND code !~ '[[:space:][:cntrl:]]'),
    area_id bigint NOT NULL REFERENCES wangge.area, -- who keeps it
    path ltree NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    level text NOT NULL CHECK (level IN ('district', 'street', 'community', 'grid')),
    kind text NOT NULL CHECK (kind IN ('station', 'service_center', 'activity_site', 'canteen', 'rest_stop')),
    brand text NOT NULL DEFAULT '' CHECK (length(brand) <= 100),
    geom geometry(Point, 4490) NOT NULL,
    radius_m integer CHECK (radius_m BETWEEN 1 AND 20000),
    service_area geometry(Geometry, 4490) CHECK (
        ST_IsValid(service_area) AND GeometryType(service_area) IN ('POLYGON', 'MULTIPOLYGON')),
    -- The four ones (四个一): a desk, a room to talk in, a cabinet with medicine and tools, a map of the grids around.
    has_desk boolean NOT NULL DEFAULT false,
    has_room boolean NOT NULL DEFAULT false,
    has_cabinet boolean NOT NULL DEFAULT false,
    has_map boolean NOT NULL DEFAULT false,
    services text[] NOT NULL DEFAULT '{}',
    area_m2 numeric(10, 2) CHECK (area_m2 >= 0),
    tenure text NOT NULL DEFAULT '' CHECK (tenure IN ('', 'allocated', 'rented', 'borrowed')),
    active boolean NOT NULL DEFAULT true,
    revision integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
CREATE INDEX ON wangge.station (path, id);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.station
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- A station as it was until a moment, for figures as of any day: what is in force stands in the table itself.
CREATE TABLE wangge.station_past (
    until timestamptz NOT NULL,
    LIKE wangge.station,
    PRIMARY KEY (id, revision)
);
CREATE FUNCTION wangge.station_was() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    INSERT INTO station_past SELECT NEW.updated_at, OLD.*;
    RETURN NULL;
END $$;
CREATE TRIGGER station_was AFTER UPDATE ON wangge.station FOR EACH ROW
    WHEN (OLD.revision <> NEW.revision) EXECUTE FUNCTION wangge.station_was();

-- The grids that were given to a station (划片); where none was, those whose middle it reaches.
CREATE TABLE wangge.station_grid (
    station_id bigint NOT NULL REFERENCES wangge.station,
    grid_code text COLLATE "C" NOT NULL,
    path ltree NOT NULL, -- the station's
    PRIMARY KEY (station_id, grid_code)
);

-- Who is on duty in a station, day by day.
CREATE TABLE wangge.station_duty (
    station_id bigint NOT NULL REFERENCES wangge.station,
    day date NOT NULL,
    staff_id uuid NOT NULL REFERENCES wangge.staff,
    path ltree NOT NULL, -- the station's
    PRIMARY KEY (station_id, day, staff_id)
);

CREATE FUNCTION wangge.lies_with_station() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    SELECT path INTO STRICT NEW.path FROM station WHERE id = NEW.station_id;
    RETURN NEW;
END $$;
CREATE TRIGGER lies_with_station BEFORE INSERT ON wangge.station_grid
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_with_station();
CREATE TRIGGER lies_with_station BEFORE INSERT ON wangge.station_duty
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_with_station();

ALTER TABLE wangge.station ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.station_past ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.station_grid ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.station_duty ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.station TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.station_past TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.station_grid TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.station_duty TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever works below a station's area may send people there.
CREATE POLICY seen ON wangge.station FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.station TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.station TO wangge_app;
GRANT UPDATE (area_id, path, name, level, kind, brand, geom, radius_m, service_area, has_desk, has_room, has_cabinet, has_map,
    services, area_m2, tenure, active, revision, updated_at) ON wangge.station TO wangge_app;
CREATE POLICY seen ON wangge.station_past FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.station_past TO wangge_app;
CREATE POLICY seen ON wangge.station_grid FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.station_grid TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, DELETE ON wangge.station_grid TO wangge_app;
CREATE POLICY seen ON wangge.station_duty FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.station_duty TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, DELETE ON wangge.station_duty TO wangge_app;

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

-- A box around a zone, for the index, and whether a place lies in the zone.
CREATE FUNCTION wangge.zone_box(p_at geometry, p_shape geometry, p_metres double precision) RETURNS geometry
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(p_shape, public.ST_Expand(p_at,
    p_metres / 110000.0 / greatest(cos(radians(public.ST_Y(p_at))), 0.01), p_metres / 110000.0)) $$;
CREATE FUNCTION wangge.in_zone(p_place geometry, p_at geometry, p_shape geometry, p_metres double precision) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN p_shape IS NOT NULL THEN public.ST_Covers(p_shape, p_place)
    ELSE public.ST_DistanceSpheroid(p_place, p_at, 'SPHEROID["CGCS2000",6378137,298.257222101]') <= p_metres END $$;
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

-- --- problem points -------------------------------------------------------------------------------------------------------

-- What is wrong in one place again and again (问题清单): near ones of a class, together, with who mends it, how and by when.
CREATE TABLE wangge.problem_cluster (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path ltree NOT NULL, -- the community's
    class text NOT NULL CHECK (class IN ('dirty', 'messy', 'poor')),
    department text COLLATE "C" REFERENCES wangge.org (code),
    measure text NOT NULL DEFAULT '' CHECK (length(measure) <= 4000),
    deadline date,
    state text NOT NULL DEFAULT 'found' CHECK (state IN ('found', 'planned', 'rectified', 'cleared')),
    revision integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    -- Nothing is planned without somebody who does it, what they do, and by when.
    CHECK (state = 'found' OR (department IS NOT NULL AND measure <> '' AND deadline IS NOT NULL))
);
CREATE INDEX ON wangge.problem_cluster (path, id);

CREATE TABLE wangge.problem_point (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path ltree NOT NULL,
    grid_code text COLLATE "C", -- NULL outside every grid
    class text NOT NULL CHECK (class IN ('dirty', 'messy', 'poor')), -- 脏、乱、差
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 1000),
    geom geometry(Point, 4490) NOT NULL,
    cluster_id bigint REFERENCES wangge.problem_cluster,
    day date NOT NULL,
    client_uuid uuid UNIQUE
);
CREATE INDEX ON wangge.problem_point (path, id);
CREATE INDEX ON wangge.problem_point (cluster_id);

ALTER TABLE wangge.problem_cluster ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.problem_point ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.problem_cluster TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.problem_point TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY seen ON wangge.problem_cluster FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.problem_cluster TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.problem_cluster TO wangge_app;
GRANT UPDATE (department, measure, deadline, state, revision, updated_at) ON wangge.problem_cluster TO wangge_app;
CREATE POLICY seen ON wangge.problem_point FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.problem_point FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('handle_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND cluster_id IS NULL);
CREATE POLICY gathered ON wangge.problem_point FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.problem_point TO wangge_app;
GRANT UPDATE (cluster_id) ON wangge.problem_point TO wangge_app;
