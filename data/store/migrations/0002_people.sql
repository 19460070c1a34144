-- People: who they are, what they may do where, and how they prove it.
--
-- The application's role never reads a secret from a table. The door (sign-in, keys, sessions) goes through functions
-- that run as the owner and answer one question about one credential; administrators reach the other columns through
-- policies. A forgotten WHERE therefore lists nothing.

CREATE TABLE wangge.person (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    login text NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 64),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    password_hash text,
    has_password boolean NOT NULL GENERATED ALWAYS AS (password_hash IS NOT NULL) STORED,
    subject text UNIQUE, -- issuer|subject, as the identity provider calls this person
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    created_by uuid REFERENCES wangge.person -- null: at the console
);

CREATE TABLE wangge.role_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES wangge.person,
    role text NOT NULL CHECK (role IN ('grid_worker', 'community', 'street', 'district', 'viewer', 'auditor', 'administrator')),
    area_id bigint REFERENCES wangge.area, -- null: everywhere (auditor), nowhere in particular (administrator)
    categories text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(categories) > 0 AND array_position(categories, NULL) IS NULL),
    valid tstzrange NOT NULL, -- moments, not days: what is taken away is gone at once
    granted_by uuid REFERENCES wangge.person,
    ended_by uuid REFERENCES wangge.person,
    duty text NOT NULL GENERATED ALWAYS AS (
        CASE role WHEN 'administrator' THEN 'system' WHEN 'auditor' THEN 'audit' ELSE 'business' END
    ) STORED,
    CHECK (role = 'auditor' OR (role = 'administrator') = (area_id IS NULL)),
    -- 三员分立: whoever manages people, whoever audits and whoever works are never the same person at the same time.
    CONSTRAINT duties_apart EXCLUDE USING gist (person_id WITH =, duty WITH <>, valid WITH &&),
    CONSTRAINT granted_once EXCLUDE USING gist (person_id WITH =, role WITH =, (coalesce(area_id, 0)) WITH =, valid WITH &&)
);

CREATE TABLE wangge.api_key (
    prefix text PRIMARY KEY CHECK (length(prefix) = 16),
    secret_mac bytea NOT NULL,
    person_id uuid NOT NULL REFERENCES wangge.person,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    created_by uuid REFERENCES wangge.person,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX ON wangge.api_key (person_id);

CREATE TABLE wangge.session (
    token_mac bytea PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES wangge.person,
    csrf_mac bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX ON wangge.session (person_id);
CREATE INDEX ON wangge.session (expires_at);

-- Kept by a MAC of what was typed, whether or not anybody is called that: people type passwords into the wrong field.
CREATE TABLE wangge.login_failure (
    login_mac bytea PRIMARY KEY,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX ON wangge.login_failure (last_at);

-- What the application's role may touch, table by table and column by column; secrets are written and never read.

REVOKE ALL ON wangge.person, wangge.role_grant, wangge.api_key, wangge.session, wangge.login_failure FROM PUBLIC, wangge_app;

GRANT SELECT (id, login, name, has_password, subject, active, created_at, created_by) ON wangge.person TO wangge_app;
GRANT INSERT (login, name, password_hash, subject, created_at, created_by) ON wangge.person TO wangge_app;
GRANT UPDATE (name, password_hash, subject, active) ON wangge.person TO wangge_app;

GRANT SELECT ON wangge.role_grant TO wangge_app;
GRANT INSERT (person_id, role, area_id, categories, valid, granted_by) ON wangge.role_grant TO wangge_app;
GRANT UPDATE (valid, ended_by) ON wangge.role_grant TO wangge_app;

GRANT SELECT (prefix, person_id, name, created_at, created_by, expires_at, revoked_at, last_used_at)
    ON wangge.api_key TO wangge_app;
GRANT INSERT (prefix, secret_mac, person_id, name, created_at, created_by, expires_at) ON wangge.api_key TO wangge_app;
GRANT UPDATE (revoked_at) ON wangge.api_key TO wangge_app;

ALTER TABLE wangge.person ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.role_grant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.api_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.login_failure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- The owner is bound by policies too (FORCE), and is who the functions below run as.
CREATE POLICY keeper ON wangge.person TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.role_grant TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.api_key TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.session TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.login_failure TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE POLICY seen ON wangge.person FOR SELECT TO wangge_app
    USING ((SELECT wangge.has_right('manage_people')) OR id = (SELECT wangge.actor()));
CREATE POLICY added ON wangge.person FOR INSERT TO wangge_app
    WITH CHECK ((SELECT wangge.has_right('manage_people')) AND created_by = (SELECT wangge.actor()));
-- Nobody locks themself out, and nobody keeps a door open for themself.
CREATE POLICY changed ON wangge.person FOR UPDATE TO wangge_app
    USING ((SELECT wangge.has_right('manage_people')) AND id <> (SELECT wangge.actor()));

CREATE POLICY seen ON wangge.role_grant FOR SELECT TO wangge_app
    USING ((SELECT wangge.has_right('manage_people')) OR person_id = (SELECT wangge.actor()));
-- An administrator gives to others and takes from others, never to or from themself; <> lets nobody through when unset.
CREATE POLICY given ON wangge.role_grant FOR INSERT TO wangge_app
    WITH CHECK ((SELECT wangge.has_right('manage_people')) AND person_id <> (SELECT wangge.actor()) AND granted_by = (SELECT wangge.actor()));
CREATE POLICY ended ON wangge.role_grant FOR UPDATE TO wangge_app
    USING ((SELECT wangge.has_right('manage_people')) AND person_id <> (SELECT wangge.actor()))
    WITH CHECK ((SELECT wangge.has_right('manage_people')) AND person_id <> (SELECT wangge.actor()) AND ended_by = (SELECT wangge.actor()));

CREATE POLICY seen ON wangge.api_key FOR SELECT TO wangge_app
    USING ((SELECT wangge.has_right('manage_people')) OR person_id = (SELECT wangge.actor()));
CREATE POLICY made ON wangge.api_key FOR INSERT TO wangge_app
    WITH CHECK ((SELECT wangge.has_right('manage_people')) AND created_by = (SELECT wangge.actor()));
CREATE POLICY revoked ON wangge.api_key FOR UPDATE TO wangge_app
    USING ((SELECT wangge.has_right('manage_people')) OR person_id = (SELECT wangge.actor()))
    WITH CHECK (revoked_at IS NOT NULL);

-- Whoever gives somebody an area has to find it, though nothing of what lies in it.
CREATE POLICY chosen ON wangge.area FOR SELECT TO wangge_app USING ((SELECT wangge.has_right('manage_people')));
CREATE POLICY chosen ON wangge.area_version FOR SELECT TO wangge_app USING ((SELECT wangge.has_right('manage_people')));

-- The door. Each function answers about one credential that the caller already holds.

CREATE FUNCTION wangge.find_login(p_login text)
RETURNS TABLE (person_id uuid, name text, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1
BEGIN ATOMIC
    SELECT p.id, p.name, p.password_hash
    FROM wangge.person AS p
    WHERE p.login = p_login AND p.active AND p.password_hash IS NOT NULL;
END;

-- What every request asks is in plpgsql, which plans a statement once for each connection; SQL plans it anew each time.
CREATE FUNCTION wangge.find_subject(p_subject text)
RETURNS TABLE (person_id uuid, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1
AS $$ BEGIN RETURN QUERY
    SELECT p.id, p.name FROM wangge.person AS p WHERE p.subject = p_subject AND p.active;
END $$;

CREATE FUNCTION wangge.find_key(p_prefix text)
RETURNS TABLE (secret_mac bytea, person_id uuid, name text, expires_at timestamptz, revoked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1
AS $$ BEGIN RETURN QUERY
    SELECT k.secret_mac, p.id, p.name, k.expires_at, k.revoked_at
    FROM wangge.api_key AS k JOIN wangge.person AS p ON p.id = k.person_id
    WHERE k.prefix = p_prefix AND p.active;
END $$;

CREATE FUNCTION wangge.find_session(p_token_mac bytea, p_at timestamptz)
RETURNS TABLE (person_id uuid, name text, csrf_mac bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1
AS $$ BEGIN RETURN QUERY
    SELECT p.id, p.name, s.csrf_mac
    FROM wangge.session AS s JOIN wangge.person AS p ON p.id = s.person_id
    WHERE s.token_mac = p_token_mac AND s.expires_at > p_at AND p.active;
END $$;

-- An auditor over everything holds every root area; an administrator holds none, and so sees nothing that lies in one.
CREATE FUNCTION wangge.find_grants(p_person uuid, p_at timestamptz)
RETURNS TABLE (role text, area text, categories text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN QUERY
    SELECT g.role, a.path::text, g.categories
    FROM wangge.role_grant AS g
    LEFT JOIN wangge.area AS a ON a.id = g.area_id OR (g.area_id IS NULL AND g.role = 'auditor' AND a.parent_id IS NULL)
    WHERE g.person_id = p_person AND g.valid @> p_at
    ORDER BY g.role, a.id, g.id;
END $$;

CREATE FUNCTION wangge.note_key_use(p_prefix text, p_at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE wangge.api_key AS k SET last_used_at = p_at
    WHERE k.prefix = p_prefix AND (k.last_used_at IS NULL OR k.last_used_at < p_at - interval '1 hour');
END;

CREATE FUNCTION wangge.start_session(
    p_token_mac bytea, p_person uuid, p_csrf_mac bytea, p_at timestamptz, p_until timestamptz
) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM wangge.session AS s WHERE s.token_mac IN (
        SELECT old.token_mac FROM wangge.session AS old WHERE old.expires_at <= p_at LIMIT 100 FOR UPDATE SKIP LOCKED
    );
    INSERT INTO wangge.session (token_mac, person_id, csrf_mac, created_at, expires_at)
    VALUES (p_token_mac, p_person, p_csrf_mac, p_at, p_until);
END;

CREATE FUNCTION wangge.end_session(p_token_mac bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM wangge.session AS s WHERE s.token_mac = p_token_mac;
END;

-- Ends a person's sessions but the one to keep (null: all). Only one's own, or as an administrator.
CREATE FUNCTION wangge.end_sessions(p_person uuid, p_keep bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM wangge.session AS s
    WHERE s.person_id = p_person
        AND s.token_mac IS DISTINCT FROM p_keep
        AND ((SELECT wangge.has_right('manage_people')) OR p_person = (SELECT wangge.actor()));
END;

-- Changes a password for whoever holds the hash that it replaces: at a sign-in nobody has a right yet.
CREATE FUNCTION wangge.replace_password(p_person uuid, p_old_hash text, p_new_hash text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH replaced AS (
        UPDATE wangge.person AS p SET password_hash = p_new_hash
        WHERE p.id = p_person AND p.active AND p.password_hash = p_old_hash
        RETURNING p.id
    )
    SELECT EXISTS (SELECT FROM replaced);
END;

-- Counts an attempt as failed before it is checked, so that guesses sent at once are counted like guesses in a row.
-- Returns null where the attempt may go on, else the end of the wait. Five attempts are free; then the wait is 30 s and
-- doubles up to 15 min, whoever is waiting: more would let a stranger lock people out. A day of rest forgets everything.
CREATE FUNCTION wangge.count_attempt(p_login_mac bytea, p_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    counted integer;
    locked timestamptz;
BEGIN
    DELETE FROM wangge.login_failure AS f WHERE f.login_mac IN (
        SELECT old.login_mac FROM wangge.login_failure AS old
        WHERE old.last_at < p_at - interval '1 day' LIMIT 100 FOR UPDATE SKIP LOCKED
    );
    INSERT INTO wangge.login_failure AS f (login_mac, failures, last_at) VALUES (p_login_mac, 1, p_at)
    ON CONFLICT (login_mac) DO UPDATE SET failures = least(f.failures + 1, 1000), last_at = p_at
        WHERE f.locked_until IS NULL OR f.locked_until <= p_at
    RETURNING f.failures INTO counted;
    IF counted IS NULL THEN
        SELECT f.locked_until INTO locked FROM wangge.login_failure AS f WHERE f.login_mac = p_login_mac;
        RETURN locked;
    END IF;
    IF counted >= 5 THEN
        UPDATE wangge.login_failure AS f
        SET locked_until = p_at + least(30 * 2 ^ least(counted - 5, 10), 900) * interval '1 second'
        WHERE f.login_mac = p_login_mac;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION wangge.forget_failures(p_login_mac bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM wangge.login_failure AS f WHERE f.login_mac = p_login_mac;
END;

REVOKE ALL ON FUNCTION
    wangge.find_login, wangge.find_subject, wangge.find_key, wangge.find_session, wangge.find_grants,
    wangge.note_key_use, wangge.start_session, wangge.end_session, wangge.end_sessions,
    wangge.replace_password, wangge.count_attempt, wangge.forget_failures
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    wangge.find_login, wangge.find_subject, wangge.find_key, wangge.find_session, wangge.find_grants,
    wangge.note_key_use, wangge.start_session, wangge.end_session, wangge.end_sessions,
    wangge.replace_password, wangge.count_attempt, wangge.forget_failures
TO wangge_app;
