/** What a plan changes against the net in force, as it stands on the page: whose heir a grid is, which blocks go over, whom it concerns. */
wangge.editCompare = (model, inForce) => {
  const { count, of, slots, blocks, NONE } = model;

  /**
   * Return by `heir` the slot that each grid in force goes on as (the one that takes most of its households, or else of its ground), and
   * by `moved` each block that leaves its grid's heir.
   */
  const look = () => {
    const shares = inForce.code.map(() => new Map());
    for (let block = 0; block < count; block += 1) {
      const old = inForce.of_block[block];
      if (old < 0 || of[block] === NONE) continue;
      const share = shares[old];
      const much = blocks.households[block] + blocks.area_m2[block] * 1e-9;
      share.set(of[block], (share.get(of[block]) ?? 0) + much);
    }
    const heir = shares.map((share) => [...share].sort(([p, a], [q, b]) => b - a || p - q)[0]?.[0] ?? NONE);
    const moved = [];
    for (let block = 0; block < count; block += 1) {
      const old = inForce.of_block[block];
      if (old >= 0 && heir[old] !== of[block]) moved.push(block);
    }
    return { heir, moved };
  };

  /** The list of changes: one row for each pair of an old grid and the one that its blocks go to, those of most households first. */
  const list = () => {
    const { heir, moved } = look();
    const rows = new Map();
    for (const block of moved) {
      const old = inForce.of_block[block];
      const key = `${old}:${of[block]}`;
      if (!rows.has(key)) rows.set(key, { from: old, to: of[block], blocks: [], households: 0, persons: 0, buildings: 0 });
      const row = rows.get(key);
      row.blocks.push(block);
      row.households += blocks.households[block];
      row.persons += blocks.persons[block];
      row.buildings += blocks.buildings[block];
    }
    const found = [...rows.values()].sort((a, b) => b.households - a.households || b.blocks.length - a.blocks.length || a.from - b.from);
    const before = new Map();
    heir.forEach((slot, old) => before.set(slot, [...(before.get(slot) ?? []), old]));
    const workers = new Set();
    const workersOf = (old) => inForce.workers[old] ?? [];
    for (const row of found) {
      row.workers = [...new Set([...workersOf(row.from), ...(before.get(row.to) ?? []).flatMap(workersOf)])];
      for (const name of row.workers) workers.add(name);
    }
    return { rows: found, moved, blocks: moved.length, households: found.reduce((sum, row) => sum + row.households, 0), workers: [...workers].sort(), touched: new Set(found.flatMap((row) => [row.to, heir[row.from]]).filter((slot) => slot !== NONE && slots[slot])).size };
  };

  return { look, list };
};
