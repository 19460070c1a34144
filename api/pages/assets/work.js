"use strict";

/* Somebody's own desk: each part asks for what is due, counts it, shows the most pressing of it and says where the rest is. */
(() => {
  const { ask, say, sayIf, make, byId, number, root } = wangge;
  const told = wangge.data("told");
  const rows = wangge.rows(told);
  const FIRST = 5;
  const MOST = 200;
  const STALE_MS = 60 * 1000;

  const get = async (path, query = {}) => (await ask(`${root}${path}?${new URLSearchParams(query)}`)).body;
  const to = (path, query = {}) => {
    const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
    return `${root}${path}${asked.size ? `?${asked}` : ""}`;
  };
  /** One line: what it is, where that leads, what is said beside it, and what is wrong with it. */
  const line = (text, href, more = [], alarm = "") => ({ text, href, more: more.filter(Boolean), alarm });
  const due = (moment) => moment && say("work.js.due", { at: wangge.time(moment) });
  const isPast = (moment) => Boolean(moment) && new Date(moment) < new Date();
  const few = (count, more) => (more ? `${number(count)}+` : number(count));

  const ofIncident = (each) => {
    const ends = Object.values(each.clocks ?? {}).filter(Boolean);
    const at = ends.map((clock) => clock.due_at).filter(Boolean).sort()[0];
    const isLate = ends.some((clock) => clock.light === "red");
    return line(each.title || rows.called("category", each.category), rows.incidentAt(each.no), [each.state_label, each.grid && rows.called("grid", each.grid), due(at)], isLate ? say("work.js.late") : "");
  };
  const incidents = (query, desk) => async () => {
    const body = await get("/v1/incidents", { open: true, sort: "due", limit: MOST, ...query });
    return { count: body.incidents.length, text: few(body.incidents.length, body.next), rows: body.incidents.map(ofIncident), onward: to("/command", desk) };
  };

  const me = () => new Set(told.mine.orgs);
  const isOpenCall = (call) => !["cleared", "voided"].includes(call.state);
  const ofCall = (call) => line(call.summary || call.no, rows.incidentAt(call.no), [rows.called("org", call.street), rows.word("call", call.state), call.join_due_at && say("work.js.join_by", { at: wangge.time(call.join_due_at) })], call.late ? say("work.js.late_join") : "");

  /** Each asks for what it shows and gives how much of it waits, the most pressing first, and where all of it is. */
  const PARTS = {
    mine: incidents({ mine: true }, told.workspace === "service" || !told.mine.grids.length ? {} : { owner: told.me }),
    overdue: incidents({ overdue: true }, { light: "red" }),
    open: async () => {
      const { total } = await get("/v1/stats", { metrics: "open,overdue_open" });
      const late = total.overdue_open.value;
      const figures = [say("work.js.open_now", { n: total.open.text }), say("work.js.late_now", { n: total.overdue_open.text })];
      const lines = [line(say("work.js.to_wall"), to("/wall"), figures, late ? say("work.js.late") : ""), line(say("work.js.to_figures"), to("/figures"))];
      return { count: total.open.value, rows: lines, onward: "" };
    },
    visits: async () => {
      const own = new Set(told.mine.grids);
      const { grids } = await get("/v1/visits/coverage");
      const mine = grids.filter((each) => each.due && (!own.size || own.has(each.grid))).sort((a, b) => b.due - a.due);
      const ofGrid = (each) => line(rows.called("grid", each.grid), to("/workspace/homes", { grid: each.grid }), [say("work.js.homes_due", { due: number(each.due), points: number(each.points) }), each.visit_coverage === null ? "" : say("work.js.covered", { share: each.visit_coverage })]);
      const count = mine.reduce((sum, each) => sum + each.due, 0);
      return { count, rows: mine.map(ofGrid), onward: to("/workspace/visits") };
    },
    called: async () => {
      const { visits, unreported } = await get("/v1/visits/called-for", { limit: MOST });
      const lines = [
        ...visits.map((each) => line(rows.called("category", each.category), rows.incidentAt(each.no), [rows.word("reason", each.reason), each.grid && rows.called("grid", each.grid), say("work.js.visit_by", { day: wangge.day(each.due) })], each.overdue ? say("work.js.late") : "")),
        ...unreported.map((each) => line(rows.called("category", each.category), rows.incidentAt(each.no), [say("work.js.unreported"), each.grid && rows.called("grid", each.grid)])),
      ];
      return { count: lines.length, rows: lines, onward: to("/workspace/called") };
    },
    duties: async () => {
      const { duties } = await get("/v1/duties");
      const open = duties.filter((each) => each.overdue || each.current?.to_do).sort((a, b) => b.overdue - a.overdue);
      const ofDuty = (each) => line(each.name, to("/workspace/duties"), [each.current && say("work.js.to_do", { n: number(each.current.to_do), day: wangge.day(each.current.deadline) })], each.overdue ? say("work.js.overdue", { n: number(each.overdue) }) : "");
      const count = open.reduce((sum, each) => sum + each.overdue + (each.current?.to_do ?? 0), 0);
      return { count, rows: open.map(ofDuty), onward: to("/workspace/duties") };
    },
    problems: async () => {
      const states = await Promise.all(["found", "planned"].map((state) => get("/v1/problem-points/clusters", { state, limit: MOST })));
      const open = states.flatMap(({ clusters }) => clusters).sort((a, b) => b.overdue - a.overdue || (a.deadline ?? "9").localeCompare(b.deadline ?? "9"));
      const ofCluster = (each) => line(say("work.js.cluster", { kind: rows.word("problem", each.kind), n: number(each.points) }), each.grids.length ? rows.gridAt(each.grids[0]) : to("/workspace/problems"), [each.department ? rows.called("org", each.department) : say("work.js.nobody_mends"), each.measure, each.deadline && say("work.js.by", { day: wangge.day(each.deadline) })], each.overdue ? say("work.js.late") : "");
      return { count: open.length, text: few(open.length, states.some(({ next }) => next)), rows: open.map(ofCluster), onward: to("/workspace/problems") };
    },
    warnings: async () => {
      const body = await get("/v1/warnings", { state: "open", limit: MOST });
      const ofWarning = (each) => line(say("work.js.heap", { what: rows.called("category", each.category), n: number(each.count) }), to("/command", { ...(each.grid ? { grid: each.grid } : {}), category: each.category }), [each.grid ? rows.called("grid", each.grid) : say("work.js.several_grids"), say("work.js.last_case", { at: wangge.time(each.until) })]);
      return { count: body.warnings.length, text: few(body.warnings.length, body.next), rows: body.warnings.map(ofWarning), onward: to("/workspace/warnings", { state: "open" }) };
    },
    plans: async () => {
      const waiting = new Set(told.waiting);
      // What is in force waits to be filed, and for nothing else: it is not pressing.
      waiting.delete("effective");
      const { plans } = await get("/v1/plans", { limit: 500 });
      const open = plans.filter((each) => waiting.has(each.state));
      return { count: open.length, rows: open.map((each) => line(each.title || say("work.js.untitled", { n: each.number }), to(`/plans/${encodeURIComponent(each.id)}`), [sayIf(`plan.state.${each.state}`, each.state), wangge.time(each.updated_at)])), onward: to("/plans") };
    },
    calls: async () => {
      const { calls } = await get("/v1/calls", { limit: MOST });
      const open = calls.filter(isOpenCall).sort((a, b) => b.late - a.late || (a.join_due_at ?? "9").localeCompare(b.join_due_at ?? "9"));
      return { count: open.length, rows: open.map(ofCall), onward: to("/workspace/calls") };
    },
    called_here: async () => {
      const { calls } = await get("/v1/calls", { limit: MOST });
      const waits = calls.filter((call) => isOpenCall(call) && call.participants.some((each) => me().has(each.org) && !each.joined_at));
      return { count: waits.length, rows: waits.map(ofCall), onward: to("/workspace/calls") };
    },
    orders: async () => {
      // What waits for a desk: the community sorts, the street dispatches, and whoever was given it takes and finishes it.
      const isGiven = !told.dispatches;
      const states = isGiven ? ["dispatched", "taken"] : told.workspace === "command" ? ["sorted"] : ["placed"];
      const query = new URLSearchParams({ limit: MOST, ...(isGiven ? { mine: true } : {}) });
      for (const state of states) query.append("state", state);
      const { orders, next } = await get("/v1/orders", query);
      const ofOrder = (each) => line(each.title, to("/workspace/orders", { state: each.state, ...(isGiven ? { mine: true } : {}) }), [each.no, rows.word("order", each.state), wangge.time(each.placed_at)]);
      return { count: orders.length, text: few(orders.length, next), rows: orders.map(ofOrder), onward: to("/workspace/orders", isGiven ? { mine: true } : { state: states[0] }) };
    },
    reviews: async () => {
      const { weeks, missing } = await get(`/v1/reviews/${encodeURIComponent(told.area)}`, told.weeks);
      const late = new Set(missing);
      const ofWeek = (each) => line(each.week, to("/workspace/reviews", { area: told.area }), [say("work.js.week", { received: number(each.received), closed: number(each.closed) }), each.review?.comment], late.has(each.week) ? say("work.js.unsaid") : "");
      return { count: missing.length, rows: weeks.toReversed().map(ofWeek), onward: to("/workspace/reviews", { area: told.area }) };
    },
    assessments: async () => {
      const { assessments } = await get("/v1/assessments");
      const of = (each) => line(each.name, to("/workspace/assessments", { code: each.code }), [rows.word("target", each.target), say("work.js.dimensions", { n: number(each.dimensions.length) })]);
      return { count: assessments.length, rows: assessments.map(of), onward: to("/workspace/assessments") };
    },
    facilities: async () => {
      const { centers } = await get("/v1/stations/facilities", { met: false });
      const of = (each) => line(rows.called("area", each.area), to("/workspace/facilities", { area: each.area }), [each.area_m2 === null ? say("work.js.no_centre") : say("work.js.square", { has: number(each.area_m2) }), say("work.js.needs", { needs: number(each.needed_m2) })]);
      return { count: centers.length, rows: centers.map(of), onward: to("/workspace/facilities", { met: "false" }) };
    },
    reported: async () => {
      const { receipts, next } = await get("/v1/receipts", { limit: MOST });
      const open = receipts.filter((each) => !each.closed_at && !["rejected", "voided"].includes(each.state));
      const of = (each) => line(each.title || each.no, told.sees_desk ? rows.incidentAt(each.no) : "", [each.state_label, say("work.js.reported_at", { at: wangge.time(each.reported_at) })]);
      return { count: open.length, text: few(open.length, next), rows: open.map(of), onward: told.sees_desk ? to("/command") : "" };
    },
    log: async () => {
      const since = new Date(Date.now() - 24 * 3600 * 1000).toISOString();
      const { events, next } = await get("/v1/log", { since, limit: 1000 });
      return { count: events.length, text: few(events.length, next), isCalm: true, rows: events.toReversed().map((each) => line(each.kind, "", [each.subject, wangge.time(each.at)])), onward: to("/v1/log", { since }) };
    },
    people: async () => {
      const { people, next } = await get("/v1/people", { limit: 1000 });
      const shut = (each) => !each.active || (!each.has_password && !each.subject);
      const of = (each) => line(each.name || each.login, "", [each.login, shut(each) ? say("work.js.no_password") : ""]);
      return { count: people.length, text: few(people.length, next), isCalm: true, rows: people.toSorted((a, b) => shut(a) - shut(b)).map(of), onward: to("/v1/people") };
    },
  };

  const showLine = ({ text, href, more, alarm }) => {
    const name = href ? make("a", { href, text }) : make("span", { text });
    return make("li", { className: alarm ? "late" : "" }, make("b", {}, name), ...(alarm ? [make("em", { text: alarm })] : []), make("small", { text: more.join(" · ") }));
  };
  const tile = (name) => document.querySelector(`[data-tile="${name}"]`);
  const show = (name, part) => {
    const node = byId(`panel-${name}`);
    const [note, list, onward] = ["note", "rows", "onward"].map((what) => node.querySelector(`[data-${what}]`));
    tile(name).querySelector("dd").textContent = part.text ?? number(part.count);
    tile(name).className = !part.count ? "nothing" : part.rows.some(({ alarm }) => alarm) ? "late" : "";
    note.className = "note";
    note.hidden = part.rows.length > 0;
    note.textContent = say(`work.js.calm.${name}`);
    list.hidden = !part.rows.length;
    list.replaceChildren(...part.rows.slice(0, FIRST).map(showLine));
    onward.hidden = !part.onward || !part.rows.length;
    onward.replaceChildren(make("a", { href: part.onward, text: part.rows.length > FIRST ? say("work.js.all", { n: part.text ?? number(part.count) }) : say("work.js.open") }));
    node.classList.toggle("calm", !part.rows.length);
    return part.isCalm || name === "assessments" ? 0 : part.count;
  };
  const fail = (name, problem) => {
    const note = byId(`panel-${name}`).querySelector("[data-note]");
    note.className = "alarm";
    note.hidden = false;
    note.textContent = problem.text ?? say("common.failed");
    tile(name).querySelector("dd").textContent = "—";
  };

  const open = async () => {
    const counts = await Promise.all(
      told.panels.map(async (name) => {
        try {
          return show(name, await PARTS[name]());
        } catch (problem) {
          fail(name, problem);
          return null;
        } finally {
          byId(`panel-${name}`).setAttribute("aria-busy", "false");
        }
      }),
    );
    byId("as-of").textContent = say("work.js.as_of", { at: wangge.time(new Date().toISOString()) });
    byId("calm").hidden = !told.panels.length || counts.some((count) => count !== 0);
  };
  open();

  // A desk that stood behind other windows for a while is looked at anew when it comes forward.
  let asked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - asked < STALE_MS) return;
    asked = Date.now();
    open();
  });
})();
