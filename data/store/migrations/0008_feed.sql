-- What leaves the service: the log read on from where a reader was, and subscriptions that it is sent to.
--
-- The log is the outbox: an event is written in the transaction of what it tells of. It is read in the order of (xid, chain, seq),
-- below the oldest transaction that still runs: what comes later stands behind the reader's place, never before it, and nobody
-- waits for anybody. A transaction that writes for long holds the feed back until it ends (data/store/feed.py).

-- --- where a reader is ----------------------------------------------------------------------------------------------------

-- Numbers of transactions mean something within one server's life. A store that was restored has another epoch, and places of the
-- old one are nowhere in it.
CREATE TABLE wangge.feed_epoch (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    epoch text NOT NULL CHECK (epoch ~ '^[0-9a-f]{8}$')
);
INSERT INTO wangge.feed_epoch (epoch) VALUES (left(gen_random_uuid()::text, 8));
ALTER TABLE wangge.feed_epoch ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON wangge.feed_epoch FOR SELECT TO wangge_app USING (true); -- a random word
CREATE POLICY keeper ON wangge.feed_epoch TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT ON wangge.feed_epoch TO wangge_app;

-- Whoever sees a plan is told of it. A subject that is no id is nobody's plan.
CREATE POLICY plan_seen ON wangge.event FOR SELECT TO wangge_app USING (
    kind LIKE 'plan.%' AND EXISTS (SELECT FROM wangge.plan AS p WHERE p.id = CASE
        WHEN subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN subject::uuid END));

-- Whether anything that is told of was written by transactions from one to another; of what, and whose, this does not say.
CREATE FUNCTION wangge.feed_stirred(p_from xid8, p_below xid8) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM wangge.event AS e
        WHERE e.xid >= p_from AND e.xid < p_below
            AND e.kind ~ '^(incident|plan|order|mode|warning|problem_point|problem_cluster)[.]');
END;

-- How far to read at once: up to the first transaction that still runs, or past so many events, which may all be somebody else's.
CREATE FUNCTION wangge.feed_bound(p_after xid8, p_most integer) RETURNS xid8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT least(pg_snapshot_xmin(pg_current_snapshot()), (
        SELECT e.xid FROM wangge.event AS e WHERE e.xid > p_after ORDER BY e.xid OFFSET p_most LIMIT 1));
END;

-- --- incidents as they are now --------------------------------------------------------------------------------------------

-- The transaction of an incident's last record: what came in a batch has it too, though its records are not in the log one by one.
ALTER TABLE wangge.incident ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE wangge.incident_past ADD COLUMN xid xid8; -- the row as it was
CREATE INDEX incident_in_order ON wangge.incident (xid, id);
CREATE FUNCTION wangge.incident_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER incident_changed BEFORE UPDATE ON wangge.incident FOR EACH ROW
    WHEN (OLD.revision <> NEW.revision) EXECUTE FUNCTION wangge.incident_changed();

-- How far to read at once, as `feed_bound` says it of events.
CREATE FUNCTION wangge.incident_bound(p_after xid8, p_most integer) RETURNS xid8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT least(pg_snapshot_xmin(pg_current_snapshot()), (
        SELECT i.xid FROM wangge.incident AS i WHERE i.xid > p_after ORDER BY i.xid OFFSET p_most LIMIT 1));
END;

REVOKE ALL ON FUNCTION wangge.feed_stirred, wangge.feed_bound, wangge.incident_bound FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.feed_stirred, wangge.feed_bound, wangge.incident_bound TO wangge_app;

-- --- subscriptions --------------------------------------------------------------------------------------------------------

-- Somebody's wish to be sent events. There is no secret here: what is signed with is made of the service's own and the id.
-- `epoch`, `xid`, `chain`, `seq` are the place of the last event that was taken; a dispatcher holds one by a lease.
CREATE TABLE wangge.webhook (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner uuid NOT NULL REFERENCES wangge.person,
    name text NOT NULL CHECK (length(name) <= 100),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    types text[] NOT NULL CHECK (cardinality(types) BETWEEN 1 AND 50 AND array_position(types, NULL) IS NULL),
    area_id bigint REFERENCES wangge.area, -- null: wherever its owner sees
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
    created_at timestamptz NOT NULL,
    epoch text NOT NULL,
    xid xid8 NOT NULL,
    chain text NOT NULL DEFAULT '',
    seq bigint NOT NULL DEFAULT 0,
    ping uuid, -- a test message that is wanted
    next_at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0, -- in a row
    tried_at timestamptz,
    taken_at timestamptz, -- when the receiver last took one
    status smallint, -- what it answered last; null: nothing
    fault text NOT NULL DEFAULT '',
    worker text,
    lease_until timestamptz
);
CREATE INDEX ON wangge.webhook (owner);
CREATE INDEX webhook_due ON wangge.webhook (next_at) WHERE state = 'active';
ALTER TABLE wangge.webhook ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.webhook TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY own ON wangge.webhook FOR SELECT TO wangge_app USING (owner = (SELECT wangge.actor()));
CREATE POLICY made ON wangge.webhook FOR INSERT TO wangge_app WITH CHECK (
    owner = (SELECT wangge.actor())
    AND ((SELECT wangge.has_right('see_internal')) OR (SELECT wangge.has_right('read_log'))));
CREATE POLICY changed ON wangge.webhook FOR UPDATE TO wangge_app USING (owner = (SELECT wangge.actor()));
CREATE POLICY removed ON wangge.webhook FOR DELETE TO wangge_app USING (owner = (SELECT wangge.actor()));
GRANT SELECT, DELETE ON wangge.webhook TO wangge_app;
GRANT INSERT (owner, name, url, types, area_id, created_at, epoch, xid, chain, seq, next_at) ON wangge.webhook TO wangge_app;
GRANT UPDATE (name, url, types, area_id, state, epoch, xid, chain, seq, ping, next_at, failures, worker, lease_until)
    ON wangge.webhook TO wangge_app;
