-- Plans: how communities are divided, from the first draft to the day it takes effect, and what became of every grid.

CREATE TABLE wangge.plan (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    town_id bigint NOT NULL REFERENCES wangge.town,
    snapshot integer NOT NULL,
    path ltree NOT NULL,     -- the smallest area that holds all of the plan
    paths ltree[] NOT NULL CHECK (cardinality(paths) > 0),  -- its communities
    title text NOT NULL CHECK (title <> ''),
    reason text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'draft' CHECK (state IN (
        'draft', 'validated', 'submitted', 'street_reviewed', 'district_approved', 'noticed', 'effective', 'filed',
        'superseded', 'withdrawn')),
    version integer NOT NULL DEFAULT 1,
    revision integer NOT NULL DEFAULT 1,  -- grows with every change: what If-Match is compared with
    author uuid REFERENCES wangge.person,
    made_with jsonb NOT NULL DEFAULT '{}',  -- rules, seed, version, digests: what makes the same plan again
    metrics jsonb NOT NULL DEFAULT '{}',
    findings jsonb NOT NULL DEFAULT '[]',
    digest text,  -- of the grids that were found in order; what is submitted is what was validated
    effective_from date,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    FOREIGN KEY (town_id, snapshot) REFERENCES wangge.snapshot (town_id, number)
);
CREATE INDEX ON wangge.plan USING gist (paths);

-- What was submitted, for ever: the digest is over the grids of that version.
CREATE TABLE wangge.plan_version (
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    version integer NOT NULL,
    digest text NOT NULL,
    made_at timestamptz NOT NULL,
    made_by uuid REFERENCES wangge.person,
    PRIMARY KEY (plan_id, version)
);

-- Each community has at most one plan in force on any day, whoever commits when.
CREATE TABLE wangge.plan_community (
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    base uuid REFERENCES wangge.plan,  -- the plan in force when this one was begun
    noded geometry NOT NULL CHECK (ST_SRID(noded) <> 0),  -- the community with every vertex that its grids have on its line
    in_force daterange CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force)),
    PRIMARY KEY (plan_id, area_id),
    CONSTRAINT one_plan_in_force EXCLUDE USING gist (area_id WITH =, in_force WITH &&)
);

-- Every code that ever was in force. There is no right to delete from it: a code is never used again.
CREATE TABLE wangge.grid_code (
    code text PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    first_plan uuid NOT NULL REFERENCES wangge.plan
);

-- `in_force` is NULL for drafts. `since` is the day from which the grid has had this very shape.
-- The public figures are NULL where the true ones are too small to be told, or would tell one that is (partition/suppress).
CREATE TABLE wangge.grid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    version integer NOT NULL,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    in_force daterange CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force)),
    since date,
    row_version integer NOT NULL DEFAULT 1,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('residential', 'dedicated')),
    subtype text NOT NULL DEFAULT '',
    households integer NOT NULL,
    persons integer NOT NULL,
    buildings integer NOT NULL,
    households_public integer,
    persons_public integer,
    area_m2 double precision NOT NULL,
    perimeter_m double precision NOT NULL,
    compactness double precision NOT NULL,
    east text NOT NULL DEFAULT '',
    south text NOT NULL DEFAULT '',
    west text NOT NULL DEFAULT '',
    north text NOT NULL DEFAULT '',
    exception jsonb,
    shape geometry NOT NULL CHECK (ST_SRID(shape) <> 0),
    geom geometry(Geometry, 4490) GENERATED ALWAYS AS (ST_Transform(shape, 4490)) STORED,
    web geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(shape, 3857)) STORED,
    UNIQUE (plan_id, version, code),
    CONSTRAINT one_grid_of_a_code EXCLUDE USING gist (code WITH =, in_force WITH &&) WHERE (in_force IS NOT NULL)
);
CREATE INDEX grid_place ON wangge.grid USING gist (geom) WHERE in_force IS NOT NULL;
CREATE INDEX grid_web ON wangge.grid USING gist (web) WHERE in_force IS NOT NULL;
CREATE INDEX grid_of_area ON wangge.grid (area_id) WHERE in_force IS NOT NULL;
CREATE INDEX grid_path ON wangge.grid USING gist (path);
CREATE INDEX grid_code_order ON wangge.grid (code) WHERE in_force IS NOT NULL;

-- Which grid of a plan each household point of a snapshot is in. A plan has one for the snapshot it was made from, and while
-- it is in force one for each later snapshot: points are found anew, never updated one by one.
CREATE TABLE wangge.assignment (
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    version integer NOT NULL,
    snapshot integer NOT NULL,
    household_id bigint NOT NULL,
    grid_id bigint NOT NULL
);
CREATE INDEX assignment_of_plan ON wangge.assignment (plan_id, version, snapshot);

-- What became of each grid when a plan took effect.
CREATE TABLE wangge.lineage (
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    path ltree NOT NULL,
    from_code text,
    to_code text,
    op text NOT NULL CHECK (op IN ('keep', 'reshape', 'split', 'merge', 'new', 'retire')),
    households_moved integer NOT NULL,
    share double precision NOT NULL,
    CHECK (num_nonnulls(from_code, to_code) > 0)
);
CREATE INDEX ON wangge.lineage (plan_id);
CREATE INDEX ON wangge.lineage (from_code);
CREATE INDEX ON wangge.lineage (to_code);

-- Numbers the cut-overs: which net holds on a day follows from the publications that have taken effect by then.
CREATE TABLE wangge.publication (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL UNIQUE REFERENCES wangge.plan,
    path ltree NOT NULL,
    effective_from date NOT NULL,
    published_at timestamptz NOT NULL,
    published_by uuid REFERENCES wangge.person
);

-- --- the approval -------------------------------------------------------------------------------------------------------

-- One decision for each area of the step's tier. Never changed; whoever decided one step decides no other of that version.
CREATE TABLE wangge.decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    version integer NOT NULL,
    step text NOT NULL CHECK (step IN (
        'submit', 'street_review', 'district_approve', 'notice', 'put_in_force', 'file', 'withdraw', 'adopt')),
    verdict text NOT NULL CHECK (verdict IN ('pass', 'reject')),
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    actor uuid REFERENCES wangge.person,
    actor_name text NOT NULL DEFAULT '',  -- what they were called then; empty: at the console
    comment text NOT NULL DEFAULT '' CHECK (verdict = 'pass' OR comment <> ''),
    at timestamptz NOT NULL,
    CONSTRAINT one_decision_an_area UNIQUE (plan_id, version, step, area_id),
    CONSTRAINT one_step_a_person EXCLUDE USING gist (plan_id WITH =, version WITH =, actor WITH =, step WITH <>)
        WHERE (step IN ('submit', 'street_review', 'district_approve'))
);

CREATE TABLE wangge.plan_comment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES wangge.plan,
    version integer NOT NULL,
    path ltree NOT NULL,
    actor uuid REFERENCES wangge.person,
    actor_name text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    text text NOT NULL CHECK (text <> '' AND length(text) <= 4000),
    grid_code text,
    geom geometry(Point, 4490)
);
CREATE INDEX ON wangge.plan_comment (plan_id);

-- The name of whoever decides or speaks, as it is at that moment. It is not theirs to give, and whoever sees the plan sees it,
-- though they see nothing else of that person.
CREATE FUNCTION wangge.actor_is_named() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    NEW.actor_name := coalesce((SELECT name FROM person WHERE id = NEW.actor), '');
    RETURN NEW;
END $$;
CREATE TRIGGER actor_is_named BEFORE INSERT ON wangge.decision FOR EACH ROW EXECUTE FUNCTION wangge.actor_is_named();
CREATE TRIGGER actor_is_named BEFORE INSERT ON wangge.plan_comment FOR EACH ROW EXECUTE FUNCTION wangge.actor_is_named();

-- --- what holds whoever writes ------------------------------------------------------------------------------------------

-- A version that was submitted does not change. Afterwards a grid gets its final code, its public figures and its days.
CREATE FUNCTION wangge.grid_is_frozen() RETURNS trigger LANGUAGE plpgsql
    SET search_path = wangge, public AS $$
DECLARE
    owner plan;
    it grid := coalesce(OLD, NEW);
BEGIN
    SELECT * INTO owner FROM plan WHERE id = it.plan_id;
    IF owner.state IN ('draft', 'validated') AND it.version = owner.version
        AND NOT EXISTS (SELECT FROM plan_version v WHERE (v.plan_id, v.version) = (it.plan_id, it.version)) THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.in_force IS DISTINCT FROM OLD.in_force
        AND current_user = 'wangge_app' AND NOT has_right('put_in_force') THEN
        RAISE EXCEPTION 'only who puts plans in force changes the days of a grid' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'UPDATE' AND it.version = owner.version
        AND (NEW.plan_id, NEW.version, NEW.area_id, NEW.kind, NEW.subtype, NEW.households, NEW.persons, NEW.buildings)
          = (OLD.plan_id, OLD.version, OLD.area_id, OLD.kind, OLD.subtype, OLD.households, OLD.persons, OLD.buildings)
        AND ST_AsBinary(NEW.shape) = ST_AsBinary(OLD.shape)
        AND (OLD.in_force IS NULL
             OR ((NEW.code, NEW.name, lower(NEW.in_force)) = (OLD.code, OLD.name, lower(OLD.in_force))))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'version % of plan % is submitted and does not change', it.version, owner.number
        USING ERRCODE = 'check_violation', CONSTRAINT = 'grid_is_frozen';
END $$;
CREATE TRIGGER grid_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON wangge.grid
    FOR EACH ROW EXECUTE FUNCTION wangge.grid_is_frozen();

-- The areas that decide on a plan, for whoever sees the plan: where areas are not public they see few of them, and would take
-- the decision of their own for that of all.
CREATE FUNCTION wangge.areas_of_plan(p_plan uuid) RETURNS TABLE (id bigint, path ltree, code text, level text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
    AS $$ SELECT a.id, a.path, a.code, a.level FROM wangge.plan p JOIN wangge.area a ON a.path @> ANY (p.paths)
          WHERE p.id = p_plan AND p.paths <@ ANY (wangge.scope(2)) $$;
REVOKE ALL ON FUNCTION wangge.areas_of_plan FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.areas_of_plan TO wangge_app;

-- A plan that is sent back is a draft of the next version, with the same grids, at once. As the owner, because whoever sends
-- it back may see only a part of it and need not be one who draws; but only for who has just rejected this very version.
CREATE FUNCTION wangge.begin_next_version(p_plan uuid, p_at timestamptz) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
DECLARE
    it plan;
    following integer;
BEGIN
    SELECT * INTO it FROM plan WHERE id = p_plan FOR UPDATE;
    IF NOT EXISTS (SELECT FROM decision d WHERE (d.plan_id, d.version, d.verdict) = (it.id, it.version, 'reject')
                   AND d.actor = actor()) THEN
        RAISE EXCEPTION 'only who rejects a plan sends it back' USING ERRCODE = 'insufficient_privilege';
    END IF;
    following := it.version + 1;
    UPDATE plan SET state = 'draft', version = following, digest = NULL, revision = revision + 1, updated_at = p_at
    WHERE id = it.id;
    INSERT INTO grid (plan_id, version, area_id, path, code, name, kind, subtype, households, persons, buildings,
        area_m2, perimeter_m, compactness, east, south, west, north, exception, shape)
    SELECT plan_id, following, area_id, path, code, name, kind, subtype, households, persons, buildings,
        area_m2, perimeter_m, compactness, east, south, west, north, exception, shape
    FROM grid WHERE plan_id = it.id AND version = it.version ORDER BY id;
    INSERT INTO assignment (plan_id, version, snapshot, household_id, grid_id)
    SELECT s.plan_id, following, s.snapshot, s.household_id, n.id
    FROM assignment s JOIN grid o ON o.id = s.grid_id
        JOIN grid n ON (n.plan_id, n.version, n.code) = (o.plan_id, following, o.code)
    WHERE s.plan_id = it.id AND s.version = it.version;
END $$;
REVOKE ALL ON FUNCTION wangge.begin_next_version FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.begin_next_version TO wangge_app;

-- No two grids in force on one day share ground. Checked at commit, after the street's lock: whoever comes second sees
-- what the first wrote, because READ COMMITTED takes a new snapshot for each statement.
CREATE FUNCTION wangge.grids_do_not_overlap() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public AS $$
DECLARE
    other text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'grids are put in force in READ COMMITTED transactions only' USING ERRCODE = 'active_sql_transaction';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('wangge.street.' || subpath(NEW.path, 0, nlevel(NEW.path) - 1)::text, 0));
    -- As it is now: the same transaction may have ended it since this check was put off.
    SELECT * INTO NEW FROM grid WHERE id = NEW.id;
    IF NEW.in_force IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT g.code INTO other FROM grid g
    WHERE g.id <> NEW.id AND g.in_force && NEW.in_force AND g.geom && NEW.geom
        AND CASE WHEN ST_SRID(g.shape) = ST_SRID(NEW.shape) THEN ST_Relate(g.shape, NEW.shape, '2********')
                 ELSE ST_Relate(g.geom, NEW.geom, '2********') END
    LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION 'grids % and % overlap', NEW.code, other
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'grids_do_not_overlap';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER grids_do_not_overlap AFTER INSERT OR UPDATE OF in_force, shape ON wangge.grid
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.in_force IS NOT NULL)
    EXECUTE FUNCTION wangge.grids_do_not_overlap();

-- --- who sees and writes what ---------------------------------------------------------------------------------------------

ALTER TABLE wangge.plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_version FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_community ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_community FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.grid ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.grid FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.assignment FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.lineage ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.lineage FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.publication ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.publication FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.decision FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_comment ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_comment FORCE ROW LEVEL SECURITY;

-- A plan is seen by those who see one of its communities; `paths <@ x` asks whether any of them lies in x.
CREATE POLICY seen ON wangge.plan FOR SELECT TO wangge_app USING (paths <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY made ON wangge.plan FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('edit_plan')) AND author = (SELECT wangge.actor())
    AND NOT EXISTS (SELECT FROM unnest(paths) AS one WHERE NOT one <@ ANY (wangge.scope(2))));
CREATE POLICY changed ON wangge.plan FOR UPDATE TO wangge_app USING (paths <@ ANY ((SELECT wangge.scope(2))::ltree[]));

CREATE POLICY seen ON wangge.plan_community FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(2))::ltree[]) OR (in_force IS NOT NULL AND (SELECT wangge.is_public('grids'))));
CREATE POLICY made ON wangge.plan_community FOR INSERT TO wangge_app WITH CHECK (path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY changed ON wangge.plan_community FOR UPDATE TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(2))::ltree[]));

CREATE POLICY seen ON wangge.grid FOR SELECT TO wangge_app USING (
    (in_force IS NOT NULL AND (SELECT wangge.is_public('grids')))
    OR (in_force IS NOT NULL AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(kind))
    OR (path <@ ANY ((SELECT wangge.scope(2))::ltree[]) AND wangge.sees_category(kind)));
CREATE POLICY made ON wangge.grid FOR INSERT TO wangge_app WITH CHECK (
    in_force IS NULL AND (SELECT wangge.has_right('edit_plan')) AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY changed ON wangge.grid FOR UPDATE TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY removed ON wangge.grid FOR DELETE TO wangge_app USING (
    in_force IS NULL AND (SELECT wangge.has_right('edit_plan')) AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));

-- Where each household point is, is as private as the points are.
CREATE POLICY seen ON wangge.assignment FOR SELECT TO wangge_app USING (EXISTS (
    SELECT FROM wangge.household_point h WHERE h.id = household_id));
CREATE POLICY made ON wangge.assignment FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('edit_plan') OR wangge.has_right('put_in_force')));

CREATE POLICY removed ON wangge.assignment FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('edit_plan')) AND NOT EXISTS (
        SELECT FROM wangge.plan_version v WHERE (v.plan_id, v.version) = (assignment.plan_id, assignment.version)));

CREATE POLICY seen ON wangge.lineage FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR (SELECT wangge.is_public('grids')));
CREATE POLICY made ON wangge.lineage FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('put_in_force')) AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY seen ON wangge.publication FOR SELECT TO wangge_app USING (true);  -- numbers and days only
CREATE POLICY made ON wangge.publication FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('put_in_force')) AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));

CREATE POLICY seen ON wangge.plan_version FOR SELECT TO wangge_app USING (EXISTS (
    SELECT FROM wangge.plan p WHERE p.id = plan_id));
CREATE POLICY made ON wangge.plan_version FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('submit')) AND made_by = (SELECT wangge.actor()));
CREATE POLICY seen ON wangge.decision FOR SELECT TO wangge_app USING (EXISTS (
    SELECT FROM wangge.plan p WHERE p.id = plan_id));
CREATE POLICY made ON wangge.decision FOR INSERT TO wangge_app WITH CHECK (
    actor = (SELECT wangge.actor()) AND (SELECT wangge.has_right(step)) AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY seen ON wangge.plan_comment FOR SELECT TO wangge_app USING (EXISTS (
    SELECT FROM wangge.plan p WHERE p.id = plan_id));
CREATE POLICY made ON wangge.plan_comment FOR INSERT TO wangge_app WITH CHECK (
    actor = (SELECT wangge.actor()) AND EXISTS (SELECT FROM wangge.plan p WHERE p.id = plan_id));

GRANT SELECT, INSERT, UPDATE ON wangge.plan, wangge.plan_community, wangge.grid TO wangge_app;
GRANT DELETE ON wangge.grid, wangge.assignment TO wangge_app;  -- of drafts: policies `removed`
GRANT SELECT, INSERT ON wangge.plan_version, wangge.assignment, wangge.lineage, wangge.publication, wangge.decision,
    wangge.plan_comment, wangge.grid_code TO wangge_app;

CREATE POLICY keeper ON wangge.plan TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.plan_version TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.plan_community TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.grid TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.assignment TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.lineage TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.publication TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.decision TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.plan_comment TO CURRENT_USER USING (true) WITH CHECK (true);

-- Which grids lie at which places, counted from 1: numbers only, for the application to ask the grids themselves by.
CREATE FUNCTION wangge.grids_at(places geometry[], day date) RETURNS TABLE (n bigint, id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
    AS $$ SELECT p.n, g.id FROM unnest(places) WITH ORDINALITY AS p (place, n)
          JOIN grid g ON g.geom && p.place AND ST_Covers(g.geom, p.place) AND g.in_force IS NOT NULL AND g.in_force @> day $$;
REVOKE ALL ON FUNCTION wangge.grids_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.grids_at TO wangge_app;
