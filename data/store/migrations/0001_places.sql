-- Areas: city > district > street > community, with real parent links, and what they were on any day.
--
-- Who may see what is decided here and not by those who ask: every table with a `path` has row-level security on it.
-- A transaction says for whom it speaks in settings of its own (data/store/scope.py); unset they are '' or NULL, and both
-- must mean "nothing": ''::ltree would be the ancestor of everything.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS ltree;
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- The schema is there: the migrator keeps its own table in it.
REVOKE ALL ON SCHEMA wangge FROM PUBLIC;
GRANT USAGE ON SCHEMA wangge TO wangge_app;
GRANT SELECT ON wangge.migration TO wangge_app;

-- --- for whom a transaction speaks ------------------------------------------------------------------------------------

-- Paths of the areas whose data up to `ceiling` the caller may see: 1 internal, 2 drafts, 3 household points.
CREATE FUNCTION wangge.scope(ceiling integer) RETURNS ltree[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT string_to_array(nullif(current_setting('wangge.areas_' || ceiling, true), ''), ',')::ltree[] $$;

CREATE FUNCTION wangge.has_right(wanted text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(wanted = ANY (string_to_array(current_setting('wangge.rights', true), ',')), false) $$;

CREATE FUNCTION wangge.is_public(what text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(what = ANY (string_to_array(current_setting('wangge.public', true), ',')), false) $$;

CREATE FUNCTION wangge.actor() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('wangge.person', true), '')::uuid $$;

-- The classes of data that the caller may see; NULL, which matches nothing, when unset.
CREATE FUNCTION wangge.sees_category(category text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(
        ARRAY['*', category] && string_to_array(nullif(current_setting('wangge.categories', true), ''), ','), false) $$;

-- --- areas ------------------------------------------------------------------------------------------------------------

-- What stays the same while an area lives: its code, which is never used again, and its place in today's tree.
CREATE TABLE wangge.area (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code <> ''),
    level text NOT NULL CHECK (level IN ('city', 'district', 'street', 'community')),
    parent_id bigint REFERENCES wangge.area,
    path ltree NOT NULL UNIQUE  -- ids from the root down; codes need not be labels, ids are
);
CREATE INDEX ON wangge.area USING gist (path);
CREATE INDEX ON wangge.area (parent_id);

CREATE FUNCTION wangge.area_path() RETURNS trigger LANGUAGE plpgsql
    SET search_path = wangge, public AS $$
DECLARE
    above area;
BEGIN
    IF NEW.parent_id IS NULL THEN
        IF NEW.level IN ('street', 'community') THEN
            RAISE EXCEPTION 'a % needs a parent: %', NEW.level, NEW.code USING ERRCODE = 'check_violation';
        END IF;
        NEW.path := NEW.id::text::ltree;
        RETURN NEW;
    END IF;
    SELECT * INTO above FROM area WHERE id = NEW.parent_id;
    IF (above.level, NEW.level) NOT IN (('city', 'district'), ('district', 'street'), ('street', 'community')) THEN
        RAISE EXCEPTION 'a % cannot belong to a %: %', NEW.level, above.level, NEW.code USING ERRCODE = 'check_violation';
    END IF;
    NEW.path := above.path || NEW.id::text;
    RETURN NEW;
END $$;
CREATE TRIGGER area_path BEFORE INSERT OR UPDATE OF parent_id, level ON wangge.area
    FOR EACH ROW EXECUTE FUNCTION wangge.area_path();

-- What an area was called, where it lay and what it belonged to, from day to day.
-- `shape` is the geometry of record, in the town's metric frame on the 1 cm grid; the other two are derived from it.
CREATE TABLE wangge.area_version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    name text NOT NULL,
    kind text NOT NULL DEFAULT '',
    parent_id bigint REFERENCES wangge.area,
    replaced_by bigint REFERENCES wangge.area,
    shape geometry NOT NULL CHECK (ST_SRID(shape) <> 0),
    geom geometry(Geometry, 4490) GENERATED ALWAYS AS (ST_Transform(shape, 4490)) STORED,
    web geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(shape, 3857)) STORED,
    CONSTRAINT one_version_a_day EXCLUDE USING gist (area_id WITH =, valid WITH &&)
);
CREATE INDEX ON wangge.area_version USING gist (geom);
CREATE INDEX ON wangge.area_version USING gist (web);
CREATE INDEX ON wangge.area_version USING gist (path);

CREATE FUNCTION wangge.area_version_path() RETURNS trigger LANGUAGE plpgsql
    SET search_path = wangge, public AS $$
BEGIN
    SELECT path INTO STRICT NEW.path FROM area WHERE id = NEW.area_id;
    RETURN NEW;
END $$;
CREATE TRIGGER area_version_path BEFORE INSERT OR UPDATE OF area_id ON wangge.area_version
    FOR EACH ROW EXECUTE FUNCTION wangge.area_version_path();

ALTER TABLE wangge.area ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.area FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.area_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.area_version FORCE ROW LEVEL SECURITY;

-- Somebody with a scope also sees what lies above it: where am I?
CREATE POLICY seen ON wangge.area FOR SELECT TO wangge_app USING (
    (SELECT wangge.is_public('areas'))
    OR path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[])
);
CREATE POLICY seen ON wangge.area_version FOR SELECT TO wangge_app USING (
    (SELECT wangge.is_public('areas'))
    OR path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[])
);
GRANT SELECT ON wangge.area, wangge.area_version TO wangge_app;

-- --- towns: what plans are made from ------------------------------------------------------------------------------------

-- `frame` is the EPSG number of the metric frame that all shapes of the town are in.
CREATE TABLE wangge.town (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    frame integer NOT NULL,
    on_overlap text NOT NULL,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL
);

-- One import of a town. Everything below is `seen` from one number to another: an earlier snapshot can be read for ever.
CREATE TABLE wangge.snapshot (
    town_id bigint NOT NULL REFERENCES wangge.town,
    number integer NOT NULL CHECK (number > 0),
    taken_at timestamptz NOT NULL,
    path ltree NOT NULL,
    has_persons boolean NOT NULL,
    digests jsonb NOT NULL,
    findings jsonb NOT NULL,
    changes jsonb NOT NULL,
    -- The household points in their order, each with its row in the file: data/store/town_layers.py packs and reads it. Not
    -- in the points' own rows, which one row more at the top of a file would all touch. As it stands: of no points.
    point_rows bytea NOT NULL DEFAULT '\x789c030000000001',
    PRIMARY KEY (town_id, number)
);

-- Places with a number of households: no names, no numbers of persons' papers, no phones.
CREATE TABLE wangge.household_point (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    town_id bigint NOT NULL,  -- a town's: `of_a_town`
    seen int4range NOT NULL CHECK (NOT isempty(seen)),
    external_id text COLLATE "C" NOT NULL,
    path ltree NOT NULL,
    households integer NOT NULL CHECK (households >= 0),
    persons integer NOT NULL CHECK (persons >= 0),
    compound text NOT NULL,
    building text NOT NULL,
    shape geometry NOT NULL CHECK (ST_SRID(shape) <> 0),
    geom geometry(Point, 4490) GENERATED ALWAYS AS (ST_Transform(shape, 4490)) STORED
);
CREATE UNIQUE INDEX one_household_point ON wangge.household_point (town_id, external_id) WHERE upper_inf(seen);
CREATE INDEX household_point_place ON wangge.household_point USING gist (geom, path);
CREATE INDEX household_point_town ON wangge.household_point (town_id);

-- A foreign key looks for the town once for every point, which is a fifth of what bringing a town in costs; this looks for it
-- once for all of them. A town that has been imported cannot go: its snapshots hold it.
CREATE FUNCTION wangge.of_a_town() RETURNS trigger LANGUAGE plpgsql
    SET search_path = wangge, public AS $$
BEGIN
    IF EXISTS (SELECT town_id FROM written EXCEPT SELECT id FROM town) THEN
        RAISE EXCEPTION 'a household point belongs to a town that is not there' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER made_of_a_town AFTER INSERT ON wangge.household_point
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION wangge.of_a_town();
CREATE TRIGGER stays_of_a_town AFTER UPDATE ON wangge.household_point
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION wangge.of_a_town();

-- The other layers: lines, compounds, areas of dedicated grids, and the communities as they came in. `number` is the
-- feature's place in its layer; `kind` a LineKind or a subtype.
CREATE TABLE wangge.town_feature (
    town_id bigint NOT NULL REFERENCES wangge.town,
    layer text NOT NULL CHECK (layer IN ('community', 'barrier', 'compound', 'dedicated', 'existing')),
    seen int4range NOT NULL CHECK (NOT isempty(seen)),
    number integer NOT NULL,
    path ltree NOT NULL,
    file_row integer NOT NULL,
    code text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    street text NOT NULL DEFAULT '',
    district text NOT NULL DEFAULT '',
    shape geometry NOT NULL CHECK (ST_SRID(shape) <> 0),
    PRIMARY KEY (town_id, layer, number, seen)
);

ALTER TABLE wangge.town ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.town FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.snapshot ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.snapshot FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.household_point ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.household_point FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.town_feature ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.town_feature FORCE ROW LEVEL SECURITY;

CREATE POLICY seen ON wangge.town FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[])
);
CREATE POLICY seen ON wangge.snapshot FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(2))::ltree[]) OR path @> ANY ((SELECT wangge.scope(2))::ltree[])
);
CREATE POLICY seen ON wangge.town_feature FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(2))::ltree[]) OR path @> ANY ((SELECT wangge.scope(2))::ltree[])
);
-- Roads and rivers lie under every map of those who work there.
CREATE POLICY ground ON wangge.town_feature FOR SELECT TO wangge_app USING (
    layer = 'barrier'
    AND (path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]))
);
CREATE POLICY seen ON wangge.household_point FOR SELECT TO wangge_app
    USING (path <@ ANY ((SELECT wangge.scope(3))::ltree[]));
GRANT SELECT ON wangge.town, wangge.snapshot, wangge.household_point, wangge.town_feature TO wangge_app;

-- Where operators cannot be made leakproof (no superuser), the index is of no use below a policy: there the same question
-- goes through this function, which asks for the scope itself.
CREATE FUNCTION wangge.household_points_within(box geometry) RETURNS SETOF wangge.household_point
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public
    AS $$ SELECT * FROM household_point WHERE geom && box AND path <@ ANY (scope(3)) $$;
REVOKE ALL ON FUNCTION wangge.household_points_within(geometry) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.household_points_within(geometry) TO wangge_app;

-- The owner keeps the tables; FORCE binds it too where it is no superuser, so it gets a policy of its own.
CREATE POLICY keeper ON wangge.area TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.area_version TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.town TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.snapshot TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.household_point TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.town_feature TO CURRENT_USER USING (true) WITH CHECK (true);
