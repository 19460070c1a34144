/**
 * What stands on the ground, as a page knows it: stations, spots that want mending, calls of streets, what other systems watch over,
 * and whom stations reach. Each is asked for when its layer is shown, and again when it is old. `changed` is called when there is something
 * new to show.
 */
wangge.stands = (source, ground, data, page, changed) => {
  const FRESH_MS = { stations: 300_000, points: 300_000, calls: 60_000, assets: 300_000, circle: 300_000 };
  const KINDS = ["station", "service_center", "activity_site", "canteen", "rest_stop"];
  const LEVELS = ["district", "street", "community", "grid"];
  const CLASSES = ["dirty", "messy", "poor"];
  const { THEMES } = wangge.signs;
  /** The layers that show the sign of a thing. */
  const LAYERS_OF = { station: ["stations", "circle"], spot: ["points"], call: ["calls"], asset: ["assets"] };
  const OPEN = ["called", "assigned", "joint", "handled"];
  const gridOf = new Map(data.grids.code.map((code, i) => [code, i]));
  const areaOf = new Map(data.areas.code.map((code, i) => [code, i]));
  const found = { stations: [], points: [], calls: [], assets: [] };
  const asked = {};
  /** Answers that are on their way, or came: whoever asks meanwhile waits for the same. */
  const coming = {};
  /** Of each layer: "asking" before there is anything, "there", or "lost" where it could not be fetched. */
  const state = {};
  const wanted = { kinds: new Set(KINDS), levels: new Set(LEVELS), classes: new Set(CLASSES), themes: new Set(THEMES) };
  /** Which grids stations serve, by their codes; and whom those of the chosen sorts reach on foot. */
  let served = new Map();
  let reach;
  let reachFor;

  const place = (lon, lat) => ({ x: ground.fromMicro.x(lon * 1e6), y: ground.fromMicro.y(lat * 1e6) });
  /** World pixels of a metre at a place: Mercator stretches with latitude. */
  const metre = (lat) => (2 ** ground.DEEP * 256) / (40_075_016.686 * Math.cos((lat * Math.PI) / 180));
  /** The rings of an area in GeoJSON, if there is one. */
  const rings = (area) => (area ? (area.type === "Polygon" ? area.coordinates : area.coordinates.flat()) : []).map((ring) => ring.map(([lon, lat]) => place(lon, lat)));
  /** Where something lies: its grid, and the area that says whether it is in what is shown. */
  const lie = ({ x, y }, code) => {
    const grid = ground.gridAt(x, y);
    return { grid, area: grid >= 0 ? data.grids.area[grid] : areaOf.get(code) ?? -1 };
  };

  /** Every entry of a list that comes in pages, and what its parties are called; `pager` is the parameter that takes what `next` says. */
  const all = async (path, list, pager, parameters = {}) => {
    const entries = [];
    const orgs = {};
    let next;
    do {
      const sheet = await source.get(path, { ...parameters, limit: 1000, [pager]: next });
      entries.push(...sheet[list]);
      Object.assign(orgs, sheet.orgs);
      next = sheet.next;
    } while (next !== null);
    return { entries, orgs };
  };

  const stationsNow = async () => {
    const [{ entries }, { stations }] = await Promise.all([all("/v1/stations", "stations", "after"), source.get("/v1/stations/grids")]);
    served = new Map(stations.map(({ station, grids }) => [station, grids.map((code) => gridOf.get(code)).filter((i) => i !== undefined)]));
    return entries.map((each) => {
      const at = place(each.lon, each.lat);
      return {
        ...at, ...lie(at, each.area), id: each.code, kind: each.kind, level: each.level, name: each.name, keeper: each.area, services: each.services,
        metre: metre(each.lat), radius: each.radius_m, rings: rings(each.service_area),
      };
    });
  };
  /** Points that are one problem are one spot; those that nobody has joined yet are one each. */
  const pointsNow = async () => {
    const [{ entries: points }, { entries: clusters, orgs }] = await Promise.all([
      all("/v1/problem-points", "points", "before"), all("/v1/problem-points/clusters", "clusters", "before"),
    ]);
    const spot = (each, more) => {
      const at = place(each.lon, each.lat);
      return { ...at, ...lie(at), kind: each.kind, members: [], ...more };
    };
    const spots = new Map(clusters.map((each) => [each.id, spot(each, {
      id: `cluster:${each.id}`, number: each.id, many: each.points, state: each.state, measure: each.measure, deadline: each.deadline, isLate: each.overdue,
      department: each.department && (orgs[each.department] || each.department),
    })]));
    const loose = [];
    for (const each of points) {
      const own = spots.get(each.cluster);
      if (own) own.members.push({ ...place(each.lon, each.lat), note: each.note, day: each.day });
      else loose.push(spot(each, { id: `point:${each.id}`, number: each.id, many: 1, state: "found", members: [{ ...place(each.lon, each.lat), note: each.note, day: each.day }] }));
    }
    return [...spots.values(), ...loose].filter((each) => each.state !== "cleared");
  };
  const callsNow = async () => {
    const { entries, orgs } = await all("/v1/calls", "calls", "before", { state: OPEN });
    const called = (code) => orgs[code] || code;
    return entries.map((each) => ({
      id: each.no, street: { name: called(each.street), area: areaOf.get(each.street.replace(/^center:/, "")) ?? -1 }, summary: each.summary,
      steps: each.steps.map(({ step, at }) => ({ step, at: at && Date.parse(at) / 1000 })), step: each.steps.filter(({ at }) => at).length,
      due: each.join_due_at && Date.parse(each.join_due_at) / 1000, isHandled: Boolean(each.handled_at), isLate: each.late,
      parties: each.participants.map((one) => ({ code: one.org, name: called(one.org), isLead: one.lead, joined: one.joined_at && Date.parse(one.joined_at) / 1000, isLate: one.late })),
    }));
  };
  const assetsNow = async () => {
    const { entries } = await all("/v1/assets", "assets", "after");
    return entries.map((each) => {
      const at = place(each.lon, each.lat);
      return { ...at, ...lie(at, each.area), id: each.code, theme: each.theme, kind: each.kind, name: each.name, keeper: each.area, url: each.url };
    });
  };
  const ASK = { stations: stationsNow, points: pointsNow, calls: callsNow, assets: assetsNow };

  /** What follows from some things: worked out anew only when one of them is another. */
  const derived = (things, work) => {
    let from = [];
    let result;
    return () => {
      const now = things();
      if (!from.length || now.some((each, i) => each !== from[i])) [from, result] = [now, work(...now)];
      return result;
    };
  };

  const isShown = (name) => page.layers[name] || (name === "stations" && page.layers.circle);
  const isFresh = (name) => Date.now() - (asked[name] ?? 0) < FRESH_MS[name];
  const keep = async (name, ask) => {
    asked[name] = Date.now();
    if (state[name] !== "there") {
      state[name] = "asking";
      changed();
    }
    try {
      await ask();
      state[name] = "there";
    } catch (error) {
      asked[name] = 0;
      state[name] = "lost";
      throw error;
    } finally {
      changed();
    }
  };

  /** What narrows a question about reach to the sorts that are chosen. */
  const sorts = () => ({
    kind: wanted.kinds.size < KINDS.length ? [...wanted.kinds] : undefined,
    level: wanted.levels.size < LEVELS.length ? [...wanted.levels] : undefined,
  });
  const reachKey = () => JSON.stringify([page.areaCode(), sorts()]);
  const askReach = async () => {
    const key = reachKey();
    reachFor = key;
    const told = await source.get("/v1/stations/coverage", { area: page.areaCode(), way: "walk", ...sorts() });
    if (key !== reachFor) return;
    const grids = told.grids.map((each) => ({ ...each, at: gridOf.get(each.grid) })).filter(({ at }) => at !== undefined);
    reach = { key, ...told, grids, of: new Map(grids.map((each) => [each.at, each])) };
  };

  /** Bring up to date what is shown and old. */
  const refresh = (name) => {
    if (!(name in ASK) || !isShown(name)) return Promise.resolve();
    if (!isFresh(name)) coming[name] = keep(name, async () => { found[name] = await ASK[name](); });
    return coming[name];
  };
  const refreshReach = () => {
    if (!page.layers.circle || (reachFor === reachKey() && isFresh("circle"))) return Promise.resolve();
    if (reachFor !== reachKey()) state.circle = undefined;
    return keep("circle", askReach);
  };
  const refreshAll = () => Promise.all([...Object.keys(ASK).map(refresh), refreshReach()]);
  /** Ask again for what could not be had. */
  const again = () => {
    for (const name of Object.keys(state)) if (state[name] === "lost") asked[name] = 0;
    if (state.circle === "lost") reachFor = undefined;
    return refreshAll();
  };

  /** What one station reaches: by its own area or circle, and on foot; asked once. */
  const reached = new Map();
  const reaching = new Map();
  const askReachOf = async ({ id, radius, rings: own }) => {
    const ways = radius || own.length ? ["own", "walk"] : ["walk"];
    const told = await Promise.all(ways.map((way) => source.get("/v1/stations/coverage", { station: id, way })));
    reached.set(id, Object.fromEntries(ways.map((way, i) => [way, { ...told[i].total, ...told[i].method, grids: told[i].grids.filter(({ reached: n }) => n !== 0).length }])));
    changed();
  };
  const reachOf = (station) => {
    const { id } = station;
    if (!reaching.has(id)) reaching.set(id, askReachOf(station).catch((error) => {
      reaching.delete(id);
      throw error;
    }));
    return reaching.get(id);
  };

  const isWanted = (station) => wanted.kinds.has(station.kind) && wanted.levels.has(station.level);
  const turn = (set, name, whole) => {
    set.has(name) ? set.delete(name) : set.add(name);
    // Nothing at all is never meant.
    if (!set.size) whole.forEach((each) => set.add(each));
    changed();
    refreshReach().catch(() => {}); // the panel says so
  };

  const stand = {
    KINDS, LEVELS, CLASSES, THEMES, wanted, state, turn, refresh, refreshAll, again, reachOf,
    /** Whether what has such a sign is on the map. */
    isSeen: ({ kind }) => LAYERS_OF[kind].some((layer) => page.layers[layer]),
    /** What is known by now of what one station reaches. */
    knownReach: (id) => reached.get(id),
    /** All of a sort; and those that lie in what is shown. */
    stations: () => found.stations.filter(isWanted),
    every: () => found.stations.filter((each) => page.isInside(each.area)),
    spots: () => found.points.filter((each) => wanted.classes.has(each.kind) && page.isInside(each.area)),
    assets: () => found.assets.filter((each) => wanted.themes.has(each.theme) && page.isInside(each.area)),
    everyAsset: () => found.assets.filter((each) => page.isInside(each.area)),
    everySpot: () => found.points.filter((each) => page.isInside(each.area)),
    /** Calls whose incidents are shown, each with its own. */
    calls: derived(() => [found.calls, page.shown()], (calls, shown) => {
      if (!calls.length) return [];
      const numbers = new Map(calls.map((each) => [each.id, each]));
      return shown.filter(({ no }) => numbers.has(no)).map((each) => ({ ...numbers.get(each.no), x: each.x, y: each.y, grid: each.grid, area: each.area, category: each.category }));
    }),
    /** The street that called, as people say it. */
    streetOf: ({ street }) => data.areas.name[street.area] ?? street.name,
    servedBy: (id) => served.get(id) ?? [],
    /** The grids in sight that no station of the chosen sorts serves. */
    unserved: derived(() => [found.stations, reachKey()], () => {
      const have = new Set(stand.stations().flatMap(({ id }) => served.get(id) ?? []));
      return data.grids.code.map((_, i) => i).filter((i) => !have.has(i) && page.isInside(data.grids.area[i]));
    }),
    get reach() { return reach?.key === reachKey() ? reach : undefined; },
    find: ({ kind, id }) => {
      if (kind === "station") return found.stations.find((each) => each.id === id);
      if (kind === "spot") return found.points.find((each) => each.id === id);
      if (kind === "asset") return found.assets.find((each) => each.id === id);
      return stand.calls().find((each) => each.id === id);
    },
  };
  return stand;
};
