/** Where the plan stands between the page and the service: saved or not, whose change counts, what comes back after a crash, what may still be done. */
wangge.editState = (data, page, words, { source, here, me, setup, begun }) => {
  const { make } = wangge;
  const { model, band, isPersons } = page;
  const { NONE, slots, of } = model;
  const byId = (id) => document.getElementById(id);
  let now = begun;
  let restored = 0;
  const isOpen = (state) => state === "draft" || state === "validated";

  let clash;
  page.onSave = (state, more) => {
    const pill = byId("saved");
    pill.className = `saved ${state}`;
    const at = more.at && words.time(more.at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    byId("saved-text").textContent = words.say(!page.canEdit ? "edit.saved.reading" : state === "clean" && at ? "edit.saved.at" : `edit.saved.${state}`, { at });
    pill.title = more.error ? page.textOf(more.error) : "";
    if (more.at) refresh().catch(page.complain);
    byId("save").disabled = !page.canEdit || state === "clean" || state === "saving" || state === "void" || state === "closed";
    byId("offline").hidden = !["broken", "refused", "void", "closed"].includes(state);
    byId("offline-again").hidden = state === "closed";
    byId("offline-text").textContent = words.say(`edit.notice.${state === "refused" ? "refused" : state === "void" ? "void" : state === "closed" ? "closed" : "broken"}`, { why: more.error ? page.textOf(more.error) : "" });
    if (state === "closed") close();
    if (state === "conflict") {
      clash = more;
      const names = [...new Set(more.both.map((block) => of[block]))].map((number) => page.nameOf(slots[number]));
      byId("clash-text").textContent = words.say("edit.clash.text", { n: more.both.length, grids: names.slice(0, 5).join(words.say("edit.and")) });
      byId("clash").showModal();
    }
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
  const draft = wangge.editDraft(setup.plan, me.person ?? "");
  const saver = wangge.editSave(source, here, page, { draft, edition: now.edition, revision: now.plan.revision, idle_ms: setup.idle_ms });
  page.save = () => saver.save();
  page.isWaiting = () => slots[NONE].members.length > 0;
  /** The state of the plan that is on this page: as it was read, saved, or left by a step that was taken here. */
  let seen = begun.plan.revision;
  page.revision = () => Math.max(seen, saver.base);
  page.plan = () => now.plan;
  /** What may be done now, as the service says. */
  const refresh = async () => {
    const { body } = await source.ask(here);
    page.told(body);
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
    saver.settle(choice, clash).then((isDone) => { if (isDone) page.tell(`edit.clash.${choice}.done`); });
  };
  byId("clash-mine").addEventListener("click", () => decide("mine"));
  byId("clash-theirs").addEventListener("click", () => decide("theirs"));
  byId("clash-see").addEventListener("click", () => {
    byId("clash").close();
    page.look(clash.both);
    page.tell("edit.clash.seen");
  });
  byId("save").addEventListener("click", () => (saver.state === "conflict" ? byId("clash").showModal() : page.save()));
  byId("offline-again").addEventListener("click", () => (saver.state === "void" ? location.reload() : page.save()));

  /** What was painted before a crash comes back, over the state that it was painted on. */
  const restore = () => {
    const kept = draft.read();
    if (!kept || !page.canEdit) return;
    if (kept.edition !== now.edition) {
      draft.drop();
      page.tell("edit.draft.void");
      return;
    }
    const fresh = new Map(kept.grids.new.map(({ key, community }) => [key, model.addGrid(community, 0)]));
    const { moved } = page.act("restore", () => {
      for (const [block, key] of kept.blocks) {
        const to = key === "" ? NONE : (fresh.get(key) ?? model.byKey.get(key));
        if (to !== undefined) model.give(block, to);
      }
    });
    for (const { key, name } of kept.grids.renamed) if (model.byKey.has(key)) model.rename(model.byKey.get(key), name);
    saver.resume(Math.min(kept.base, now.plan.revision));
    saver.changed();
    page.follow(true);
    restored = moved;
    byId("restored").hidden = !moved;
    page.showHead();
  };
  byId("restored-drop").addEventListener("click", () => {
    byId("restored").hidden = true;
    page.replay("undo");
    saver.resume(begun.plan.revision);
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
    page.onSave(saver.state, {});
  };

  return { saver, restore };
};
