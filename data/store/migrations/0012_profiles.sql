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
