-- District calls (街呼区应): where each stands, which is what the log of its incident says, and which departments were called.

CREATE TABLE wangge.district_call (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    no text COLLATE "C" NOT NULL UNIQUE, -- of the incident
    street text COLLATE "C" NOT NULL, -- the center that called; nobody else clears
    called_at timestamptz NOT NULL,
    summary text NOT NULL,
    assigned_at timestamptz,
    join_due_at timestamptz,
    joint_started_at timestamptz, -- the lead and every mandatory department are there
    handled_at timestamptz,
    cleared_at timestamptz,
    -- One step after the other, and none without the one before.
    CHECK (assigned_at >= called_at),
    CHECK (join_due_at IS NULL OR assigned_at IS NOT NULL),
    CHECK (coalesce(joint_started_at >= assigned_at, joint_started_at IS NULL)),
    CHECK (coalesce(handled_at >= joint_started_at, handled_at IS NULL)),
    CHECK (coalesce(cleared_at >= handled_at, cleared_at IS NULL))
);

CREATE TABLE wangge.call_participant (
    no text COLLATE "C" NOT NULL REFERENCES wangge.district_call (no) ON DELETE CASCADE,
    org text COLLATE "C" NOT NULL,
    position smallint NOT NULL, -- as the district has named them
    lead boolean NOT NULL,
    mandatory boolean NOT NULL,
    joined_at timestamptz,
    rating smallint CHECK (rating BETWEEN 0 AND 100),
    PRIMARY KEY (no, org),
    UNIQUE (no, position)
);
CREATE UNIQUE INDEX one_lead ON wangge.call_participant (no) WHERE lead;
CREATE INDEX ON wangge.call_participant (org, no);

ALTER TABLE wangge.district_call ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.call_participant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.district_call TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.call_participant TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever sees an incident sees its call; whoever may do something with it writes where that leads the call.
CREATE POLICY seen ON wangge.district_call FOR SELECT TO wangge_app USING (
    EXISTS (SELECT FROM wangge.incident AS i WHERE i.no = district_call.no));
CREATE POLICY seen ON wangge.call_participant FOR SELECT TO wangge_app USING (
    EXISTS (SELECT FROM wangge.incident AS i WHERE i.no = call_participant.no));
CREATE POLICY kept ON wangge.district_call TO wangge_app USING (
    ((SELECT wangge.has_right('handle_incidents')) OR (SELECT wangge.has_right('dispatch_incidents')))
    AND EXISTS (SELECT FROM wangge.incident AS i WHERE i.no = district_call.no));
CREATE POLICY kept ON wangge.call_participant TO wangge_app USING (
    ((SELECT wangge.has_right('handle_incidents')) OR (SELECT wangge.has_right('dispatch_incidents')))
    AND EXISTS (SELECT FROM wangge.incident AS i WHERE i.no = call_participant.no));
GRANT SELECT, INSERT, DELETE ON wangge.district_call, wangge.call_participant TO wangge_app;
GRANT UPDATE (assigned_at, join_due_at, joint_started_at, handled_at, cleared_at) ON wangge.district_call TO wangge_app;
GRANT UPDATE (joined_at, rating) ON wangge.call_participant TO wangge_app;

-- The incidents to which organisations were called that the caller works in. By the owner: who is called follows from where they
-- work, and whoever sees the call because they see the incident would turn in a circle. With another right nobody is called.
CREATE FUNCTION wangge.called_to() RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp ROWS 20
AS $$ BEGIN
    IF has_right('handle_incidents') THEN
        RETURN QUERY
            SELECT p.no FROM org_member AS m
                JOIN org AS o ON o.id = m.org_id AND o.active
                JOIN call_participant AS p ON p.org = o.code
            WHERE m.person_id = actor() AND m.valid @> statement_timestamp();
    END IF;
END $$;
REVOKE ALL ON FUNCTION wangge.called_to FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.called_to TO wangge_app;

-- Whoever is called has to come, whatever they see else: the call is what shows them the incident, and lets them work on it. The
-- list is made once for a statement, and only where a row is not in sight anyway.
CREATE POLICY summoned ON wangge.incident FOR SELECT TO wangge_app USING (no IN (SELECT c.no FROM wangge.called_to() AS c (no)));
CREATE POLICY summoned ON wangge.incident_past FOR SELECT TO wangge_app USING (
    no IN (SELECT c.no FROM wangge.called_to() AS c (no)));
CREATE POLICY summoned_changes ON wangge.incident FOR UPDATE TO wangge_app USING (
    no IN (SELECT c.no FROM wangge.called_to() AS c (no))) WITH CHECK (true);
