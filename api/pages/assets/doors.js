"use strict";

/* What stands behind each door of the start page, for whoever reads it: how much is in force, on its way, open; or what to do first. */
(async () => {
  const { ask, say, make, byId, number, root } = wangge;

  const tell = (id, ...parts) => byId(id).replaceChildren(...parts);
  /** Say that one has to sign in, and where; or that signing in did not give the right. */
  const shut = (id, isKnown) => {
    if (isKnown) tell(id, say("landing.js.no_right"));
    else tell(id, say("landing.js.needs"), make("a", { href: byId(id).dataset.signIn, text: say("landing.js.sign_in") }));
  };

  const showPublic = (counts) => {
    if (counts.grids) tell("door-public", say("landing.js.public", { grids: number(counts.grids), communities: number(counts.communities ?? 0) }));
    else tell("door-public", say(counts.grids === undefined ? "landing.js.public.closed" : "landing.js.public.none"));
  };
  /** Nothing is in force: say what comes first, and how far it has come. */
  const showFirst = (counts, isKnown) => {
    byId("first").hidden = counts.grids !== 0;
    if (byId("first").hidden) return;
    const done = { town: counts.communities > 0, people: isKnown };
    for (const step of document.querySelectorAll("#first li")) {
      if (!done[step.dataset.step]) continue;
      step.className = "done";
      step.querySelector("b").append(make("small", { text: say("landing.js.done") }));
    }
  };
  const showPlanner = async ({ person, rights }) => {
    if (!rights.includes("see_drafts")) return shut("door-planner", Boolean(person));
    const { plans } = (await ask(`${root}/v1/plans?limit=1000`)).body;
    const drafts = plans.filter(({ state }) => state === "draft").length;
    const under = plans.filter(({ state }) => !wangge.tone(state) && state !== "draft").length;
    return tell("door-planner", say(drafts + under ? "landing.js.plans" : "landing.js.plans.none", { drafts: number(drafts), under: number(under) }));
  };
  const showCommand = async ({ person, rights }) => {
    if (!rights.includes("watch")) return shut("door-command", Boolean(person));
    const { total } = (await ask(`${root}/v1/stats?metrics=open,overdue_open`)).body;
    const late = total.overdue_open.value;
    const parts = [say("landing.js.open", { n: number(total.open.value) }), late ? make("b", { className: "late", text: say("landing.js.late", { n: number(late) }) }) : say("landing.js.late.none")];
    return tell("door-command", parts[0], say("common.comma"), parts[1]);
  };
  /** What cannot be told now is said at its door, and nowhere else. */
  const at = (id) => (problem) => tell(id, problem.text ?? say("common.failed"));

  const counts = await wangge.counts;
  showPublic(counts);
  let me;
  try {
    me = (await ask(`${root}/v1/session`)).body;
  } catch (problem) {
    for (const id of ["door-planner", "door-command"]) at(id)(problem);
    return;
  }
  showFirst(counts, Boolean(me.person));
  for (const node of document.querySelectorAll("[data-needs]")) node.hidden = !me.rights.includes(node.dataset.needs);
  showPlanner(me).catch(at("door-planner"));
  showCommand(me).catch(at("door-command"));
})();
