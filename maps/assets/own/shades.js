/** What the grids are shaded by: how much is open or late in each, how it stands to the band, who is missing there. */
wangge.shades = (data, page, colours, source) => {
  const STEPS = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 100, 150, 200, 300, 500, 1000];
  const grids = data.grids;
  let counts = { open: new Int32Array(grids.code.length), late: new Int32Array(grids.code.length) };
  let gaps;
  let edges = { open: [1, 2, 3, 4], late: [1, 2, 3, 4] };
  let fills = grids.code.map(() => colours.none);

  /** Four lower ends of classes, so that the highest is reached: of 7 at most: 1, 2, 3, 5. */
  const classes = (most) => {
    const ends = STEPS.filter((step) => step <= Math.max(4, most));
    if (ends.length <= 4) return [1, 2, 3, 4];
    return [0, 1, 2, 3].map((i) => ends[Math.round((i * (ends.length - 1)) / 3)]);
  };
  const classOf = (value, ends) => ends.filter((end) => value >= end).length;

  /** Count what is shown now, once through. */
  const count = () => {
    const size = grids.code.length;
    counts = { open: new Int32Array(size), late: new Int32Array(size) };
    for (const each of page.shown()) {
      if (each.grid < 0) continue;
      counts.open[each.grid] += 1;
      if (page.isLate(each)) counts.late[each.grid] += 1;
    }
    edges = { open: classes(Math.max(0, ...counts.open)), late: classes(Math.max(0, ...counts.late)) };
  };

  const colourOf = (i) => {
    if (!page.isInside(grids.area[i])) return colours.outside;
    if (page.shade === "band") return grids.step[i] === null ? colours.none : colours.band[grids.step[i]];
    if (page.shade === "staffing") {
      const gap = gaps?.get(grids.code[i]);
      return gap == null ? colours.none : gap === 0 ? colours.scale[1] : gap === 1 ? colours.scale[3] : colours.scale[4];
    }
    return colours.scale[classOf(counts[page.shade][i], edges[page.shade])];
  };
  const paint = () => {
    fills = grids.code.map((_, i) => colourOf(i));
  };

  /** The legend of the shade that is chosen: pairs of a colour and what it says. */
  const legend = (words) => {
    const { say } = words;
    if (page.shade === "band") return [0, 1, 2, 3, 4, 5, 6].filter((step) => grids.step.includes(step)).map((step) => [colours.band[step], say(`wall.step.${step}`)]);
    if (page.shade === "staffing") return [[colours.scale[1], say("wall.gap.0")], [colours.scale[3], say("wall.gap.1")], [colours.scale[4], say("wall.gap.2")], [colours.none, say("wall.gap.none")]];
    const ends = edges[page.shade];
    const named = (from, to) => (to === undefined ? say("wall.class.from", { from }) : from === to ? String(from) : say("wall.class", { from, to }));
    return [[colours.scale[0], named(0, ends[0] - 1)], ...ends.map((end, i) => [colours.scale[i + 1], named(end, ends[i + 1] === undefined ? undefined : ends[i + 1] - 1)])];
  };

  const know = ({ grid, gap }) => { gaps = new Map(grid.map((code, i) => [code, gap[i]])); };
  /** Have what the shade that is chosen needs; it is asked for once. Says whether it came only now. */
  const learn = async () => {
    if (page.shade !== "staffing" || gaps) return false;
    know(await source.get("/v1/wall/staffing"));
    return true;
  };

  return {
    count, paint, legend,
    fillOf: (i) => fills[i],
    of: (i) => ({ open: counts.open[i], late: counts.late[i], gap: gaps?.get(grids.code[i]) }),
    know, learn,
  };
};
