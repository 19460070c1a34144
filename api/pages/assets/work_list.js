"use strict";

/* One of the lists that people work through, as /v1 gives it: sorted by a column, page after page, and as CSV. */
(() => {
  const { ask, say, make, byId, number, root } = wangge;
  const told = wangge.data("told");
  const rows = wangge.rows(told);
  const PAGE = 1000;
  const all = [];
  let next = null;
  let order = new URLSearchParams(location.search).get("sort") || told.order;

  const isLate = (row) => {
    if (!told.alarm) return false;
    const isNot = told.alarm.startsWith("!");
    return Boolean(rows.valueOf(row, told.alarm.replace("!", ""))) !== isNot;
  };
  const nameOf = (by) => by.replace(/^-/, "");
  const collator = new Intl.Collator(wangge.lang, { numeric: true });
  /** What is missing comes last, whichever way the others go. */
  const compare = (name, isDown) => (one, other) => {
    const [a, b] = [one, other].map((row) => rows.valueOf(row, name));
    const [noA, noB] = [a, b].map((value) => value === null || value === undefined || value === "");
    if (noA || noB) return noA - noB;
    const order = typeof a === "string" ? collator.compare(a, b) : a - b;
    return isDown ? -order : order;
  };
  /** Never visited is the longest ago of all. */
  const FIRST_IF_MISSING = new Set(["last"]);
  const sorted = () => {
    const name = nameOf(order);
    if (!name) return all;
    const found = all.toSorted(compare(name, order.startsWith("-")));
    if (!FIRST_IF_MISSING.has(name) || order.startsWith("-")) return found;
    return [...found.filter((row) => !rows.valueOf(row, name)), ...found.filter((row) => rows.valueOf(row, name))];
  };

  const show = () => {
    for (const head of document.querySelectorAll("th[data-column]")) {
      const column = told.columns.find((each) => each.name === head.dataset.column);
      head.className = rows.className(column.show);
      head.setAttribute("aria-sort", nameOf(order) !== column.name ? "none" : order.startsWith("-") ? "descending" : "ascending");
    }
    byId("rows").replaceChildren(
      ...sorted().map((row) => {
        const cells = told.columns.map((column) => make("td", { className: rows.className(column.show) }, ...rows.cell(row, column, rows.valueOf(row, column.name))));
        return make("tr", { className: isLate(row) ? "late" : "" }, ...cells);
      }),
    );
    const late = all.filter(isLate).length;
    const parts = [say("work.js.count", { n: number(all.length) })];
    if (next) parts.push(say("work.js.not_all"));
    if (late) parts.push(make("b", { className: "alarming", text: say(`work.js.alarm.${told.name}`, { n: number(late) }) }));
    if (all.length) parts.push(make("a", { href: `${root}${told.url}${told.url.endsWith("?") ? "" : "&"}f=csv`, text: say("work.js.csv") }));
    byId("count").replaceChildren(...parts.flatMap((part, k) => (k ? [" ", part] : [part])));
    byId("table").hidden = !all.length;
    byId("none").hidden = all.length > 0;
    byId("more").hidden = !next;
  };

  const fetchPage = async () => {
    const [path, query] = told.url.split("?");
    const wanted = new URLSearchParams(query);
    if (told.next_by) {
      wanted.set("limit", String(PAGE));
      if (next) wanted.set(told.next_by, String(next));
    }
    const { body } = await ask(`${root}${path}?${wanted}`);
    all.push(...body[told.rows]);
    next = told.next_by ? body.next : null;
  };
  const complain = (problem) => {
    wangge.complain(byId("problem"), problem);
    if (!all.length) byId("count").replaceChildren();
  };

  for (const head of document.querySelectorAll("th[data-column] button"))
    head.addEventListener("click", () => {
      const name = head.parentElement.dataset.column;
      const isNumber = rows.isNumber(told.columns.find((each) => each.name === name).show);
      // Numbers begin with the largest; another press turns it.
      order = nameOf(order) === name ? (order.startsWith("-") ? name : `-${name}`) : isNumber ? `-${name}` : name;
      const address = new URL(location.href);
      if (order === told.order) address.searchParams.delete("sort");
      else address.searchParams.set("sort", order);
      history.replaceState(null, "", address);
      show();
    });
  byId("more").addEventListener("click", async (event) => {
    event.target.disabled = true;
    wangge.complain(byId("problem"), null);
    await fetchPage().then(show).catch(complain);
    event.target.disabled = false;
  });

  if (!told.columns.some((column) => column.name === nameOf(order))) order = told.order;
  if (told.url) fetchPage().then(show).catch(complain);
  else {
    byId("count").replaceChildren();
    byId("none").hidden = false;
  }
})();
