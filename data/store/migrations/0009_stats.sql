-- Statistics: how incidents stood at any moment; what people say about a week; how organisations are assessed.

-- Every incident that the caller sees as it stood at a moment: the row whose last record is not later, else the one that held
-- then. Not a function of its owner: it is part of the statement that asks, policies and all.
CREATE FUNCTION wangge.incidents_at(p_moment timestamptz)
RETURNS TABLE (
    id bigint, no text, path ltree, grid_code text, source text, reported_at timestamptz, state text, tier smallint, kind text,
    category text, department text, master text, outcome text, on_the_spot boolean, satisfaction text,
    is_answered boolean, returns smallint, reworks smallint, reopens smallint, accepted_at timestamptz, closed_at timestamptz,
    due_at timestamptz, batch_id bigint, log text, matter text, triage text, occurred_at timestamptz, is_told_whole boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT i.id, i.no, i.path, i.grid_code, i.source, i.reported_at, i.state, i.tier, i.kind, i.category, i.department, i.master,
        i.outcome, i.on_the_spot, i.satisfaction, i.is_answered, i.returns, i.reworks, i.reopens, i.accepted_at, i.closed_at,
        i.due_at, i.batch_id, i.log, i.matter, i.triage, i.occurred_at,
        i.title <> '' AND i.description <> '' AND i.address <> ''
    FROM wangge.incident AS i WHERE i.at <= p_moment
    UNION ALL
    SELECT p.id, p.no, p.path, p.grid_code, p.source, p.reported_at, p.state, p.tier, p.kind, p.category, p.department, p.master,
        p.outcome, p.on_the_spot, p.satisfaction, p.is_answered, p.returns, p.reworks, p.reopens, p.accepted_at, p.closed_at,
        p.due_at, p.batch_id, p.log, p.matter, p.triage, p.occurred_at,
        p.title <> '' AND p.description <> '' AND p.address <> ''
    FROM wangge.incident_past AS p WHERE p.at <= p_moment AND p.until > p_moment;
END;
REVOKE ALL ON FUNCTION wangge.incidents_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.incidents_at TO wangge_app;

-- The few cases that were suspended, reopened or called for: figures of time and of calls read the logs of these alone.
CREATE INDEX incident_turns ON wangge.event (subject)
    WHERE kind IN ('incident.suspend', 'incident.reopen', 'incident.assign');

-- When a case was first somebody's, and the times that others mediated: figures of these read no other records.
CREATE INDEX incident_pushed ON wangge.event (subject)
    WHERE kind IN ('incident.claim', 'incident.dispatch', 'incident.take', 'incident.assign');
CREATE INDEX incident_mediated ON wangge.event (subject)
    WHERE kind = 'incident.handle' AND body -> 'payload' ->> 'mediation' IS NOT NULL;

-- How many reports there were in a time, by place, for everybody: whoever asks has still to hide what is small. By the owner: the
-- public sees no incident.
CREATE FUNCTION wangge.public_reports(p_since timestamptz, p_until timestamptz)
RETURNS TABLE (codes text[], received bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$
    SELECT (SELECT array_agg(a.level || '=' || a.code) FROM area AS a WHERE a.path @> t.path AND t.path <> ''), t.received
    FROM (SELECT i.path, count(*) AS received FROM incident AS i
          WHERE i.reported_at >= p_since AND i.reported_at < p_until GROUP BY i.path) AS t
    WHERE is_public('open311')
$$;
REVOKE ALL ON FUNCTION wangge.public_reports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.public_reports TO wangge_app;

-- Numbers that a place brings along from the time before: 400,000 opinions and more. `adds` names what is counted since then.
CREATE TABLE wangge.counter (
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (length(code) BETWEEN 1 AND 60 AND code !~ '[[:space:][:cntrl:]]'),
    zh text NOT NULL CHECK (length(zh) BETWEEN 1 AND 200),
    en text NOT NULL CHECK (length(en) BETWEEN 1 AND 200),
    since date,
    until date NOT NULL, -- the first day that the number does not count
    number bigint NOT NULL CHECK (number >= 0),
    is_lower_bound boolean NOT NULL,
    adds text,
    category text,
    kind text,
    source text NOT NULL DEFAULT '' CHECK (length(source) <= 1000),
    revision integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL,
    PRIMARY KEY (area_id, code),
    CHECK (since < until)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.counter
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- 一周一点评: what somebody in charge says about a week of an area. The figures beside it are counted anew whenever it is read.
CREATE TABLE wangge.weekly_review (
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    monday date NOT NULL CHECK (extract(isodow FROM monday) = 1),
    comment text NOT NULL CHECK (length(comment) BETWEEN 1 AND 4000),
    actor uuid NOT NULL,
    actor_name text NOT NULL DEFAULT '',
    revision integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL,
    PRIMARY KEY (area_id, monday)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.weekly_review
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();
CREATE TRIGGER actor_is_named BEFORE INSERT OR UPDATE OF actor ON wangge.weekly_review
    FOR EACH ROW EXECUTE FUNCTION wangge.actor_is_named();

-- How organisations of one kind are scored: dimensions with their weights (api/stats/score.py says what one is). A template has
-- one kind of target, so that no two kinds meet in a ranking; a person is none.
CREATE TABLE wangge.assessment (
    code text COLLATE "C" PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 60 AND code !~ '[[:space:][:cntrl:]]'),
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    target text NOT NULL CHECK (target IN ('department', 'street', 'community', 'village', 'grid')),
    dimensions jsonb NOT NULL,
    raters text[] NOT NULL DEFAULT '{}' CHECK (raters <@ ARRAY['community', 'street', 'district']),
    revision integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.assessment
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- What somebody gave a target in a month. Who gave it stays here, and is in no answer.
CREATE TABLE wangge.assessment_rating (
    assessment text COLLATE "C" NOT NULL REFERENCES wangge.assessment,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    target text COLLATE "C" NOT NULL,
    path ltree NOT NULL, -- of the target
    dimension text NOT NULL,
    actor uuid NOT NULL,
    rating smallint NOT NULL CHECK (rating BETWEEN 0 AND 100),
    at timestamptz NOT NULL,
    PRIMARY KEY (assessment, month, target, dimension, actor)
);

-- What a month came to for a target: tenths of a point, NULL where nothing could be counted.
CREATE TABLE wangge.assessment_result (
    assessment text COLLATE "C" NOT NULL REFERENCES wangge.assessment,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    target text COLLATE "C" NOT NULL,
    path ltree NOT NULL,
    name text NOT NULL,
    score integer CHECK (score BETWEEN 0 AND 1000),
    dimensions jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (assessment, month, target)
);

ALTER TABLE wangge.counter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.weekly_review ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.assessment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.assessment_rating ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.assessment_result ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.counter TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.weekly_review TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.assessment TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.assessment_rating TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.assessment_result TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE POLICY seen ON wangge.counter FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.counter TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, UPDATE ON wangge.counter TO wangge_app;

CREATE POLICY seen ON wangge.weekly_review FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.weekly_review TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]))
    WITH CHECK (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND actor = (SELECT wangge.actor()));
GRANT SELECT, INSERT, UPDATE ON wangge.weekly_review TO wangge_app;

-- Whoever is assessed may read how.
CREATE POLICY seen ON wangge.assessment FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.assessment TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, UPDATE ON wangge.assessment TO wangge_app;

-- Ratings are read by whoever works out the month, and by nobody else but who gave them.
CREATE POLICY seen ON wangge.assessment_rating FOR SELECT TO wangge_app USING (
    actor = (SELECT wangge.actor())
    OR ((SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])));
CREATE POLICY given ON wangge.assessment_rating FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND actor = (SELECT wangge.actor()));
CREATE POLICY changed ON wangge.assessment_rating FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND actor = (SELECT wangge.actor()));
GRANT SELECT, INSERT ON wangge.assessment_rating TO wangge_app;
GRANT UPDATE (rating, at) ON wangge.assessment_rating TO wangge_app;

CREATE POLICY seen ON wangge.assessment_result FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.assessment_result TO wangge_app USING (
    (SELECT wangge.has_right('dispatch_incidents')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON wangge.assessment_result TO wangge_app;

-- What figures come from, as a word that changes whenever they may: all that was ever done (every change has its event), and how
-- many deadlines of open incidents have passed, by how many of the spans that figures tell apart. By the owner: it counts what
-- there is, not what a caller sees of it, and tells nothing but that it changed.
CREATE FUNCTION wangge.figures_version(p_now timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$ BEGIN
    RETURN (SELECT coalesce(sum(h.seq), 0) FROM event_head AS h) || '.' || (
        SELECT count(*) FROM incident AS i, unnest(ARRAY[0, 1, 3, 7, 30]) AS late (days)
        WHERE i.state NOT IN ('closed', 'archived', 'rejected', 'voided') AND CASE late.days
            WHEN 0 THEN i.due_at < p_now ELSE i.due_at + make_interval(days => late.days) <= p_now END);
END $$;
REVOKE ALL ON FUNCTION wangge.figures_version FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.figures_version TO wangge_app;
