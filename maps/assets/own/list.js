/** The grids as a table, which says all that the map says, and the exceptions as a list with their reasons. */
wangge.list = (data, page, words, parts) => {
  const { make } = wangge;
  const grids = data.grids;
  const byId = (id) => document.getElementById(id);
  const body = byId("rows");
  const reasons = byId("reasons");
  const nothing = byId("nothing");
  const tabs = { grids: byId("tab-grids"), exceptions: byId("tab-exceptions") };
  const search = byId("search");
  const sorting = { by: "code", down: false };
  const FIRST = 120;
  let rows = [];
  let waiting = [];
  let timer = 0;
  const notes = new Map();
  let tab = "grids";
  let order = grids.code.map((_, i) => i);

  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const haystack = grids.code.map((code, i) =>
    plain([code, grids.name[i], grids.community.of[grids.community.at[i]], grids.street.of[grids.street.at[i]], grids.subtype.of[grids.subtype.at[i]]].join("\n")),
  );
  const out = (i) => !grids.in_band[i] && !grids.dedicated[i];
  const reason = (i) => grids.exception[words.lang].of[grids.exception[words.lang].at[i]];

  const makeRow = (i) => {
    const code = make("td", {});
    if (parts.isException(i)) code.append(make("span", { className: "mark", text: "▲", title: reason(i) }));
    code.append(grids.code[i]);
    if (grids.dedicated[i]) code.append(make("span", { className: "kind", text: "▨", title: words.say("plan.kind.dedicated") }));
    const count = make("td", { className: "number" }, words.number(grids.households[i]));
    if (!grids.dedicated[i]) count.append(parts.gauge(grids.households[i]));
    const row = make(
      "tr",
      { tabIndex: -1, className: out(i) ? "out" : "" },
      code,
      count,
      make("td", { className: "number", text: words.hectares(grids.area[i]) }),
      make("td", { className: "number", text: words.number(grids.compactness[i], 2) }),
    );
    row.dataset.grid = i;
    row.setAttribute("aria-selected", String(i === page.chosen));
    return row;
  };

  const makeReason = (i) => {
    const button = make("button", { type: "button" }, make("b", { text: grids.code[i] }), make("em", { text: words.number(grids.households[i]) }), make("span", { text: reason(i) }));
    button.dataset.grid = i;
    if (i === page.chosen) button.setAttribute("aria-current", "true");
    return make("li", {}, button);
  };

  const compare = (a, b) => {
    const column = grids[sorting.by];
    const sign = sorting.down ? -1 : 1;
    if (column[a] < column[b]) return -sign;
    if (column[a] > column[b]) return sign;
    return a - b;
  };

  const matching = () => {
    const wanted = plain(search.value.trim());
    return order.filter((i) => haystack[i].includes(wanted));
  };

  const rowOf = (i) => (rows[i] ??= makeRow(i));

  /** The rest of a long table follows while the reader looks at its beginning. */
  const more = (count) => {
    clearTimeout(timer);
    body.append(...waiting.splice(0, count).map(rowOf));
    if (waiting.length) timer = setTimeout(more, 30, 300);
  };
  const fill = (found) => {
    body.replaceChildren();
    waiting = [...found];
    more(FIRST);
  };
  const all = () => more(waiting.length);

  /** One row is in the tab order: the chosen one, or the first. */
  const rove = (i) => {
    for (const row of body.querySelectorAll('[tabindex="0"]')) row.tabIndex = -1;
    if (i !== undefined) rowOf(i).tabIndex = 0;
  };

  /** Show what is looked for, in the order that is asked for. */
  const arrange = () => {
    const found = matching();
    const kept = tab === "grids" ? found : found.filter(parts.isException);
    fill(found);
    notes.clear();
    reasons.replaceChildren(...(tab === "exceptions" ? kept : []).map((i) => {
      notes.set(i, makeReason(i));
      return notes.get(i);
    }));
    byId("table").hidden = tab !== "grids" || !kept.length;
    reasons.hidden = tab !== "exceptions" || !kept.length;
    nothing.hidden = kept.length > 0;
    nothing.textContent = words.say(!grids.code.length ? "plan.empty" : search.value || tab === "grids" ? "plan.search.none" : "plan.no_exceptions");
    byId("found").textContent = search.value ? words.say("plan.search.count", { n: words.number(found.length) }) : "";
    for (const [name, count] of [["grids", found.length], ["exceptions", found.filter(parts.isException).length]])
      tabs[name].replaceChildren(words.say(`plan.tab.${name}`), make("small", { text: words.number(count) }));
    rove(found.includes(page.chosen) ? page.chosen : found[0]);
  };

  const sort = () => {
    order = grids.code.map((_, i) => i).sort(compare);
    for (const button of document.querySelectorAll("[data-sort]")) {
      const sorted = button.dataset.sort === sorting.by;
      if (sorted) button.parentElement.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      else button.parentElement.removeAttribute("aria-sort");
    }
    arrange();
  };

  const openTab = (name) => {
    tab = name;
    for (const [other, button] of Object.entries(tabs)) {
      button.setAttribute("aria-selected", String(other === name));
      button.tabIndex = other === name ? 0 : -1;
    }
    byId("pane").setAttribute("aria-labelledby", tabs[name].id);
    byId("pane").scrollTop = 0;
    arrange();
  };

  const show = () => {
    rows = [];
    sort();
  };

  /** Move the mark from the grid that was chosen to the one that is. */
  const mark = (before, now) => {
    rows[before]?.setAttribute("aria-selected", "false");
    rows[now]?.setAttribute("aria-selected", "true");
    notes.get(before)?.firstChild.removeAttribute("aria-current");
    notes.get(now)?.firstChild.setAttribute("aria-current", "true");
    if (now < 0) return;
    if (waiting.includes(now)) all();
    rove(now);
    (tab === "grids" ? rows[now] : notes.get(now))?.scrollIntoView({ block: "nearest" });
  };

  const gridOf = (event) => Number(event.target.closest("[data-grid]")?.dataset.grid ?? -1);
  for (const place of [body, reasons])
    place.addEventListener("click", (event) => {
      const grid = gridOf(event);
      if (grid >= 0) page.choose(grid, { see: true });
    });
  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    all();
    const next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling, Home: body.firstElementChild, End: body.lastElementChild }[event.key];
    if (next) {
      next.focus();
      page.choose(Number(next.dataset.grid), { see: true });
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      page.choose(gridOf(event), { zoom: true });
      event.preventDefault();
    }
  });
  for (const button of document.querySelectorAll("[data-sort]"))
    button.addEventListener("click", () => {
      sorting.down = sorting.by === button.dataset.sort ? !sorting.down : button.dataset.sort !== "code";
      sorting.by = button.dataset.sort;
      sort();
    });
  for (const [name, button] of Object.entries(tabs)) {
    button.addEventListener("click", () => openTab(name));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      openTab(name === "grids" ? "exceptions" : "grids");
      tabs[tab].focus();
    });
  }
  window.addEventListener("beforeprint", all);
  search.addEventListener("input", arrange);
  search.addEventListener("keydown", (event) => {
    const found = matching();
    if (event.key === "Enter" && found.length) page.choose(found[0], { zoom: true });
    if (event.key === "ArrowDown" && tab === "grids") body.firstElementChild?.focus();
  });

  return { show, mark, reason, get order() { return matching(); } };
};
