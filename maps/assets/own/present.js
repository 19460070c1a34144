/** How many people are on duty today, grid by grid, as far as posts and leave say; where anybody is nobody keeps. */
wangge.present = (source, data, may) => {
  const FRESH_MS = 300_000;
  const gridOf = new Map(data.grids.code.map((code, i) => [code, i]));
  let posts;
  let askedAt = 0;
  let counted = new Map();

  /** Bring it up to date; says whether anything came. */
  const refresh = async () => {
    if (!may || Date.now() - askedAt < FRESH_MS) return false;
    askedAt = Date.now();
    try {
      const { posts: { grid, who, away } } = await source.get("/v1/wall/on-duty");
      posts = who.map((person, i) => ({ grid: gridOf.get(grid.of[grid.at[i]]) ?? -1, person, isAway: Boolean(away[i]) }));
      counted = new Map();
    } catch (error) {
      askedAt = 0;
      throw error;
    }
    return true;
  };
  /** Who is there and who is on leave, of the grids that `isIn` names, each person once; counted once by the name that it is given. */
  const count = (name, isIn) => {
    if (!posts) return undefined;
    if (!counted.has(name)) {
      const [here, away] = [new Set(), new Set()];
      for (const { grid, person, isAway } of posts) if (grid >= 0 && isIn(grid)) (isAway ? away : here).add(person);
      counted.set(name, { here: here.size, away: away.size });
    }
    return counted.get(name);
  };

  return { refresh, count, may };
};
