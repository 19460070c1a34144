/**
 * Which block is in which grid, as numbers: totals, locks, strokes, and the way back. Nothing here draws.
 *
 * A slot is a grid's place in `slots`, for as long as the page is open; slot 0 holds the blocks that are in no grid. A block may
 * change its grid only inside a stroke, and only where `refusal` has nothing against it.
 */
wangge.editModel = (blocks) => {
  const NONE = 0;
  const DEEP = 200;
  const count = blocks.community.length;
  const of = new Int32Array(count);
  const saved = new Int32Array(count);
  const place = new Int32Array(count);
  const slots = [];
  const byKey = new Map();
  const compounds = new Map();
  const cut = new Set();
  const touched = { slots: new Set(), blocks: new Set() };
  let done = [];
  let undone = [];
  let stroke;
  let made = 0;

  const addSlot = ({ key, id = null, code = "", name = "", kind = "residential", community = -1, colour = 0 }) => {
    const isDedicated = kind === "dedicated";
    const slot = { number: slots.length, key, id, code, name, kind, community, colour, isDedicated, isLocked: isDedicated, households: 0, persons: 0, buildings: 0, area: 0, members: [] };
    slots.push(slot);
    byKey.set(key, slot.number);
    touched.slots.add(slot.number);
    return slot.number;
  };
  addSlot({ key: "" });

  const reckon = (slot, block, sign) => {
    slot.households += sign * blocks.households[block];
    slot.persons += sign * blocks.persons[block];
    slot.buildings += sign * blocks.buildings[block];
    slot.area += sign * blocks.area_m2[block];
    const compound = blocks.compound[block];
    if (compound < 0) return;
    if (!compounds.has(compound)) compounds.set(compound, new Map());
    const parts = compounds.get(compound);
    const left = (parts.get(slot.number) ?? 0) + sign;
    if (left) parts.set(slot.number, left);
    else parts.delete(slot.number);
    if (parts.size - (parts.has(NONE) ? 1 : 0) > 1) cut.add(compound);
    else cut.delete(compound);
  };
  const enter = (block, to) => {
    const slot = slots[to];
    of[block] = to;
    place[block] = slot.members.length;
    slot.members.push(block);
    reckon(slot, block, 1);
    touched.slots.add(to);
  };
  const move = (block, to) => {
    const slot = slots[of[block]];
    const last = slot.members.pop();
    if (last !== block) {
      slot.members[place[block]] = last;
      place[last] = place[block];
    }
    reckon(slot, block, -1);
    touched.slots.add(slot.number);
    touched.blocks.add(block);
    enter(block, to);
  };

  /** Put the service's state in, once, before anything is painted. */
  const load = (grids, ofBlock) => {
    for (const grid of grids) addSlot({ ...grid, key: grid.id });
    for (let block = 0; block < count; block += 1) {
      enter(block, ofBlock[block] < 0 ? NONE : ofBlock[block] + 1);
      saved[block] = of[block];
    }
  };

  /** Why a block may not come into a slot, in one word; empty where it may. */
  const refusal = (block, to) => {
    const from = of[block];
    if (from === to) return "same";
    if (blocks.dedicated[block] || slots[from].isDedicated || slots[to].isDedicated) return "dedicated";
    if (slots[from].isLocked || slots[to].isLocked) return "locked";
    return to !== NONE && slots[to].community !== blocks.community[block] ? "line" : "";
  };

  const begin = (label) => {
    stroke = { label, from: new Map(), refused: new Map() };
  };
  /** Give a block to a slot, as part of the stroke that has begun; says whether it went there. */
  const give = (block, to) => {
    const why = refusal(block, to);
    if (why) {
      if (why !== "same") stroke.refused.set(why, (stroke.refused.get(why) ?? 0) + 1);
      return false;
    }
    if (!stroke.from.has(block)) stroke.from.set(block, of[block]);
    move(block, to);
    return true;
  };
  /** End the stroke: it can be undone as one. Says what it was, how many blocks it moved, and what stood against others. */
  const end = () => {
    const { label, from, refused } = stroke;
    stroke = undefined;
    const steps = [...from].map(([block, was]) => [block, was, of[block]]).filter(([, was, is]) => was !== is);
    if (steps.length) {
      done.push({ label, steps });
      if (done.length > DEEP) done = done.slice(-DEEP);
      undone = [];
    }
    return { label, moved: steps.length, refused };
  };
  const cancel = () => {
    for (const [block, was] of stroke.from) move(block, was);
    stroke = undefined;
  };

  /** A stroke back, or forth again; a grid that was locked since stands against it. */
  const replay = (from, to, step) => {
    const last = from.at(-1);
    if (!last || stroke) return undefined;
    const isHeld = last.steps.some(([, was, is]) => slots[was].isLocked || slots[is].isLocked);
    if (isHeld) return { label: last.label, moved: 0, refused: new Map([["locked", last.steps.length]]) };
    from.pop();
    for (const each of last.steps) step(each);
    to.push(last);
    return { label: last.label, moved: last.steps.length, refused: new Map() };
  };
  const undo = () => replay(done, undone, ([block, was]) => move(block, was));
  const redo = () => replay(undone, done, ([block, , is]) => move(block, is));

  const lock = (slot, isLocked) => {
    if (slot === NONE || slots[slot].isDedicated) return;
    slots[slot].isLocked = isLocked;
    touched.slots.add(slot);
  };

  /** A new grid, empty until something is painted into it. */
  const addGrid = (community, colour) => {
    do made += 1;
    while (byKey.has(`new-${made}`));
    return addSlot({ key: `new-${made}`, community, colour });
  };
  const rename = (slot, name) => {
    slots[slot].name = name;
    slots[slot].isRenamed = true;
    touched.slots.add(slot);
  };

  /** What differs from what the service has, in the form in which it is told; blocks of no grid are kept back until they have one. */
  const changes = () => {
    const pairs = [];
    const wanted = new Map();
    let waiting = 0;
    for (let block = 0; block < count; block += 1) {
      if (of[block] === saved[block]) continue;
      if (of[block] === NONE) {
        waiting += 1;
        continue;
      }
      const { key, id, community, name } = slots[of[block]];
      pairs.push([block, key]);
      if (id === null) wanted.set(key, { key, community, name });
    }
    const renamed = slots.filter((slot) => slot.isRenamed && slot.id !== null).map(({ key, name }) => ({ key, name }));
    return { blocks: pairs, grids: { new: [...wanted.values()], renamed }, waiting };
  };

  /** The service's grids as they are now: codes, names and kinds follow; unknown ones get a slot. Colours stay what they were. */
  const learn = (grids) => {
    for (const grid of grids) {
      const number = byKey.get(grid.id);
      if (number === undefined) addSlot({ ...grid, key: grid.id });
      else {
        const slot = slots[number];
        slot.code = grid.code;
        if (!slot.isRenamed) slot.name = grid.name;
        touched.slots.add(number);
      }
    }
  };
  /** What was sent is what the service has now; new grids are known by their ids from here on. */
  const settle = (sent, keys) => {
    for (const [key, id] of Object.entries(keys)) {
      const number = byKey.get(key);
      byKey.delete(key);
      byKey.set(id, number);
      slots[number].key = id;
      slots[number].id = id;
    }
    for (const [block, key] of sent.blocks) saved[block] = byKey.get(keys[key] ?? key);
    for (const { key, name } of [...sent.grids.new, ...sent.grids.renamed]) {
      const slot = slots[byKey.get(keys[key] ?? key)];
      if (slot.name === name) slot.isRenamed = false;
    }
  };
  /** Others' changes: taken where nothing of ours stands, or, with `isTheirs`, everywhere. Says how many blocks moved here. */
  const merge = (theirs, isTheirs = false) => {
    let moved = 0;
    for (const [block, key] of theirs) {
      const to = key === null ? NONE : byKey.get(key);
      if (to === undefined) continue;
      const isOurs = of[block] !== saved[block];
      saved[block] = to;
      if ((isOurs && !isTheirs) || of[block] === to) continue;
      move(block, to);
      moved += 1;
    }
    return moved;
  };

  /** What changed since this was last asked: the slots and blocks to show anew. */
  const drain = () => {
    const found = { slots: [...touched.slots], blocks: [...touched.blocks] };
    touched.slots.clear();
    touched.blocks.clear();
    return found;
  };

  return {
    NONE, count, blocks, of, saved, slots, byKey, compounds, cut, load, refusal, begin, give, end, cancel, undo, redo, lock, addGrid, rename, changes, learn, settle, merge, drain,
    get isPainting() { return stroke !== undefined; },
    get steps() { return { done: done.length, undone: undone.length }; },
    get pending() { return done.at(-1)?.label; },
  };
};
