/** The grids as a table that follows every stroke: what is in no grid first, then each community's grids. Rows that did not change stay. */
wangge.editTable = (data, page, words) => {
  const { make } = wangge;
  const { model, pieces } = page;
  const { slots, NONE } = model;
  const table = document.getElementById("grids");
  const only = document.getElementById("only");
  const rows = new Map();
  const bodies = new Map();
  const END = 1.35;

  const bar = () => {
    const node = make("span", { className: "gauge" }, make("i"));
    node.setAttribute("aria-hidden", "true");
    const { low, high } = page.band;
    node.style.setProperty("--from", `${(low / (high * END)) * 100}%`);
    node.style.setProperty("--to", `${100 / END}%`);
    return node;
  };

  const makeRow = (slot) => {
    const mark = make("span", { className: "swatch" });
    const number = make("td", { className: "no" }, mark, make("b", { text: slot.number === NONE ? "0" : String(slot.number) }));
    const name = make("td", { className: "name" });
    const count = make("span", { className: "count" });
    const off = make("span", { className: "off" });
    const gauge = slot.number === NONE || slot.isDedicated ? undefined : bar();
    const held = make("td", { className: "number" }, count, off, ...(gauge ? [gauge] : []));
    const parts = make("td", { className: "parts" });
    const lock = make("button", { type: "button", className: "lock", tabIndex: -1 });
    const locks = make("td", { className: "locks" }, ...(slot.number === NONE ? [] : [lock]));
    const row = make("tr", { tabIndex: -1 }, number, name, held, parts, locks);
    row.dataset.slot = slot.number;
    return { row, mark, name, count, off, gauge, parts, lock };
  };
  const bodyOf = (community) => {
    if (!bodies.has(community)) {
      const body = make("tbody");
      const total = make("small");
      if (community >= 0 && data.communities.name.length > 1)
        body.append(make("tr", { className: "head" }, make("th", { scope: "rowgroup", colSpan: 5 }, make("span", { text: data.communities.name[community] }), total)));
      bodies.set(community, { body, total });
      const after = [...bodies.keys()].filter((other) => other > community).sort((a, b) => a - b)[0];
      table.insertBefore(body, after === undefined ? null : bodies.get(after).body);
    }
    return bodies.get(community);
  };

  const isShown = (slot) => {
    if (slot.number === NONE || slot.number === page.chosen) return true;
    if (!slot.members.length) return slot.id === null && slot.number === page.fresh;
    if (only.value === "out") return !slot.isDedicated && !page.isInBand(slot);
    if (only.value === "broken") return pieces.of(slot.number).length > 1;
    return only.value !== "locked" || slot.isLocked;
  };
  const put = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };
  const show = (number) => {
    const slot = slots[number];
    if (!rows.has(number)) {
      const made = makeRow(slot);
      rows.set(number, made);
      bodyOf(number === NONE ? -1 : slot.community).body.append(made.row);
    }
    const { row, mark, name, count, off, gauge, parts, lock } = rows.get(number);
    const isNone = number === NONE;
    const measure = page.measureOf(slot);
    const isOut = !isNone && !slot.isDedicated && !page.isInBand(slot);
    const broken = isNone ? 0 : pieces.of(number).length;
    put(name, isNone ? words.say("edit.nobody") : page.nameOf(slot));
    name.title = isNone ? "" : [slot.code, slot.name].filter(Boolean).join(" ");
    put(count, words.number(measure));
    const away = measure - page.band.target;
    put(off, isNone ? words.say("edit.blocks", { n: words.number(slot.members.length) }) : slot.isDedicated ? words.say("edit.dedicated") : away ? `${away > 0 ? "+" : "−"}${words.number(Math.abs(away))}` : "±0");
    gauge?.style.setProperty("--at", `${Math.min(100, (measure / (page.band.high * END)) * 100)}%`);
    put(parts, isNone ? "" : broken > 1 ? words.say("edit.pieces", { n: broken }) : "1");
    parts.title = broken > 1 ? words.say("edit.pieces.title", { n: broken }) : "";
    row.className = [isNone ? "none" : "", isNone && slot.members.length ? "some" : "", isOut ? "out" : "", broken > 1 ? "broken" : "", slot.isLocked ? "held" : "", slot.isDedicated ? "dedicated" : ""].filter(Boolean).join(" ");
    row.hidden = !isShown(slot);
    row.setAttribute("aria-selected", String(number === page.chosen));
    mark.style.background = isNone ? "" : page.colourOf(slot);
    if (isNone) return;
    lock.disabled = slot.isDedicated || !page.canEdit;
    lock.setAttribute("aria-pressed", String(slot.isLocked));
    lock.setAttribute("aria-label", words.say(slot.isLocked ? "edit.unlock" : "edit.lock", { grid: page.nameOf(slot) }));
    lock.title = lock.getAttribute("aria-label");
  };
  const total = (community) => {
    const { total: node } = bodyOf(community);
    const own = slots.filter((slot) => slot.number !== NONE && slot.community === community && slot.members.length);
    put(node, words.say("edit.community.total", { n: own.length, m: words.number(own.reduce((sum, slot) => sum + page.measureOf(slot), 0)) }));
  };
  const rove = () => {
    for (const { row } of rows.values()) if (row.tabIndex === 0) row.tabIndex = -1;
    const held = rows.get(page.chosen) ?? rows.get(NONE);
    if (held) held.row.tabIndex = 0;
  };

  /** Show the rows of some slots anew. */
  const update = (changed) => {
    for (const number of changed) show(number);
    for (const community of new Set(changed.filter((number) => number !== NONE).map((number) => slots[number].community))) total(community);
  };
  const all = () => {
    bodyOf(-1);
    update(slots.map((slot) => slot.number));
    rove();
  };
  const choose = (before, now) => {
    for (const number of [before, now]) if (number >= 0) show(number);
    rove();
    rows.get(now)?.row.scrollIntoView({ block: "nearest" });
  };

  const slotOf = (event) => Number(event.target.closest("[data-slot]")?.dataset.slot ?? -1);
  table.addEventListener("click", (event) => {
    const slot = slotOf(event);
    if (slot < 0) return;
    if (event.target.closest(".lock")) page.lock([slot], !slots[slot].isLocked);
    else page.pick(slot, { see: true });
  });
  table.addEventListener("dblclick", (event) => {
    const slot = slotOf(event);
    if (slot >= 0 && !event.target.closest(".lock")) page.zoomTo(slot);
  });
  table.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const slot = slotOf(event);
    const shown = [...rows.values()].map((each) => each.row).filter((each) => !each.hidden).sort((a, b) => (a.compareDocumentPosition(b) & 4 ? -1 : 1));
    const at = shown.indexOf(row);
    const next = { ArrowDown: shown[at + 1], ArrowUp: shown[at - 1], Home: shown[0], End: shown.at(-1) }[event.key];
    if (next) {
      page.pick(Number(next.dataset.slot), { see: true });
      next.focus();
    } else if (event.key === "Enter" && event.target === row) page.zoomTo(slot);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  only.addEventListener("change", all);

  return { update, all, choose };
};
