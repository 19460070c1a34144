/** What a planner sets about grids: which are locked, from which a stroke may take, what they are called. */
wangge.editLocks = (page, words) => {
  const { make } = wangge;
  const { model } = page;
  const { NONE, slots } = model;
  const byId = (id) => document.getElementById(id);

  page.lock = (numbers, isLocked) => {
    if (!page.canEdit) return;
    for (const number of numbers) model.lock(number, isLocked);
    model.drain();
    const held = numbers.filter((number) => !slots[number].isDedicated && number !== NONE);
    page.table.update(held);
    page.paint.blocks();
    page.showLockAll();
    page.tell(held.length === 1 ? (isLocked ? "edit.lock.one" : "edit.unlock.one") : isLocked ? "edit.lock.many" : "edit.unlock.many", { grid: held.length ? page.nameOf(slots[held[0]]) : "", n: words.number(held.length) });
  };
  const lockable = () => slots.filter((slot) => slot.number !== NONE && !slot.isDedicated && slot.members.length);
  const areAllLocked = () => lockable().every((slot) => slot.isLocked);
  page.lockAll = () => {
    const isLocked = !areAllLocked();
    page.lock(lockable().map((slot) => slot.number), isLocked);
  };
  page.showLockAll = () => {
    byId("lock-all").textContent = words.say(areAllLocked() ? "edit.unlock.all" : "edit.lock.all");
    byId("lock-all").disabled = !page.canEdit;
  };
  page.showSource = () => {
    const select = byId("source");
    const { value } = select;
    for (const option of [...select.options].slice(2)) option.remove();
    const from = Number(value) > NONE ? Number(value) : -1;
    const offered = new Set([from, page.chosen].filter((number) => number > NONE));
    for (const number of offered) select.add(make("option", { value: String(number), text: words.say("edit.source.one", { grid: `#${number} ${page.nameOf(slots[number])}` }) }));
    select.value = value;
  };
  page.rename = () => {
    const slot = slots[page.chosen];
    if (!page.canEdit || page.tools.isBusy || !slot || slot.number === NONE || slot.isDedicated) return;
    byId("name-of").textContent = `#${slot.number} ${slot.code}`;
    byId("name-text").value = slot.name;
    byId("name").showModal();
  };
  byId("name-do").addEventListener("click", () => {
    byId("name").close();
    const name = byId("name-text").value.trim();
    // A grid that is there has a name; a new one without any gets the usual.
    if (!page.canEdit || (!name && slots[page.chosen].id !== null)) return;
    page.act("rename", () => model.rename(page.chosen, name));
    page.pick(page.chosen);
  });
  byId("name-text").addEventListener("keydown", (event) => {
    // While a word is put together, Enter ends that and nothing else.
    if (event.key === "Enter" && !event.isComposing) byId("name-do").click();
  });
  byId("name-cancel").addEventListener("click", () => byId("name").close());
};
