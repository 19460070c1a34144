-- Policies: a town's own numbers of the loop (api/loop/policy.py), by area, from day to day. What the nearest area does not say
-- holds as the area above it says, and at last as in a fresh installation.
CREATE TABLE wangge.loop_policy (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    says jsonb NOT NULL CHECK (jsonb_typeof(says) = 'object'),
    source text NOT NULL DEFAULT '' CHECK (length(source) <= 200), -- the document that says so
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT one_policy_a_day EXCLUDE USING gist (area_id WITH =, valid WITH &&)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.loop_policy
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

ALTER TABLE wangge.loop_policy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.loop_policy TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever works below an area knows what it says. Whoever decides for the district states it, for any area of theirs.
CREATE POLICY seen ON wangge.loop_policy FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.loop_policy FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY changed ON wangge.loop_policy FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY removed ON wangge.loop_policy FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, DELETE ON wangge.loop_policy TO wangge_app;
GRANT INSERT (area_id, says, source, valid), UPDATE (valid) ON wangge.loop_policy TO wangge_app;

-- Policies, and what profiles say of words, are kept in memory beside calendar and limits, by the same version.
CREATE TRIGGER clock_rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wangge.loop_policy
    FOR EACH STATEMENT EXECUTE FUNCTION wangge.clock_rules_changed();
CREATE TRIGGER clock_rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wangge.profile
    FOR EACH STATEMENT EXECUTE FUNCTION wangge.clock_rules_changed();

-- By the owner, as `matter_limits`: one memory serves all callers.
CREATE FUNCTION wangge.loop_policies() RETURNS TABLE (path text, says jsonb, valid_from date, valid_to date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT p.path::text, p.says, lower(p.valid), upper(p.valid) FROM wangge.loop_policy AS p;
END;
CREATE FUNCTION wangge.profile_words() RETURNS TABLE (path text, says jsonb, valid_from date, valid_to date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT p.path::text, jsonb_build_object('name', p.name, 'stages', p.doc -> 'stages', 'tiers', p.doc -> 'tiers'),
        lower(p.valid), upper(p.valid)
    FROM wangge.profile AS p;
END;
REVOKE ALL ON FUNCTION wangge.loop_policies, wangge.profile_words FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.loop_policies, wangge.profile_words TO wangge_app;
