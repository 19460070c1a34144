-- Blocks of a plan: what it is edited by. An edition is one making of them; while it stands, every grid of the plan's version is
-- a union of blocks, or becomes one when something is saved for the first time.
CREATE TABLE wangge.plan_edition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL UNIQUE REFERENCES wangge.plan,
    version integer NOT NULL,
    settled boolean NOT NULL, -- the grids and the noded communities are the unions of their blocks, vertex by vertex
    origin_x integer NOT NULL, -- what `drawn` counts from, micro-degrees
    origin_y integer NOT NULL,
    compounds text[] NOT NULL, -- their names, in order
    drawn integer NOT NULL DEFAULT 0, -- the plan's revision when a block was last cut or parts joined; 0: never
    borders bytea NOT NULL, -- pairs of blocks and the metres that they share, by kind of line (data/store/plan_blocks.py)
    prepared_at timestamptz NOT NULL
);

-- What is drawn of a block is kept as pages are sent it (maps/packing.py): it is found for all blocks of a plan together.
CREATE TABLE wangge.plan_block (
    edition bigint NOT NULL REFERENCES wangge.plan_edition ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 0),
    area_id bigint NOT NULL REFERENCES wangge.area, -- its community
    path ltree NOT NULL,
    grid_id bigint REFERENCES wangge.grid DEFERRABLE INITIALLY DEFERRED, -- NULL where the plan has a gap
    revision integer NOT NULL, -- of the plan, when it last came into another grid
    atom integer NOT NULL, -- the block that it was, or was a part of, when the edition was made: its number then
    made integer NOT NULL DEFAULT 0, -- the plan's revision when this number came to mean this ground; 0: when the edition was made
    dedicated boolean NOT NULL,
    compound integer NOT NULL CHECK (compound >= 0), -- counted from 1; 0: in none
    households integer NOT NULL,
    persons integer NOT NULL,
    buildings integer NOT NULL,
    area_m2 double precision NOT NULL,
    perimeter_m double precision NOT NULL,
    homes bigint[] NOT NULL, -- its household points
    shape geometry NOT NULL CHECK (ST_SRID(shape) <> 0),
    drawn text NOT NULL,
    spot integer[] NOT NULL CHECK (cardinality(spot) = 3), -- where a label has most room: x, y, radius
    PRIMARY KEY (edition, number)
);
CREATE INDEX ON wangge.plan_block (grid_id);

-- Of the plan, when somebody who painted last gave the grid its name.
ALTER TABLE wangge.grid ADD COLUMN named integer NOT NULL DEFAULT 0;

ALTER TABLE wangge.plan_edition ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE wangge.plan_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON wangge.plan_edition TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY keeper ON wangge.plan_block TO CURRENT_USER USING (true) WITH CHECK (true);

-- Made by workers, who come as the owner; whoever may edit the plan settles them, and ends them by another door.
CREATE POLICY seen ON wangge.plan_edition FOR SELECT TO wangge_app USING (EXISTS (
    SELECT FROM wangge.plan p WHERE p.id = plan_id));
CREATE POLICY changed ON wangge.plan_edition FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('edit_plan')) AND EXISTS (SELECT FROM wangge.plan p WHERE p.id = plan_id));
CREATE POLICY removed ON wangge.plan_edition FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('edit_plan')) AND EXISTS (SELECT FROM wangge.plan p WHERE p.id = plan_id));
-- A block may be one building: as private as the household points in it.
CREATE POLICY seen ON wangge.plan_block FOR SELECT TO wangge_app USING (
    path <@ ANY ((SELECT wangge.scope(3))::ltree[])
    AND wangge.sees_category(CASE WHEN dedicated THEN 'dedicated' ELSE 'residential' END));
CREATE POLICY changed ON wangge.plan_block FOR UPDATE TO wangge_app USING (
    (SELECT wangge.has_right('edit_plan')) AND path <@ ANY ((SELECT wangge.scope(3))::ltree[]));
-- A block that is cut makes more blocks, and parts that are joined leave some over.
CREATE POLICY added ON wangge.plan_block FOR INSERT TO wangge_app WITH CHECK (
    (SELECT wangge.has_right('edit_plan')) AND path <@ ANY ((SELECT wangge.scope(3))::ltree[]));
CREATE POLICY removed ON wangge.plan_block FOR DELETE TO wangge_app USING (
    (SELECT wangge.has_right('edit_plan')) AND path <@ ANY ((SELECT wangge.scope(3))::ltree[]));
GRANT SELECT, DELETE, UPDATE (settled, drawn, borders) ON wangge.plan_edition TO wangge_app;
GRANT SELECT, INSERT, DELETE,
    UPDATE (number, grid_id, revision, made, compound, households, persons, buildings, area_m2, perimeter_m, homes, shape, drawn, spot)
    ON wangge.plan_block TO wangge_app;

-- Blocks are for drawing: they go with the version that was drawn, and when the plan is over.
CREATE FUNCTION wangge.edition_ends() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = wangge, public, pg_temp AS $$
BEGIN
    DELETE FROM plan_edition WHERE plan_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER edition_ends AFTER UPDATE OF state, version ON wangge.plan FOR EACH ROW
    WHEN (NEW.version <> OLD.version OR (NEW.state IN ('effective', 'withdrawn') AND OLD.state <> NEW.state))
    EXECUTE FUNCTION wangge.edition_ends();
