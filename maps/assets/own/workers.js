/** Who works in the grids that are in sight, as their public cards say: asked for when the map is near enough to write it. */
wangge.workers = (source, ground, data, page, names, redraw) => {
  const FRESH_MS = 300_000;
  const TOGETHER = 100;
  const WAIT_MS = 200;
  const askedAt = new Map();
  let wanted = new Set();
  let timer = 0;

  const ask = async () => {
    const some = [...wanted].slice(0, TOGETHER);
    wanted = new Set([...wanted].slice(TOGETHER));
    for (const i of some) askedAt.set(i, Date.now());
    try {
      const found = await source.get("/v1/wall/workers", { grid: some.map((i) => data.grids.code[i]) });
      const told = new Map(found.grid.map((code, at) => [code, found.name[at]]));
      for (const i of some) names.people.set(i, told.get(data.grids.code[i]));
      redraw();
    } catch (error) {
      // A name that could not be had is missing on the map and asked for again; the line says what is wrong with it.
      for (const i of some) askedAt.delete(i);
      if (error.status === undefined) throw error;
    }
    if (wanted.size) timer = setTimeout(ask, WAIT_MS);
  };
  /** Have the names of whatever is in sight now. */
  const draw = (frame) => {
    if (!page.layers.workers) return;
    ground.grids.forEach((one, i) => {
      if (names.isRoomy(one, frame) && page.isInside(data.grids.area[i]) && Date.now() - (askedAt.get(i) ?? 0) > FRESH_MS) wanted.add(i);
    });
    if (!wanted.size) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  };

  return { draw };
};
