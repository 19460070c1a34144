/** The desk: one wish, what was fetched for it, and what each thing does to it. */
wangge.desk = async (map) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const setup = JSON.parse(byId("desk-setup").textContent);
  const words = wangge.words(setup.words, setup.lang ?? "zh", setup.zone);
  const frozen = setup.given;
  const source = wangge.source(setup.root ?? "");
  const send = wangge.send(setup.root ?? "", words);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const FRESH_S = 8;
  /** What is not known of past hours narrows nothing there. */
  const UNKNOWN_THEN = { text: "", state: [], ...Object.fromEntries(["light", "tier", "department", "owner", "source", "mode", "kind", "urgent"].map((name) => [name, undefined])) };
  document.body.classList.toggle("frozen", Boolean(frozen));
  // A file that was taken away leads nowhere.
  if (frozen) delete byId("home").dataset.label;
  else byId("home").href = `${setup.root}/`;
  words.speak(words.lang);

  const cover = wangge.cover(words, "wall.loading");
  const signIn = () => location.assign(`${setup.root}/sign-in?next=${encodeURIComponent(setup.here + location.search)}`);

  let data;
  let me;
  try {
    [data, me] = frozen ? [frozen.ground, { rights: [], name: "" }] : await Promise.all([source.get("/v1/wall/ground"), source.get("/v1/session")]);
  } catch (error) {
    if (error.status === 401) signIn();
    else cover(error.status === 403 ? "desk.denied" : "wall.unreachable");
    return;
  }
  if (!frozen && !me.rights.includes("handle_incidents")) {
    cover("desk.denied");
    return;
  }
  // Whoever works for some categories alone sees no figures of grids, and none of theirs are sent; incidents they are called to are.
  if (!data.grids.code.length && (frozen || me.roles.some(({ categories }) => categories.includes("*")))) {
    cover("wall.empty");
    return;
  }

  const colours = setup.colours;
  const ground = wangge.ground(data);
  const rows = wangge.deskRows(ground, data, words);
  const page = {
    isFrozen: Boolean(frozen), counts: {}, chosen: -1, pointed: -1, past: undefined, ahead: 0, case: undefined, today: "",
    get shade() { return page.wish.shade; },
    get layers() { return page.wish.layers; },
  };
  const tools = wangge.tools(page, words, {
    rights: frozen?.staffing ? ["manage_staff"] : me.rights,
    layers: ["cases", "heat", "clusters", "workers", ...(frozen ? [] : ["stations", "points", "calls", "circle", "assets"])],
    usual: ["cases"],
    choose: (shade) => view({ shade }),
    toggle: (layer) => toggle(layer),
  });
  const filter = wangge.deskFilter(data, setup.zone, tools);
  Object.assign(page, { filter, wish: filter.read(frozen ? `about:blank?${new URLSearchParams(frozen.wish)}` : location.href) });
  let shown = [];
  let fetchedFor;
  let moment = 0;
  let isWhole = true;
  const freshAt = new Map();

  // --- what things are called, and when they are -------------------------------------------------------------------------

  page.now = () => moment;
  wangge.deskSays(page, ground, data, rows, words, setup);
  const look = () => {
    moment = frozen ? frozen.at : Date.now() / 1000 - page.ahead;
  };
  page.isLate = (each) => (each.light ?? rows.lightOf(each, page.now())) === "red";
  page.isSoon = (each) => (each.light ?? rows.lightOf(each, page.now())) === "yellow";
  page.isNew = (each) => !still && (freshAt.get(each.no) ?? 0) > Date.now() - FRESH_S * 1000;
  page.find = (no) => rows.find(no);
  page.everything = () => [...rows.all()];

  // --- the map -----------------------------------------------------------------------------------------------------------

  let insides = data.areas.id.map(() => true);
  page.isInside = (area) => (!page.wish.area ? true : area !== null && area >= 0 && insides[area]);
  page.shown = () => page.past?.cases ?? shown;
  const shades = wangge.shades(data, page, colours, source);
  if (frozen?.staffing) shades.know(frozen.staffing);
  page.fillOf = shades.fillOf;
  const paint = wangge.paint(ground, data, page);
  const names = wangge.names(ground, data, page);
  const dots = wangge.dots(page, colours);
  const workers = wangge.workers(source, ground, data, page, names, () => over.redraw());
  page.areaCode = () => page.wish.area || undefined;
  const stands = wangge.stands(source, ground, data, page, () => showStands());
  const signs = wangge.signs(ground, data, page, words, stands);
  const base = new wangge.Surface(ground, paint.draw);
  const marks = new wangge.Surface(ground, (pen, frame) => {
    paint.drawMarks(pen, frame);
  });
  const over = new wangge.Surface(ground, (pen, frame) => {
    names.draw(pen, frame);
    workers.draw(frame);
    dots.draw(pen, frame);
    signs.draw(pen, frame);
    measure.draw(pen, frame);
    report.draw(pen, frame);
    find.draw(pen, frame);
  });
  page.redrawMarks = () => over.redraw();
  page.toWorld = (latlng) => ground.toWorld(latlng);
  page.gridAt = ({ x, y }) => ground.gridAt(x, y);
  page.middle = () => map.getCenter();
  page.metre = ({ lat }) => (2 ** ground.DEEP * 256) / (40_075_016.686 * Math.cos((lat * Math.PI) / 180));

  const measure = wangge.measure(map, ground, page, words);
  const sides = wangge.deskSides(ground, data, page, words, rows);
  const tiles = wangge.deskTiles(source, page, words);
  const table = wangge.deskTable(page, words, rows, dots);
  const fields = wangge.deskFields(setup, words, send, rows);
  const steps = wangge.deskSteps(words, send, fields);
  const drawer = wangge.deskDrawer(page, words, send, rows, fields, steps);
  const find = wangge.deskFind(page, words, { source, map, ground, still });
  const report = wangge.deskReport(page, words, send, rows, fields, setup, find);
  const live = wangge.deskLive(source, rows, page, words);
  const { failed } = live;
  page.failed = failed;
  const replay = wangge.replay(source, rows, page, words);

  const cards = wangge.standCards(ground, data, page, words, stands, { root: setup.root, moment: page.moment, look: (no) => page.open(no), close: () => page.enter(undefined), withTexts: true });
  const standing = wangge.standing(map, ground, data, page, words, stands, { toggle: (layer) => toggle(layer), goTo: (grid) => page.want({ grid: data.grids.code[grid] }), failed });
  const showCard = () => {
    const card = byId("card");
    const isHeld = card.contains(document.activeElement);
    card.hidden = !cards.fill(card);
    if (isHeld) card.querySelector(".close")?.focus();
  };
  /** Show what is known of a station, a spot or a call; with nothing, no card. It lies on the list that it may have come from. */
  page.enter = (thing) => {
    const isByHand = [byId("stands"), byId("card")].some((box) => box.contains(document.activeElement));
    page.thing = thing;
    over.redraw();
    showCard();
    standing.show();
    if (isByHand) thing ? byId("card").querySelector(".close")?.focus() : standing.focus();
  };
  /** What stands on the ground is there, or has changed. */
  const showStands = () => {
    over.redraw();
    showCard();
    standing.show();
  };

  const boundsOf = () => {
    const scope = page.wish.area ? filter.areaAt.get(page.wish.area) : undefined;
    const grid = page.wish.grid ? data.grids.code.indexOf(page.wish.grid) : -1;
    if (grid >= 0) return ground.grids[grid].box;
    if (scope === undefined) return ground.whole;
    const box = ground.nowhere();
    data.grids.area.forEach((area, i) => { if (area !== null && insides[area]) ground.widen(box, ground.grids[i].box); });
    return Number.isFinite(box.left) ? box : ground.whole;
  };
  const fit = (animate = !still) => map.fitBounds(ground.bounds(boundsOf()), { paddingTopLeft: [26, Math.min(byId("tools").offsetHeight + 16, map.getSize().y * 0.3)], paddingBottomRight: [26 + standing.width(), 54], maxZoom: 17, animate });
  const scale = wangge.scale(map, words);

  // --- showing -----------------------------------------------------------------------------------------------------------

  const links = () => {
    const query = filter.asked(page.wish);
    query.set("lang", words.lang);
    byId("csv").href = `${setup.root}/v1/desk/incidents.csv?${query}`;
    tools.write(query, page.wish);
    byId("html").href = `${setup.root}/command/export.html?${query}`;
  };
  /** Everything that follows from what was fetched, the wish, and what time it is. */
  const show = ({ anew = false } = {}) => {
    look();
    const found = filter.apply(rows.all(), page.wish, (each) => rows.lightOf(each, moment));
    page.counts = found.counts;
    page.tally = found.tally;
    shown = filter.sort(found.shown, page.wish);
    page.case = page.wish.no || undefined;
    const total = rows.size;
    byId("count").textContent = words.say(shown.length === total ? "desk.count" : "desk.count.of", { n: words.number(shown.length), all: words.number(total) });
    byId("partial").hidden = isWhole;
    sides.show();
    tiles.show();
    showSpan();
    table.showHead();
    table.show(shown, { anew });
    shades.count();
    showMap();
    if (frozen) return;
    links();
    showCard();
    standing.show();
  };
  /** What follows from what grids are shaded by, and from the layers. */
  const showMap = () => {
    shades.paint();
    base.redraw();
    over.redraw();
    showKey();
  };
  let isDue = false;
  page.showSoon = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      if (!page.past) show();
    }, 150);
  };
  const showKey = () => {
    byId("key").replaceChildren(...shades.legend(words).map(([colour, text]) => {
      const swatch = make("i", {});
      swatch.style.background = colour;
      return make("li", {}, swatch, make("span", { text }));
    }));
  };

  /** The days that a button stands for; none: what is open, whenever it was reported. */
  const span = ({ dataset: { days } }) => {
    if (days === "0") return filter.NO_DAYS;
    const from = new Date(`${page.today}T00:00:00Z`);
    from.setUTCDate(from.getUTCDate() - Number(days) + 1);
    return { ...filter.NO_DAYS, from: from.toISOString().slice(0, 10), to: page.today };
  };
  const showSpan = () => {
    for (const button of document.querySelectorAll("[data-days]")) {
      button.setAttribute("aria-pressed", String(Object.entries(span(button)).every(([name, day]) => day === page.wish[name])));
    }
  };
  const take = (document) => {
    page.today = document.today;
    page.ahead = Date.now() / 1000 - document.at;
    isWhole = document.is_whole;
    rows.load(document);
  };
  page.fetch = () => live.whole(async () => {
    const wanted = filter.set(page.wish);
    fetchedFor = JSON.stringify(wanted);
    document.body.classList.add("fetching");
    try {
      const found = await source.get("/v1/desk/incidents", wanted);
      if (fetchedFor !== JSON.stringify(wanted)) return;
      take(found);
    } catch (error) {
      // What was wished for is not there: it is asked for again as soon as that can be done.
      if (fetchedFor === JSON.stringify(wanted)) fetchedFor = undefined;
      throw error;
    } finally {
      document.body.classList.remove("fetching");
    }
    show();
  });
  page.isBehind = () => fetchedFor === undefined;
  /** Take in how some stand now. */
  page.take = (document, numbers) => {
    rows.change(document, numbers, filter.belongs(page.wish));
    tiles.stir();
    for (const no of numbers) freshAt.set(no, Date.now());
    for (const [no, at] of freshAt) if (at < Date.now() - FRESH_S * 2000) freshAt.delete(no);
  };
  page.changed = (no) => live.changed(no);
  page.heard = (no) => drawer.heard(no);
  page.again = () => drawer.anew();
  page.isWriting = () => drawer.isWriting() || report.isWriting();
  let isOut = false;
  /** Whoever writes finishes first: they can sign in in another window. */
  page.signedOut = () => {
    if (isOut) return;
    isOut = true;
    const close = () => (page.isWriting() ? setTimeout(close, 1000) : cover("desk.signed_out"));
    close();
  };

  const aim = () => {
    insides = page.wish.area ? filter.insides(filter.areaAt.get(page.wish.area) ?? -1) : data.areas.id.map(() => true);
    page.chosen = page.wish.grid ? data.grids.code.indexOf(page.wish.grid) : -1;
  };
  const remember = (how) => {
    if (frozen) return;
    const address = filter.write(page.wish, location.href);
    if (address.href !== location.href) history[how](null, "", address);
  };
  const apply = async (before, { anew }) => {
    aim();
    marks.redraw();
    if (JSON.stringify(filter.set(page.wish)) !== fetchedFor && !frozen) await page.fetch();
    else show({ anew });
    if (before.area !== page.wish.area || before.grid !== page.wish.grid) fit();
    if (before.area !== page.wish.area) stands.refreshAll().catch(failed);
  };
  /** Change the wish; by `quietly` without a step in the browser's history. */
  page.want = (change, { quietly = false } = {}) => {
    const before = page.wish;
    page.wish = { ...page.wish, ...change };
    remember(quietly ? "replaceState" : "pushState");
    return apply(before, { anew: true }).catch(failed);
  };
  window.addEventListener("popstate", () => {
    const before = page.wish;
    page.wish = filter.read(location.href);
    apply(before, { anew: false }).catch(failed);
    tools.show();
    learn();
    stands.refreshAll().catch(failed);
    if (page.wish.no !== before.no) page.wish.no ? page.open(page.wish.no) : drawer.close();
  });

  /** Look at the map another way: that is no step in the browser's history. */
  const view = async (change) => {
    page.wish = { ...page.wish, ...change };
    remember("replaceState");
    tools.show();
    await learn();
    if (!frozen) links();
  };
  const toggle = (layer) => {
    view({ layers: { ...page.layers, [layer]: !page.layers[layer] } }).catch(failed);
    if (page.thing && !stands.isSeen(page.thing)) page.enter(undefined);
    stands.refreshAll().catch(failed);
    standing.turned(layer);
  };
  /** Draw by what the wish says; anew when there is what it takes and that was not there before. */
  const learn = async () => {
    showMap();
    await shades.learn().then((isNew) => { if (isNew) showMap(); }).catch(failed);
  };

  let following = 0;
  /** Mark an incident in the table and on the map. */
  page.point = (no) => {
    clearTimeout(following);
    page.wish = { ...page.wish, no };
    page.case = no || undefined;
    remember("replaceState");
    table.draw();
    over.redraw();
    const each = rows.find(no);
    if (!each) return;
    const at = ground.latLng(each.x, each.y);
    if (!map.getBounds().pad(-0.06).contains(at)) map.panTo(at, { animate: !still });
    // Whoever goes through the rows by keys waits for the one they stop at.
    if (drawer.no !== undefined && drawer.no !== no) following = setTimeout(() => drawer.show(no), 160);
  };
  page.open = (no, how = {}) => {
    page.point(no);
    clearTimeout(following);
    table.reveal();
    drawer.show(no, how);
  };
  page.turn = (past) => {
    const wish = { ...page.wish, ...UNKNOWN_THEN };
    page.past = past && { ...past, cases: filter.apply(past.cases, wish, (each) => rows.lightOf(each, past.at)).shown };
    shades.count();
    shades.paint();
    base.redraw();
    over.redraw();
    if (!past) show();
  };

  // --- what people do ----------------------------------------------------------------------------------------------------

  map.on("click", ({ latlng, containerPoint }) => {
    if (measure.take(latlng) || report.take(latlng)) return;
    const { x, y } = ground.toWorld(latlng);
    if (tools.into(map, ground, dots.clusters, x, y)) return;
    const scale = 2 ** (map.getZoom() - ground.DEEP);
    const each = dots.at(x, y, scale);
    const thing = signs.at(x, y, scale);
    if (thing && (thing.kind !== "call" || !each)) page.enter(thing);
    else if (each) page.open(each.no);
    else if (standing.take(containerPoint)) return;
    else {
      const code = data.grids.code[ground.gridAt(x, y)];
      if (code && code !== page.wish.grid) page.want({ grid: code });
      else if (page.wish.grid) page.want({ grid: undefined });
    }
  });
  map.on("mousemove", ({ latlng }) => {
    const { x, y } = ground.toWorld(latlng);
    const grid = ground.gridAt(x, y);
    if (grid === page.pointed) return;
    page.pointed = grid;
    byId("town_map").title = grid < 0 ? "" : page.gridName(data.grids.code[grid]);
    marks.redraw();
  });
  byId("zoom-in").addEventListener("click", () => map.zoomIn());
  byId("zoom-out").addEventListener("click", () => map.zoomOut());
  byId("fit").addEventListener("click", () => fit());
  byId("reset").addEventListener("click", () => page.want(filter.reset(page.wish)));
  let typing = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => page.want({ text: byId("search").value }, { quietly: true }), 120);
  });
  for (const id of ["from", "to"]) byId(id).addEventListener("change", () => page.want({ [id]: byId(id).value }));
  for (const button of document.querySelectorAll("[data-days]")) button.addEventListener("click", () => page.want(span(button)));
  const unfold = (wish) => {
    document.body.classList.toggle("with-side", wish);
    byId("filters").setAttribute("aria-expanded", String(document.body.classList.contains("with-side")));
  };
  byId("filters").addEventListener("click", () => unfold(!document.body.classList.contains("with-side")));
  for (const button of document.querySelectorAll("[data-tab]"))
    button.addEventListener("click", () => {
      document.body.dataset.tab = button.dataset.tab;
      for (const each of document.querySelectorAll("[data-tab]")) each.setAttribute("aria-pressed", String(each === button));
      map.invalidateSize({ animate: false });
      table.draw();
    });
  const menu = byId("take");
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    }
  });
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false; });

  const speak = (lang) => {
    words.speak(lang);
    document.title = words.say("desk.page");
    map.getContainer().setAttribute("aria-label", words.say("desk.canvas"));
    map.getContainer().setAttribute("role", "region");
    byId("me").textContent = me.name ?? "";
    if (frozen) byId("frozen").textContent = words.say("desk.frozen", { when: words.time(frozen.at, { year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) });
    tools.show();
    show();
    live.say();
    scale.show();
    measure.show();
    find.speak();
    replay.show();
    report.speak();
    drawer.speak();
  };
  byId("language").addEventListener("click", () => speak(words.lang === "zh" ? "en" : "zh"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (measure.isOn) measure.back();
      else if (report.isOn) report.toggle(false);
      else if (find.drop()) ;
      else if (document.body.classList.contains("with-side")) unfold(false);
      else if (page.thing) page.enter(undefined);
      else if (!byId("drawer").hidden) {
        drawer.close();
        byId("rows").focus();
      } else if (page.past) replay.live();
      else return;
    } else if (event.target.closest("input, select, textarea")) return;
    else if (event.key === "/") byId("search").focus();
    else if (event.key === "g" || event.key === "G") find.focus();
    else if (event.key === "n" || event.key === "N") report.toggle();
    else if (event.key === "m" || event.key === "M") measure.toggle();
    else if (event.key === "l" || event.key === "L") speak(words.lang === "zh" ? "en" : "zh");
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  // --- begin -------------------------------------------------------------------------------------------------------------

  map.invalidateSize({ animate: false });
  let first;
  try {
    if (frozen) first = frozen.incidents;
    else {
      const wanted = filter.set(page.wish);
      fetchedFor = JSON.stringify(wanted);
      first = await source.get("/v1/desk/incidents", wanted);
    }
  } catch (error) {
    cover(error.status === 403 ? "desk.denied" : "wall.unreachable");
    return;
  }
  take(first);
  if (!frozen) byId("wall").href = `${setup.root}/wall`;
  aim();
  look();
  const opened = page.wish.no;
  speak(words.lang);
  fit(false);
  for (const surface of [base, marks, over]) surface.addTo(map);
  scale.show();
  cover();
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(byId("town_map"));
  if (opened) page.open(opened);
  if (frozen) return;
  learn();
  stands.refreshAll().catch(failed);
  setInterval(() => { if (document.visibilityState === "visible") stands.refreshAll().catch(failed); }, 60_000);
  live.begin(first.cursor);
  // Time alone makes incidents late.
  setInterval(() => { if (!page.past && document.visibilityState === "visible") show(); }, 30_000);

  /** For tests, and for whoever looks in by the console. */
  window.wanggeDesk = { page, rows, filter, drawer, map, dots, ground, names, find, shown: () => shown };
};
