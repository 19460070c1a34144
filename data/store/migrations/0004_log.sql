-- The log: what was done, by whom, when; only ever added to. Each street has a chain of its own: an event's hash covers the
-- hash of the one before, so an edit, a deletion or a cut tail is found at its place (data/store/log.py).

CREATE TABLE wangge.event_head (
    chain text PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE wangge.event (
    chain text NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    actor uuid,
    path ltree,
    kind text NOT NULL CHECK (kind <> ''),
    subject text NOT NULL DEFAULT '',
    body jsonb NOT NULL DEFAULT '{}',
    hash bytea NOT NULL,
    -- Of the transaction that wrote it: by it the log is read on from where a reader was (data/store/feed.py). It belongs to this
    -- server and not to what was done, so that the hash does not cover it.
    xid xid8 NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX event_in_order ON wangge.event (xid, chain, seq);
CREATE INDEX ON wangge.event (subject, at);
CREATE INDEX ON wangge.event (at);

CREATE FUNCTION wangge.event_hash(previous bytea, e wangge.event) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE SET search_path = wangge, public
    AS $$ BEGIN
        RETURN sha256(previous || convert_to(jsonb_build_array(
            e.chain, e.seq, extract(epoch FROM e.at)::text, e.actor, e.path::text, e.kind, e.subject, e.body)::text, 'UTF8'));
    END $$;

-- Whoever writes gives kind, subject, path and body; number, time, person, transaction and hash are not theirs to give.
CREATE FUNCTION wangge.event_chained() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public AS $$
DECLARE
    head event_head;
BEGIN
    NEW.chain := coalesce(
        (SELECT a.path::text FROM area a WHERE a.level = 'street' AND a.path @> NEW.path), NEW.path::text, '');
    SELECT * INTO head FROM event_head WHERE chain = NEW.chain FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO event_head VALUES (NEW.chain, 0, sha256(convert_to(NEW.chain, 'UTF8'))) ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM event_head WHERE chain = NEW.chain FOR UPDATE;
    END IF;
    NEW.seq := head.seq + 1;
    NEW.at := clock_timestamp();
    NEW.actor := actor();
    NEW.xid := pg_current_xact_id();
    NEW.hash := event_hash(head.hash, NEW);
    UPDATE event_head SET seq = NEW.seq, hash = NEW.hash WHERE chain = NEW.chain;
    RETURN NEW;
END $$;
CREATE TRIGGER event_chained BEFORE INSERT ON wangge.event FOR EACH ROW EXECUTE FUNCTION wangge.event_chained();

ALTER TABLE wangge.event ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.event FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON wangge.event FOR SELECT TO wangge_app USING (
    (SELECT wangge.has_right('read_log')) AND (path IS NULL OR path <@ ANY ((SELECT wangge.scope(1))::ltree[])));
CREATE POLICY made ON wangge.event FOR INSERT TO wangge_app WITH CHECK (true);
CREATE POLICY keeper ON wangge.event TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON wangge.event TO wangge_app;

-- --- answers given once ---------------------------------------------------------------------------------------------------

-- A request that carries an Idempotency-Key is answered once; the same key again gets the same answer.
CREATE TABLE wangge.answer (
    person uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    at timestamptz NOT NULL,
    PRIMARY KEY (person, key)
);
ALTER TABLE wangge.answer ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.answer FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON wangge.answer TO wangge_app USING (person = (SELECT wangge.actor()))
    WITH CHECK (person = (SELECT wangge.actor()));
CREATE POLICY keeper ON wangge.answer TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON wangge.answer TO wangge_app;

-- --- jobs -----------------------------------------------------------------------------------------------------------------

-- Work that takes longer than an answer may. A worker holds a job by a lease that it renews; one whose lease has run out
-- belongs to whoever takes it next.
CREATE TABLE wangge.job (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL CHECK (kind IN ('divide', 'blocks', 'suggest')),
    path ltree NOT NULL,
    wants jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    done integer NOT NULL DEFAULT 0,
    total integer NOT NULL DEFAULT 0,
    cancel boolean NOT NULL DEFAULT false,
    tries integer NOT NULL DEFAULT 0,
    worker text,
    lease_until timestamptz,
    author uuid,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    result jsonb,
    problem jsonb
);
CREATE INDEX job_waiting ON wangge.job (created_at) WHERE state IN ('queued', 'running');
ALTER TABLE wangge.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE wangge.job FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON wangge.job FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY made ON wangge.job FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('run_jobs')) AND author = (SELECT wangge.actor())
    AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY changed ON wangge.job FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('run_jobs')) AND path <@ ANY ((SELECT wangge.scope(2))::ltree[]));
CREATE POLICY keeper ON wangge.job TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON wangge.job TO wangge_app;
GRANT UPDATE (cancel) ON wangge.job TO wangge_app;
