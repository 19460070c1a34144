/** Where the plan stands between the page and the service: saved or not, whose change counts, what comes back after a crash, what may still be done. */
wangge.editState = (data, page, words, { source, here, setup, begun, draft }) => {
  const { make } = wangge;
  const { model, band, isPersons } = page;
  const { NONE, slots, of } = model;
  const byId = (id) => document.getElementById(id);
  let now = begun;
  let restored = 0;
  const isOpen = (state) => state === "draft" || state === "validated";

  /** What came with the last turn of saving: when, why not, or what both have moved. */
  let turned = {};
  const showSave = () => {
    const { state } = saver;
    const pill = byId("saved");
    pill.className = `saved ${state}`;
    const at = turned.at && words.time(turned.at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    byId("saved-text").textContent = words.say(!page.canEdit ? "edit.saved.reading" : state === "clean" && at ? "edit.saved.at" : `edit.saved.${state}`, { at });
    const why = turned.error ? page.textOf(turned.error) : "";
    const isOut = turned.error?.status === 401;
    pill.title = why;
    byId("save").disabled = !page.canEdit || state === "clean" || state === "saving" || state === "void" || state === "closed";
    byId("offline").hidden = !["broken", "refused", "void", "closed"].includes(state);
    byId("offline-again").hidden = state === "closed";
    byId("offline-text").textContent = words.say(`edit.notice.${isOut ? "signed_out" : ["refused", "void", "closed"].includes(state) ? state : "broken"}`, { why });
    byId("offline-sign-in").hidden = !isOut;
    if (state !== "conflict") return;
    const names = [...new Set(turned.both.map((block) => of[block]))].map((number) => page.nameOf(slots[number]));
    const called = turned.names.map(([key, theirs]) => words.say("edit.clash.name", { mine: slots[model.byKey.get(key)].name, theirs }));
    const said = [];
    if (turned.both.length) said.push(words.say("edit.clash.text", { n: words.number(turned.both.length), grids: names.slice(0, 5).join(words.say("edit.and")) }));
    if (called.length) said.push(words.say("edit.clash.names", { names: called.slice(0, 5).join(words.say("edit.and")) }));
    byId("clash-text").textContent = [...said, words.say("edit.clash.whose")].join(words.lang === "en" ? " " : "");
  };
  page.onSave = (state, more) => {
    turned = more;
    showSave();
    if (more.at) refresh().catch(page.complain);
    if (state === "closed") close();
    if (state === "conflict") ask();
  };
  const ask = () => {
    if (!byId("clash").open) byId("clash").showModal();
  };
  /** What the service told about grids goes in, and what it moved is drawn. */
  page.learn = (grids, act) => {
    model.learn(grids);
    const moved = act();
    now = { ...now, plan: { ...now.plan, state: now.plan.state === "validated" ? "draft" : now.plan.state } };
    page.follow(true);
    page.table.all();
    if (moved) page.tell("edit.merged", { n: words.number(moved) });
  };
  const saver = wangge.editSave(source, here, page, { draft, edition: now.edition, revision: now.plan.revision, idle_ms: setup.idle_ms });
  page.save = async () => {
    if (saver.state !== "conflict") return saver.save();
    ask();
    return false;
  };
  page.isWaiting = () => slots[NONE].members.length > 0;
  /** The state of the plan that is on this page: as it was read, saved, or left by a step that was taken here. */
  let seen = begun.plan.revision;
  page.revision = () => Math.max(seen, saver.base);
  page.plan = () => now.plan;
  /** What may be done now, as the service says. */
  const refresh = async () => {
    const { body } = await source.ask(here);
    // An answer that comes late tells of a state that is over.
    if (body.revision >= page.revision()) page.told(body);
  };
  page.stepped = (plan) => {
    seen = plan.revision;
    page.told(plan);
  };
  page.told = (plan) => {
    now = { ...now, plan: { ...now.plan, state: plan.state, version: plan.version }, transitions: plan.transitions };
    if (!isOpen(plan.state)) close();
    page.showHead();
    page.steps.offer(plan.transitions);
  };
  page.reload = async () => {
    if (saver.isPending) saver.store();
    page.isReading = true;
    location.reload();
  };
  /** From here on the page only shows. */
  const close = () => {
    page.canEdit = false;
    page.useTool("hand");
    page.table.all();
    page.showHead();
    page.showEnd();
    page.showLockAll();
  };
  const decide = (choice) => {
    byId("clash").close();
    saver.settle(choice, turned).then((isDone) => { if (isDone) page.tell(`edit.clash.${choice}.done`); }).catch(page.complain);
  };
  byId("clash-mine").addEventListener("click", () => decide("mine"));
  byId("clash-theirs").addEventListener("click", () => decide("theirs"));
  byId("clash-see").addEventListener("click", () => {
    byId("clash").close();
    page.look([...turned.both, ...turned.names.flatMap(([key]) => slots[model.byKey.get(key)].members)]);
    page.tell("edit.clash.seen");
  });
  byId("save").addEventListener("click", page.save);
  byId("offline-sign-in").href = `${setup.root}/sign-in?next=${encodeURIComponent(setup.here)}`;
  byId("offline-again").addEventListener("click", () => (saver.state === "void" ? location.reload() : page.save()));

  /**
   * What was on its way when the page ended: if all of it is where it was to go, it had arrived, and the grids that it made are found by
   * their blocks. Gives these by their keys; nothing where it had not.
   */
  const arrived = (sent) => {
    const groups = Map.groupBy(sent, ([, key]) => key);
    const numbers = new Map();
    for (const [key, group] of groups) {
      const number = model.byKey.get(key) ?? of[group[0][0]];
      if (group.some(([block]) => of[block] !== number)) return undefined;
      if (!model.byKey.has(key) && (number === NONE || slots[number].members.length !== group.length)) return undefined;
      numbers.set(key, number);
    }
    return numbers;
  };
  /** What was painted before a crash comes back, over the state that it was painted on. */
  const restore = () => {
    const found = draft.read();
    if (!found || !page.canEdit) return;
    const [making, drawn = 0] = found.edition.split(".");
    if (making !== now.edition.split(".")[0]) {
      draft.drop();
      page.tell("edit.draft.void");
      return;
    }
    // What was painted on a block that was cut or joined since is not known any more.
    const others = new Set(data.made.filter(([, since]) => since > Number(drawn)).map(([block]) => block));
    const known = (pairs) => pairs.filter(([block]) => block < model.count && !others.has(block));
    const kept = { ...found, blocks: known(found.blocks), sent: found.sent && known(found.sent) };
    const lost = found.blocks.length - kept.blocks.length;
    const there = kept.sent && arrived(kept.sent);
    const fresh = new Map(kept.grids.new.map(({ key, community }, i) => [key, there?.get(key) ?? model.addGrid(community, i)]));
    const before = model.steps.done;
    saver.resume(there ? now.plan.revision : Math.min(kept.base, now.plan.revision));
    const { moved } = page.act("restore", () => {
      for (const [block, key] of kept.blocks) {
        const to = key === "" ? NONE : (fresh.get(key) ?? model.byKey.get(key));
        if (to !== undefined) model.give(block, to);
      }
      for (const { key, name } of [...kept.grids.new, ...kept.grids.renamed]) {
        const slot = fresh.get(key) ?? model.byKey.get(key);
        if (slot !== undefined && name) model.rename(slot, name);
      }
    });
    if (model.steps.done === before) {
      // Nothing of it is left to save: it had arrived, or its blocks are no more.
      saver.resume(now.plan.revision);
      page.tell(lost ? "edit.draft.cut" : "edit.tool.brush.how", { n: lost });
      return;
    }
    if (lost) page.tell("edit.draft.cut", { n: lost });
    restored = moved;
    byId("restored").hidden = false;
    byId("restored-drop").hidden = false;
    page.showHead();
  };
  /** Something was painted, named or taken back. What came back is discarded whole only as long as nothing follows it. */
  page.changed = () => {
    byId("restored-drop").hidden = true;
    saver.changed();
  };
  byId("restored-drop").addEventListener("click", () => {
    byId("restored").hidden = true;
    page.replay("undo");
    saver.resume(Math.max(saver.base, begun.plan.revision));
  });
  byId("restored-close").addEventListener("click", () => { byId("restored").hidden = true; });
  page.showHead = () => {
    const { number, title, state, version } = now.plan;
    const name = title || words.say("edit.plan", { n: number });
    document.title = `${name} · ${words.say("edit.page")}`;
    byId("title").textContent = name;
    byId("subtitle").replaceChildren(
      make("span", { className: "state", text: page.steps.sayIf(`state.${state}`, state) }),
      words.say("edit.subtitle", { version, communities: words.number(data.communities.name.length), low: words.number(band.low), target: words.number(band.target), high: words.number(band.high), unit: words.say(isPersons ? "edit.persons" : "edit.households") }),
    );
    byId("restored-text").textContent = words.say("edit.draft.back", { n: words.number(restored) });
    byId("reading").hidden = page.canEdit;
    byId("reading-text").textContent = words.say(isOpen(state) ? "edit.reading" : "edit.reading.state", { state: page.steps.sayIf(`state.${state}`, state) });
    for (const id of ["save", "suggest"]) byId(id).hidden = !page.canEdit;
    for (const id of ["fill", "new"]) byId(id).disabled = !page.canEdit;
    for (const button of document.querySelectorAll("button[data-tool]")) button.disabled = !page.canEdit && button.dataset.tool !== "hand" && button.dataset.tool !== "note";
    showSave();
  };

  return { saver, restore };
};
