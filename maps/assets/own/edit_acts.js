/** What is done to the plan: strokes, boxes, cuts, merges, filling, new grids, and the way back. Each is one stroke that can be undone. */
wangge.editActs = (data, page, words, { map, colours }) => {
  const { ground, model, pieces, sides } = page;
  const { NONE, slots, of } = model;
  const byId = (id) => document.getElementById(id);

  let target = -1;
  let filtered = 0;
  const passes = (block) => {
    const from = byId("source").value;
    if (from === "all") return true;
    return from === "none" ? of[block] === NONE : of[block] === Number(from);
  };
  /** What a stroke has touched is drawn and told; with `isOver`, what waits for its end too. */
  page.follow = (isOver) => {
    const { slots: changed, blocks } = model.drain();
    if (!changed.length) {
      if (isOver) page.showEnd();
      return;
    }
    pieces.forget(changed);
    page.paint.forget(changed);
    if (page.shade === "band") page.paint.patch(changed.flatMap((number) => slots[number].members).concat(blocks));
    else page.paint.patch(blocks);
    page.table.update(changed);
    if (isOver) page.showEnd();
    else page.showCounts();
  };
  page.showEnd = () => {
    page.showCounts();
    page.changes.show();
    page.paint.top();
    const { done, undone } = model.steps;
    byId("undo").disabled = !page.canEdit || !done;
    byId("redo").disabled = !page.canEdit || !undone;
  };
  page.begin = (label) => {
    target = label === "erase" ? NONE : page.chosen;
    if (target < 0 || (label !== "erase" && target === NONE)) {
      page.tell("edit.choose_first");
      return false;
    }
    if (slots[target].isLocked) {
      page.tell("edit.is_locked", { grid: page.nameOf(slots[target]) });
      return false;
    }
    filtered = 0;
    model.begin(label);
    return true;
  };
  page.took = { steps: 0, most_ms: 0, all_ms: 0 };
  page.step = (blocks) => {
    const from = performance.now();
    for (const block of blocks)
      if (!passes(block)) filtered += of[block] === target ? 0 : 1;
      else model.give(block, target);
    page.follow(false);
    const ms = performance.now() - from;
    page.took.steps += 1;
    page.took.all_ms += ms;
    page.took.most_ms = Math.max(page.took.most_ms, ms);
  };
  page.end = () => {
    const done = model.end();
    if (filtered) done.refused.set("filter", filtered);
    filtered = 0;
    page.follow(true);
    page.changed();
    page.tellStroke(done);
    return done;
  };
  page.cancel = () => {
    model.cancel();
    page.follow(true);
    page.tell("edit.cancelled");
  };
  /** Do something to many blocks as one stroke. */
  page.act = (label, act) => {
    filtered = 0;
    model.begin(label);
    act();
    return page.end();
  };
  page.box = (box) => {
    if (!page.begin(page.tool === "erase" ? "erase" : "box")) return;
    for (const block of sides.inBox(box)) if (passes(block)) model.give(block, target);
    page.end();
  };
  const freeColour = (members) => {
    const used = new Map();
    for (const block of members) for (const other of pieces.neighbours(block)) used.set(slots[of[other]].colour, (used.get(slots[of[other]].colour) ?? 0) + 1);
    return colours.grids.map((_, colour) => colour).sort((a, b) => (used.get(a) ?? 0) - (used.get(b) ?? 0) || a - b)[0];
  };
  const addGrid = (community, members) => {
    if (slots.filter((slot) => slot.number !== NONE && (slot.members.length || slot.number === page.fresh)).length >= data.limits.max_grids) {
      page.tell("edit.too_many", { n: data.limits.max_grids });
      return undefined;
    }
    page.fresh = model.addGrid(community, freeColour(members));
    return page.fresh;
  };
  /** Blocks to the left of a line become a new grid: those of the chosen grid, or of the one under the line's beginning. */
  page.cut = (line) => {
    let slot = page.chosen;
    if (slot <= NONE) {
      const first = ground.gridAt(...line[0]);
      slot = first < 0 ? -1 : of[first];
    }
    if (slot <= NONE) {
      page.tell("edit.choose_first");
      return;
    }
    if (slots[slot].isLocked) {
      page.tell("edit.is_locked", { grid: page.nameOf(slots[slot]) });
      return;
    }
    const left = slots[slot].members.filter((block) => sides.isLeft(line, ground.grids[block].x, ground.grids[block].y));
    if (!left.length || left.length === slots[slot].members.length) {
      page.tell("edit.cut.nothing", { grid: page.nameOf(slots[slot]) });
      return;
    }
    const fresh = addGrid(slots[slot].community, left);
    if (fresh === undefined) return;
    page.act("cut", () => left.forEach((block) => model.give(block, fresh)));
    page.pick(fresh);
  };
  page.merge = (other) => {
    const to = page.chosen;
    if (to <= NONE || other <= NONE) {
      page.pick(other);
      if (other > NONE) page.tell("edit.merge.with", { grid: page.nameOf(slots[other]) });
      return;
    }
    if (to === other) return;
    if (slots[to].community !== slots[other].community) {
      page.tell("edit.merge.line");
      return;
    }
    if (slots[to].isLocked || slots[other].isLocked) {
      page.tell("edit.is_locked", { grid: page.nameOf(slots[slots[to].isLocked ? to : other]) });
      return;
    }
    page.act("merge", () => [...slots[other].members].forEach((block) => model.give(block, to)));
  };
  page.fill = () => {
    if (page.tools.isBusy) return;
    const strays = pieces.strays((to) => page.chosen <= NONE || to === page.chosen);
    if (!strays.length) {
      page.tell("edit.fill.none");
      return;
    }
    page.act("fill", () => strays.forEach(({ part, to }) => part.forEach((block) => model.give(block, to))));
  };
  page.addNew = () => {
    const community = page.chosen > NONE ? slots[page.chosen].community : page.tools.cursor >= 0 ? data.blocks.community[page.tools.cursor] : nearestCommunity();
    const fresh = addGrid(community, []);
    if (fresh === undefined) return;
    page.pick(fresh);
    page.useTool("brush");
    page.tell("edit.new.done", { grid: page.nameOf(slots[fresh]), community: data.communities.name[community] });
  };
  const nearestCommunity = () => {
    const { x, y } = ground.toWorld(map.getCenter());
    const block = ground.gridAt(x, y);
    return block >= 0 ? data.blocks.community[block] : 0;
  };
  page.replay = (way) => {
    if (!page.canEdit || page.tools.isBusy) return;
    const found = model[way]();
    if (!found) {
      page.tell(`edit.${way}.none`);
      return;
    }
    if (found.parts) {
      page.unpart(found);
      return;
    }
    page.follow(true);
    page.changed();
    const what = words.say(`edit.act.${found.label}`);
    if (found.isHeld) page.tell(`edit.${way}.locked`);
    else page.tell(found.moved ? `edit.${way}.done` : `edit.${way}.name`, { what, n: words.number(found.moved) });
  };
};
