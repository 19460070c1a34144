-- Printed atlases that somebody ordered: the job that makes them, and the files, each kept as soon as it is made. A worker that is
-- killed leaves what it has made to the next one.
ALTER TABLE wangge.job DROP CONSTRAINT job_kind_check;
ALTER TABLE wangge.job ADD CONSTRAINT job_kind_check CHECK (kind IN ('divide', 'blocks', 'suggest', 'print'));

CREATE TABLE wangge.print (
    job_id uuid PRIMARY KEY REFERENCES wangge.job ON DELETE CASCADE,
    paths ltree[] NOT NULL CHECK (cardinality(paths) > 0) -- of all that is printed: for those who plan in every one of them
);

CREATE TABLE wangge.print_file (
    job_id uuid NOT NULL REFERENCES wangge.print ON DELETE CASCADE,
    file text COLLATE "C" NOT NULL CHECK (file !~ '[/\\[:cntrl:]]' AND length(file) BETWEEN 1 AND 300),
    entry jsonb NOT NULL, -- what the manifest says of it (maps/sheets/manifest.py)
    body bytea NOT NULL,
    PRIMARY KEY (job_id, file)
);
ALTER TABLE wangge.print_file ALTER COLUMN body SET STORAGE EXTERNAL; -- packed already

ALTER TABLE wangge.print ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.print_file ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.print TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.print_file TO CURRENT_USER USING (true) WITH CHECK (true);

-- Sheets of drafts tell of every grid how many live there.
CREATE POLICY seen ON wangge.print FOR SELECT TO wangge_app USING (
    NOT EXISTS (SELECT FROM unnest(paths) AS each WHERE NOT each <@ ANY ((SELECT wangge.scope(3))::ltree[])));
CREATE POLICY made ON wangge.print FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('run_jobs'))
    AND NOT EXISTS (SELECT FROM unnest(paths) AS each WHERE NOT each <@ ANY ((SELECT wangge.scope(3))::ltree[])));
CREATE POLICY seen ON wangge.print_file FOR SELECT TO wangge_app USING (EXISTS (
    SELECT FROM wangge.print AS p WHERE p.job_id = print_file.job_id));
GRANT SELECT, INSERT ON wangge.print TO wangge_app;
GRANT SELECT ON wangge.print_file TO wangge_app;
