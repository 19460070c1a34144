/**
 * Saving: by hand, or half a minute after the last stroke, or when the page goes out of sight; never amid a stroke, never two at once.
 * Others' edits are merged where they touch nothing of ours; where they do, the planner decides.
 */
wangge.editSave = (source, here, page, { draft, edition, revision, idle_ms: idleMs }) => {
  const AGAIN_MS = 15_000;
  /** Answers from which nobody knows whether the service has heard: none at all, and those of a proxy before it. */
  const LOST = new Set([0, 502, 503, 504]);
  const { model } = page;
  let base = revision;
  let timer = 0;
  let running;
  /** What is on its way. Where the line breaks nobody knows whether it has arrived: it is sent again as it was, before anything newer. */
  let sent;
  /** `clean`, `dirty`, `saving`, `broken` (the line is down), `conflict`, `void` (this edition is no longer), `closed` (not to be edited any more), `refused`. */
  let state = "clean";

  const turn = (next, more = {}) => {
    state = next;
    page.onSave(state, more);
  };
  const isEmpty = ({ blocks, grids }) => !blocks.length && !grids.renamed.length;
  /** Keep in the browser what the service does not have. */
  const store = () => {
    const { blocks, grids } = model.changes();
    const unassigned = model.slots[model.NONE].members.filter((block) => model.saved[block] !== model.NONE);
    if (!blocks.length && !unassigned.length && !grids.renamed.length && !sent) {
      draft.drop();
      return false;
    }
    draft.keep({ edition, base, blocks: [...blocks, ...unassigned.map((block) => [block, ""])], grids, sent: sent?.body.blocks });
    return true;
  };

  const wait = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (model.isPainting) wait(1000);
      else save();
    }, ms);
  };
  /** Something was painted, or taken back. */
  const changed = () => {
    const isOpen = store();
    if (["broken", "conflict", "void", "closed"].includes(state) || running) return;
    clearTimeout(timer);
    if (isOpen) wait(idleMs);
    turn(isOpen ? "dirty" : "clean");
  };

  const take = (changes, answer) => {
    base = answer.revision;
    model.settle(changes, answer.keys);
    page.learn(answer.grids, () => model.merge(answer.theirs));
  };
  const failed = (error) => {
    store();
    if (error.code === "overlapping-edits") turn("conflict", { theirs: error.told.theirs, both: error.told.both, names: error.told.names, revision: error.told.revision });
    else if (error.code === "stale-edition") turn("void");
    else if (error.status === 0 || error.status >= 500 || error.status === 429) {
      turn("broken", { error });
      wait(AGAIN_MS);
    } else turn(["frozen", "illegal-transition"].includes(error.code) ? "closed" : "refused", { error });
  };
  /** Send what there is; gives true where everything that can be saved is. */
  const send = async (how) => {
    const isAgain = sent !== undefined;
    const changes = sent?.changes ?? model.changes();
    if (isEmpty(changes)) {
      store();
      turn(changes.waiting ? "dirty" : "clean");
      return true;
    }
    sent ??= { changes, name: source.name(), body: { edition, base, blocks: changes.blocks, grids: changes.grids } };
    store();
    turn("saving");
    let answer;
    try {
      ({ body: answer } = await source.send("PATCH", `${here}/assignments`, sent.body, { ...how, headers: { "Idempotency-Key": sent.name } }));
    } catch (error) {
      if (!LOST.has(error.status)) sent = undefined;
      failed(error);
      return false;
    }
    sent = undefined;
    take(changes, answer);
    // Somebody else has cut blocks: those on this page are no longer all that there are.
    const isOld = answer.edition !== edition;
    if (isAgain && !(isOld && isEmpty(model.changes()))) return send(how);
    turn(store() ? "dirty" : "clean", { at: Date.now() / 1000 });
    if (isOld) {
      page.again({ told: ["edit.part.elsewhere", {}] });
      return true;
    }
    if (state === "dirty" && !isEmpty(model.changes())) wait(idleMs);
    return true;
  };
  /** Save now; one that runs already is waited for, and what came after it is sent too. */
  const save = async (how = {}) => {
    if (model.isPainting || state === "conflict" || state === "void" || state === "closed") return false;
    clearTimeout(timer);
    if (running) {
      await running;
      return save(how);
    }
    running = send(how);
    try {
      return await running;
    } finally {
      running = undefined;
    }
  };

  /** End a conflict: keep what is ours over theirs, or take theirs where both touched the same; then save. */
  const settle = async (choice, { theirs, both, names, revision: now }) => {
    // Their grids may be new, and some of those that are known here gone.
    const { grids } = await source.get(`${here}/assignments`);
    const isBoth = new Set(both);
    const of = new Map(theirs);
    const asTheyHaveIt = both.map((block) => [block, of.has(block) ? of.get(block) : model.slots[model.saved[block]].key || null]);
    page.learn(grids, () => {
      if (choice === "theirs") model.unname(names.map(([key]) => key));
      return model.merge(theirs.filter(([block]) => !isBoth.has(block))) + model.merge(asTheyHaveIt, choice === "theirs");
    });
    base = now;
    turn("dirty");
    return save();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && (state === "dirty" || state === "broken")) save({ keepalive: JSON.stringify(sent?.body ?? model.changes()).length < 50_000 });
  });
  window.addEventListener("online", () => {
    if (state === "broken") save();
  });
  window.addEventListener("beforeunload", (event) => {
    if (state === "clean" || !store() || page.isReading) return;
    event.preventDefault();
  });

  return {
    changed, save, settle, store,
    /** Go on from a draft that was kept: it was made over an older revision, and is merged over that. */
    resume: (from) => { base = from; },
    get base() { return base; },
    get state() { return state; },
    get isPending() { return sent !== undefined || !isEmpty(model.changes()); },
  };
};
