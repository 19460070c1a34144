/** The incidents that the desk has fetched: from columns to one object each, and what their codes are called. */
wangge.deskRows = (ground, data, words) => {
  const LOOKS = {
    reported: "waiting", verifying: "waiting", accepted: "working", assigned: "working", in_progress: "working",
    suspended: "suspended", handled: "checking", feedback: "checking",
  };
  const TIERS = [, "grid", "community", "street", "district"];
  const LEVELS = ["none", "normal", "yellow", "red"];
  const COLUMNS = [
    "no", "x", "y", "state", "category", "kind", "grid", "area", "tier", "owner", "person", "department", "source", "mode", "supervision",
    "urgent", "title", "reported", "due", "soon",
    "closed",
  ];
  const gridOf = new Map(data.grids.code.map((code, i) => [code, i]));
  const areaOf = new Map(data.areas.id.map((id, i) => [id, i]));
  const called = { category: new Map(), org: new Map(), center: new Map(), person: new Map() };
  let known = new Map();
  /** What came later stands higher where nothing else decides. */
  let order = 0;

  const know = ({ categories = {}, orgs = {}, centers = {}, people = {} }) => {
    for (const [name, said] of [["category", categories], ["org", orgs], ["center", centers], ["person", people]])
      for (const [code, each] of Object.entries(said)) called[name].set(code, each);
  };

  const rows = (columns) => {
    const cell = (name) => {
      const column = columns[name];
      if (column === undefined) return () => undefined;
      return Array.isArray(column) ? (i) => column[i] : (i) => column.of[column.at[i]];
    };
    const of = Object.fromEntries(COLUMNS.map((name) => [name, cell(name)]));
    // `since` and `until` are those of the past hours.
    const [since, until] = [cell("since"), cell("until")];
    return columns.no.map((_, i) => ({
      no: of.no(i),
      x: ground.fromMicro.x(of.x(i)),
      y: ground.fromMicro.y(of.y(i)),
      state: of.state(i),
      look: LOOKS[of.state(i)] ?? "over",
      category: of.category(i),
      kind: of.kind(i),
      code: of.grid(i) ?? "",
      grid: gridOf.get(of.grid(i)) ?? -1,
      area: areaOf.get(of.area(i)) ?? -1,
      tier: TIERS[of.tier(i)],
      owner: of.owner(i) || of.person(i) || "",
      isPerson: Boolean(of.person(i)),
      department: of.department(i) ?? "",
      source: of.source(i),
      mode: of.mode(i),
      supervision: LEVELS[of.supervision(i) ?? 0],
      urgent: Boolean(of.urgent(i)),
      title: of.title(i) ?? "",
      reported: of.reported(i),
      due: of.due(i),
      soon: of.soon(i),
      closed: of.closed(i),
      since: since(i),
      until: until(i),
      order: 0,
    }));
  };
  /** They come the newest first. */
  const load = (document) => {
    know(document);
    const found = rows(document.incidents);
    order = found.length;
    found.forEach((each, i) => { each.order = order - i; });
    known = new Map(found.map((each) => [each.no, each]));
  };
  /** Take in how these stand now; those that do not belong to what was fetched, or are out of sight, are gone. */
  const change = (document, numbers, belongs) => {
    know(document);
    const told = new Map(rows(document.incidents).map((each) => [each.no, each]));
    for (const no of numbers) {
      const now = told.get(no);
      if (now && belongs(now)) {
        now.order = known.get(no)?.order ?? ++order;
        known.set(no, now);
      } else known.delete(no);
    }
    return told;
  };

  /** The light of whichever clock is worse; nothing runs while it is suspended, or over. */
  const lightOf = (each, now) => {
    if (each.due == null || each.look === "suspended" || each.look === "over") return "none";
    if (each.due < now) return "red";
    return each.soon != null && each.soon < now ? "yellow" : "green";
  };

  const orgName = (code) => called.org.get(code) ?? (called.center.has(code) ? words.say("desk.center", { place: called.center.get(code) }) : code);
  const say = {
    category: (code) => called.category.get(code) ?? code,
    org: orgName,
    person: (id) => called.person.get(id) ?? words.say("desk.somebody"),
    owner: (each) => (each.isPerson ? say.person(each.owner) : each.owner ? orgName(each.owner) : ""),
    source: (code) => (words.has(`desk.source.${code}`) ? words.say(`desk.source.${code}`) : code),
    where: (each) => {
      if (each.grid >= 0) return data.grids.name[each.grid] || data.grids.code[each.grid];
      // A grid of somebody else's, whose case this is called to.
      if (each.code) return each.code;
      return each.area >= 0 ? data.areas.name[each.area] : words.say("wall.outside");
    },
  };

  return { load, change, rows, know, lightOf, say, find: (no) => known.get(no), all: () => known.values(), get size() { return known.size; } };
};
