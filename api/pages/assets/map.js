"use strict";

/**
 * A map of areas in `container`, drawn from GeoJSON alone.
 *
 * `colour(feature)` gives a fill and whether it is hatched, `tell(feature)` a node for the popup, `name(feature)` a text for
 * the pointer. Gives `{ map, show, add, choose, point }`.
 */
wangge.map = (container, { colour, tell, name, chosen = () => {} }) => {
  const { say, make } = wangge;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Other people's tiles, where the service was told of some; the map is then drawn as they are shifted.
  const tiles = document.getElementById("tiles") ? wangge.data("tiles") : null;
  const map = L.map(container, {
    crs: wangge.frames.crs(tiles?.frame),
    attributionControl: false,
    zoomControl: false,
    zoomSnap: 0.25,
    zoomDelta: 1,
    minZoom: 3,
    maxZoom: 20,
    zoomAnimation: !still,
    fadeAnimation: !still,
    scrollWheelZoom: false,
  });
  L.control.zoom({ zoomInTitle: say("map.zoom_in"), zoomOutTitle: say("map.zoom_out") }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 110 }).addTo(map);
  if (tiles) wangge.frames.lay(map, tiles);
  // The wheel turns the page until somebody works with the map.
  map.on("focus click", () => map.scrollWheelZoom.enable());
  map.getContainer().addEventListener("mouseleave", () => map.scrollWheelZoom.disable());

  const NS = "http://www.w3.org/2000/svg";
  const hatches = new Map();
  /** Give the address of a hatching over a colour; made when it is needed first. */
  const hatched = (fill) => {
    if (!hatches.has(fill)) {
      const id = `hatch-${hatches.size}`;
      const svg = document.createElementNS(NS, "svg");
      svg.setAttribute("width", "0");
      svg.setAttribute("height", "0");
      svg.setAttribute("aria-hidden", "true");
      svg.style.position = "absolute";
      const pattern = document.createElementNS(NS, "pattern");
      for (const [key, value] of Object.entries({ id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" })) pattern.setAttribute(key, value);
      const ground = document.createElementNS(NS, "rect");
      for (const [key, value] of Object.entries({ width: 7, height: 7, fill })) ground.setAttribute(key, value);
      const line = document.createElementNS(NS, "path");
      for (const [key, value] of Object.entries({ d: "M0 0V7", stroke: "#8a5a3a", "stroke-width": 2 })) line.setAttribute(key, value);
      pattern.append(ground, line);
      svg.append(pattern);
      document.body.append(svg);
      hatches.set(fill, `url(#${id})`);
    }
    return hatches.get(fill);
  };

  const layers = new Map();
  let group = null;
  let last = null;
  const plain = (layer) => {
    const { fill, hatch } = colour(layer.feature);
    return { color: "#44525e", weight: 1.2, fillColor: hatch && layers.size <= 1500 ? hatched(fill) : fill, fillOpacity: tiles ? 0.45 : 0.92 };
  };
  const mark = (id) => {
    if (last) last.setStyle(plain(last));
    last = layers.get(String(id)) ?? null;
    if (last) last.setStyle({ color: "#0b3647", weight: 3.5 }).bringToFront();
  };

  /** Draw features instead of those that are there, and show them all. */
  const show = (features) => {
    group?.remove();
    layers.clear();
    last = null;
    const many = features.length > 1500;
    group = L.geoJSON(features, {
      renderer: many ? L.canvas({ padding: 0.3 }) : L.svg({ padding: 0.3 }),
      pointToLayer: (_, where) => L.circleMarker(where, { radius: 6 }),
      onEachFeature: (feature, layer) => {
        layers.set(String(feature.id), layer);
        layer.bindPopup(() => tell(feature), { maxWidth: 300, autoPanPadding: [24, 24] });
        layer.bindTooltip(() => make("span", { text: name(feature) }), { sticky: true, direction: "top", offset: [0, -6] });
        layer.on("popupopen", () => {
          layer.closeTooltip();
          mark(feature.id);
          chosen(feature.id);
        });
        layer.on("popupclose", () => mark(null));
      },
    });
    group.eachLayer((layer) => layer.setStyle(plain(layer)));
    group.addTo(map);
    const bounds = group.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [18, 18], maxZoom: 18, animate: false });
    else map.setView([35, 105], 4);
  };

  /** Draw lines over everything: borders that are only compared with. */
  const add = (features) =>
    L.geoJSON(features, { interactive: false, style: { color: "#7a2f0a", weight: 2, dashArray: "6 5", fill: false } }).addTo(map);

  /** Choose a feature from outside the map. */
  const choose = (id) => {
    const layer = layers.get(String(id));
    if (!layer) return;
    layer.openPopup(layer.getLatLng?.() ?? layer.getBounds().getCenter());
  };

  let flag = null;
  /** Go to a place and mark it, with what there is to say of it; another place takes the mark away. */
  const point = (lat, lon, text) => {
    flag?.remove();
    flag = L.circleMarker([lat, lon], { radius: 13, color: "#a8400c", weight: 4, fill: false, className: "spot" }).addTo(map);
    map.setView([lat, lon], Math.max(map.getZoom(), 18), { animate: false });
    flag.bindPopup(() => make("p", { text }), { maxWidth: 280, offset: [0, -10] }).openPopup();
  };

  // Paper has another width than the window.
  window.addEventListener("beforeprint", () => {
    map.invalidateSize({ animate: false });
    if (group?.getBounds().isValid()) map.fitBounds(group.getBounds(), { padding: [8, 8], animate: false });
  });
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(container);
  return { map, show, add, choose, point };
};

/** Give the colour of a grid by its kind, of an incident by its light, or of an area. */
wangge.byKind = (fill) => (feature) => {
  const kind = feature.properties.kind;
  return { fill: fill[kind] ?? fill.area, hatch: kind === "dedicated" };
};

/** Make what a popup says of a feature: its name, kind and figures, and the way to its page. */
wangge.card = (feature, href) => {
  const { make, say, sayIf, number } = wangge;
  const { name, kind, households, grids, said } = feature.properties;
  const facts = [...(said ?? [])];
  if (kind && !said) facts.push(sayIf(`value.kind.${kind}`, kind));
  if (households !== undefined) facts.push(say("map.households", { n: number(households) }));
  if (grids !== undefined) facts.push(say("map.grids", { n: number(grids) }));
  const node = make("div", {}, make("b", { text: name ?? String(feature.id) }), make("p", { className: "digits", text: String(feature.id) }));
  if (facts.length) node.append(make("p", { text: facts.join(" · ") }));
  if (href) node.append(make("a", { href, text: say("map.open") }));
  return node;
};

/** Show the keys of what is on the map, and no others. */
wangge.keyed = (...kinds) => {
  for (const key of document.querySelectorAll("svg.key")) key.parentElement.hidden = !kinds.some((kind) => key.classList.contains(kind));
};

/* The keys beside the maps have the maps' colours. */
wangge.keys = (fill) => {
  for (const key of document.querySelectorAll("svg.key")) {
    const kind = [...key.classList].find((each) => each in fill);
    if (kind) key.querySelector("rect").style.fill = fill[kind];
    if (key.classList.contains("before")) Object.assign(key.querySelector("rect").style, { fill: "none", stroke: "#7a2f0a", strokeDasharray: "4 3", strokeWidth: 2 });
  }
};
