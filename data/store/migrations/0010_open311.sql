-- Open311: what everybody may read of incidents. The views below hold that and nothing else, whoever asks: no reporter, no
-- person, no remark among colleagues, no exact place. Where the settings do not open them (`open311`), they hold what lies in
-- the caller's own areas.

-- A report that came in by Open311, and the service that it asked for: the matter is decided when it is accepted. A device is
-- known by nothing but a digest of all that it sent, so that the same twice within minutes is one report.
CREATE TABLE wangge.open311_request (
    no text COLLATE "C" PRIMARY KEY,
    service_code text COLLATE "C" NOT NULL REFERENCES wangge.matter,
    person uuid NOT NULL, -- whose key it came with
    digest bytea CHECK (length(digest) = 32), -- NULL where no device was named
    at timestamptz NOT NULL
);
CREATE INDEX open311_sent ON wangge.open311_request (digest, at) WHERE digest IS NOT NULL;

-- What somebody calls an update that they sent, and the record that it became.
CREATE TABLE wangge.open311_update (
    person uuid NOT NULL,
    update_id text COLLATE "C" NOT NULL CHECK (length(update_id) BETWEEN 1 AND 200),
    no text COLLATE "C" NOT NULL,
    seq integer NOT NULL,
    PRIMARY KEY (person, update_id)
);

ALTER TABLE wangge.open311_request ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.open311_update ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.open311_request TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.open311_update TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY made ON wangge.open311_request FOR INSERT TO wangge_app
    WITH CHECK ((SELECT wangge.has_right('handle_incidents')) AND person = (SELECT wangge.actor()));
-- Whoever accepts an incident sees what was asked for.
CREATE POLICY seen ON wangge.open311_request FOR SELECT TO wangge_app USING (
    person = (SELECT wangge.actor()) OR EXISTS (SELECT FROM wangge.incident AS i WHERE i.no = open311_request.no));
GRANT SELECT, INSERT ON wangge.open311_request TO wangge_app;
CREATE POLICY own ON wangge.open311_update TO wangge_app USING (person = (SELECT wangge.actor()))
    WITH CHECK (person = (SELECT wangge.actor()) AND (SELECT wangge.has_right('handle_incidents')));
GRANT SELECT, INSERT ON wangge.open311_update TO wangge_app;

-- The newest first, from one moment to another.
CREATE INDEX incident_published ON wangge.incident (reported_at, id);

-- What was ever admitted; what has exited, or is proposed anew, is still the service of what was reported before.
CREATE VIEW wangge.open311_service AS
SELECT m.code, m.name, m.category, m.board, m.filing_condition, m.path, m.status = 'admitted' AS is_offered, m.updated_at
FROM wangge.matter AS m
WHERE (m.status IN ('admitted', 'exited')
        OR EXISTS (SELECT FROM wangge.matter_decision AS d WHERE d.matter = m.code AND d.action = 'admit'))
    AND ((SELECT wangge.is_public('open311'))
        OR m.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR m.path @> ANY ((SELECT wangge.scope(1))::ltree[]));

-- Incidents that have a service: what is accepted, and before that what somebody asked for. Coordinates are rounded to 4
-- decimals, 11 m: they say which stretch of a street, not whose door. What was said in words is everybody's only if it came
-- by Open311, whose senders know that it will be, and once somebody has read and accepted it.
--
-- One table and questions about each of its rows, no joins: so a page is read from an index in its order, and ends with it.
CREATE VIEW wangge.open311_incident AS
SELECT i.id, i.no, i.path, i.grid_code, round(ST_X(i.geom)::numeric, 4) AS long, round(ST_Y(i.geom)::numeric, 4) AS lat,
    s.code AS service_code, (SELECT m.name FROM wangge.matter AS m WHERE m.code = s.code) AS service_name,
    i.state, i.tier, i.owner_org, i.reported_at, i.closed_at, i.due_at, i.at,
    CASE WHEN r.is_read THEN i.description ELSE '' END AS description,
    CASE WHEN r.is_read THEN i.address ELSE '' END AS address,
    (SELECT a.id FROM wangge.attachment AS a WHERE a.no = i.no AND a.is_public ORDER BY a.at, a.id LIMIT 1) AS picture
FROM wangge.incident AS i
    CROSS JOIN LATERAL (
        SELECT coalesce(i.matter, (SELECT w.service_code FROM wangge.open311_request AS w WHERE w.no = i.no)) AS code) AS s
    CROSS JOIN LATERAL (
        SELECT i.matter IS NOT NULL AND i.state NOT IN ('rejected', 'voided')
            AND (SELECT true FROM wangge.open311_request AS w WHERE w.no = i.no) AS is_read) AS r
WHERE s.code IS NOT NULL AND (
    (SELECT wangge.is_public('open311'))
    OR (i.path <@ ANY ((SELECT wangge.scope(1))::ltree[]) AND wangge.sees_category(i.category)));

-- What happened to them, of the kinds that are everybody's. Of what people wrote there is the answer that the reporter got.
CREATE VIEW wangge.open311_line AS
SELECT e.subject AS no, (e.body ->> 'seq')::integer AS seq, e.body ->> 'event' AS event, e.body ->> 'to_state' AS state,
    (e.body ->> 'at')::timestamptz AS at, e.at AS logged_at, e.path,
    CASE WHEN e.kind = 'incident.reject' THEN e.body -> 'payload' ->> 'reason' END AS reason,
    CASE WHEN e.kind IN ('incident.reject', 'incident.feedback') THEN e.body -> 'payload' ->> 'answer' END AS answer,
    coalesce((e.body -> 'payload' ->> 'final')::boolean, true) AS is_final,
    CASE WHEN e.body ->> 'to_state' IN ('closed', 'archived') THEN (
        SELECT h.body -> 'payload' ->> 'outcome' FROM wangge.event AS h
        WHERE h.subject = e.subject AND h.kind = 'incident.handle' AND h.at <= e.at ORDER BY h.at DESC LIMIT 1) END AS outcome
FROM wangge.event AS e
WHERE e.kind = ANY ('{
        incident.report, incident.verify, incident.verified, incident.accept, incident.reject, incident.void, incident.claim,
        incident.dispatch, incident.take, incident.return, incident.escalate, incident.delegate, incident.call,
        incident.assign, incident.join, incident.extend, incident.suspend, incident.resume, incident.handle,
        incident.check_pass, incident.check_fail, incident.feedback, incident.clear_off, incident.archive,
        incident.reopen}'::text[])
    AND e.body ? 'seq'
    AND (SELECT true FROM wangge.open311_incident AS i WHERE i.no = e.subject);

GRANT SELECT ON wangge.open311_service, wangge.open311_incident, wangge.open311_line TO wangge_app;

-- Whether the caller reads any of it. Names of areas and organisations stand beside it, and are no secret to them.
CREATE FUNCTION wangge.reads_open311() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT wangge.is_public('open311') OR wangge.scope(1) IS NOT NULL $$;

CREATE FUNCTION wangge.open311_areas(p_ids bigint[], p_day date)
RETURNS TABLE (id bigint, code text, level text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.code, a.level, coalesce(v.name, '')
    FROM wangge.area AS a LEFT JOIN wangge.area_version AS v ON v.area_id = a.id AND v.valid @> p_day
    WHERE a.id = ANY (p_ids) AND wangge.reads_open311();
END;

-- A command center is called after its area.
CREATE FUNCTION wangge.open311_agencies(p_codes text[], p_day date)
RETURNS TABLE (code text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT o.code, CASE WHEN o.kind = 'command_center' THEN coalesce(v.name, '') ELSE o.name END
    FROM wangge.org AS o LEFT JOIN wangge.area_version AS v ON v.area_id = o.area_id AND v.valid @> p_day
    WHERE o.code = ANY (p_codes) AND wangge.reads_open311();
END;

-- The path of a jurisdiction: a district, or the city over several.
CREATE FUNCTION wangge.open311_jurisdiction(p_code text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT a.path::text FROM wangge.area AS a
    WHERE a.code = p_code AND a.level IN ('city', 'district') AND wangge.reads_open311();
END;

REVOKE ALL ON FUNCTION wangge.open311_areas, wangge.open311_agencies, wangge.open311_jurisdiction FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.open311_areas, wangge.open311_agencies, wangge.open311_jurisdiction TO wangge_app;
