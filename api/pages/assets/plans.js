"use strict";

/* The list of plans, as /v1/plans gives it. */
(async () => {
  const { ask, say, sayIf, make, byId, number, root } = wangge;
  const { state } = wangge.data("asked");
  const count = byId("count");
  try {
    const query = new URLSearchParams({ limit: 500, ...(state ? { state } : {}) });
    const { plans } = (await ask(`${root}/v1/plans?${query}`)).body;
    count.textContent = say("plans.js.count", { n: number(plans.length) });
    byId("none").hidden = plans.length > 0;
    byId("table").hidden = !plans.length;
    for (const plan of plans) {
      const link = make("a", { href: `${root}/plans/${encodeURIComponent(plan.id)}`, text: plan.title || say("plans.js.untitled") });
      const cells = [
        make("td", { className: "digits", text: String(plan.number) }),
        make("td", { className: "text" }, link),
        make("td", {}, make("span", { className: `state ${wangge.tone(plan.state)}`, text: sayIf(`plan.state.${plan.state}`, plan.state) })),
        make("td", { className: "digits", text: String(plan.version) }),
        make("td", { text: plan.effective_from ? wangge.day(plan.effective_from) : "—" }),
        make("td", { className: "digits", text: wangge.time(plan.updated_at) }),
      ];
      byId("rows").append(make("tr", {}, ...cells));
    }
  } catch (problem) {
    // Who may see no plans has none to choose from, and none to make.
    byId("ask").hidden = problem.status === 403;
    count.className = "alarm";
    count.textContent = problem.text;
  }
})();
