/** Seconds since 1970 at a time of day that clocks of a zone show. */
wangge.zoned = (zone) => {
  const how = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
  const clocks = new Intl.DateTimeFormat("en", how);
  return (year, month, day, hour = 0, minute = 0) => {
    const wanted = Date.UTC(year, month - 1, day, hour, minute);
    const there = Object.fromEntries(clocks.formatToParts(wanted).map(({ type, value }) => [type, Number(value)]));
    return (2 * wanted - Date.UTC(there.year, there.month - 1, there.day, there.hour, there.minute, there.second)) / 1000;
  };
};

/** What the desk shows, as it stands in the address: read, written, applied to what was fetched, and counted. */
wangge.deskFilter = (data, zone, view) => {
  /** Each names a parameter of the list of incidents, too. */
  const ONE = ["light", "category", "grid", "area", "tier", "department", "owner", "source", "mode", "kind", "supervision", "urgent"];
  const SORTS = ["due", "newest", "oldest", "state", "grid"];
  const ENDED = ["closed", "archived", "rejected", "voided"];
  const DAY = /^\d{4}-\d{2}-\d{2}$/;
  /** Days: of the report, and of the end. */
  const DAYS = ["from", "to", "closed_from", "closed_to"];
  const NO_DAYS = Object.fromEntries(DAYS.map((name) => [name, ""]));
  const none = () => ({ state: [], text: "", ...NO_DAYS, sort: "due", no: "" });

  const parents = data.areas.parent;
  const areaAt = new Map(data.areas.code.map((code, i) => [code, i]));
  /** Whether an area lies in another, for all areas at once. */
  const insides = (scope) => data.areas.id.map((_, area) => {
    for (let at = area; at !== null && at !== undefined; at = parents[at]) if (at === scope) return true;
    return false;
  });

  const zoned = wangge.zoned(zone);
  /** When a day begins where the service is, or one some days later. */
  const midnight = (day, plus = 0) => {
    const [year, month, date] = day.split("-").map(Number);
    return zoned(year, month, date + plus);
  };

  const read = (address) => {
    const query = new URL(address).searchParams;
    const wish = none();
    wish.state = query.getAll("state").filter((each) => /^[a-z_]+$/.test(each));
    for (const name of ONE) if (query.get(name)) wish[name] = query.get(name);
    for (const name of DAYS) if (DAY.test(query.get(name) ?? "")) wish[name] = query.get(name);
    wish.text = (query.get("text") ?? "").slice(0, 100);
    wish.no = query.get("no") ?? "";
    if (SORTS.includes(query.get("sort"))) wish.sort = query.get("sort");
    return Object.assign(wish, view.read(query));
  };
  /** The page's own address for a wish. */
  const write = (wish, address) => {
    const url = new URL(address);
    const query = new URLSearchParams();
    for (const state of wish.state) query.append("state", state);
    for (const name of [...ONE, ...DAYS, "text", "no"]) if (wish[name]) query.set(name, wish[name]);
    if (wish.sort !== "due") query.set("sort", wish.sort);
    view.write(query, wish);
    url.search = query;
    return url;
  };
  const hasDays = (wish) => DAYS.some((name) => wish[name]);
  /** What has to be fetched for a wish: everything that is open, or what was reported or closed in a span of days, or all. */
  const set = (wish) => {
    if (hasDays(wish)) return Object.fromEntries(DAYS.filter((name) => wish[name]).map((name) => [name, moment(wish[name], name.endsWith("to") ? 1 : 0)]));
    return wish.state.some((each) => ENDED.includes(each)) ? {} : { open: true };
  };
  const moment = (day, plus) => new Date(midnight(day, plus) * 1000).toISOString();
  /** The same wish as parameters of the service, for what it makes itself. */
  const asked = (wish) => {
    const query = new URLSearchParams(Object.entries(set(wish)).filter(([, value]) => value));
    for (const state of wish.state) query.append("state", state);
    for (const name of [...ONE, "text"]) if (wish[name]) query.set(name, wish[name]);
    query.set("sort", wish.sort);
    return query;
  };
  /** Whether an incident belongs to what was fetched for a wish. */
  const belongs = (wish) => {
    if (!hasDays(wish)) return "open" in set(wish) ? (each) => each.look !== "over" : () => true;
    const span = (from, to) => [wish[from] ? midnight(wish[from]) : -Infinity, wish[to] ? midnight(wish[to], 1) : Infinity];
    const [reported, closed] = [span("from", "to"), span("closed_from", "closed_to")];
    const lies = (at, [from, to]) => at >= from && at < to;
    return (each) => lies(each.reported, reported) && (!(wish.closed_from || wish.closed_to) || (each.closed != null && lies(each.closed, closed)));
  };

  /** What each facet says of an incident. */
  const VALUE = {
    state: (each) => each.state,
    light: (each) => each.light,
    category: (each) => each.category,
    tier: (each) => each.tier,
    department: (each) => each.department,
    owner: (each) => each.owner,
    source: (each) => each.source,
    mode: (each) => each.mode,
    kind: (each) => each.kind,
    supervision: (each) => each.supervision,
    urgent: (each) => (each.urgent ? "true" : "false"),
    grid: (each) => each.code,
  };
  const tests = (wish) => {
    const found = [];
    if (wish.state.length) found.push(["state", (each) => wish.state.includes(each.state)]);
    for (const name of ONE)
      if (wish[name] && name !== "area") {
        const wanted = wish[name];
        const value = VALUE[name];
        if (name === "department") found.push([name, (each) => each.department === wanted || (!each.isPerson && each.owner === wanted)]);
        else found.push([name, (each) => value(each) === wanted]);
      }
    if (wish.area) {
      const inside = insides(areaAt.get(wish.area) ?? -1);
      found.push(["area", (each) => each.area >= 0 && inside[each.area]]);
    }
    if (wish.text.trim()) {
      const wanted = wish.text.trim().toLowerCase();
      found.push(["text", (each) => each.no.toLowerCase().includes(wanted) || each.title.toLowerCase().includes(wanted)]);
    }
    return found;
  };

  const count = (tally, each) => {
    if (each.look !== "over") tally.open += 1;
    if (each.light in tally) tally[each.light] += 1;
  };
  /**
   * Go once through everything: what is to be shown, and of each facet how many there would be of each value, were it not for what is
   * chosen of that facet itself; and `tally`, how many are open, late or nearly so whatever state and light are chosen.
   */
  const apply = (all, wish, lightOf) => {
    const HOW = new Set(["state", "light"]);
    const asked_of = tests(wish).sort((a, b) => HOW.has(a[0]) - HOW.has(b[0]));
    const whats = asked_of.filter(([name]) => !HOW.has(name)).length;
    const tally = { open: 0, red: 0, yellow: 0 };
    const shown = [];
    const counts = Object.fromEntries([...Object.keys(VALUE), "area"].map((name) => [name, new Map()]));
    const names = Object.keys(VALUE);
    const bump = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
    const tell = (name, each) => {
      if (name === "area") bump(counts.area, each.area);
      else bump(counts[name], VALUE[name](each));
    };
    for (const each of all) {
      each.light = lightOf(each);
      let fails = 0;
      /** The first thing that it is not. */
      let first = asked_of.length;
      for (let at = 0; at < asked_of.length && fails < 2; at += 1) {
        if (asked_of[at][1](each)) continue;
        first = Math.min(first, at);
        fails += 1;
      }
      if (first >= whats) count(tally, each);
      const which = asked_of[first]?.[0];
      if (fails === 0) {
        shown.push(each);
        for (const name of names) tell(name, each);
        tell("area", each);
      } else if (fails === 1 && which !== "text") tell(which, each);
    }
    return { shown, counts, tally };
  };

  const RANK = new Map(["reported", "verifying", "accepted", "assigned", "in_progress", "suspended", "handled", "feedback", "closed", "archived", "rejected", "voided"].map((state, i) => [state, i]));
  const later = (a, b) => b.order - a.order;
  const clock = (each) => (each.light === "none" ? Infinity : each.due);
  const ORDER = {
    newest: (a, b) => b.reported - a.reported || later(a, b),
    oldest: (a, b) => a.reported - b.reported || -later(a, b),
    due: (a, b) => (clock(a) === clock(b) ? later(a, b) : clock(a) - clock(b)),
    state: (a, b) => RANK.get(a.state) - RANK.get(b.state) || later(a, b),
    grid: (a, b) => (a.code === b.code ? later(a, b) : !a.code ? 1 : !b.code ? -1 : a.code < b.code ? -1 : 1),
  };
  const sort = (shown, wish) => shown.sort(ORDER[wish.sort]);

  /** Whether anything is chosen that narrows. */
  const isNarrow = (wish) => Boolean(wish.state.length || wish.text.trim() || hasDays(wish) || ONE.some((name) => wish[name]));
  const reset = (wish) => ({ ...Object.fromEntries(ONE.map((name) => [name, undefined])), ...none(), sort: wish.sort, no: wish.no });

  /** The wish whatever its states, lights and days, as parameters of the service: what figures are counted of. */
  const counted = (wish) => Object.fromEntries([...ONE, "text"].filter((name) => name !== "light").map((name) => [name, wish[name] || undefined]));

  return { ONE, NO_DAYS, hasDays, counted, read, write, set, asked, belongs, apply, sort, isNarrow, reset, insides, areaAt };
};
