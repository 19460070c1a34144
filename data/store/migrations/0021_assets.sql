-- What other systems watch over, by the theme of each (智慧校园、河长制、森林防火、市场监管、物业管理、宗教场所): cameras and other
-- things at a place, with the way to the system that shows them. No picture of any camera is kept here.
CREATE TABLE wangge.asset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (length(code) BETWEEN 1 AND 60 AND code !~ '[[:space:][:cntrl:]]'),
    area_id bigint NOT NULL REFERENCES wangge.area, -- whose it is
    path ltree NOT NULL,
    theme text NOT NULL CHECK (theme IN ('campus', 'river', 'forest', 'market', 'property', 'religion')),
    kind text NOT NULL CHECK (kind IN ('camera', 'site')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    geom geometry(Point, 4490) NOT NULL,
    url text NOT NULL DEFAULT '' CHECK (length(url) <= 500 AND (url = '' OR url ~ '^https?://[^[:space:][:cntrl:]]+$')),
    active boolean NOT NULL DEFAULT true,
    revision integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
CREATE INDEX ON wangge.asset (path, code);
CREATE TRIGGER lies_in_area BEFORE INSERT OR UPDATE OF area_id ON wangge.asset
    FOR EACH ROW EXECUTE FUNCTION wangge.lies_in_area();

ALTER TABLE wangge.asset ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.asset TO CURRENT_USER USING (true) WITH CHECK (true);
-- Whoever works in an area; where cameras stand is nothing for the public.
CREATE POLICY seen ON wangge.asset FOR SELECT TO wangge_app USING (path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
CREATE POLICY kept ON wangge.asset TO wangge_app USING (
    (SELECT wangge.has_right('manage_staff')) AND path <@ ANY ((SELECT wangge.scope(1))::ltree[]));
GRANT SELECT, INSERT ON wangge.asset TO wangge_app;
GRANT UPDATE (area_id, path, theme, kind, name, geom, url, active, revision, updated_at) ON wangge.asset TO wangge_app;
