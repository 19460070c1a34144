/**
 * What the grids of a map are shaded by and which layers lie on them: those that a reader with these `rights` may have, their place in
 * an address, and their buttons. `layers` are the page's, `usual` those that lie there unless an address says otherwise.
 */
wangge.tools = (page, words, { rights, layers, usual, choose, toggle }) => {
  const { make } = wangge;
  /** What a right is needed for is offered to those who have it: a screen that nobody sits at has none of these. */
  const NEEDS = {
    staffing: "manage_staff", stations: "see_internal", circle: "see_internal", points: "handle_incidents", calls: "handle_incidents",
    workers: "see_internal", assets: "see_internal",
  };
  const NONE = "none";
  const byId = (id) => document.getElementById(id);
  const isOpen = (name) => !(name in NEEDS) || rights.includes(NEEDS[name]);
  const SHADES = ["open", "late", "band", "staffing"].filter(isOpen);
  const LAYERS = layers.filter(isOpen);
  const code = (on) => LAYERS.filter((name) => on[name]).join("-") || NONE;
  const lay = (names) => Object.fromEntries(layers.map((name) => [name, LAYERS.includes(name) && names.includes(name)]));

  /** What parameters of an address say; what they do not say is as usual. */
  const read = (query) => {
    const shade = query.get("shade");
    return { shade: SHADES.includes(shade) ? shade : SHADES[0], layers: lay(query.get("layers")?.split("-") ?? usual) };
  };
  const write = (query, { shade, layers: on }) => {
    const said = { shade: shade === SHADES[0] ? "" : shade, layers: code(on) === code(lay(usual)) ? "" : code(on) };
    for (const [name, value] of Object.entries(said)) value ? query.set(name, value) : query.delete(name);
  };

  /** Go nearer to the heap of incidents at a place, until it falls apart; says whether there is one. */
  const into = (map, ground, clusters, x, y) => {
    const heap = clusters.at(x, y, 2 ** (map.getZoom() - ground.DEEP));
    if (!heap) return false;
    const bounds = ground.bounds(heap.box);
    map.setView(bounds.getCenter(), clusters.zoomInto(heap, map, bounds), { animate: !matchMedia("(prefers-reduced-motion: reduce)").matches });
    return true;
  };

  const show = () => {
    const focused = document.activeElement?.closest(".choice") ? document.activeElement.dataset.name : undefined;
    const buttons = (place, all, isOn, act, key, word) => byId(place).replaceChildren(...all.map((name, i) => {
      const button = make("button", { type: "button", text: words.say(word(name)), onclick: () => act(name) });
      button.setAttribute("aria-pressed", String(isOn(name)));
      button.dataset.name = name;
      if (page.hasKeys) button.title = words.say(key, { n: i + 1 });
      return button;
    }));
    buttons("shades", SHADES, (name) => page.shade === name, choose, "wall.key.shade", (name) => `wall.shade.${name}`);
    buttons("layers", LAYERS, (name) => page.layers[name], toggle, "wall.key.layer", (name) => `wall.layer.${name}`);
    if (focused) document.querySelector(`.choice [data-name="${focused}"]`)?.focus();
  };

  return { SHADES, LAYERS, isOpen, read, write, into, show };
};
