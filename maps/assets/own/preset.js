/** How the wall is laid out: as one screen or as a row of them. The window's own shape decides, unless somebody does. */
wangge.preset = (asked, changed) => {
  const SHAPES = ["16:9", "32:9"];
  const isRow = matchMedia("(min-aspect-ratio: 26/10)");
  let shape = SHAPES.includes(asked) ? asked : undefined;

  const lay = () => {
    document.documentElement.dataset.shape = (shape ?? (isRow.matches ? "32:9" : "16:9")) === "32:9" ? "row" : "screen";
    changed();
  };
  isRow.addEventListener("change", lay);

  return {
    lay,
    /** From the window's own shape to one screen, to a row, and back. */
    turn: () => {
      shape = [...SHAPES, undefined][SHAPES.indexOf(shape) + 1];
      lay();
    },
    get shape() { return shape; },
  };
};
