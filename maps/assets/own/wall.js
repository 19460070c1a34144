/** The wall: one state, what comes in, and what each thing does to it. */
wangge.wall = async (map) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const setup = JSON.parse(byId("wall-setup").textContent);
  const words = wangge.words(setup.words, document.documentElement.lang.startsWith("zh") ? "zh" : "en", setup.zone);
  const source = wangge.source(setup.root);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  words.speak(words.lang);

  const cover = wangge.cover(words, "wall.loading");

  let data;
  let first;
  let me;
  try {
    [data, first, me] = await Promise.all([source.get("/v1/wall/ground"), source.get("/v1/wall/incidents"), source.get("/v1/session")]);
  } catch (error) {
    if (error.status === 401 && !source.isKeyed) location.assign(`${setup.root}/sign-in?next=${encodeURIComponent(setup.here)}`);
    else cover(error.status === 401 || error.status === 403 ? "wall.denied" : "wall.unreachable");
    return;
  }
  if (!data.grids.code.length) {
    cover("wall.empty");
    return;
  }

  const colours = setup.colours;
  const ground = wangge.ground(data);
  const cases = wangge.cases(ground, data);
  const address = new URL(location.href);

  const page = {
    scope: null,
    hasKeys: true,
    formulas: false,
    chosen: -1,
    pointed: -1,
    case: undefined,
    past: undefined,
    today: first.today,
    ahead: Date.now() / 1000 - first.at,
  };
  cases.load(first);
  const tools = wangge.tools(page, words, {
    rights: me.rights,
    layers: ["cases", "heat", "stations", "points", "calls", "clusters", "workers", "circle", "assets"],
    usual: ["cases", "calls"],
    choose: (shade) => shadeBy(shade).catch(failed),
    toggle: (layer) => toggle(layer),
  });
  const { SHADES, LAYERS } = tools;
  /** Keys of layers that the numbers do not reach. */
  const LAYER_OF = { a: "assets", c: "circle", g: "clusters", n: "workers" };
  Object.assign(page, tools.read(address.searchParams));

  // --- what is shown ---------------------------------------------------------------------------------------------------

  page.present = wangge.present(source, data, me.rights.includes("see_internal"));
  const places = wangge.places(ground, data, page, words);
  let insides = data.areas.id.map(() => true);
  let shown = [];
  /** What time it is on the page: it stands still while something is counted or drawn. */
  let moment = 0;
  const look = () => {
    moment = page.past?.at ?? Date.now() / 1000 - page.ahead;
  };
  page.now = () => moment;
  page.isLate = (each) => cases.isLate(each, page.now());
  page.isSoon = (each) => cases.isSoon(each, page.now());
  /** Whether an area, by its place in the list, lies in what is shown; what lies in none is inside of everything only. */
  page.isInside = (area) => (area === null || area < 0 ? page.scope === null || page.scope === places.root : insides[area]);
  page.shown = () => shown;
  page.areaCode = () => (page.scope === null ? undefined : data.areas.code[page.scope]);
  /** Where the desk has what is shown as a table, for those who work there. */
  page.desk = me.rights.includes("handle_incidents") && !source.isKeyed ? (filter) => {
    const query = new URLSearchParams({ ...(page.areaCode() === undefined || page.scope === places.root ? {} : { area: page.areaCode() }), ...filter });
    return `${setup.root}/command${query.size ? `?${query}` : ""}`;
  } : undefined;
  const gather = () => {
    look();
    shown = [...(page.past?.cases ?? cases.all())].filter((each) => page.isInside(each.area));
  };
  page.counts = () => {
    const kinds = new Map();
    let [late, soon] = [0, 0];
    for (const each of shown) {
      if (page.isLate(each)) late += 1;
      else if (page.isSoon(each)) soon += 1;
      kinds.set(each.category, (kinds.get(each.category) ?? 0) + 1);
    }
    return { open: shown.length, late, soon, kinds: [...kinds].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)) };
  };
  page.countsBelow = (areas, grids) => {
    const none = () => ({ open: 0, late: 0 });
    const found = (areas.length ? areas : grids).map(none);
    found.nowhere = none();
    const rowOf = new Map();
    if (areas.length) data.areas.id.forEach((_, area) => { const row = areas.findIndex((one) => ground.wayTo(area).includes(one)); if (row >= 0) rowOf.set(area, row); });
    else grids.forEach((grid, row) => rowOf.set(grid, row));
    for (const each of shown) {
      const row = found[rowOf.get(areas.length ? each.area : each.grid)] ?? found.nowhere;
      row.open += 1;
      if (page.isLate(each)) row.late += 1;
    }
    return found;
  };

  const shades = wangge.shades(data, page, colours, source);
  page.fillOf = shades.fillOf;
  const paint = wangge.paint(ground, data, page);
  const names = wangge.names(ground, data, page);
  const dots = wangge.dots(page, colours);
  const workers = wangge.workers(source, ground, data, page, names, () => over.redraw());
  const stands = wangge.stands(source, ground, data, page, () => showStands());
  const signs = wangge.signs(ground, data, page, words, stands);
  const tiles = wangge.tiles(source, page, words);
  const lists = wangge.lists(data, page, words);
  page.lists = lists;

  const base = new wangge.Surface(ground, paint.draw);
  const marks = new wangge.Surface(ground, paint.drawMarks);
  const over = new wangge.Surface(ground, (pen, frame) => {
    names.draw(pen, frame);
    workers.draw(frame);
    dots.draw(pen, frame);
    signs.draw(pen, frame);
    find.draw(pen, frame);
  });
  page.redrawDots = () => over.redraw();

  const key = wangge.key(page, words, { shades, dots });
  const cards = wangge.standCards(ground, data, page, words, stands, { root: setup.root, moment: (at) => lists.moment(at), look: (no) => page.look(no), close: () => page.choose(-1), withTexts: false });
  const about = wangge.about(ground, data, page, words, { cases, shades, cards });
  const lateOnes = () => [...cases.all()].filter(page.isLate).map(({ no }) => no);
  const chime = wangge.chime(() => showSwitches());
  const rounds = wangge.rounds(page, () => page.go(places.after(page.scope)), () => showSwitches());
  const preset = wangge.preset(address.searchParams.get("preset"), () => map.invalidateSize({ animate: false }));

  // --- drawing again, as little as needs be ------------------------------------------------------------------------------

  let isDue = false;
  /** Everything that follows from which incidents there are and what time it is. */
  const show = () => {
    gather();
    shades.count();
    shades.paint();
    base.redraw();
    over.redraw();
    tiles.show();
    places.show();
    lists.showLate();
    key.show();
    about.show();
    standing.show();
    if (chime.isOn && !page.past) chime.look(lateOnes());
  };
  const showSoon = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      if (!page.past) show();
    }, 400);
  };

  const boundsOf = (scope) => {
    if (scope === null || scope === places.root) return ground.whole;
    const box = ground.nowhere();
    data.grids.area.forEach((area, i) => {
      if (area !== null && places.inside(area, scope)) ground.widen(box, ground.grids[i].box);
    });
    return Number.isFinite(box.left) ? box : ground.whole;
  };
  /** Beside the legend, or above it: wherever the ground is larger. */
  const fit = (animate = !still) => {
    const bounds = ground.bounds(boundsOf(page.scope));
    const { offsetWidth, offsetHeight } = byId("legend");
    const [top, edge, foot] = [byId("tools").offsetHeight + 36, 24, byId("foot").offsetHeight + 36];
    const ways = [[[offsetWidth + 2 * edge, top], [edge, foot]], [[edge, top], [edge, foot + offsetHeight]], [[edge, top], [edge, foot]]];
    const zooms = ways.map(([from, to]) => map.getBoundsZoom(bounds, false, L.point(from).add(to)));
    const best = innerWidth <= 860 ? 2 : zooms[0] >= zooms[1] ? 0 : 1;
    map.fitBounds(bounds, { paddingTopLeft: ways[best][0], paddingBottomRight: ways[best][1], maxZoom: 17, animate });
  };

  const remember = () => {
    if (page.areaCode() === undefined) address.searchParams.delete("area");
    else address.searchParams.set("area", page.areaCode());
    tools.write(address.searchParams, page);
    if (preset.shape === undefined) address.searchParams.delete("preset");
    else address.searchParams.set("preset", preset.shape);
    history.replaceState(null, "", address);
  };
  const aim = (scope) => {
    page.scope = scope;
    insides = data.areas.id.map((_, area) => places.inside(area, scope));
  };
  page.go = (scope) => {
    rounds.taken();
    aim(scope);
    page.chosen = -1;
    page.case = undefined;
    page.thing = undefined;
    remember();
    show();
    fit();
    live.refresh();
    stands.refreshAll().catch(failed);
  };
  page.choose = (grid) => {
    rounds.taken();
    page.chosen = grid;
    page.case = undefined;
    page.thing = undefined;
    marks.redraw();
    over.redraw();
    places.show();
    about.show();
    standing.show();
    if (grid < 0) return;
    const box = ground.bounds(ground.grids[grid].box);
    if (!map.getBounds().contains(box)) map.panInside(box.getCenter(), { padding: [160, 130], animate: !still });
  };
  page.look = (no) => {
    const each = shown.find((one) => one.no === no);
    if (!each) return;
    rounds.taken();
    page.case = no;
    page.thing = undefined;
    page.chosen = each.grid;
    marks.redraw();
    over.redraw();
    places.show();
    lists.showLate();
    about.show();
    map.setView(ground.latLng(each.x, each.y), Math.max(map.getZoom(), 15.5), { animate: !still });
  };
  /** Show what is known of a station, a spot or a call. */
  page.enter = (thing) => {
    page.choose(-1);
    page.thing = thing;
    over.redraw();
    about.show();
    standing.show();
  };
  /** What stands on the ground is there, or has changed. */
  const showStands = () => {
    over.redraw();
    key.show();
    standing.show();
    if (page.thing) about.show();
  };
  /** Look at a moment of the past, or with nothing at now. */
  page.turn = (past) => {
    rounds.taken();
    page.past = past;
    show();
  };

  const shadeBy = async (shade) => {
    page.shade = shade;
    await shades.learn();
    remember();
    shades.paint();
    base.redraw();
    tools.show();
    key.show();
    about.show();
  };
  const toggle = (layer) => {
    page.layers[layer] = !page.layers[layer];
    if (page.thing && !stands.isSeen(page.thing)) page.choose(-1);
    stands.refreshAll().catch(failed);
    standing.turned(layer);
    remember();
    over.redraw();
    tools.show();
    key.show();
  };
  const showSwitches = () => {
    byId("rounds").setAttribute("aria-pressed", String(rounds.isOn));
    byId("chime").setAttribute("aria-pressed", String(chime.isOn));
  };
  byId("rounds").addEventListener("click", () => rounds.toggle());
  byId("chime").addEventListener("click", () => chime.toggle(lateOnes()));
  const turnFormulas = () => {
    page.formulas = !page.formulas;
    byId("formulas").setAttribute("aria-pressed", String(page.formulas));
    tiles.show();
  };
  byId("formulas").addEventListener("click", turnFormulas);
  const turnPreset = () => {
    preset.turn();
    remember();
    fit();
  };

  const live = wangge.live(source, cases, page, words, { lists, tiles, cover, show: showSoon });
  const { failed } = live;
  const find = wangge.wallFind(data, page, words, { source, map, ground, stands, toggle, still, redraw: () => over.redraw() });
  const replay = wangge.replay(source, cases, page, words);
  const standing = wangge.standing(map, ground, data, page, words, stands, { toggle: (layer) => toggle(layer), goTo: (grid) => page.choose(grid), failed });

  // --- reading the map -----------------------------------------------------------------------------------------------------

  const scaleAt = () => 2 ** (map.getZoom() - ground.DEEP);
  map.on("click", ({ latlng, containerPoint }) => {
    const { x, y } = ground.toWorld(latlng);
    if (tools.into(map, ground, dots.clusters, x, y)) return;
    const each = dots.at(x, y, scaleAt());
    const thing = signs.at(x, y, scaleAt());
    if (thing && (thing.kind !== "call" || !each)) page.enter(thing);
    else if (each) page.look(each.no);
    else if (standing.take(containerPoint)) return;
    else page.choose(ground.gridAt(x, y));
  });
  map.on("dblclick", ({ latlng }) => {
    const { x, y } = ground.toWorld(latlng);
    const grid = ground.gridAt(x, y);
    const area = grid < 0 ? null : data.grids.area[grid];
    if (area === null) return;
    const way = ground.wayTo(area);
    const at = page.scope === null ? -1 : way.indexOf(page.scope);
    if (way[at + 1] !== undefined) page.go(way[at + 1]);
  });
  map.on("mousemove", ({ latlng }) => {
    const { x, y } = ground.toWorld(latlng);
    const grid = ground.gridAt(x, y);
    if (grid === page.pointed) return;
    page.pointed = grid;
    marks.redraw();
  });
  const scale = wangge.scale(map, words);

  byId("zoom-in").addEventListener("click", () => map.zoomIn());
  byId("zoom-out").addEventListener("click", () => map.zoomOut());
  byId("fit").addEventListener("click", () => fit());
  const fullScreen = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  byId("full").addEventListener("click", () => fullScreen().catch(() => {}));

  const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const tick = () => {
    const now = Date.now() / 1000 - page.ahead;
    byId("clock").dateTime = new Date(now * 1000).toISOString();
    byId("clock").textContent = [
      words.time(now, { year: "numeric", month: "long", day: "numeric", weekday: "short" }),
      words.time(now, CLOCK),
    ].join(" ");
    byId("updated").textContent = words.say("wall.updated", { when: words.time(live.freshAt, CLOCK) });
  };
  const speak = (lang) => {
    words.speak(lang);
    document.title = words.say("wall.page");
    map.getContainer().setAttribute("role", "region");
    map.getContainer().setAttribute("aria-label", words.say("wall.canvas"));
    byId("source").textContent = words.say("wall.source", { areas: words.number(data.areas.code.length), grids: words.number(data.grids.code.length) });
    tools.show();
    show();
    lists.showFeed();
    replay.show();
    live.say();
    find.speak();
    scale.show();
    tick();
  };
  byId("language").addEventListener("click", () => speak(words.lang === "zh" ? "en" : "zh"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const { key } = event;
    const number = Number(key);
    if (key === "f" || key === "F") fullScreen().catch(() => {});
    else if (key === "l" || key === "L") speak(words.lang === "zh" ? "en" : "zh");
    else if (number >= 1 && number <= SHADES.length) shadeBy(SHADES[number - 1]).catch(failed);
    else if (number > SHADES.length && number <= SHADES.length + LAYERS.length) toggle(LAYERS[number - SHADES.length - 1]);
    else if (key === " " && !event.target.closest("button")) replay.toggle().catch(failed);
    else if (key === "/") find.toggle(true);
    else if (key === "0") fit();
    else if (key === "r" || key === "R") rounds.toggle();
    else if (key === "s" || key === "S") chime.toggle(lateOnes());
    else if (LAYERS.includes(LAYER_OF[key.toLowerCase()])) toggle(LAYER_OF[key.toLowerCase()]);
    else if (key === "p" || key === "P") turnPreset();
    else if (key === "i" || key === "I") turnFormulas();
    else if (key === "Escape") {
      if (find.drop()) ;
      else if (page.past) replay.live();
      else if (page.chosen >= 0 || page.case || page.thing) page.choose(-1);
      else if (page.scope !== null && page.scope !== places.root) page.go(data.areas.parent[page.scope] ?? places.root);
      else return;
    } else return;
    event.preventDefault();
  });

  // --- begin ---------------------------------------------------------------------------------------------------------------

  map.doubleClickZoom.disable();
  byId("legend").open = innerWidth > 860;
  preset.lay();
  const asked = data.areas.code.indexOf(address.searchParams.get("area"));
  aim(asked >= 0 ? asked : places.root);
  // What is said beside the map decides how much of the window the map has.
  speak(words.lang);
  fit(false);
  for (const surface of [base, marks, over]) surface.addTo(map);
  if (page.shade === "staffing") shadeBy("staffing").catch(failed);
  scale.show();
  cover();
  stands.refreshAll().catch(failed);
  const showPresent = () => page.present.refresh().then((isNew) => { if (isNew) [places, about].forEach((each) => each.show()); }).catch(failed);
  showPresent();
  live.refresh();
  live.begin(first.cursor);
  if (address.searchParams.has("rounds")) rounds.start(address.searchParams.get("rounds"));
  setInterval(tick, 1000);
  // Time alone makes incidents late, and new days begin.
  setInterval(() => { if (!page.past && document.visibilityState === "visible") show(); }, 30_000);
  setInterval(() => { if (live.isUp) live.refresh(); showPresent(); stands.refreshAll().catch(failed); }, 60_000);
  window.addEventListener("resize", () => map.invalidateSize({ animate: false }));

  /** For tests, and for whoever looks in by the console. */
  window.wanggeWall = { page, cases, shades, lists, map, live, chime, dots, ground, names, find };
};
