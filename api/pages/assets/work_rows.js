"use strict";

/* How a value of a list is shown: what codes are called, where they lead, and what stands for nothing. */
wangge.rows = ({ names, today, target = "" }) => {
  const { say, sayIf, make, number, tenths, root } = wangge;
  const NOTHING = "—";
  const FIRST = 3;
  const WEEK_MS = 7 * 24 * 3600 * 1000;
  const called = (family, code) => names[family]?.[code] ?? code;
  const link = (href, text) => make("a", { href, text });

  const gridAt = (code) => `${root}/collections/grids/items/${encodeURIComponent(code)}`;
  const incidentAt = (no) => `${root}/command?${new URLSearchParams({ no })}`;
  const grid = (code) => link(gridAt(code), called("grid", code));
  const incident = (no) => link(incidentAt(no), no);
  /** Some of several, and how many there are besides. */
  const several = (all, show) => all.slice(0, FIRST).flatMap((each, k) => [...(k ? [say("common.list")] : []), show(each)]).concat(all.length > FIRST ? [` ${say("work.js.besides", { n: number(all.length - FIRST) })}`] : []);
  const word = (family, value) => sayIf(`work.word.${family}.${value}`, String(value));
  const TONES = { late: ["true"], met: ["false"], warning: ["open"], mending: ["found"] };
  const DONE = { met: ["true"], mending: ["cleared", "rectified"], call: ["cleared"], order: ["finished", "rated"] };
  const toned = (family, value) => {
    const lacking = TONES[family]?.includes(String(value)) ? "lacking" : "";
    const done = DONE[family]?.includes(String(value)) ? "done" : "";
    return lacking || done ? make("span", { className: `state ${lacking || done}`, text: word(family, value) }) : word(family, value);
  };

  /** Each gives the nodes of a cell from a value that is there and its row. */
  const SHOW = {
    text: (value) => [String(value)],
    code: (value) => [String(value)],
    number: (value) => [number(value)],
    points: (value) => [tenths(value)],
    percent: (value) => [`${tenths(value)} %`],
    square: (value) => [tenths(value)],
    day: (value) => [wangge.day(value)],
    moment: (value) => [wangge.time(value)],
    last: (value) => [wangge.day(value)],
    area: (value) => [called("area", value)],
    grid: (value) => [grid(value)],
    grids: (value) => (value.length ? several(value, grid) : [NOTHING]),
    org: (value) => [called("org", value)],
    category: (value) => [called("category", value)],
    incident: (value) => [incident(value)],
    incidents: (value) => several(value, incident),
    homes: (value, row) => [value ? link(`${root}/workspace/homes?${new URLSearchParams({ grid: row.grid })}`, number(value)) : "0"],
    joining: (value) => several(value, (each) => `${called("org", each.org)}${say(each.joined_at ? "work.js.joined" : "work.js.not_joined")}`),
    party: (value) => [value.org ? called("org", value.org) : say("work.js.somebody")],
    target: (value, row) => (target === "grid" ? [link(gridAt(row.target), value || row.target)] : [value || row.target]),
  };
  /** A week whose Sunday is not over has nothing to be said of yet. */
  const isOver = (row) => new Date(`${row.from}T12:00:00`).getTime() + WEEK_MS <= new Date(`${today}T12:00:00`).getTime();
  const EMPTY = { last: () => [say("work.js.never")], comment: (row) => [make("span", { className: "faint", text: say(isOver(row) ? "work.js.unsaid" : "work.js.not_over") })], rule: (row) => SHOW.rule(null, row) };
  SHOW.comment = SHOW.text;
  SHOW.rule = (_, row) => [say(row.radius_m ? "work.js.rule.near" : "work.js.rule", { least: number(row.least), hours: number(row.hours), metres: number(row.radius_m ?? 0) })];

  const NUMBERS = new Set(["number", "points", "percent", "square", "homes"]);
  const DIGITS = new Set(["day", "moment", "last", "incident", "code"]);
  return {
    called, word, gridAt, incidentAt,
    /** What a row holds under a name; a dot leads inside. */
    valueOf: (row, name) => name.split(".").reduce((found, part) => found?.[part], row),
    /** The nodes of a cell. */
    cell: (row, { show, family }, value) => {
      if (show === "word") return value === null || value === undefined ? [NOTHING] : [toned(family, value)];
      if (value === null || value === undefined || value === "") return EMPTY[show]?.(row) ?? [NOTHING];
      return SHOW[show](value, row);
    },
    isNumber: (show) => NUMBERS.has(show),
    className: (show) => (show === "target" ? "target" : NUMBERS.has(show) ? "number" : DIGITS.has(show) ? "digits" : "text"),
  };
};
