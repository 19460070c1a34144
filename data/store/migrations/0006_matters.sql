-- Matters: what may be done in grids, by whom, within what time; and what counts time. A matter is admitted before an incident
-- can be one, and exits the same way: by a decision with a reason and somebody who answers for it.

-- Whether a transaction speaks for somebody in a whole district or city: what has no place is theirs to look after.
CREATE FUNCTION wangge.speaks_for_district() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
    AS $$ SELECT EXISTS (SELECT FROM area AS a WHERE a.path = ANY (scope(1)) AND a.level IN ('city', 'district')) $$;
REVOKE ALL ON FUNCTION wangge.speaks_for_district FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.speaks_for_district TO wangge_app;

-- A code stands for one matter in the whole store: incidents name it, and limits. A matter holds in the area whose catalogue it
-- is in, and in all that lies below.
CREATE TABLE wangge.matter (
    code text COLLATE "C" PRIMARY KEY CHECK (
        length(code) BETWEEN 1 AND 60 AND code !~ '[[:space:][:cntrl:]/]' AND code NOT IN ('import', 'summary', 'decisions')),
    area_id bigint NOT NULL REFERENCES wangge.area, -- whose catalogue it is in
    path ltree NOT NULL,
    level text NOT NULL DEFAULT '' CHECK (level IN ('', 'street', 'community')), -- who takes it on
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    category text NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
    board text NOT NULL DEFAULT '' CHECK (board IN ('', 'party', 'economy', 'livelihood', 'safety_rule_of_law')),
    list_class text NOT NULL DEFAULT '' CHECK (list_class IN ('', 'public', 'self_governance', 'paid')),
    department text COLLATE "C" REFERENCES wangge.org (code),
    co_departments text[] NOT NULL DEFAULT '{}' CHECK (
        cardinality(co_departments) <= 50 AND array_position(co_departments, NULL) IS NULL),
    -- The clocks of incidents read these, and stop at a number that they do not take.
    limit_value integer CHECK (limit_value BETWEEN 1 AND 10000),
    limit_unit text CHECK (limit_unit IN ('work_hour', 'work_day', 'hour', 'day', 'minute')),
    filing_condition text NOT NULL DEFAULT '' CHECK (length(filing_condition) <= 4000),
    closing_condition text NOT NULL DEFAULT '' CHECK (length(closing_condition) <= 4000),
    standard text NOT NULL DEFAULT '' CHECK (length(standard) <= 4000), -- how it is handled
    is_enforcement boolean NOT NULL DEFAULT false,
    is_industry_supervision boolean NOT NULL DEFAULT false,
    power_delegated boolean NOT NULL DEFAULT false,
    funding text NOT NULL DEFAULT '' CHECK (length(funding) <= 200),
    batch text NOT NULL DEFAULT '' CHECK (length(batch) <= 60),
    status text NOT NULL DEFAULT 'proposed' CHECK (status IN ('proposed', 'admitted', 'refused', 'exited')),
    authors uuid[] NOT NULL DEFAULT '{}', -- who has written the proposal; nobody: it was at the console
    revision integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    CHECK ((limit_value IS NULL) = (limit_unit IS NULL)),
    -- 除行政执法和行业监管之外: what only the state may do never sinks into a grid.
    CONSTRAINT no_enforcement CHECK (status <> 'admitted' OR NOT (is_enforcement OR is_industry_supervision)),
    -- 权随责走、费随事转
    CONSTRAINT power_and_funds CHECK (status <> 'admitted' OR (power_delegated AND funding <> ''))
);
CREATE INDEX ON wangge.matter USING gist (path);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.matter
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- Who has written a proposal is not theirs to say. What was admitted stays as it was looked at: how it is handled may change.
CREATE FUNCTION wangge.matter_authored() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.authors := array_remove(ARRAY[actor()], NULL);
        RETURN NEW;
    END IF;
    NEW.authors := OLD.authors;
    IF OLD.status = 'admitted' AND NEW.status = 'proposed' THEN
        RAISE EXCEPTION 'an admitted matter exits before it is proposed anew: %', OLD.code USING ERRCODE = 'check_violation';
    ELSIF NEW.status = 'proposed' AND OLD.status <> 'proposed' THEN
        NEW.authors := array_remove(ARRAY[actor()], NULL);
    ELSIF NEW.status = 'proposed' AND actor() IS NOT NULL AND actor() <> ALL (OLD.authors) THEN
        NEW.authors := OLD.authors || actor();
    ELSIF OLD.status = 'admitted' AND NEW.status = 'admitted' AND (
        NEW.code, NEW.area_id, NEW.level, NEW.category, NEW.list_class, NEW.is_enforcement, NEW.is_industry_supervision,
        NEW.power_delegated, NEW.funding
    ) IS DISTINCT FROM (
        OLD.code, OLD.area_id, OLD.level, OLD.category, OLD.list_class, OLD.is_enforcement, OLD.is_industry_supervision,
        OLD.power_delegated, OLD.funding
    ) THEN
        RAISE EXCEPTION 'what an admission looked at does not change afterwards: %', OLD.code USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER matter_authored BEFORE INSERT OR UPDATE ON wangge.matter
    FOR EACH ROW EXECUTE FUNCTION wangge.matter_authored();

CREATE TABLE wangge.matter_decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    matter text COLLATE "C" NOT NULL REFERENCES wangge.matter,
    path ltree NOT NULL,
    action text NOT NULL CHECK (action IN ('admit', 'refuse', 'exit')),
    -- too much of an expert's; beyond what a community can do by itself; not a grid's duty; beyond what workers can do
    reason text CHECK (reason IN ('too_specialised', 'beyond_self_governance', 'not_grid_duty', 'beyond_worker_ability')),
    -- what it was that exits: 事项、证明、牌匾、盖章、台账
    kind text CHECK (kind IN ('affair', 'certificate', 'plaque', 'stamp', 'ledger')),
    comment text NOT NULL DEFAULT '' CHECK (length(comment) <= 4000),
    -- what an admission looks at (准入管理、准入程序、经费保障、考核监督)
    aspects jsonb NOT NULL DEFAULT '{}',
    actor uuid NOT NULL, -- nothing is decided by nobody, not even at the console
    actor_name text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    CHECK ((action = 'admit') = (reason IS NULL)),
    CHECK ((action = 'exit') = (kind IS NOT NULL)),
    CHECK (action <> 'admit' OR aspects ?& ARRAY['management', 'procedure', 'funding', 'assessment'])
);
CREATE INDEX ON wangge.matter_decision (matter);
CREATE TRIGGER actor_is_named BEFORE INSERT ON wangge.matter_decision FOR EACH ROW EXECUTE FUNCTION wangge.actor_is_named();

-- A decision is what moves a matter, and the only thing that does: of two at once the second finds where the first has left it.
CREATE FUNCTION wangge.matter_decided() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
DECLARE
    decided matter;
BEGIN
    SELECT * INTO STRICT decided FROM matter WHERE code = NEW.matter FOR UPDATE;
    NEW.path := decided.path;
    IF (decided.status, NEW.action) NOT IN (('proposed', 'admit'), ('proposed', 'refuse'), ('admitted', 'exit')) THEN
        RAISE EXCEPTION '% is %: % is not the next step', decided.code, decided.status, NEW.action
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.action = 'admit' AND NEW.actor = ANY (decided.authors) THEN
        RAISE EXCEPTION 'nobody admits what they have proposed: %', decided.code USING ERRCODE = 'check_violation';
    END IF;
    UPDATE matter SET status = CASE NEW.action WHEN 'admit' THEN 'admitted' WHEN 'refuse' THEN 'refused' ELSE 'exited' END,
        revision = revision + 1, updated_at = NEW.at WHERE code = decided.code;
    RETURN NEW;
END $$;
CREATE TRIGGER matter_decided BEFORE INSERT ON wangge.matter_decision FOR EACH ROW EXECUTE FUNCTION wangge.matter_decided();

-- Which matters a grid answers for, from day to day; none named on a day: all that are admitted where it lies.
CREATE TABLE wangge.grid_matter (
    grid_code text COLLATE "C" NOT NULL,
    matter text COLLATE "C" NOT NULL REFERENCES wangge.matter,
    path ltree NOT NULL,
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT named_once_a_day EXCLUDE USING gist (grid_code WITH =, matter WITH =, valid WITH &&)
);
CREATE INDEX ON wangge.grid_matter (matter);
CREATE FUNCTION wangge.lies_with_grid() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    SELECT g.path INTO STRICT NEW.path FROM grid AS g
    WHERE g.code = NEW.grid_code AND g.in_force IS NOT NULL ORDER BY lower(g.in_force) DESC LIMIT 1;
    RETURN NEW;
END $$;
CREATE TRIGGER lies_with_grid BEFORE INSERT ON wangge.grid_matter FOR EACH ROW EXECUTE FUNCTION wangge.lies_with_grid();

-- Days that are not what the week says. The rules that read these rows are in api/loop/calendar.py.
CREATE TABLE wangge.work_calendar (
    day date PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('workday', 'restday')),
    sessions text, -- of the day, as 08:30-12:00 13:30-17:30; NULL: office hours
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 200),
    CHECK (kind = 'workday' OR sessions IS NULL)
);

-- How long each stage may take (api/loop/limits.py). NULL holds for all.
CREATE TABLE wangge.time_limit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    matter text COLLATE "C",
    category text,
    tier text CHECK (tier IN ('grid', 'community', 'street', 'district')),
    stage text NOT NULL,
    value integer NOT NULL CHECK (value BETWEEN 1 AND 10000),
    unit text NOT NULL CHECK (unit IN ('work_hour', 'work_day', 'hour', 'day', 'minute')),
    mode text NOT NULL DEFAULT 'normal' CHECK (mode IN ('normal', 'emergency')),
    UNIQUE NULLS NOT DISTINCT (matter, category, tier, stage, mode)
);

-- Counts the changes of the two tables above, and of the matters' own limits: whoever keeps them in memory knows when to read
-- them again.
CREATE TABLE wangge.clock_rules (version bigint NOT NULL);
INSERT INTO wangge.clock_rules VALUES (1);
CREATE FUNCTION wangge.clock_rules_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    UPDATE clock_rules SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER clock_rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wangge.work_calendar
    FOR EACH STATEMENT EXECUTE FUNCTION wangge.clock_rules_changed();
CREATE TRIGGER clock_rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wangge.time_limit
    FOR EACH STATEMENT EXECUTE FUNCTION wangge.clock_rules_changed();
CREATE TRIGGER clock_rules_added AFTER INSERT ON wangge.matter
    FOR EACH ROW WHEN (NEW.limit_value IS NOT NULL) EXECUTE FUNCTION wangge.clock_rules_changed();
CREATE TRIGGER clock_rules_changed AFTER UPDATE OF limit_value, limit_unit ON wangge.matter
    FOR EACH ROW WHEN ((OLD.limit_value, OLD.limit_unit) IS DISTINCT FROM (NEW.limit_value, NEW.limit_unit))
    EXECUTE FUNCTION wangge.clock_rules_changed();
CREATE TRIGGER clock_rules_removed AFTER DELETE ON wangge.matter
    FOR EACH ROW WHEN (OLD.limit_value IS NOT NULL) EXECUTE FUNCTION wangge.clock_rules_changed();
GRANT SELECT ON wangge.clock_rules TO wangge_app;

-- The matters' own limits, of whatever status: what has exited still has old incidents. By the owner: one memory serves all
-- callers, and must not hold what the first of them happened to see.
CREATE FUNCTION wangge.matter_limits() RETURNS TABLE (matter text, value integer, unit text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT m.code, m.limit_value, m.limit_unit FROM wangge.matter AS m WHERE m.limit_value IS NOT NULL ORDER BY m.code;
END;
-- Which codes stand for no matter at all, whoever may see it.
CREATE FUNCTION wangge.no_matters(p_codes text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT w.code FROM unnest(p_codes) AS w (code) WHERE NOT EXISTS (SELECT FROM wangge.matter AS m WHERE m.code = w.code);
END;
REVOKE ALL ON FUNCTION wangge.matter_limits, wangge.no_matters FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.matter_limits, wangge.no_matters TO wangge_app;

-- Normal or emergency (平战转换), by area, from one moment to another.
CREATE TABLE wangge.operation_mode (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    mode text NOT NULL CHECK (mode IN ('normal', 'emergency')),
    valid tstzrange NOT NULL CHECK (NOT lower_inf(valid)),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 4000),
    actor uuid,
    actor_name text NOT NULL DEFAULT '',
    CONSTRAINT one_mode_at_a_time EXCLUDE USING gist (area_id WITH =, valid WITH &&)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.operation_mode
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();
CREATE TRIGGER actor_is_named BEFORE INSERT ON wangge.operation_mode FOR EACH ROW EXECUTE FUNCTION wangge.actor_is_named();

ALTER TABLE wangge.matter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.matter_decision ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.grid_matter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.work_calendar ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.time_limit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.operation_mode ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.matter TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.matter_decision TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.grid_matter TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.work_calendar TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.time_limit TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.operation_mode TO CURRENT_USER USING (true) WITH CHECK (true);

-- The catalogue, the calendar and the limits hold no secret: whoever may read anything reads them, and Open311 shows what is
-- admitted as its services.
CREATE POLICY seen ON wangge.matter FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[])
    OR (status = 'admitted' AND (SELECT wangge.is_public('open311'))));
CREATE POLICY made ON wangge.matter FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND status = 'proposed');
-- Whoever manages staff writes proposals; how something is handled that is admitted changes whoever admits. Decisions alone
-- lead from one to the other.
CREATE POLICY changed ON wangge.matter FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND status <> 'admitted')
    WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND status = 'proposed');
CREATE POLICY kept_up ON wangge.matter FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND status = 'admitted')
    WITH CHECK (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND status = 'admitted');
GRANT SELECT ON wangge.matter TO wangge_app;
GRANT INSERT (code, area_id, level, name, category, board, list_class, department, co_departments, limit_value,
    limit_unit, filing_condition, closing_condition, standard, is_enforcement, is_industry_supervision, power_delegated, funding,
    batch, updated_at) ON wangge.matter TO wangge_app;
GRANT UPDATE (level, name, category, board, list_class, department, co_departments, limit_value, limit_unit, filing_condition,
    closing_condition, standard, is_enforcement, is_industry_supervision, power_delegated, funding, batch, status, revision,
    updated_at) ON wangge.matter TO wangge_app;

CREATE POLICY seen ON wangge.matter_decision FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.matter_decision FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND actor = (SELECT wangge.actor()));
GRANT SELECT ON wangge.matter_decision TO wangge_app;
GRANT INSERT (matter, action, reason, kind, comment, aspects, actor, at) ON wangge.matter_decision TO wangge_app;

CREATE POLICY seen ON wangge.grid_matter FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.grid_matter TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, DELETE ON wangge.grid_matter TO wangge_app;
GRANT INSERT (grid_code, matter, valid), UPDATE (valid) ON wangge.grid_matter TO wangge_app;

-- One calendar and one table of limits serve the whole store: whoever brings in the data of a district states them.
CREATE POLICY seen ON wangge.work_calendar FOR SELECT TO wangge_app USING (true);
CREATE POLICY stated ON wangge.work_calendar FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('import_data')) AND (SELECT wangge.speaks_for_district()));
CREATE POLICY withdrawn ON wangge.work_calendar FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('import_data')) AND (SELECT wangge.speaks_for_district()));
GRANT SELECT, INSERT, DELETE ON wangge.work_calendar TO wangge_app;
CREATE POLICY seen ON wangge.time_limit FOR SELECT TO wangge_app USING (true);
CREATE POLICY stated ON wangge.time_limit FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('import_data')) AND (SELECT wangge.speaks_for_district()));
CREATE POLICY withdrawn ON wangge.time_limit FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('import_data')) AND (SELECT wangge.speaks_for_district()));
GRANT SELECT, INSERT, DELETE ON wangge.time_limit TO wangge_app;

CREATE POLICY seen ON wangge.operation_mode FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.operation_mode FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND actor = (SELECT wangge.actor()));
CREATE POLICY ended ON wangge.operation_mode FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('district_approve')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.operation_mode TO wangge_app;
GRANT INSERT (area_id, mode, valid, reason, actor) ON wangge.operation_mode TO wangge_app;
GRANT UPDATE (valid) ON wangge.operation_mode TO wangge_app;
