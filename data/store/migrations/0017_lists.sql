-- The lists that a place keeps for everybody to see what is promised and by whom: 为民办实事清单, 小微权力清单, 网格职责清单,
-- 网格服务清单. The fifth, of problems, is the problem points and their clusters: nothing of it is kept twice.
CREATE TABLE wangge.list_item (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list smallint NOT NULL CHECK (list BETWEEN 1 AND 4),
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    year smallint NOT NULL CHECK (year BETWEEN 2000 AND 2100),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    detail text NOT NULL DEFAULT '' CHECK (length(detail) <= 4000),
    -- 巡查走访、12345 工单回访、主题党日+阳光议事、网上问卷
    source text CHECK (source IN ('patrol', 'hotline', 'party_day', 'questionnaire')),
    contact text NOT NULL DEFAULT '' CHECK (contact ~ '^[0-9+() -]{0,30}$'), -- a duty phone
    -- 公共服务代办、物业服务上门、小微服务到家
    mode text CHECK (mode IN ('public_agency', 'property_service', 'small_service')),
    flow jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(flow) = 'array'), -- the steps of a power, as texts
    status text NOT NULL CHECK (status IN ('promised', 'in_progress', 'done', 'dropped', 'in_force', 'ended')),
    review_score smallint CHECK (review_score BETWEEN 0 AND 100),
    revision integer NOT NULL DEFAULT 1,
    added_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- What is promised is kept or not; powers, duties and services hold until they end.
    CHECK ((list = 1) = (status IN ('promised', 'in_progress', 'done', 'dropped'))),
    CHECK (list = 1 OR (source IS NULL AND review_score IS NULL)),
    CHECK (list = 2 OR flow = '[]'),
    CHECK (list = 4 OR mode IS NULL)
);
CREATE INDEX ON wangge.list_item (path, id);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.list_item
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- What was promised once goes a way, and no step back.
CREATE FUNCTION wangge.list_item_goes() RETURNS trigger LANGUAGE plpgsql
    SET search_path = wangge, public, pg_temp AS $$
BEGIN
    IF OLD.status IN ('done', 'dropped', 'ended') OR (OLD.status, NEW.status) = ('in_progress', 'promised') THEN
        RAISE EXCEPTION 'from % no item goes to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'list_item_goes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER list_item_goes BEFORE UPDATE OF status ON wangge.list_item
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION wangge.list_item_goes();

ALTER TABLE wangge.list_item ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.list_item TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever works below an area knows what it has promised; whoever dispatches there keeps its lists.
CREATE POLICY seen ON wangge.list_item FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.list_item TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.list_item TO wangge_app;
GRANT INSERT (list, area_id, year, title, detail, source, contact, mode, flow, status, added_at, updated_at) ON wangge.list_item
    TO wangge_app;
GRANT UPDATE (title, detail, source, contact, mode, flow, status, review_score, revision, updated_at) ON wangge.list_item
    TO wangge_app;
