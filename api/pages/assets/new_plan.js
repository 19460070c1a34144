"use strict";

/* Has communities divided: which, how, under what name; then shows how far the work is, and where it led. */
(() => {
  const { ask, say, sayIf, make, byId, number, root } = wangge;
  const asked = wangge.data("asked");
  const form = byId("wanted");
  const SIZES = ["minimum", "target", "maximum"];
  let town = null;
  let rows = [];

  const sizes = () => Object.fromEntries(SIZES.map((key) => [key, Number(byId(key).value)]));
  const isBand = ({ minimum, target, maximum }) => [minimum, target, maximum].every(Number.isInteger) && minimum > 0 && minimum <= target && target <= maximum;

  /** How many grids so many households make: as few and as many as the band lets, and the nearest to the target. */
  const expected = (households, band) => {
    if (!households || !isBand(band)) return "—";
    const few = Math.max(1, Math.ceil(households / band.maximum));
    const many = Math.max(few, Math.floor(households / band.minimum));
    return few === many ? number(few) : `${number(few)}–${number(many)}`;
  };

  const chosen = () => rows.filter((row) => row.box.checked);
  const count = () => {
    const some = chosen();
    const of = (key) => some.reduce((sum, row) => sum + row.community[key], 0);
    byId("chosen").textContent = some.length
      ? say("new_plan.js.chosen", { n: number(some.length), households: number(of("households")), grids: number(of("grids")), expected: expected(of("households"), sizes()) })
      : say("new_plan.js.nothing_chosen");
    const seen = rows.filter((row) => !row.line.hidden && !row.box.disabled);
    byId("all").checked = seen.length > 0 && seen.every((row) => row.box.checked);
    byId("all").indeterminate = !byId("all").checked && seen.some((row) => row.box.checked);
    byId("all").disabled = !seen.length;
  };
  const recount = () => {
    const band = sizes();
    for (const row of rows) row.expected.textContent = expected(row.community.households, band);
    count();
  };

  const lineOf = (community) => {
    const box = make("input", { type: "checkbox", value: community.code, disabled: !community.may_divide });
    box.setAttribute("aria-label", `${community.name || community.code} ${community.code}`);
    const cell = (text, className) => make("td", { className, text });
    const drafts = make("td", { className: "number" }, ...community.drafts.slice(0, 1).map((id) => make("a", { href: `${root}/plans/${encodeURIComponent(id)}`, text: number(community.drafts.length) })));
    const wanted = cell("", "number");
    const line = make(
      "tr",
      {},
      make("td", {}, make("label", { className: "tick" }, box)),
      make("td", { className: "text" }, make("b", { text: community.name || community.code }), " ", make("small", { className: "faint digits", text: community.name && community.name !== community.code ? community.code : "" })),
      cell([community.district, community.street].filter(Boolean).join(" "), "text"),
      cell(number(community.households), "number"),
      cell(number(community.grids), "number"),
      cell(number(community.outside_band), "number"),
      wanted,
      drafts,
    );
    line.addEventListener("click", (event) => {
      if (event.target.closest("input, a, label") || box.disabled) return;
      box.checked = !box.checked;
      count();
    });
    box.addEventListener("change", count);
    return { community, box, line, expected: wanted };
  };

  const sift = () => {
    const text = byId("find").value.trim().toLowerCase();
    for (const { community, line } of rows) line.hidden = !`${community.name} ${community.code} ${community.street} ${community.district}`.toLowerCase().includes(text);
    count();
  };

  const showTown = async (name) => {
    const { body } = await ask(`${root}/v1/towns/${encodeURIComponent(name)}/communities`);
    if (byId("town").value !== name) return; // another was chosen meanwhile
    town = body;
    for (const key of SIZES) byId(key).value = body.sizes[key];
    byId("sizes-of").textContent = say(body.sizes_of ? "new_plan.js.sizes_of" : "new_plan.js.sizes_usual", { name: body.sizes_of, minimum: number(body.sizes.minimum), maximum: number(body.sizes.maximum) });
    rows = body.communities.map(lineOf);
    if (rows.length === 1) rows[0].box.checked = !rows[0].box.disabled;
    byId("rows").replaceChildren(...rows.map((row) => row.line));
    sift();
    recount();
  };

  /* the job */

  let job = null;
  let looking = null;
  const ENDS = { done: "new_plan.js.done", failed: "new_plan.js.failed", cancelled: "new_plan.js.cancelled" };
  const showJob = (body) => {
    job = body;
    const over = body.state in ENDS;
    form.hidden = true;
    byId("job").hidden = false;
    byId("job-title").textContent = body.wants.title;
    const bar = byId("bar");
    bar.hidden = over;
    if (body.total) {
      bar.max = body.total;
      bar.value = body.done;
    } else bar.removeAttribute("value");
    const state = body.stopping ? "new_plan.js.stopping" : body.state === "queued" ? "new_plan.js.queued" : body.total ? "new_plan.js.running" : "new_plan.js.surveying";
    byId("job-text").textContent = say(ENDS[body.state] ?? state, { done: number(body.done), total: number(body.total), findings: number(body.findings.length) });
    byId("stop").hidden = over;
    byId("stop").disabled = body.stopping;
    byId("again").hidden = !over;
    byId("to-plan").hidden = !body.plan;
    if (body.plan) byId("to-plan").href = `${root}/plans/${encodeURIComponent(body.plan.id)}`;
    wangge.complain(byId("problem"), body.problem ? new wangge.Problem(body.problem.status, body.problem) : null);
    byId("job-findings").replaceChildren(
      ...body.findings.map((each) => make("li", { className: each.severity }, make("b", { text: sayIf(`plan.severity.${each.severity}`, each.severity) }), (wangge.lang === "en" ? each.en : each.zh) ?? each.kind)),
    );
    return over;
  };
  const follow = async (id) => {
    clearTimeout(looking);
    try {
      const over = showJob((await ask(`${root}/v1/jobs/${encodeURIComponent(id)}`)).body);
      if (!over) looking = setTimeout(() => follow(id), 1000);
    } catch (problem) {
      wangge.complain(byId("problem"), problem);
      // The work goes on without us; whoever is away comes back.
      if (problem.status === 0) looking = setTimeout(() => follow(id), 3000);
    }
  };
  byId("stop").addEventListener("click", async () => {
    byId("stop").disabled = true;
    try {
      await ask(`${root}/v1/jobs/${encodeURIComponent(job.id)}`, { method: "DELETE" });
    } catch (problem) {
      if (problem.status !== 409) wangge.complain(byId("problem"), problem);
    }
    follow(job.id);
  });

  /* what is wanted */

  const faultOf = (title, band) => {
    if (!chosen().length) return [say("new_plan.js.nothing_chosen"), byId("find")];
    if (!isBand(band)) return [say("new_plan.js.no_band"), byId("minimum")];
    if (!title) return [say("new_plan.js.no_title"), byId("plan-title")];
    return null;
  };
  const name = wangge.named();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = byId("plan-title").value.trim();
    const band = sizes();
    const fault = faultOf(title, band);
    wangge.complain(byId("fault"), fault?.[0] ?? null);
    if (fault) {
      fault[1].focus();
      return;
    }
    const hard = [...form.querySelectorAll("[name=hard]:checked")].map((box) => box.value);
    const measure = town.sizes.measure === "households" ? {} : { measure: town.sizes.measure, minimum_persons: town.sizes.minimum_persons, target_persons: town.sizes.target_persons, maximum_persons: town.sizes.maximum_persons };
    const body = {
      town: town.town,
      title,
      reason: byId("plan-reason").value.trim(),
      communities: chosen().map((row) => row.community.code),
      rules: { ...measure, ...band, ...(hard.length ? { hard_barriers: hard } : {}) },
    };
    byId("start").disabled = true;
    try {
      const { body: begun } = await ask(`${root}/v1/plans`, { method: "POST", body, headers: { "Idempotency-Key": name(body) } });
      history.replaceState(null, "", `${location.pathname}?job=${encodeURIComponent(begun.id)}`);
      showJob(begun);
      byId("job").scrollIntoView({ block: "center" });
      follow(begun.id);
    } catch (problem) {
      wangge.complain(byId("fault"), problem);
    } finally {
      byId("start").disabled = false;
    }
  });

  byId("all").addEventListener("change", () => {
    for (const row of rows) if (!row.line.hidden && !row.box.disabled) row.box.checked = byId("all").checked;
    count();
  });
  byId("find").addEventListener("input", sift);
  byId("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  for (const key of SIZES) byId(key).addEventListener("input", recount);
  byId("town").addEventListener("change", () => showTown(byId("town").value).catch((problem) => wangge.complain(byId("problem"), problem)));

  const open = async () => {
    if (asked.job) {
      byId("loading").hidden = true;
      await follow(asked.job);
      return;
    }
    try {
      const { towns } = (await ask(`${root}/v1/towns?limit=1000`)).body;
      byId("none").hidden = towns.length > 0;
      form.hidden = !towns.length;
      byId("town").replaceChildren(...towns.map((each) => make("option", { value: each.name, text: each.name })));
      byId("town-label").hidden = towns.length < 2;
      byId("plan-title").value = say("new_plan.js.usual_title", { month: new Intl.DateTimeFormat(wangge.lang, { year: "numeric", month: "long" }).format(new Date(`${asked.today}T12:00:00`)) });
      const first = towns.some((each) => each.name === asked.town) ? asked.town : towns[0]?.name;
      if (first !== undefined) {
        byId("town").value = first;
        await showTown(first);
      }
    } catch (problem) {
      form.hidden = true;
      wangge.complain(byId("problem"), problem);
    } finally {
      byId("loading").hidden = true;
    }
  };
  open();
})();
