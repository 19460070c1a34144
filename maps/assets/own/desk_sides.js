/** What narrows the desk: areas to go down to, a list of values for each facet with how many there would be, and chips of what is chosen. */
wangge.deskSides = (ground, data, page, words, rows) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const FACETS = ["light", "state", "category", "tier", "owner", "department", "grid", "source", "supervision", "mode", "kind", "urgent"];
  /** Those that are folded until somebody opens them. */
  const FOLDED = new Set(["owner", "department", "grid", "source", "supervision", "mode", "kind", "urgent"]);
  const SHORT = 8;
  const ORDERED = {
    light: ["red", "yellow", "green", "none"],
    state: ["reported", "verifying", "accepted", "assigned", "in_progress", "suspended", "handled", "feedback", "closed", "archived", "rejected", "voided"],
    tier: ["grid", "community", "street", "district"],
    supervision: ["red", "yellow", "normal", "none"],
    urgent: ["true", "false"],
  };
  const whole = new Set();
  const opened = new Map(FACETS.map((name) => [name, !FOLDED.has(name)]));
  const { areas } = data;
  const children = Map.groupBy(areas.id.map((_, i) => i), (i) => areas.parent[i]);
  const tops = children.get(null) ?? [];

  /** What a value of a facet is called. */
  const named = (facet, value) => {
    if (facet === "category") return rows.say.category(value);
    if (facet === "department") return value ? rows.say.org(value) : words.say("desk.nobody");
    if (facet === "owner") return value ? page.ownerName(value) : words.say("desk.nobody");
    if (facet === "source") return rows.say.source(value);
    if (facet === "grid") return value ? page.gridName(value) : words.say("wall.outside");
    if (facet === "supervision" && value === "none") return words.say("desk.unsupervised");
    if (facet === "urgent" || facet === "light") return words.say(`desk.${facet}.${value}`);
    if (facet === "area") return areas.name[areas.code.indexOf(value)] ?? value;
    return words.say(`${facet}.${value}`);
  };

  const isChosen = (facet, value) => (facet === "state" ? page.wish.state.includes(value) : page.wish[facet] === value);
  const choose = (facet, value) => {
    if (facet === "state") {
      const state = page.wish.state.includes(value) ? page.wish.state.filter((each) => each !== value) : [...page.wish.state, value];
      page.want({ state });
    } else page.want({ [facet]: isChosen(facet, value) ? undefined : value });
  };

  const line = (facet, value, n, most) => {
    const button = make("button", { type: "button", onclick: () => choose(facet, value) }, make("span", { text: named(facet, value) }), make("b", { text: words.number(n) }));
    button.setAttribute("aria-pressed", String(isChosen(facet, value)));
    button.dataset.facet = facet;
    button.dataset.value = value;
    button.style.setProperty("--share", `${most ? (n / most) * 100 : 0}%`);
    return make("li", { className: `value-${facet}` }, button);
  };
  const valuesOf = (facet) => {
    const counts = page.counts[facet];
    const known = ORDERED[facet];
    const there = new Map(counts);
    for (const value of facet === "state" ? page.wish.state : [page.wish[facet]].filter(Boolean)) if (!there.has(value)) there.set(value, 0);
    if (known) return known.filter((value) => there.has(value)).map((value) => [value, there.get(value)]);
    if (facet === "department") there.delete("");
    return [...there].sort((a, b) => isChosen(facet, b[0]) - isChosen(facet, a[0]) || b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  };

  const showFacet = (facet) => {
    const found = valuesOf(facet);
    const list = byId(`facet-${facet}`);
    const most = Math.max(1, ...found.map(([, n]) => n));
    // A value that nothing can be told apart by is no choice.
    list.closest("details").hidden = found.length < 2 && !found.some(([value]) => isChosen(facet, value));
    if (!opened.get(facet)) {
      list.replaceChildren();
      return;
    }
    const cut = whole.has(facet) ? found : found.slice(0, SHORT);
    list.replaceChildren(...cut.map(([value, n]) => line(facet, value, n, most)));
    if (found.length > SHORT) {
      const more = make("button", { type: "button", className: "more", text: words.say(whole.has(facet) ? "desk.less" : "desk.more", { n: words.number(found.length - SHORT) }), onclick: () => { whole.has(facet) ? whole.delete(facet) : whole.add(facet); showFacet(facet); byId(`facet-${facet}`).querySelector(".more")?.focus(); } });
      list.append(make("li", {}, more));
    }
  };

  const showAreas = () => {
    const scope = page.wish.area ? areas.code.indexOf(page.wish.area) : -1;
    const below = children.get(scope < 0 ? null : scope) ?? [];
    const start = scope < 0 && tops.length === 1 ? children.get(tops[0]) ?? [] : below;
    const sums = new Map();
    for (const [area, n] of page.counts.area) for (const each of ground.wayTo(area)) sums.set(each, (sums.get(each) ?? 0) + n);
    const most = Math.max(1, ...start.map((area) => sums.get(area) ?? 0));
    byId("areas").replaceChildren(...start.toSorted((a, b) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0) || (areas.code[a] < areas.code[b] ? -1 : 1)).map((area) => {
      const button = make("button", { type: "button", onclick: () => page.want({ area: areas.code[area], grid: undefined }) }, make("span", { text: areas.name[area] }), make("b", { text: words.number(sums.get(area) ?? 0) }));
      button.dataset.facet = "area";
      button.dataset.value = areas.code[area];
      button.style.setProperty("--share", `${((sums.get(area) ?? 0) / most) * 100}%`);
      return make("li", {}, button);
    }));
    byId("areas-box").hidden = !start.length;
    const way = scope < 0 ? tops.length === 1 ? [tops[0]] : [] : ground.wayTo(scope);
    const steps = tops.length === 1 ? way : [null, ...way];
    byId("crumbs").replaceChildren(...steps.map((area, i) => {
      const text = area === null ? words.say("wall.everywhere") : areas.name[area];
      if (i === steps.length - 1) return make("span", { text, ariaCurrent: "page" });
      return make("button", { type: "button", text, onclick: () => page.want({ area: area === null || areas.parent[area] === null && tops.length === 1 ? undefined : areas.code[area], grid: undefined }) });
    }));
  };

  const showChips = () => {
    const { wish } = page;
    const chips = [];
    const chip = (label, said, change, facet) => {
      const button = make("button", { type: "button", onclick: () => page.want(change) }, make("span", { text: label }), make("b", { text: said }), make("i", { text: "×" }));
      button.setAttribute("aria-label", words.say("desk.chip.remove", { name: `${label} ${said}` }));
      button.dataset.chip = facet;
      button.dataset.said = said;
      chips.push(button);
    };
    if (wish.text.trim()) chip(words.say("desk.facet.text"), wish.text.trim(), { text: "" }, "text");
    if (wish.from || wish.to) chip(words.say("desk.facet.period"), `${wish.from || "…"} – ${wish.to || "…"}`, { from: "", to: "" }, "period");
    if (wish.closed_from || wish.closed_to) chip(words.say("desk.facet.closed"), `${wish.closed_from || "…"} – ${wish.closed_to || "…"}`, { closed_from: "", closed_to: "" }, "closed");
    for (const state of wish.state) chip(words.say("desk.facet.state"), named("state", state), { state: wish.state.filter((each) => each !== state) }, "state");
    for (const facet of page.filter.ONE) if (wish[facet]) chip(words.say(`desk.facet.${facet}`), named(facet, wish[facet]), { [facet]: undefined }, facet);
    byId("chips").replaceChildren(...chips);
    byId("reset").hidden = !page.filter.isNarrow(wish);
    byId("filters-count").textContent = chips.length ? String(chips.length) : "";
  };

  /** Where the focus belongs when everything has been made anew: on the same again, or else on what stands nearest. */
  const heirs = (node) => {
    const { facet, value, chip, said } = node.dataset;
    const around = facet === "area" || byId("crumbs").contains(node) ? ["#areas button", "#crumbs button"] : [];
    if (facet) return [`[data-facet="${facet}"][data-value="${CSS.escape(value)}"]`, ...around, `#facet-${facet} button`];
    return chip ? [`[data-chip="${chip}"][data-said="${CSS.escape(said)}"]`, "#chips button", "#search"] : around;
  };
  const show = () => {
    const held = document.activeElement ?? document.body;
    const wanted = heirs(held);
    showAreas();
    for (const facet of FACETS) showFacet(facet);
    showChips();
    if (!held.isConnected) wanted.map((each) => document.querySelector(each)).find(Boolean)?.focus({ preventScroll: true });
    for (const [name, id] of [["from", "from"], ["to", "to"]]) if (document.activeElement !== byId(id)) byId(id).value = page.wish[name];
    if (document.activeElement !== byId("search")) byId("search").value = page.wish.text;
  };

  byId("facets").replaceChildren(...FACETS.map((facet) => {
    const box = make("details", { open: opened.get(facet) }, make("summary", {}, make("span", {})), make("ol", { id: `facet-${facet}` }));
    box.querySelector("span").dataset.word = `desk.facet.${facet}`;
    box.addEventListener("toggle", () => {
      opened.set(facet, box.open);
      showFacet(facet);
    });
    return box;
  }));

  return { show };
};
