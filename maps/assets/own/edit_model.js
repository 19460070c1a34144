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
    const slot = { number: slots.length, key, id, code, name, known: id === null ? "" : name, kind, community, colour, isDedicated, isLocked: isDedicated, households: 0, persons: 0, buildings: 0, area: 0, members: [] };
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
    stroke = { label, from: new Map(), names: new Map(), refused: new Map() };
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
  const call = (slot, name) => {
    slots[slot].name = name;
    touched.slots.add(slot);
  };
  /** Call a grid something else, as part of the stroke that has begun. */
  const rename = (slot, name) => {
    if (!stroke.names.has(slot)) stroke.names.set(slot, slots[slot].name);
    call(slot, name);
  };
  /** End the stroke: it can be undone as one. Says what it was, how many blocks it moved, and what stood against others. */
  const end = () => {
    const { label, from, names: before, refused } = stroke;
    stroke = undefined;
    const steps = [...from].map(([block, was]) => [block, was, of[block]]).filter(([, was, is]) => was !== is);
    const names = [...before].map(([slot, was]) => [slot, was, slots[slot].name]).filter(([, was, is]) => was !== is);
    if (steps.length || names.length) {
      done.push({ label, steps, names });
      if (done.length > DEEP) done = done.slice(-DEEP);
      undone = [];
    }
    return { label, moved: steps.length, refused };
  };
  const cancel = () => {
    for (const [block, was] of stroke.from) move(block, was);
    for (const [slot, was] of stroke.names) call(slot, was);
    stroke = undefined;
  };

  /** A stroke back, or forth again, to one of its two ends; a grid that was locked since stands against it. */
  const replay = (from, to, end) => {
    const last = from.at(-1);
    if (!last || stroke) return undefined;
    // Blocks that were cut are joined by the service.
    if (last.parts) return { label: last.label, parts: last.parts, isHeld: false, moved: 0 };
    const isHeld = last.steps.some(([, was, is]) => slots[was].isLocked || slots[is].isLocked);
    if (isHeld) return { label: last.label, isHeld, moved: 0 };
    from.pop();
    for (const step of last.steps) move(step[0], step[end]);
    for (const step of last.names) call(step[0], step[end]);
    to.push(last);
    return { label: last.label, isHeld, moved: last.steps.length };
  };
  const undo = () => replay(done, undone, 1);
  const redo = () => replay(undone, done, 2);
  /** Blocks that somebody else has moved since are no longer ours to take back. */
  const disown = (others) => {
    const left = (strokes) => strokes.map((each) => ({ ...each, steps: each.steps.filter(([block]) => !others.has(block)) })).filter(({ steps, names, parts }) => steps.length || names.length || parts);
    done = left(done);
    undone = left(undone);
  };

  /** What can be undone, in a form that outlives the page: grids by their keys. */
  const past = () => done.map(({ label, steps, names, parts }) => ({ label, steps: steps.map(([block, was, is]) => [block, slots[was].key, slots[is].key]), names: names.map(([slot, was, is]) => [slots[slot].key, was, is]), parts }));
  /** Take up again what could be undone; what came before a grid that is no more is over. */
  const recall = (strokes) => {
    const isThere = ({ steps, names, parts = [] }) => steps.every(([block, was, is]) => block < count && byKey.has(was) && byKey.has(is)) && names.every(([slot]) => byKey.has(slot)) && parts.every((block) => block < count);
    const first = strokes.findLastIndex((stroke) => !isThere(stroke)) + 1;
    done = strokes.slice(first).map(({ label, steps, names, parts }) => ({ label, steps: steps.map(([block, was, is]) => [block, byKey.get(was), byKey.get(is)]), names: names.map(([slot, was, is]) => [byKey.get(slot), was, is]), ...(parts ? { parts } : {}) }));
  };

  const lock = (slot, isLocked) => {
    if (slot === NONE || slots[slot].isDedicated) return;
    slots[slot].isLocked = isLocked;
    touched.slots.add(slot);
  };

  const freshKey = () => {
    do made += 1;
    while (byKey.has(`new-${made}`));
    return `new-${made}`;
  };
  /** A new grid, empty until something is painted into it. */
  const addGrid = (community, colour) => addSlot({ key: freshKey(), community, colour });

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
    const renamed = slots.filter((slot) => slot.name !== slot.known && slot.id !== null).map(({ key, name }) => ({ key, name }));
    return { blocks: pairs, grids: { new: [...wanted.values()], renamed }, waiting };
  };

  const rekey = (slot, key, id) => {
    byKey.delete(slot.key);
    byKey.set(key, slot.number);
    Object.assign(slot, { key, id });
    touched.slots.add(slot.number);
  };
  /**
   * All of the service's grids as they are now: codes, names and kinds follow; unknown ones get a slot. One that is there no longer is
   * made anew by the blocks that come back into it. Colours stay what they were.
   */
  const learn = (grids) => {
    const there = new Set(grids.map(({ id }) => id));
    for (const slot of slots)
      if (slot.id !== null && !there.has(slot.id)) {
        rekey(slot, freshKey(), null);
        Object.assign(slot, { code: "", known: "" });
      }
    for (const grid of grids) {
      const number = byKey.get(grid.id);
      if (number === undefined) addSlot({ ...grid, key: grid.id });
      else {
        const slot = slots[number];
        slot.code = grid.code;
        if (slot.name === slot.known) slot.name = grid.name;
        slot.known = grid.name;
        touched.slots.add(number);
      }
    }
  };
  /** Call grids what the service calls them. */
  const unname = (keys) => {
    for (const key of keys) {
      const number = byKey.get(key);
      if (number !== undefined) call(number, slots[number].known);
    }
  };
  /** What was sent is what the service has now; new grids are known by their ids from here on. */
  const settle = (sent, keys) => {
    for (const [key, id] of Object.entries(keys)) rekey(slots[byKey.get(key)], id, id);
    for (const [block, key] of sent.blocks) saved[block] = byKey.get(keys[key] ?? key);
    for (const { key, name } of [...sent.grids.new, ...sent.grids.renamed]) slots[byKey.get(keys[key] ?? key)].known = name;
  };
  /** Others' changes: taken where nothing of ours stands, or, with `isTheirs`, everywhere. Says how many blocks moved here. */
  const merge = (theirs, isTheirs = false) => {
    const moved = new Set();
    for (const [block, key] of theirs) {
      const to = key === null ? NONE : byKey.get(key);
      // A block that was made by a cut since is not known here.
      if (to === undefined || block >= count) continue;
      const isOurs = of[block] !== saved[block];
      saved[block] = to;
      if ((isOurs && !isTheirs) || of[block] === to) continue;
      move(block, to);
      moved.add(block);
    }
    if (moved.size) disown(moved);
    return moved.size;
  };

  /** What changed since this was last asked: the slots and blocks to show anew. */
  const drain = () => {
    const found = { slots: [...touched.slots], blocks: [...touched.blocks] };
    touched.slots.clear();
    touched.blocks.clear();
    return found;
  };

  return {
    NONE, count, blocks, of, saved, slots, byKey, compounds, cut, load, refusal, begin, give, end, cancel, undo, redo, lock, addGrid, rename, changes, learn, unname, settle, merge, drain, past, recall,
    get isPainting() { return stroke !== undefined; },
    get steps() { return { done: done.length, undone: undone.length }; },
    get pending() { return done.at(-1)?.label; },
  };
};
