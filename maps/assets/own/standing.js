/** What stands on the ground, on a page: its panel, the lines of its calls, and what a choice in one does to the other. */
wangge.standing = (map, ground, data, page, words, stands, { toggle, goTo, failed }) => {
  const LAYERS = ["stations", "circle", "points", "calls", "assets"];
  /** From here on a station and those around it are told apart. */
  const NEAR_ZOOM = 14.5;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** Choose from a list: where it lies comes into sight. */
  const choose = (thing) => {
    page.enter(thing);
    const found = stands.find(thing);
    if (!found) return;
    const at = ground.latLng(found.x, found.y);
    // The lines of a call go over the whole map.
    if (thing.kind === "call" && map.getBounds().contains(at)) return;
    const zoom = thing.kind === "call" ? map.getZoom() : Math.max(map.getZoom(), NEAR_ZOOM);
    map.setView(map.unproject(map.project(at, zoom).add([list.width() / 2, 0]), zoom), zoom, { animate: !still });
  };
  /** Have the lines of one department stand out, and list its calls; with none, all. */
  const pick = (code) => {
    wires.focus(code);
    list.only(code);
    list.open("calls");
    wires.show();
  };
  const list = wangge.standList(data, page, words, stands, { pick, choose, goTo, circle: () => toggle("circle"), failed });
  const wires = wangge.wires(map, ground, data, page, words, stands, { pick, choose: (thing) => page.enter(thing) });
  const show = () => {
    wires.show();
    list.show();
  };
  /** A layer was put on the map, or taken from it. */
  const turned = (layer) => {
    if (LAYERS.includes(layer) && page.layers[layer]) list.open(layer);
    show();
  };

  return { show, turned, take: wires.take, width: list.width, focus: list.focus };
};
