/** What hangs together: the pieces of each grid, and which grid a stray piece belongs to. Numbers only; nothing here draws. */
wangge.editPieces = (model, borders) => {
  const { count, of, slots, NONE } = model;
  const start = new Int32Array(count + 1);
  for (let i = 0; i < borders.a.length; i += 1) {
    start[borders.a[i] + 1] += 1;
    start[borders.b[i] + 1] += 1;
  }
  for (let block = 0; block < count; block += 1) start[block + 1] += start[block];
  const beside = new Int32Array(start[count]);
  const metres = new Float32Array(start[count]);
  const next = start.slice(0, count);
  const link = (from, to, length) => {
    beside[next[from]] = to;
    metres[next[from]] = length;
    next[from] += 1;
  };
  for (let i = 0; i < borders.a.length; i += 1) {
    link(borders.a[i], borders.b[i], borders.shared_m[i]);
    link(borders.b[i], borders.a[i], borders.shared_m[i]);
  }
  const mark = new Int32Array(count);
  let round = 0;
  const known = new Map();

  /** The blocks beside a block, in its community. */
  const neighbours = (block) => beside.subarray(start[block], start[block + 1]);

  /** The connected parts of some blocks, the one with most households first, then the one with most blocks. */
  const parts = (members) => {
    round += 1;
    const inside = round;
    for (const block of members) mark[block] = inside;
    const found = [];
    for (const seed of members) {
      if (mark[seed] !== inside) continue;
      const part = [seed];
      mark[seed] = 0;
      for (let i = 0; i < part.length; i += 1)
        for (let at = start[part[i]]; at < start[part[i] + 1]; at += 1)
          if (mark[beside[at]] === inside) {
            mark[beside[at]] = 0;
            part.push(beside[at]);
          }
      found.push(part);
    }
    const homes = (part) => part.reduce((sum, block) => sum + model.blocks.households[block], 0);
    return found.length < 2 ? found : found.map((part) => [homes(part), part]).sort(([a, p], [b, q]) => b - a || q.length - p.length).map(([, part]) => part);
  };

  /** The pieces of a slot; kept until `forget` is told that it changed. */
  const of_ = (slot) => {
    if (!known.has(slot)) known.set(slot, parts(slots[slot].members));
    return known.get(slot);
  };
  const forget = (changed) => {
    for (const slot of changed) known.delete(slot);
  };
  const broken = () => slots.filter((slot) => slot.number !== NONE && of_(slot.number).length > 1).map((slot) => slot.number);

  /** Metres of border that some blocks share with each slot around them. */
  const around = (part) => {
    const inside = new Set(part);
    const found = new Map();
    for (const block of part)
      for (let at = start[block]; at < start[block + 1]; at += 1)
        if (!inside.has(beside[at])) found.set(of[beside[at]], (found.get(of[beside[at]]) ?? 0) + metres[at]);
    return found;
  };
  /** Stray pieces and the slot that each would go to: the one with the longest common border of those that may take it. */
  const strays = (only = () => true) => {
    const found = [];
    for (const slot of slots) {
      const lost = slot.number === NONE ? of_(NONE) : of_(slot.number).slice(1);
      for (const part of lost) {
        const free = [...around(part)].filter(([to]) => to !== NONE && part.every((block) => !model.refusal(block, to)));
        const best = free.sort(([p, a], [q, b]) => b - a || p - q)[0]?.[0];
        if (best !== undefined && only(best, slot.number)) found.push({ part, to: best });
      }
    }
    return found;
  };

  return { of: of_, parts, forget, broken, around, strays, neighbours };
};
