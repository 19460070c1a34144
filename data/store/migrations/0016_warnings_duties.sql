-- Early warnings that are told, and duties that come again and again.

-- --- early warnings -------------------------------------------------------------------------------------------------------

-- So many cases of one category in one grid, or within so many metres, within so many hours: from day to day. Of several rules the
-- nearest area's holds, and there the one that names the category ('*': any).
CREATE TABLE wangge.warning_rule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    category text COLLATE "C" NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
    least integer NOT NULL CHECK (least BETWEEN 2 AND 1000),
    hours integer NOT NULL CHECK (hours BETWEEN 1 AND 744),
    radius_m integer CHECK (radius_m BETWEEN 1 AND 10000), -- NULL: grid by grid
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT one_warning_rule_a_day EXCLUDE USING gist (area_id WITH =, category WITH =, valid WITH &&)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.warning_rule
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- A heap that was told of, once: what came to it later changes `until` and its cases alone.
CREATE TABLE wangge.warning (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path ltree NOT NULL, -- the smallest area around its cases
    grid_code text COLLATE "C", -- NULL: of several grids, or outside all
    category text COLLATE "C" NOT NULL,
    least integer NOT NULL, -- as the rule said then
    hours integer NOT NULL,
    radius_m integer,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL, -- of its last case
    raised_at timestamptz NOT NULL,
    CHECK (since <= until)
);
CREATE INDEX ON wangge.warning (path, id);
CREATE INDEX ON wangge.warning (until);

-- A case stands in one heap of its category: two services that look at once cannot both tell of it.
CREATE TABLE wangge.warning_case (
    no text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    warning_id bigint NOT NULL REFERENCES wangge.warning,
    PRIMARY KEY (no, category)
);
CREATE INDEX ON wangge.warning_case (warning_id);

ALTER TABLE wangge.warning_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.warning ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.warning_case ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.warning_rule TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.warning TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.warning_case TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever works below an area knows its rules; whoever dispatches there states them.
CREATE POLICY seen ON wangge.warning_rule FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.warning_rule TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, DELETE ON wangge.warning_rule TO wangge_app;
GRANT INSERT (area_id, category, least, hours, radius_m, valid), UPDATE (valid) ON wangge.warning_rule TO wangge_app;

-- The service alone raises warnings. Who sees cases there sees them.
CREATE POLICY seen ON wangge.warning FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(category));
CREATE POLICY seen ON wangge.warning_case FOR SELECT TO wangge_app USING (
    EXISTS (SELECT FROM wangge.warning AS w WHERE w.id = warning_id));
GRANT SELECT ON wangge.warning, wangge.warning_case TO wangge_app;

-- --- who is told of what --------------------------------------------------------------------------------------------------

CREATE FUNCTION wangge.numbered(p_subject text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN p_subject ~ '^[0-9]{1,18}$' THEN p_subject::bigint END $$;

CREATE POLICY warning_seen ON wangge.event FOR SELECT TO wangge_app USING (
    kind LIKE 'warning.%' AND EXISTS (SELECT FROM wangge.warning AS w WHERE w.id = wangge.numbered(subject)));
-- As the table has it: a switch holds for all below.
CREATE POLICY mode_seen ON wangge.event FOR SELECT TO wangge_app USING (
    kind LIKE 'mode.%'
    AND (path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[])));
CREATE POLICY problem_seen ON wangge.event FOR SELECT TO wangge_app USING (
    kind LIKE 'problem\_point.%' AND EXISTS (
        SELECT FROM wangge.problem_point AS p WHERE p.id = wangge.numbered(subject)));
CREATE POLICY cluster_seen ON wangge.event FOR SELECT TO wangge_app USING (
    kind LIKE 'problem\_cluster.%' AND EXISTS (
        SELECT FROM wangge.problem_cluster AS c WHERE c.id = wangge.numbered(subject)));

-- --- duties that come again and again -------------------------------------------------------------------------------------

-- What is owed (例会、巡查走访、信息采集……), how often in each period, by each of what lies in an area, from day to day. It is
-- called by a code of its area's: what was done stands under the code, whatever is said of the duty later.
CREATE TABLE wangge.duty_plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{0,39}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN ('meeting', 'patrol', 'collection', 'visit', 'deliverable')),
    every text NOT NULL CHECK (every IN ('day', 'week', 'month', 'quarter', 'year')),
    times integer NOT NULL CHECK (times BETWEEN 1 AND 100),
    each text NOT NULL CHECK (each IN ('area', 'grid', 'community', 'street', 'unit')),
    role text NOT NULL DEFAULT '' CHECK (role IN ('',
        'grid_leader', 'deputy_grid_leader', 'full_time_worker', 'part_time_worker', 'grid_instructor',
        'social_worker_force', 'professional_force', 'other_force')), -- '': whoever works there
    workdays boolean NOT NULL DEFAULT false, -- owed on work days alone
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT one_plan_a_day EXCLUDE USING gist (area_id WITH =, code WITH =, valid WITH &&)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.duty_plan
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- It was done, by a grid, an area or a unit (`target`, by its code), on a day.
CREATE TABLE wangge.duty_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area, -- of the plan
    code text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    path ltree NOT NULL, -- of the target
    day date NOT NULL,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 1000),
    actor uuid NOT NULL,
    client_uuid uuid UNIQUE,
    at timestamptz NOT NULL
);
CREATE INDEX ON wangge.duty_log (area_id, code, day);
CREATE INDEX ON wangge.duty_log (path, id);

-- Whether the caller has the role that a duty asks for: on the grid itself, else on any grid there.
CREATE FUNCTION wangge.has_duty(p_area bigint, p_code text, p_target text, p_path ltree, p_day date) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$ BEGIN
    RETURN EXISTS (
        SELECT FROM duty_plan AS d
        WHERE d.area_id = p_area AND d.code = p_code AND d.valid @> p_day AND d.path @> p_path AND (d.role = '' OR EXISTS (
            SELECT FROM post AS p JOIN staff AS s ON s.id = p.staff_id
            WHERE s.person_id = actor() AND s.status <> 'left' AND p.role = d.role AND p.valid @> p_day AND p.path <@ p_path
                AND (d.each <> 'grid' OR p.grid_code = p_target))));
END $$;
REVOKE ALL ON FUNCTION wangge.has_duty FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.has_duty TO wangge_app;

ALTER TABLE wangge.duty_plan ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.duty_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.duty_plan TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.duty_log TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE POLICY seen ON wangge.duty_plan FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.duty_plan TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, DELETE ON wangge.duty_plan TO wangge_app;
GRANT INSERT (area_id, code, name, kind, every, times, each, role, workdays, valid), UPDATE (valid) ON wangge.duty_plan
    TO wangge_app;

-- Whoever has the role says that it was done; for others, who manages staff there. What was said stays.
CREATE POLICY seen ON wangge.duty_log FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.duty_log FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('handle_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND actor = (SELECT wangge.actor())
    AND ((SELECT wangge.has_right('manage_staff')) OR wangge.has_duty(area_id, code, target, path, day)));
GRANT SELECT ON wangge.duty_log TO wangge_app;
GRANT INSERT (area_id, code, target, path, day, note, actor, client_uuid, at) ON wangge.duty_log TO wangge_app;

-- --- what a visit brings --------------------------------------------------------------------------------------------------

-- 四到户: a policy is explained, an opinion asked for, a decision passed on, an activity announced.
ALTER TABLE wangge.visit ADD COLUMN delivery text CHECK (delivery IN ('policy', 'opinion', 'decision', 'activity'));
