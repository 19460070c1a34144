/**
 * Saving: by hand, or half a minute after the last stroke, or when the page goes out of sight; never amid a stroke, never two at once.
 * Others' edits are merged where they touch nothing of ours; where they do, the planner decides.
 */
wangge.editSave = (source, here, page, { draft, edition, revision, idle_ms: idleMs }) => {
  const AGAIN_MS = 15_000;
  const { model } = page;
  let base = revision;
  let timer = 0;
  let running;
  /** `clean`, `dirty`, `saving`, `broken` (the line is down), `conflict`, `void` (this edition is no longer), `closed` (not to be edited any more). */
  let state = "clean";
  let last = { text: "", name: "" };

  const turn = (next, more = {}) => {
    state = next;
    page.onSave(state, more);
  };
  const nameOf = (body) => {
    const text = JSON.stringify(body);
    if (text !== last.text) last = { text, name: crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
    return last.name;
  };
  const isEmpty = ({ blocks, grids }) => !blocks.length && !grids.renamed.length;
  /** Keep in the browser what the service does not have. */
  const store = () => {
    const { blocks, grids } = model.changes();
    const unassigned = model.slots[model.NONE].members.filter((block) => model.saved[block] !== model.NONE);
    if (!blocks.length && !unassigned.length && !grids.renamed.length) {
      draft.drop();
      return false;
    }
    draft.keep({ edition, base, blocks: [...blocks, ...unassigned.map((block) => [block, ""])], grids });
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
    if (state === "conflict" || state === "void" || state === "closed" || running) return;
    clearTimeout(timer);
    if (isOpen) wait(idleMs);
    turn(isOpen ? "dirty" : "clean");
  };

  const take = (sent, answer) => {
    base = answer.revision;
    model.settle(sent, answer.keys);
    page.learn(answer.grids, () => model.merge(answer.theirs));
  };
  const failed = (error, sent) => {
    store();
    if (error.code === "overlapping-edits") turn("conflict", { theirs: error.told.theirs, both: error.told.both, revision: error.told.revision, sent });
    else if (error.code === "stale-edition") turn("void");
    else if (error.status === 0 || error.status >= 500 || error.status === 429) {
      turn("broken", { error });
      wait(AGAIN_MS);
    } else turn(["frozen", "illegal-transition"].includes(error.code) ? "closed" : "refused", { error });
  };
  /** Send what there is; gives true where everything that can be saved is. */
  const send = async (how) => {
    const sent = model.changes();
    if (isEmpty(sent)) {
      store();
      turn(sent.waiting ? "dirty" : "clean");
      return true;
    }
    turn("saving");
    const body = { edition, base, blocks: sent.blocks, grids: sent.grids };
    try {
      const { body: answer } = await source.send("PATCH", `${here}/assignments`, body, { ...how, headers: { "Idempotency-Key": nameOf(body) } });
      take(sent, answer);
    } catch (error) {
      failed(error, sent);
      return false;
    }
    turn(store() ? "dirty" : "clean", { at: Date.now() / 1000 });
    if (state === "dirty" && !isEmpty(model.changes())) wait(idleMs);
    return true;
  };
  /** Save now; one that runs already is waited for, and what came after it is sent too. */
  const save = async (how = {}) => {
    clearTimeout(timer);
    if (model.isPainting || state === "conflict" || state === "void" || state === "closed") return false;
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
  const settle = (choice, { theirs, both, revision: now }) => {
    const isBoth = new Set(both);
    page.learn([], () => model.merge(theirs.filter(([block]) => !isBoth.has(block))) + model.merge(theirs.filter(([block]) => isBoth.has(block)), choice === "theirs"));
    base = now;
    turn("dirty");
    return save();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && (state === "dirty" || state === "broken")) save({ keepalive: JSON.stringify(model.changes()).length < 50_000 });
  });
  window.addEventListener("online", () => {
    if (state === "broken") save();
  });
  window.addEventListener("beforeunload", (event) => {
    if (state === "clean" || !store()) return;
    event.preventDefault();
  });

  return {
    changed, save, settle, store,
    /** Go on from a draft that was kept: it was made over an older revision, and is merged over that. */
    resume: (from) => { base = from; },
    get base() { return base; },
    get state() { return state; },
    get isPending() { return !isEmpty(model.changes()); },
  };
};
