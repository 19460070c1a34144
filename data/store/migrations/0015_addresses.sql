-- Addresses: a report that says where by a name that the town's files have, a compound, a building in it, a street.

-- How the place of a report was found: it was said as a point, or an address was looked up, and what of.
ALTER TABLE wangge.incident ADD COLUMN located_by text NOT NULL DEFAULT 'point'
    CHECK (located_by IN ('point', 'building', 'compound', 'site', 'street', 'line'));
ALTER TABLE wangge.incident_past ADD COLUMN located_by text NOT NULL DEFAULT 'point'; -- the row as it was

-- The one spelling of a name: of width, case, blanks, marks, 號/号 and the like nothing is left, 三号楼 is 3号楼, and 3# and 03号
-- are 3号. Numbers that are no house's (经十路) stay as they are.
CREATE FUNCTION wangge.address_key(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    said text COLLATE "C" := translate(lower(normalize(p_text, NFKC) COLLATE "C"), '號樓棟#', '号楼栋号');
    number text;
    value numeric;
    digit numeric;
    one text;
BEGIN
    said := replace(regexp_replace(said, '[[:space:],.;:''"()<>。、·“”‘’【】《》〈〉「」]+', '', 'g'), '号号', '号');
    WHILE said ~ '[〇零一二两三四五六七八九十百]+(号|栋|幢|座|单元|室|层|弄|院)' LOOP
        number := substring(said FROM '([〇零一二两三四五六七八九十百]+)(?:号|栋|幢|座|单元|室|层|弄|院)');
        value := 0;
        digit := NULL;
        FOREACH one IN ARRAY string_to_array(number, NULL) LOOP
            IF one = '百' THEN
                value := value + coalesce(digit, 1) * 100;
                digit := NULL;
            ELSIF one = '十' THEN
                value := value + coalesce(nullif(digit, 0), 1) * 10;
                digit := NULL;
            ELSE
                digit := coalesce(digit * 10, 0) + translate(one, '〇零一二两三四五六七八九', '001223456789')::numeric;
            END IF;
        END LOOP;
        said := regexp_replace(said, number || '(?=号|栋|幢|座|单元|室|层|弄|院)', (value + coalesce(digit, 0))::text);
    END LOOP;
    RETURN regexp_replace(said, '(^|[^0-9])0+(?=[0-9])', '\1', 'g');
END $$;
REVOKE ALL ON FUNCTION wangge.address_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.address_key TO wangge_app;

-- Names of today's snapshots.
CREATE INDEX town_feature_named ON wangge.town_feature (wangge.address_key(name) COLLATE "C")
    WHERE upper_inf(seen) AND name <> '' AND layer IN ('compound', 'dedicated', 'barrier');

-- The places within some areas, by paths, that are called by one of the keys; with `p_begin` also those whose key begins so.
-- Beside each key stands the house's number that followed it: of a compound the building with that number, if its points tell
-- one. With `p_longest` only those by the longest key. Functions below ask it, and nobody else.
--
-- Parts of one name that lie less than 200 m apart are one place. Its point lies in it: within the areas and the polygon, of a
-- line in the middle of its longest part there. A house's number along a street is nothing that anybody here knows.
CREATE FUNCTION wangge.places_called(
    p_keys text[], p_numbers text[], p_begin text, p_longest boolean, p_reach ltree[], p_day date)
RETURNS TABLE (key text, kind text, name text, number text, begins boolean, at geometry, box box2d)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    ground geometry;
    around geometry;
    inner_part geometry;
BEGIN
    SELECT ST_Union(v.geom) INTO ground FROM area_version AS v WHERE v.path = ANY (p_reach) AND v.valid @> p_day;
    IF ground IS NULL THEN
        RETURN;
    END IF;
    -- Some tenths of a metre: streets are borders of areas, and no two ways to degrees are the same to the last digit.
    around := ST_Buffer(ground, 0.000002);
    inner_part := ST_Buffer(ground, -0.000002);
    RETURN QUERY
    WITH part AS (
        SELECT u.key COLLATE "C" AS key, u.number FROM unnest(p_keys, p_numbers) AS u (key, number)
    ), called AS (
        SELECT f.town_id, f.layer, f.kind, f.name, f.shape, p.key, p.number, length(p.key) AS matched
        FROM part AS p JOIN town_feature AS f ON address_key(f.name) COLLATE "C" = p.key
        WHERE upper_inf(f.seen) AND f.name <> '' AND f.layer IN ('compound', 'dedicated', 'barrier')
        UNION ALL
        (SELECT f.town_id, f.layer, f.kind, f.name, f.shape, address_key(f.name), '', NULL
         FROM town_feature AS f
         WHERE address_key(f.name) COLLATE "C" > p_begin COLLATE "C"
            AND address_key(f.name) COLLATE "C" < p_begin COLLATE "C" || chr(1114111)
            AND upper_inf(f.seen) AND f.name <> '' AND f.layer IN ('compound', 'dedicated', 'barrier')
         ORDER BY address_key(f.name) COLLATE "C" LIMIT 500)
    ), placed AS (
        SELECT c.*, ST_Dimension(c.shape) AS dimension,
            ST_ClusterDBSCAN(c.shape, 200, 1) OVER (PARTITION BY c.town_id, c.key, ST_Dimension(c.shape)) AS place
        FROM called AS c JOIN town AS t ON t.id = c.town_id
        WHERE t.path @> ANY (p_reach) OR t.path <@ ANY (p_reach)
    ), cut AS (
        SELECT p.*, ST_CollectionExtract(ST_Intersection(ST_MakeValid(ST_Transform(p.shape, 4490)),
            CASE p.dimension WHEN 1 THEN around ELSE ground END), p.dimension + 1) AS geom
        FROM placed AS p WHERE ST_Transform(p.shape, 4490) && around
    ), whole AS (
        SELECT c.town_id, c.key, c.number, c.matched, c.dimension, min(c.name COLLATE "C") AS name, ST_Union(c.geom) AS geom,
            CASE WHEN bool_or(c.layer = 'compound') THEN 'compound' WHEN bool_or(c.layer = 'dedicated') THEN 'site'
                WHEN bool_or(c.kind IN ('LANE', 'ROAD', 'MAIN_ROAD', 'EXPRESSWAY')) THEN 'street' ELSE 'line' END AS kind
        FROM cut AS c WHERE NOT ST_IsEmpty(c.geom)
        GROUP BY c.town_id, c.key, c.number, c.matched, c.dimension, c.place
    ), meant AS (
        SELECT w.* FROM whole AS w
        WHERE NOT p_longest OR w.matched IS NULL OR w.matched = (SELECT max(o.matched) FROM whole AS o)
    )
    SELECT m.key, CASE WHEN b.at IS NULL THEN m.kind ELSE 'building' END, m.name, m.number, m.matched IS NULL,
        coalesce(b.at, CASE m.dimension
            WHEN 1 THEN (
                SELECT CASE WHEN ST_Covers(inner_part, middle) THEN middle
                    ELSE coalesce(ST_ClosestPoint(inner_part, middle), middle) END
                FROM (SELECT ST_LineInterpolatePoint(d.geom, 0.5) AS middle FROM ST_Dump(ST_LineMerge(m.geom)) AS d
                      ORDER BY ST_Length(d.geom) DESC LIMIT 1) AS l)
            ELSE ST_PointOnSurface(m.geom) END),
        Box2D(coalesce(b.at, m.geom))
    FROM meant AS m LEFT JOIN LATERAL (
        -- The point of the building that lies nearest to the middle of all of its points.
        SELECT h.geom AS at FROM (
            SELECT p.geom, ST_Centroid(ST_Collect(p.geom) OVER ()) AS middle, ST_Collect(p.shape) OVER () AS every
            FROM household_point AS p
            WHERE m.kind = 'compound' AND m.number <> '' AND p.geom && m.geom AND ST_Covers(m.geom, p.geom)
                AND p.path <@ ANY (scope(1)) AND p.town_id = m.town_id AND upper_inf(p.seen)
                AND (p.compound = '' OR address_key(p.compound) = m.key)
                AND substring(regexp_replace(address_key(p.building), '^' || regexp_replace(m.key, '(\W)', '\\\1', 'g'), '')
                    FROM '^([0-9]+[a-z]?|[a-z][0-9]*)(?:号楼|[号栋幢座楼])?$')
                    = substring(m.number FROM '^([0-9]+[a-z]?|[a-z][0-9]*)(?=[号栋幢座楼-]|$)')
        ) AS h
        -- Farther apart than one building is: the number alone does not say which.
        WHERE ST_MaxDistance(h.every, h.every) <= 250
        ORDER BY ST_Distance(h.geom, h.middle), h.geom LIMIT 1
    ) AS b ON true;
END $$;
REVOKE ALL ON FUNCTION wangge.places_called FROM PUBLIC;

-- What an address may mean within some areas, by paths: what is called so, or by the longest beginning of it behind which a
-- house's number stands; with `p_begins` also whatever begins so. Names of areas before it narrow the search. By the owner, for
-- whoever handles incidents: what a place is called is told, and nothing of who lives there; buildings, which only household
-- points know, within the caller's own areas.
CREATE FUNCTION wangge.address_found(p_text text, p_within ltree[], p_day date, p_begins boolean, p_most integer)
RETURNS TABLE (kind text, name text, number text, lon float8, lat float8, area text, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    said text COLLATE "C" := address_key(p_text);
    reach ltree[] := p_within;
    stripped integer;
    narrowed ltree[];
BEGIN
    IF NOT has_right('handle_incidents') THEN
        RETURN;
    END IF;
    WHILE said <> '' AND cardinality(reach) > 0 LOOP
        RETURN QUERY
        WITH part AS (
            SELECT left(said, n) AS key, substr(said, n + 1) AS number FROM generate_series(1, length(said)) AS n
            WHERE n = length(said) OR (left(said, n) !~ '[0-9]$' AND substr(said, n + 1) ~ '^[0-9a-z]')
        )
        SELECT s.kind, s.name, s.number, ST_X(s.at), ST_Y(s.at),
            (SELECT a.code FROM incident_place(s.at, p_day) AS i JOIN area AS a ON a.path = nullif(i.path, '')::ltree),
            count(*) OVER ()
        FROM places_called((SELECT array_agg(key) FROM part), (SELECT array_agg(number) FROM part),
            CASE WHEN p_begins THEN said END, true, reach, p_day) AS s
        ORDER BY s.begins, s.name COLLATE "C", s.kind, ST_X(s.at), ST_Y(s.at) LIMIT p_most;
        EXIT WHEN FOUND;
        -- Nothing is called so; perhaps it begins with the name of an area around or within.
        SELECT max(length(address_key(v.name))) INTO stripped FROM area_version AS v
        WHERE v.valid @> p_day AND (v.path @> ANY (reach) OR v.path <@ ANY (reach))
            AND length(address_key(v.name)) BETWEEN 1 AND length(said) - 1 AND starts_with(said, address_key(v.name));
        EXIT WHEN stripped IS NULL;
        SELECT array_agg(DISTINCT CASE WHEN v.path <@ one THEN v.path ELSE one END) INTO narrowed
        FROM area_version AS v JOIN unnest(reach) AS one ON v.path <@ one OR v.path @> one
        WHERE v.valid @> p_day AND address_key(v.name) = left(said, stripped);
        reach := narrowed;
        said := substr(said, stripped + 1);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION wangge.address_found FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.address_found TO wangge_app;

-- Where the caller may find places by name: everywhere, where that is public; else where they handle incidents.
CREATE FUNCTION wangge.places_within() RETURNS ltree[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
    AS $$ SELECT CASE WHEN is_public('places') THEN ARRAY(SELECT path FROM area WHERE parent_id IS NULL ORDER BY path)
              WHEN has_right('handle_incidents') THEN scope(1) END $$;
REVOKE ALL ON FUNCTION wangge.places_within FROM PUBLIC;

-- What places are called there, each name once: who may find addresses may also find them by how they sound, which is nothing
-- that the store knows.
CREATE FUNCTION wangge.place_names(p_day date) RETURNS TABLE (name text, kind text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    reach ltree[] := places_within();
    ground geometry;
BEGIN
    SELECT ST_Expand(ST_Extent(v.geom)::geometry, 0.000002) INTO ground
    FROM area_version AS v WHERE v.path = ANY (reach) AND v.valid @> p_day;
    RETURN QUERY
    SELECT f.name, min(CASE f.layer WHEN 'compound' THEN 'compound' WHEN 'dedicated' THEN 'site' ELSE 'street' END)
    FROM town_feature AS f JOIN town AS t ON t.id = f.town_id
    WHERE upper_inf(f.seen) AND f.name <> '' AND f.layer IN ('compound', 'dedicated', 'barrier')
        AND (t.path @> ANY (reach) OR t.path <@ ANY (reach))
        AND ST_Transform(f.shape, 4490) && ST_SetSRID(ground, 4490)
    GROUP BY f.name ORDER BY f.name COLLATE "C";
END $$;
REVOKE ALL ON FUNCTION wangge.place_names FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.place_names TO wangge_app;

-- The places with these very names there, for the same people, in the order of the names: a point in each, its box, and the
-- smallest area around.
CREATE FUNCTION wangge.places_named(p_names text[], p_day date, p_most integer)
RETURNS TABLE (kind text, name text, lon float8, lat float8, box float8[], path text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.kind, s.name, ST_X(s.at), ST_Y(s.at),
        ARRAY[ST_XMin(s.box), ST_YMin(s.box), ST_XMax(s.box), ST_YMax(s.box)], i.path
    FROM places_called((SELECT array_agg(DISTINCT address_key(n)) FROM unnest(p_names) AS n),
            ARRAY(SELECT '' FROM (SELECT DISTINCT address_key(n) FROM unnest(p_names) AS n) AS u), NULL, false, places_within(), p_day) AS s
        CROSS JOIN LATERAL incident_place(s.at, p_day) AS i
    ORDER BY array_position(p_names, s.name), s.name COLLATE "C", s.kind, ST_X(s.at), ST_Y(s.at) LIMIT p_most;
END $$;
REVOKE ALL ON FUNCTION wangge.places_named FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.places_named TO wangge_app;

-- A text that changes whenever a station or the names of places do: it tells nothing else, and nobody's scope is asked.
CREATE FUNCTION wangge.names_mark() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wangge, public, pg_temp
    AS $$ SELECT concat_ws('|', (SELECT count(*) || '.' || coalesce(sum(revision), 0) FROM station),
              (SELECT string_agg(town_id || '.' || number, ',' ORDER BY town_id, number) FROM snapshot)) $$;
REVOKE ALL ON FUNCTION wangge.names_mark FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wangge.names_mark TO wangge_app;
