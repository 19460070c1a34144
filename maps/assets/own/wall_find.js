/** Finding on the wall: a field that appears with a key, and what becomes of the choice. */
wangge.wallFind = (data, page, words, { source, map, ground, stands, toggle, still, redraw }) => {
  const box = document.getElementById("seek");
  const button = document.getElementById("find-open");
  const pin = wangge.pin(ground, redraw);
  const how = { animate: !still };

  const enter = async (code) => {
    if (!page.layers.stations) toggle("stations");
    await stands.refresh("stations");
    if (stands.find({ kind: "station", id: code })) page.enter({ kind: "station", id: code });
  };
  const chosen = (result) => {
    pin.set();
    toggleField(false);
    const area = data.areas.code.indexOf(result.code);
    const grid = data.grids.code.indexOf(result.code);
    if (result.kind === "area" && area >= 0) page.go(area);
    else if (result.kind === "grid" && grid >= 0) {
      if (!page.isInside(data.grids.area[grid])) page.go(data.grids.area[grid]);
      page.choose(grid);
      wangge.goTo(map, result, how);
    } else {
      wangge.goTo(map, result, how);
      if (result.kind === "station") enter(result.code).catch(() => {});
      if (result.kind !== "station" || !page.layers.stations) pin.set(result);
    }
  };
  const field = wangge.find(document.getElementById("find"), {
    say: words.say,
    ask: (q) => source.get("/v1/search", { q, own: true }),
    chosen,
    left: () => {
      toggleField(false);
      return true;
    },
  });
  /** Who had the keyboard before the field. */
  let before;
  const toggleField = (wish = box.hidden) => {
    field.clear();
    const isLeft = box.contains(document.activeElement);
    if (wish && !isLeft) before = document.activeElement;
    box.hidden = !wish;
    button.setAttribute("aria-expanded", String(wish));
    if (wish) document.getElementById("find").focus();
    else if (isLeft) before.focus();
  };
  button.addEventListener("click", () => toggleField());

  return { toggle: toggleField, draw: pin.draw, drop: pin.drop, speak: field.speak, get place() { return pin.place; } };
};
