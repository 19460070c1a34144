/** Incidents as the page knows them: where each lies, how it stands, whether its time is up. */
wangge.cases = (ground, data) => {
  const LOOKS = {
    reported: "waiting", verifying: "waiting", accepted: "working", assigned: "working", in_progress: "working",
    suspended: "suspended", handled: "checking", feedback: "checking",
  };
  const gridOf = new Map(data.grids.code.map((code, i) => [code, i]));
  const areaOf = new Map(data.areas.id.map((id, i) => [id, i]));
  let known = new Map();
  /** What categories are called, as far as that is known. */
  const called = new Map();
  const know = (names = {}) => {
    for (const [category, name] of Object.entries(names)) called.set(category, name);
  };

  /** From columns to cases; a column `{of, at}` has each word once. */
  const rows = (columns) => {
    const cell = (name) => {
      const column = columns[name];
      return column === undefined ? () => undefined : Array.isArray(column) ? (i) => column[i] : (i) => column.of[column.at[i]];
    };
    const [no, x, y, state, category, grid, area, supervision, due, soon, since, until, reported] =
      ["no", "x", "y", "state", "category", "grid", "area", "supervision", "due", "soon", "since", "until", "reported"].map(cell);
    return columns.no.map((_, i) => ({
      no: no(i),
      x: ground.fromMicro.x(x(i)),
      y: ground.fromMicro.y(y(i)),
      state: state(i),
      look: LOOKS[state(i)],
      category: called.get(category(i)) ?? category(i),
      grid: gridOf.get(grid(i)) ?? -1,
      area: areaOf.get(area(i)) ?? -1,
      supervision: supervision(i) ?? 0,
      reported: reported(i),
      due: due(i),
      soon: soon(i),
      since: since(i),
      until: until(i),
    }));
  };

  const load = ({ categories, incidents: columns }) => {
    know(categories);
    known = new Map(rows(columns).map((each) => [each.no, each]));
  };
  /** Take in how these stand now; those of `numbers` that are not among them, or are over, are gone. */
  const change = ({ categories, incidents: columns }, numbers) => {
    know(categories);
    const told = new Map(rows(columns).map((each) => [each.no, each]));
    for (const no of numbers) {
      const now = told.get(no);
      if (now?.look) known.set(no, now);
      else known.delete(no);
    }
  };
  /** Whether its whole time is up: nothing runs while it is suspended. */
  const isLate = (each, now) => each.due != null && each.look !== "suspended" && each.due < now;
  const isSoon = (each, now) => each.soon != null && each.look !== "suspended" && each.soon < now && each.due >= now;

  return { load, change, rows, isLate, isSoon, find: (no) => known.get(no), all: () => known.values(), get size() { return known.size; } };
};
