"use strict";

/* The figures of an area and of its parts, as /v1/stats and /v1/panel tell them; what is shown stands in the address. */
(() => {
  const { ask, say, sayIf, make, byId, number, root } = wangge;
  const asked = wangge.data("asked");
  const told = wangge.data("told");
  const OVERVIEW = "overview";
  const PARTS = { city: "district", district: "street", street: "community", community: "grid" };
  const ofPanel = new Set(told.panel);
  const slow = new Set(told.slow);
  const isPlace = (group) => told.groups[group].every((id) => ofPanel.has(id));
  const lang = wangge.lang === "en" ? "en" : "zh";
  let known = {};
  let area = null;

  /* addresses */

  /** The address of this page with something else in it; what is as usual is left out. */
  const here = (change) => {
    const { area: code, window: span, at, by, show } = { ...asked, area: area?.code ?? asked.area, at: asked.is_today ? "" : asked.at, ...change };
    const said = { area: code, window: span === "year" ? "" : span, at, by, show: show === OVERVIEW ? "" : show };
    return `${root}/figures?${new URLSearchParams(Object.entries(said).filter(([, value]) => value))}`;
  };
  const day = () => (asked.is_today ? {} : { at: asked.at });
  const statsOf = (ids, more = {}) => `${root}/v1/stats?${new URLSearchParams({ area: area.code, ...day(), from: asked.since, metrics: ids.join(","), ...more })}`;
  const panelOf = (more = {}) => `${root}/v1/panel?${new URLSearchParams({ area: area.code, ...day(), ...more })}`;

  /* one figure */

  const unit = (id) => (known[id]?.unit === "hours" ? ` ${say("figures.js.hours")}` : "");
  const written = (id, shown) => (shown.value === null ? "—" : `${shown.text}${unit(id)}`);
  /** What a figure is made of, or why there is none. */
  const made = (id, shown, withheld = []) => {
    if (withheld.includes(id)) return say("figures.js.withheld");
    if (shown.value === null) return say(shown.d === 0 ? "figures.js.no_ground" : "figures.js.unstated");
    if (shown.d === undefined) return "";
    if (known[id]?.unit === "hours") return say("figures.js.of_cases", { n: number(shown.d) });
    return `${number(shown.n)} ÷ ${number(shown.d)}`;
  };
  const beside = (shown) => {
    const some = Object.entries(shown.parts ?? {}).map(([part, n]) => `${sayIf(`figures.part.${part}`, part)} ${number(n)}`);
    if (shown.p50 !== undefined && shown.p50 !== null) some.push(say("figures.js.within", { p50: number(shown.p50), p90: number(shown.p90) }));
    return some.join(" · ");
  };

  const cells = new Map();
  const lineOf = (id) => {
    const more = make("small", { className: "parts" });
    const value = make("b", { text: "…" });
    const from = make("small");
    const line = make("tr", {}, make("th", { scope: "row" }, make("span", { text: known[id].name }), make("small", { text: known[id].formula[lang] }), more), make("td", { className: "number" }, value, from));
    line.dataset.figure = id;
    cells.set(id, { more, value, from, line });
    return line;
  };
  // On a narrow page the groups are shut, as chapters of a long list.
  const isWide = matchMedia("(min-width: 861px)").matches;
  const blockOf = (group, ids) => {
    const title = make("h3", { text: say(`figures.group.${group}`), id: `group-${group}` });
    const table = make("table", { className: "tally" }, make("tbody", {}, ...ids.map(lineOf)));
    table.setAttribute("aria-labelledby", title.id);
    return make("details", { className: "group", open: isWide }, make("summary", {}, title), table);
  };
  const fill = (figures, withheld) => {
    for (const [id, shown] of Object.entries(figures)) {
      const cell = cells.get(id);
      if (cell) {
        cell.value.textContent = written(id, shown);
        cell.from.textContent = made(id, shown, withheld);
        cell.more.textContent = beside(shown);
      }
      const large = document.querySelector(`#headline [data-figure="${id}"] dd`);
      if (large) large.textContent = written(id, shown);
    }
  };
  /** What did not come is not on its way any more. */
  const give_up = (ids) => {
    for (const id of ids) {
      if (cells.get(id)?.value.textContent === "…") cells.get(id).value.textContent = "—";
      const large = document.querySelector(`#headline [data-figure="${id}"] dd`);
      if (large?.textContent === "…") large.textContent = "—";
    }
  };

  /* tables */

  const head = (...titles) => make("tr", {}, ...titles.map(([text, className = "text", title = ""]) => make("th", { scope: "col", className, text, title })));
  const figureCell = (id, shown, withheld) => {
    const from = made(id, shown, withheld);
    const isThere = shown.value !== null;
    return make("td", { className: "number", title: isThere ? "" : from }, written(id, shown), ...(isThere && from ? [make("small", { text: from })] : []));
  };
  const hasAny = (figures) => Object.values(figures).some((shown) => shown.n || shown.d || (shown.d === undefined && shown.value));
  /** Rows are what belongs to the area, its own line above them, and what lies in none of them below. */
  const tableOf = (ids, whole, rows, elsewhere, withheld) => {
    const line = (name, figures, className = "") => make("tr", { className }, make("th", { scope: "row", className: "text" }, name), ...ids.map((id) => figureCell(id, figures[id], withheld)));
    byId("parts-heads").replaceChildren(head([say("figures.js.name")], ...ids.map((id) => [known[id].name, "number", known[id].formula[lang]])));
    byId("parts-rows").replaceChildren(
      line(say("figures.js.whole", { name: area.name || area.code }), whole, "whole"),
      ...rows.map((each) => {
        const made = line(each.node, each.figures);
        made.dataset.code = each.code;
        return made;
      }),
      ...(elsewhere && hasAny(elsewhere) ? [line(say("figures.js.elsewhere"), elsewhere, "elsewhere")] : []),
    );
  };
  const nodeOf = (way, row) => {
    const name = row.name || (way === "board" ? sayIf(`figures.board.${row.code}`, row.code) : way === "kind" ? (told.kinds[row.code] ?? row.code) : row.code);
    if (way === "grid") return make("a", { href: `${root}/collections/grids/items/${encodeURIComponent(row.code)}`, text: name === row.code ? name : `${name} ${row.code}` });
    if (way in { district: 1, street: 1, community: 1 }) return make("a", { href: here({ area: row.code }), text: name });
    return make("span", { text: name });
  };
  const countOf = (rows, csv) => byId("parts-count").replaceChildren(say("figures.js.rows", { n: number(rows) }), " ", make("a", { href: csv, text: say("figures.js.csv") }));
  const heading = (way) => say("figures.js.parts", { what: say(`figures.by.${way}`).toLowerCase() });
  const showParts = async (panel) => {
    const ids = told.groups[asked.show];
    const below = PARTS[area.level];
    if (isPlace(asked.show)) {
      byId("parts").textContent = heading(below === "grid" ? "parts" : below);
      const body = await panel;
      const whole = Object.fromEntries(body.figures.map((each) => [each.id, each]));
      tableOf(ids, whole, body.parts.map((part) => ({ code: part.code, node: nodeOf(below, part), figures: part.figures })), body.elsewhere, body.withheld);
      countOf(body.parts.length, panelOf({ metrics: ids.join(","), f: "csv" }));
      return;
    }
    const way = asked.by || below;
    byId("parts").textContent = heading(way);
    const { body } = await ask(statsOf(ids, { by: way }));
    tableOf(ids, body.total, body.rows.map((row) => ({ code: row.code, node: nodeOf(way, row), figures: row.figures })), body.elsewhere);
    countOf(body.rows.length, statsOf(ids, { by: way, f: "csv" }));
  };
  const showCounters = async () => {
    const { counters } = (await ask(`${root}/v1/stats/counters?${new URLSearchParams({ area: area.code, ...day() })}`)).body;
    byId("counters").hidden = !counters.length;
    byId("counters-heads").replaceChildren(head([say("figures.js.name")], [say("figures.js.total"), "number"], [say("figures.js.before"), "number"], [say("figures.js.since"), "number"], [say("figures.js.source")]));
    byId("counters-rows").replaceChildren(
      ...counters.map((each) => {
        const line = make(
          "tr",
          {},
          make("th", { scope: "row", className: "text", text: each[lang] }),
          make("td", { className: "number" }, make("b", { text: each.text })),
          make("td", { className: "number" }, number(each.number), make("small", { text: say("figures.js.until", { day: wangge.day(each.until) }) })),
          make("td", { className: "number", text: each.adds ? number(each.counted_since) : "—" }),
          make("td", { className: "text", text: each.source || "—" }),
        );
        line.dataset.code = each.code;
        return line;
      }),
    );
  };
  const showReviews = async () => {
    const address = `${root}/v1/reviews/${encodeURIComponent(area.code)}`;
    const query = { from: asked.since, to: asked.until };
    const { body } = await ask(`${address}?${new URLSearchParams(query)}`);
    byId("reviews").hidden = !body.weeks.length;
    byId("reviews-csv").href = `${address}?${new URLSearchParams({ ...query, f: "csv" })}`;
    const FLOWS = ["received", "closed", "rework"];
    const line = (name, each, said) => make("tr", {}, make("th", { scope: "row", className: "text" }, ...name), ...FLOWS.map((flow) => make("td", { className: "number", text: number(each[flow]) })), make("td", { className: "text" }, ...said));
    const saidOf = ({ week, review }) => {
      if (review) return [review.comment, make("small", { className: "parts", text: [review.reviewer, wangge.day(review.at)].filter(Boolean).join(" · ") })];
      return [make("span", { className: "faint", text: say(body.missing.includes(week) ? "figures.js.review.missing" : "figures.js.review.not_yet") })];
    };
    byId("reviews-heads").replaceChildren(head([say("figures.js.week")], ...FLOWS.map((flow) => [say(`figures.js.flow.${flow}`), "number"]), [say("figures.js.review")]));
    byId("reviews-rows").replaceChildren(
      Object.assign(line([say("figures.js.whole", { name: area.name || area.code })], body.total, [""]), { className: "whole" }),
      ...body.weeks.toReversed().map((each) => line([each.week, make("small", { text: say("figures.js.from", { day: wangge.day(each.from) }) })], each, saidOf(each))),
    );
  };

  /* the page */

  const showCrumbs = (roots) => {
    const list = document.querySelector(".crumbs ol");
    const own = new Set(roots.map((each) => each.code));
    let seen = false; // from the first area of one's own on, all below it is one's own
    const steps = [...area.parents, area].map((each) => {
      seen ||= own.has(each.code);
      return each === area ? make("span", { text: each.name || each.code, ariaCurrent: "page" }) : seen ? make("a", { href: here({ area: each.code }), text: each.name || each.code }) : make("span", { text: each.name || each.code });
    });
    list.lastElementChild.replaceChildren(make("a", { href: `${root}/figures`, text: list.lastElementChild.textContent }));
    list.append(...steps.map((node) => make("li", {}, node)));
    byId("roots").hidden = roots.length < 2;
    byId("roots").append(make("ul", {}, ...roots.map((each) => make("li", {}, make("span", {}, make("a", { href: here({ area: each.code }), text: each.name || each.code, ariaCurrent: each.code === area.code ? "true" : null }))))));
  };
  const frame = (sees) => {
    byId("title").textContent = area.name || area.code;
    byId("level").textContent = say(`value.level.${area.level}`);
    document.title = `${area.name || area.code} · ${document.title}`;
    document.querySelector("#ask [name=area]").value = area.code;
    byId("days").textContent = say("figures.js.days", { from: wangge.day(asked.since), to: wangge.day(asked.at) });
    for (const tab of document.querySelectorAll(".tabs a")) {
      tab.href = `${here({ show: tab.dataset.group })}#parts`;
      tab.parentElement.hidden = isPlace(tab.dataset.group) && !sees;
    }
    const groups = Object.entries(told.groups).filter(([group]) => group !== OVERVIEW);
    byId("headline").replaceChildren(
      ...told.headline.filter((id) => sees || told.stats.includes(id)).map((id) => {
        const node = make("div", {}, make("dt", { text: known[id].name }), make("dd", { text: "…" }));
        node.dataset.figure = id;
        return node;
      }),
    );
    byId("cases").replaceChildren(...groups.filter(([group]) => !isPlace(group)).map(([group, ids]) => blockOf(group, ids)));
    byId("place").replaceChildren(...(sees ? groups.filter(([group]) => isPlace(group)).map(([group, ids]) => blockOf(group, ids)) : []));
    byId("place-note").hidden = !sees;
    byId("place-shut").hidden = sees;
    byId("cases-csv").href = statsOf(told.stats, { f: "csv" });
    byId("place-csv").href = panelOf({ f: "csv" });
  };
  const at = (id) => (problem) => wangge.complain(byId(id), problem);
  const showStats = async (ids) => {
    try {
      const { body } = await ask(statsOf(ids));
      fill(body.total);
      const limits = [body.categories && say("figures.js.categories", { some: body.categories.join(say("common.list")) }), body.calendar_unknown && say("figures.js.calendar")].filter(Boolean);
      if (limits.length) Object.assign(byId("limits"), { hidden: false, textContent: limits.join(" ") });
    } finally {
      give_up(ids);
    }
  };
  const showPanel = async (panel) => {
    try {
      const body = await panel;
      fill(Object.fromEntries(body.figures.filter(({ id }) => !told.stats.includes(id)).map((each) => [each.id, each])), body.withheld);
    } finally {
      give_up(told.panel);
    }
  };

  const open = async () => {
    const [{ body: me }, { body: register }] = await Promise.all([ask(`${root}/v1/session`), ask(`${root}/v1/stats/metrics`)]);
    known = Object.fromEntries(register.metrics.map((each) => [each.id, each]));
    const own = me.roles.filter(({ role, area: of }) => of && told.roles.includes(role)).map((each) => each.area);
    const roots = [...new Map(own.map((each) => [each.code, each])).values()];
    const code = asked.area || roots[0]?.code;
    if (!code) {
      await ask(`${root}/v1/stats?metrics=open`); // refuses whoever may see none
      byId("none").hidden = false;
      return;
    }
    // Whether these figures are one's own to see comes first: the area itself everybody may know.
    await ask(`${root}/v1/stats?${new URLSearchParams({ area: code, ...day(), from: asked.since, metrics: "open" })}`);
    area = (await ask(`${root}/v1/areas/${encodeURIComponent(code)}?${new URLSearchParams(day())}`)).body;
    const sees = me.rights.includes("see_internal");
    showCrumbs(roots);
    frame(sees);
    byId("body").hidden = false;
    byId("loading").hidden = true;
    const panel = sees ? ask(panelOf()).then(({ body }) => body) : Promise.reject(new wangge.Problem(403, { title: byId("place-shut").textContent }));
    const work = [
      showStats(told.stats.filter((id) => !slow.has(id))).catch(at("cases-problem")),
      showStats(told.stats.filter((id) => slow.has(id))).catch(at("cases-problem")),
      showPanel(panel).catch(sees ? at("place-problem") : () => {}),
      showParts(panel).catch((problem) => {
        byId("parts-count").hidden = true;
        at("parts-problem")(problem);
      }),
    ];
    if (sees) work.push(showCounters().catch(at("place-problem")), showReviews().catch(at("place-problem")));
    await Promise.all(work);
  };
  open().catch((problem) => wangge.complain(byId("problem"), problem)).finally(() => {
    byId("loading").hidden = true;
  });
})();
