-- Who works for the town: organisations and their members, staff, and who holds which post on which grid.
--
-- Each area has a command center by construction; whoever holds a role of an area's tier belongs to its center. Departments,
-- hotlines and units are made by people. Staff are those who work in grids: most of them never sign in.

CREATE TABLE wangge.org (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (length(code) BETWEEN 1 AND 110 AND code !~ '[[:space:][:cntrl:]]'),
    kind text NOT NULL CHECK (kind IN ('command_center', 'department', 'hotline', 'unit')),
    tier text NOT NULL CHECK (tier IN ('community', 'street', 'district')),
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200), -- a center is called after its area
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    active boolean NOT NULL DEFAULT true,
    principal_id uuid, -- who answers for it in person (第一负责人): one of the staff
    CHECK ((kind = 'command_center') = (code LIKE 'center:%')),
    CHECK (kind <> 'command_center' OR active),
    CHECK (kind = 'command_center' OR name <> '')
);
CREATE UNIQUE INDEX one_center_an_area ON wangge.org (area_id) WHERE kind = 'command_center';
CREATE INDEX ON wangge.org USING gist (path);

CREATE FUNCTION wangge.area_gets_center() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    INSERT INTO org (code, kind, tier, area_id, path)
    VALUES ('center:' || NEW.code, 'command_center', CASE NEW.level WHEN 'city' THEN 'district' ELSE NEW.level END,
            NEW.id, NEW.path);
    RETURN NULL;
END $$;
CREATE TRIGGER area_gets_center AFTER INSERT ON wangge.area FOR EACH ROW EXECUTE FUNCTION wangge.area_gets_center();
INSERT INTO wangge.org (code, kind, tier, area_id, path)
SELECT 'center:' || code, 'command_center', CASE level WHEN 'city' THEN 'district' ELSE level END, id, path FROM wangge.area;

-- An organisation lies where its area does. That of an area that moves is carried along with every other path.
CREATE FUNCTION wangge.lies_in_area() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    SELECT path INTO STRICT NEW.path FROM area WHERE id = NEW.area_id;
    RETURN NEW;
END $$;
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.org
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- Members of organisations sign in. Of a command center only the chiefs of its duty stand here: the others are in it by role.
CREATE TABLE wangge.org_member (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id bigint NOT NULL REFERENCES wangge.org,
    person_id uuid NOT NULL REFERENCES wangge.person,
    is_duty_chief boolean NOT NULL DEFAULT false,
    valid tstzrange NOT NULL CHECK (NOT lower_inf(valid)),
    path ltree NOT NULL,
    added_by uuid,
    CONSTRAINT member_once EXCLUDE USING gist (org_id WITH =, person_id WITH =, valid WITH &&)
);
CREATE INDEX ON wangge.org_member (person_id);
CREATE FUNCTION wangge.lies_with_org() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    SELECT path INTO STRICT NEW.path FROM org WHERE id = NEW.org_id;
    RETURN NEW;
END $$;
CREATE TRIGGER lies_with_org BEFORE INSERT OR UPDATE OF org_id ON wangge.org_member
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_with_org();

-- --- staff --------------------------------------------------------------------------------------------------------------

-- `number` is what the employer calls them, by which a list is imported again. Only the duty phone is kept, nobody's own.
CREATE TABLE wangge.staff (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number text COLLATE "C" UNIQUE CHECK (length(number) BETWEEN 1 AND 60),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    person_id uuid UNIQUE REFERENCES wangge.person, -- the account, for those who sign in
    area_id bigint NOT NULL REFERENCES wangge.area, -- who employs them
    path ltree NOT NULL,
    source text NOT NULL DEFAULT '' CHECK (length(source) <= 60),
    is_party_member boolean,
    education text NOT NULL DEFAULT '' CHECK (
        education IN ('', 'primary', 'middle', 'high', 'college', 'bachelor', 'master', 'doctor')),
    birth_year smallint CHECK (birth_year BETWEEN 1900 AND 2100),
    phone text NOT NULL DEFAULT '' CHECK (phone ~ '^[0-9+() -]{0,30}$'),
    is_trained boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'selected' CHECK (status IN ('selected', 'trained', 'assigned', 'assessed', 'left')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX ON wangge.staff USING gist (path);
CREATE INDEX ON wangge.staff (name COLLATE "C", id);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.staff
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();
ALTER TABLE wangge.org ADD CONSTRAINT principal_of_staff FOREIGN KEY (principal_id) REFERENCES wangge.staff;

-- 选育管用: whoever has gone a step goes none back, and whoever has left has left.
CREATE FUNCTION wangge.staff_goes_forward() RETURNS trigger LANGUAGE plpgsql
    SET search_path = wangge, public, pg_temp AS $$
DECLARE
    steps CONSTANT text[] := ARRAY['selected', 'trained', 'assigned', 'assessed', 'left'];
BEGIN
    IF array_position(steps, NEW.status) < array_position(steps, OLD.status) THEN
        RAISE EXCEPTION 'from % nobody goes back to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'staff_goes_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER staff_goes_forward BEFORE UPDATE OF status ON wangge.staff
    FOR EACH ROW EXECUTE FUNCTION wangge.staff_goes_forward();

-- A post on a grid, from day to day. `letter` is that of the two full-time workers who stand in for each other (AB岗): they are
-- two, because nobody has the same role twice on a grid, and they stay inside one community.
CREATE TABLE wangge.post (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES wangge.staff,
    grid_code text COLLATE "C" NOT NULL,
    area_id bigint NOT NULL REFERENCES wangge.area, -- the grid's community
    path ltree NOT NULL,
    role text NOT NULL CHECK (role IN (
        'grid_leader', 'deputy_grid_leader', 'full_time_worker', 'part_time_worker', 'grid_instructor',
        'social_worker_force', 'professional_force', 'other_force')),
    kind text NOT NULL DEFAULT '' CHECK (length(kind) <= 60), -- of a force: police, mediator, water, power …
    letter text CHECK (letter IN ('A', 'B')),
    duty_roles text[] NOT NULL DEFAULT '{}' CHECK (
        duty_roles <@ ARRAY['party', 'environment', 'health', 'emergency', 'insurance']),
    services text[] NOT NULL DEFAULT '{}' CHECK (cardinality(services) <= 20), -- what they do for people there (服务项目)
    channel text NOT NULL DEFAULT '' CHECK (channel IN ('', 'allocated', 'selected', 'reassigned')),
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CHECK (letter IS NULL OR role = 'full_time_worker'),
    CONSTRAINT post_once EXCLUDE USING gist (staff_id WITH =, grid_code WITH =, role WITH =, valid WITH &&),
    CONSTRAINT one_of_a_letter EXCLUDE USING gist (grid_code WITH =, letter WITH =, valid WITH &&) WHERE (letter IS NOT NULL),
    CONSTRAINT pair_in_community EXCLUDE USING gist (staff_id WITH =, area_id WITH <>, valid WITH &&)
        WHERE (letter IS NOT NULL)
);
CREATE INDEX ON wangge.post (grid_code);
CREATE INDEX ON wangge.post (staff_id);
CREATE INDEX ON wangge.post USING gist (path);

-- A post lies where its grid does, or last did: the community is not for whoever gives the post to say.
CREATE FUNCTION wangge.post_lies_with_grid() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    SELECT g.area_id, a.path INTO NEW.area_id, NEW.path FROM grid AS g JOIN area AS a ON a.id = g.area_id
    WHERE g.code = NEW.grid_code AND g.in_force IS NOT NULL
    ORDER BY g.in_force @> lower(NEW.valid) DESC, lower(g.in_force) DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there never was a grid %', NEW.grid_code
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'post_lies_with_grid';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER post_lies_with_grid BEFORE INSERT ON wangge.post
    FOR EACH ROW EXECUTE FUNCTION wangge.post_lies_with_grid();

CREATE TABLE wangge.staff_leave (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES wangge.staff,
    path ltree NOT NULL,
    days daterange NOT NULL CHECK (NOT isempty(days) AND NOT lower_inf(days) AND NOT upper_inf(days)),
    CONSTRAINT leave_once EXCLUDE USING gist (staff_id WITH =, days WITH &&)
);
CREATE FUNCTION wangge.lies_with_staff() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    SELECT path INTO STRICT NEW.path FROM staff WHERE id = NEW.staff_id;
    RETURN NEW;
END $$;
CREATE TRIGGER lies_with_staff BEFORE INSERT OR UPDATE OF staff_id ON wangge.staff_leave
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_with_staff();

-- Who is wanted on the grids of an area, by their kind, from day to day: of several areas above a grid the nearest one's rule
-- holds. `rule` is read by api/duty/rule.py.
CREATE TABLE wangge.staffing_rule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id bigint NOT NULL REFERENCES wangge.area,
    path ltree NOT NULL,
    grid_type text NOT NULL CHECK (grid_type IN ('residential', 'dedicated')),
    rule jsonb NOT NULL CHECK (jsonb_typeof(rule -> 'terms') = 'array'),
    valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    doc_id text NOT NULL DEFAULT '' CHECK (length(doc_id) <= 200), -- the document that says so
    CONSTRAINT one_rule_a_day EXCLUDE USING gist (area_id WITH =, grid_type WITH =, valid WITH &&)
);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.staffing_rule
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

-- --- who sees and changes them --------------------------------------------------------------------------------------------

ALTER TABLE wangge.org ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.org_member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.staff ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.post ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.staff_leave ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.staffing_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.org TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.org_member TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.staff TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.post TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.staff_leave TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.staffing_rule TO CURRENT_USER USING (true) WITH CHECK (true);

-- Whoever works below an organisation knows that it is there: incidents come from it and go to it.
CREATE POLICY seen ON wangge.org FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.org FOR INSERT TO wangge_app WITH CHECK (
    kind <> 'command_center' AND (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY changed ON wangge.org FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.org TO wangge_app;
GRANT INSERT (code, kind, tier, name, area_id, path) ON wangge.org TO wangge_app;
GRANT UPDATE (name, active, principal_id) ON wangge.org TO wangge_app;

-- Below: internal, and changed by whoever manages staff there.
CREATE POLICY seen ON wangge.org_member FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR person_id = (SELECT wangge.actor()));
CREATE POLICY made ON wangge.org_member FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND added_by = (SELECT wangge.actor()) AND person_id <> (SELECT wangge.actor()));
CREATE POLICY changed ON wangge.org_member FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT ON wangge.org_member TO wangge_app;
GRANT INSERT (org_id, person_id, is_duty_chief, valid, path, added_by) ON wangge.org_member TO wangge_app;
GRANT UPDATE (valid) ON wangge.org_member TO wangge_app;

-- Seen are those whom an area employs, and those who work there though another employs them.
CREATE POLICY seen ON wangge.staff FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    OR id IN (SELECT p.staff_id FROM wangge.post AS p WHERE p.path <@ ANY ((SELECT wangge.scope(1))::ltree[])));
CREATE POLICY made ON wangge.staff FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY changed ON wangge.staff FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.staff TO wangge_app;
GRANT UPDATE (number, name, person_id, area_id, path, source, is_party_member, education, birth_year, phone, is_trained, status,
    updated_at) ON wangge.staff TO wangge_app;

-- Only those whom one sees are given posts. By the owner: the policy of staff looks at posts, and would turn in a circle.
CREATE FUNCTION wangge.sees_staff(p_staff uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM wangge.staff AS s WHERE s.id = p_staff AND s.path <@ ANY (wangge.scope(1)))
        OR EXISTS (SELECT FROM wangge.post AS p WHERE p.staff_id = p_staff AND p.path <@ ANY (wangge.scope(1)));
END;
REVOKE ALL ON FUNCTION wangge.sees_staff FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.sees_staff TO wangge_app;

CREATE POLICY seen ON wangge.post FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.post FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    AND wangge.sees_staff(staff_id));
CREATE POLICY changed ON wangge.post FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY removed ON wangge.post FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, DELETE ON wangge.post TO wangge_app; -- removed is what never began
GRANT UPDATE (valid, duty_roles, services) ON wangge.post TO wangge_app;

CREATE POLICY seen ON wangge.staff_leave FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[])
    OR staff_id IN (SELECT p.staff_id FROM wangge.post AS p WHERE p.path <@ ANY ((SELECT wangge.scope(1))::ltree[])));
CREATE POLICY made ON wangge.staff_leave FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY changed ON wangge.staff_leave FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY removed ON wangge.staff_leave FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, DELETE ON wangge.staff_leave TO wangge_app;
GRANT UPDATE (days) ON wangge.staff_leave TO wangge_app;

-- Whoever works below an area knows its rules: they hold for them.
CREATE POLICY seen ON wangge.staffing_rule FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(1))::ltree[]) OR path @> ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY made ON wangge.staffing_rule FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY changed ON wangge.staffing_rule FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY removed ON wangge.staffing_rule FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT, DELETE ON wangge.staffing_rule TO wangge_app;
GRANT UPDATE (valid) ON wangge.staffing_rule TO wangge_app;

-- Whether a grid is in force on a day: somebody who sees grids of some categories only must not take the others for gone.
CREATE FUNCTION wangge.grid_is_in_force(p_grid text, p_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM wangge.grid AS g WHERE g.code = p_grid AND g.in_force IS NOT NULL AND g.in_force @> p_day);
END;

-- Whoever manages staff says by their login whose account is whose; nothing else of people is theirs to see.
CREATE FUNCTION wangge.person_called(p_login text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT p.id FROM wangge.person AS p WHERE p.login = p_login AND p.active AND (SELECT wangge.has_right('manage_staff'));
END;

-- The members of an organisation by name, for whoever sees them as members.
CREATE FUNCTION wangge.members_of(p_org bigint)
RETURNS TABLE (id bigint, person_id uuid, name text, is_duty_chief boolean, starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT m.id, m.person_id, p.name, m.is_duty_chief, lower(m.valid), upper(m.valid)
    FROM wangge.org_member AS m JOIN wangge.person AS p ON p.id = m.person_id
    WHERE m.org_id = p_org AND NOT isempty(m.valid)
        AND (m.path <@ ANY (wangge.scope(1)) OR m.person_id = wangge.actor())
    ORDER BY lower(m.valid), m.id;
END;

-- Who is my grid worker? Nothing but what hangs on the board at the corner: names, roles and duty phones of those whom the
-- staffing rule lets be shown; without a rule, of those who answer for the grid. B is shown when A is on leave; a leader whom
-- a community shares, on each of its grids.
CREATE FUNCTION wangge.grid_card(p_grid text, p_day date)
RETURNS TABLE (role text, kind text, name text, phone text, duty_roles text[], services text[], stands_in boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    WITH here AS (
        SELECT g.code, g.area_id, g.path, g.kind FROM wangge.grid AS g
        WHERE g.code = p_grid AND g.in_force IS NOT NULL AND g.in_force @> p_day
            AND (wangge.is_public('grids') OR g.path <@ ANY (wangge.scope(1)))
    ), rule AS (
        SELECT r.rule FROM here AS h
            JOIN wangge.staffing_rule AS r ON r.path @> h.path AND r.grid_type = h.kind AND r.valid @> p_day
        ORDER BY nlevel(r.path) DESC LIMIT 1
    ), told AS (
        SELECT said.role, t.term ->> 'scope' = 'community' AS is_shared,
            coalesce((t.term ->> 'display_public')::boolean, true) AS is_shown
        FROM rule AS r CROSS JOIN jsonb_array_elements(r.rule -> 'terms') AS t (term)
            CROSS JOIN jsonb_array_elements_text(t.term -> 'roles') AS said (role)
    ), shown AS (
        SELECT t.role, bool_or(t.is_shared) AS is_shared, false AS of_a_kind FROM told AS t WHERE t.is_shown GROUP BY t.role
        UNION ALL
        SELECT usual.role, false, false
        FROM unnest(ARRAY['grid_leader', 'deputy_grid_leader', 'full_time_worker']) AS usual (role)
        WHERE NOT EXISTS (SELECT FROM rule)
        UNION ALL
        SELECT force.role, false, true
        FROM unnest(ARRAY['social_worker_force', 'professional_force', 'other_force']) AS force (role)
        WHERE force.role NOT IN (SELECT t.role FROM told AS t)
    ), there AS (
        SELECT p.staff_id, p.role, p.kind, p.letter, p.duty_roles, p.services, s.name, s.phone,
            p.grid_code IS NOT DISTINCT FROM h.code AS is_own, EXISTS (
            SELECT FROM wangge.staff_leave AS l WHERE l.staff_id = s.id AND l.days @> p_day) AS is_away
        FROM here AS h
            JOIN wangge.post AS p ON p.area_id = h.area_id AND p.valid @> p_day
            JOIN shown AS v ON v.role = p.role AND (p.grid_code = h.code OR (v.is_shared AND p.letter IS NULL))
                AND (NOT v.of_a_kind OR p.kind <> '')
            JOIN wangge.staff AS s ON s.id = p.staff_id AND s.status <> 'left'
    )
    -- Whoever is shared and has a post on the grid itself is one person: what that post says goes first.
    SELECT DISTINCT ON (t.staff_id, t.role, t.kind, t.letter IS NOT DISTINCT FROM 'B')
        t.role, t.kind, t.name, t.phone, t.duty_roles, t.services, t.letter IS NOT DISTINCT FROM 'B'
    FROM there AS t
    WHERE NOT t.is_away
        AND (t.letter IS DISTINCT FROM 'B' OR NOT EXISTS (SELECT FROM there AS a WHERE a.letter = 'A' AND NOT a.is_away))
    ORDER BY t.staff_id, t.role, t.kind, t.letter IS NOT DISTINCT FROM 'B', t.is_own DESC;
END;

REVOKE ALL ON FUNCTION wangge.grid_is_in_force, wangge.person_called, wangge.members_of, wangge.grid_card FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.grid_is_in_force, wangge.person_called, wangge.members_of, wangge.grid_card TO wangge_app;

-- Where somebody works today: the organisations that they belong to, and the posts that they hold. Asked for the caller of a
-- request and for whoever an incident is assigned to, whose own rows the caller may not see.
CREATE FUNCTION wangge.memberships(p_person uuid, p_at timestamptz)
RETURNS TABLE (code text, kind text, tier text, path text, is_duty_chief boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT o.code, o.kind, o.tier, o.path::text, bool_or(held.chief)
    FROM (
        SELECT m.org_id, m.is_duty_chief AS chief FROM wangge.org_member AS m
            JOIN wangge.org AS of_m ON of_m.id = m.org_id AND of_m.kind <> 'command_center'
        WHERE m.person_id = p_person AND m.valid @> p_at
        UNION ALL
        SELECT c.id, EXISTS (
            SELECT FROM wangge.org_member AS m WHERE m.org_id = c.id AND m.person_id = p_person AND m.valid @> p_at
                AND m.is_duty_chief)
        FROM wangge.role_grant AS g
            JOIN wangge.org AS c ON c.area_id = g.area_id AND c.kind = 'command_center'
        WHERE g.person_id = p_person AND g.valid @> p_at AND g.role IN ('community', 'street', 'district')
    ) AS held JOIN wangge.org AS o ON o.id = held.org_id
    WHERE o.active
    GROUP BY o.id
    ORDER BY o.code;
END;

-- A worker on leave holds no post; whoever has post B is there anyway.
CREATE FUNCTION wangge.posts_held(p_person uuid, p_day date)
RETURNS TABLE (grid_code text, letter text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
BEGIN ATOMIC
    SELECT p.grid_code, p.letter
    FROM wangge.staff AS s JOIN wangge.post AS p ON p.staff_id = s.id
    WHERE s.person_id = p_person AND s.status <> 'left' AND p.valid @> p_day AND p.letter IS NOT NULL
        AND NOT EXISTS (SELECT FROM wangge.staff_leave AS l WHERE l.staff_id = s.id AND l.days @> p_day)
    ORDER BY p.grid_code, p.letter;
END;

REVOKE ALL ON FUNCTION wangge.memberships, wangge.posts_held FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.memberships, wangge.posts_held TO wangge_app;
