/** Going to a place on the desk's map by its name; what is listed stays. */
wangge.deskFind = (page, words, { source, map, ground, still }) => {
  const input = document.getElementById("find");
  const pin = wangge.pin(ground, () => page.redrawMarks());
  /** Ask for whatever lies where one works, or for what is of some kinds. */
  const ask = (q, kinds) => source.get("/v1/search", { q, kinds, own: true });
  const look = (result) => wangge.goTo(map, result, { animate: !still });
  const chosen = (result) => {
    pin.set(result);
    look(result);
  };
  const left = () => {
    input.blur();
    return true;
  };
  const field = wangge.find(input, { say: words.say, ask: (q) => ask(q), chosen, left });

  return { ask, look, draw: pin.draw, drop: pin.drop, speak: field.speak, focus: () => input.select(), get place() { return pin.place; } };
};
