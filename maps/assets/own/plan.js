/** The plan's page: one state, and what each thing does to it. */
wangge.plan = (map) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("plan-data").textContent);
  const words = wangge.words(data.words, document.documentElement.lang.startsWith("zh") ? "zh" : "en");
  const ground = wangge.ground(data);
  const grids = data.grids;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const page = { mode: "grids", chosen: -1, pointed: -1 };

  const paint = wangge.paint(ground, data, page);
  const labels = wangge.labels(ground, data, page, words);
  const figures = wangge.figures(data, words);
  const list = wangge.list(data, page, words, { isException: labels.isException, gauge: figures.gauge });
  const card = wangge.card(data, page, words, { reason: list.reason, gauge: figures.gauge });
  const legend = wangge.legend(data, page, words, { triangle: labels.triangle, hatch: paint.hatch });

  const base = new wangge.Surface(ground, (pen, frame) => {
    paint.draw(pen, frame);
    labels.draw(pen, frame);
  });
  const marks = new wangge.Surface(ground, paint.drawMarks);

  const fit = (animate = false) => {
    if (!Number.isFinite(ground.whole.left)) {
      map.setView([35, 105], 4);
      return;
    }
    // Beside the legend where that costs little, else under it.
    const bounds = ground.bounds(ground.whole);
    const aside = byId("legend").offsetWidth + 32;
    const costs = map.getBoundsZoom(bounds, false, L.point(48, 66)) - map.getBoundsZoom(bounds, false, L.point(24 + aside, 66));
    map.fitBounds(bounds, { paddingTopLeft: [24, 24], paddingBottomRight: [costs <= 0.25 && innerWidth > 860 ? aside : 24, 42], animate });
  };
  const zoomTo = (grid) => map.flyToBounds(ground.bounds(ground.grids[grid].box), { paddingTopLeft: [70, 60], paddingBottomRight: innerWidth > 860 ? [380, 70] : [60, 60], maxZoom: 17.5, duration: 0.5, animate: !still });
  /** Bring a grid into sight, clear of the card. */
  const see = (grid) => {
    const size = map.getSize();
    const right = size.x > 800 ? 370 : 40;
    const box = ground.bounds(ground.grids[grid].box);
    const northWest = map.latLngToContainerPoint(box.getNorthWest());
    const southEast = map.latLngToContainerPoint(box.getSouthEast());
    if (northWest.x > 60 && northWest.y > 20 && southEast.x < size.x - right && southEast.y < size.y - 40) return;
    map.panInside(box.getCenter(), { paddingTopLeft: [160, 130], paddingBottomRight: [right + 110, 130], animate: !still });
  };

  page.choose = (grid, how = {}) => {
    const before = page.chosen;
    page.chosen = grid;
    marks.redraw();
    card.show();
    list.mark(before, grid);
    if (grid >= 0 && how.zoom) zoomTo(grid);
    else if (grid >= 0 && how.see) see(grid);
  };
  page.step = (by, among = () => true) => {
    const order = list.order.filter(among);
    if (!order.length) return;
    const at = order.indexOf(page.chosen);
    page.choose(order[at < 0 ? (by > 0 ? 0 : order.length - 1) : (at + by + order.length) % order.length], { see: true });
  };
  const colourBy = (mode) => {
    page.mode = mode;
    byId("by-grids").setAttribute("aria-pressed", String(mode === "grids"));
    byId("by-band").setAttribute("aria-pressed", String(mode === "band"));
    base.redraw();
    legend.show();
  };

  const scale = wangge.scale(map, words);

  const speak = (lang) => {
    words.speak(lang);
    document.title = `${data.title} · ${words.say("plan.page")}`;
    byId("title").replaceChildren(data.title, make("span", { text: words.say("plan.page") }));
    const { minimum, target, maximum } = data.band;
    byId("subtitle").textContent = words.say("plan.subtitle", { communities: words.number(data.communities.name.length), minimum, target, maximum });
    byId("attribution").textContent = data.attribution;
    map.getContainer().setAttribute("role", "region");
    map.getContainer().setAttribute("aria-label", words.say("map.canvas"));
    figures.show();
    list.show();
    card.show();
    legend.show();
    scale.show();
    base.redraw();
  };

  /* pointing and choosing on the map */

  const gridUnder = (event) => {
    const { x, y } = ground.toWorld(map.mouseEventToLatLng(event.originalEvent));
    return ground.gridAt(x, y);
  };
  const tip = byId("tip");
  const point = (grid, at) => {
    if (grid !== page.pointed) {
      page.pointed = grid;
      marks.redraw();
      map.getContainer().classList.toggle("pointing", grid >= 0);
      if (grid >= 0) tip.replaceChildren(make("b", { text: grids.code[grid] }), make("span", { text: `${words.number(grids.households[grid])} ${words.say("plan.card.households")}` }));
    }
    tip.hidden = grid < 0;
    if (grid < 0) return;
    const left = Math.min(at.x + 14, map.getSize().x - tip.offsetWidth - 8);
    tip.style.transform = `translate(${left}px, ${Math.max(4, at.y - 36)}px)`;
  };
  let waiting = 0;
  map.on("mousemove", (event) => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => point(gridUnder(event), event.containerPoint));
  });
  map.on("mouseout movestart", () => {
    cancelAnimationFrame(waiting);
    point(-1);
  });
  map.on("click", (event) => page.choose(gridUnder(event)));

  /* buttons and keys */

  byId("by-grids").addEventListener("click", () => colourBy("grids"));
  byId("by-band").addEventListener("click", () => colourBy("band"));
  byId("language").addEventListener("click", () => speak(words.lang === "zh" ? "en" : "zh"));
  byId("print").addEventListener("click", () => window.print());
  byId("zoom-in").addEventListener("click", () => map.zoomIn(1));
  byId("zoom-out").addEventListener("click", () => map.zoomOut(1));
  byId("fit").addEventListener("click", () => fit(!still));

  const keys = {
    "/": () => byId("search").focus(),
    n: () => page.step(1),
    p: () => page.step(-1),
    e: () => page.step(1, labels.isException),
    z: () => page.chosen >= 0 && zoomTo(page.chosen),
    f: () => fit(!still),
    c: () => colourBy(page.mode === "grids" ? "band" : "grids"),
    l: () => speak(words.lang === "zh" ? "en" : "zh"),
    escape: () => page.choose(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target.tagName === "INPUT" && event.key !== "Escape")) return;
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });

  /* paper */

  let before = null;
  window.addEventListener("beforeprint", () => {
    if (before) return;
    before = { center: map.getCenter(), zoom: map.getZoom() };
    const bounds = map.getBounds();
    document.documentElement.classList.add("printing");
    map.invalidateSize({ animate: false, pan: false });
    if (bounds.contains(ground.bounds(ground.whole))) fit();
    else map.fitBounds(bounds, { animate: false });
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    map.invalidateSize({ animate: false, pan: false });
    if (before) map.setView(before.center, before.zoom, { animate: false });
    before = null;
  });

  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
  if (innerWidth <= 860) byId("legend").open = false;
  map.invalidateSize({ animate: false });
  words.speak(words.lang);
  legend.show();
  fit();
  base.addTo(map);
  marks.addTo(map);
  speak(words.lang);
};
