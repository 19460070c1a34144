"use strict";

/* One plan: where it stands, what may be done with it, what it changes, and what was said about it. */
(() => {
  const { ask, say, sayIf, make, byId, number, root } = wangge;
  const { id, me, today, steps, names, fill } = wangge.data("plan-data");
  const here = `${root}/v1/plans/${encodeURIComponent(id)}`;
  let etag = null;

  const called = (code) => names[code] ?? code;
  const row = (...cells) => make("tr", {}, ...cells.map(([text, className = "text"]) => (text instanceof Node ? make("td", { className }, text) : make("td", { className, text }))));
  const actor = (each) => (!each.actor ? "—" : each.actor === me ? say("plan.me") : each.actor_name);

  /* the way */

  const REACHED = Object.fromEntries(steps.map((step, n) => [step.gives, n + 1]));
  const showWay = (plan) => {
    const level = REACHED[plan.state] ?? (plan.state === "superseded" ? steps.length : 0);
    const areas = (tier) => plan.areas.filter((area) => area.level === tier);
    const nodes = steps.map((step, n) => {
      const made = plan.decisions.filter((each) => each.version === plan.version && each.step === step.name && each.verdict === "pass");
      const passed = n < level;
      const skipped = passed && step.name === "notice" && !made.length && plan.state !== "noticed";
      const now = n === level && plan.state !== "withdrawn";
      const notes = [];
      if (skipped) notes.push(say("plan.way.skipped"));
      else if (made.length) notes.push(wangge.day(made.at(-1).at));
      const due = areas(step.tier);
      if (now && due.length > 1) notes.push(say("plan.way.some", { n: made.length, all: due.length }));
      else if (now) notes.push(say("plan.way.now"));
      const item = make("li", { className: passed ? "done" : now ? "now" : "" }, make("i", { text: passed ? "✓" : "", ariaHidden: "true" }), make("b", { text: sayIf(`plan.step.${step.name}`, step.name) }), ...notes.map((text) => make("small", { text })));
      if (now) item.setAttribute("aria-current", "step");
      return item;
    });
    byId("way").replaceChildren(...nodes);
  };

  /* what may be done */

  const STOPS = new Set(["reject", "withdraw"]);
  const dialog = byId("act");
  let offered = null;
  const stepName = wangge.named();
  const begin = (offer) => {
    offered = offer;
    const title = sayIf(`plan.do.${offer.action}`, offer.action);
    byId("act-title").textContent = title;
    byId("act-text").textContent = sayIf(`plan.do.${offer.action}.text`, "");
    byId("act-day").hidden = !offer.requires.includes("effective_from");
    byId("act-from").value = offer.requires.includes("effective_from") ? today : "";
    byId("act-comment-label").textContent = say(offer.requires.includes("comment") ? "plan.act.reason" : "plan.act.comment");
    byId("act-comment").required = offer.requires.includes("comment");
    byId("act-comment").value = "";
    byId("act-do").textContent = title;
    byId("act-do").className = STOPS.has(offer.action) ? "stop" : "go";
    wangge.complain(byId("act-problem"), null);
    dialog.showModal();
  };
  const showActs = (plan) => {
    byId("no-acts").hidden = plan.transitions.length > 0;
    const edits = plan.state === "draft" || plan.state === "validated";
    byId("edit").href = `${byId("edit").dataset.edit}${encodeURIComponent(id)}${edits ? "" : "?compare=1"}`;
    byId("edit").textContent = say(edits ? "plan.edit" : "plan.edit.look");
    byId("acts").replaceChildren(
      ...plan.transitions.map((offer) => {
        const button = make("button", { type: "button", className: STOPS.has(offer.action) ? "stop" : "go", text: sayIf(`plan.do.${offer.action}`, offer.action) });
        button.dataset.action = offer.action;
        button.addEventListener("click", () => begin(offer));
        return button;
      }),
    );
  };
  byId("act-cancel").addEventListener("click", () => dialog.close());
  byId("act-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = byId("act-problem");
    const comment = byId("act-comment").value.trim();
    if (byId("act-comment").required && !comment) {
      wangge.complain(problem, say("plan.act.reason.missing"));
      byId("act-comment").focus();
      return;
    }
    if (!byId("act-day").hidden && !byId("act-from").value) {
      wangge.complain(problem, say("plan.act.from.missing"));
      byId("act-from").focus();
      return;
    }
    const body = { action: offered.action, comment };
    if (!byId("act-day").hidden) body.effective_from = byId("act-from").value;
    byId("act-do").disabled = true;
    try {
      const answer = await ask(`${here}/transitions`, { method: "POST", body, headers: { "If-Match": etag, "Idempotency-Key": stepName(body, etag) } });
      dialog.close();
      showPlan(answer);
      byId("done").textContent = say("plan.act.done", { what: sayIf(`plan.do.${offered.action}`, offered.action), state: sayIf(`plan.state.${answer.body.state}`, answer.body.state) });
      await showParts();
    } catch (error) {
      if (error.status === 412) {
        // Somebody else was faster: show how it stands now, and let people look before they act.
        dialog.close();
        await load();
        wangge.complain(byId("problem"), say("plan.act.stale"));
        byId("problem").scrollIntoView({ block: "center" });
      } else wangge.complain(problem, error);
    } finally {
      byId("act-do").disabled = false;
    }
  });

  /* the plan itself */

  const showFindings = (findings) => {
    byId("findings").hidden = !findings.length;
    byId("findings-list").replaceChildren(
      ...findings.map((each) => {
        const text = (wangge.lang === "en" ? each.en : each.zh) ?? each.kind;
        const item = make("li", { className: each.severity }, make("b", { text: sayIf(`plan.severity.${each.severity}`, each.severity) }), make("span", { text }));
        if (each.place?.lon !== undefined) {
          const { lon, lat } = each.place;
          const see = make("button", { type: "button", className: "plain", text: say("plan.findings.see") });
          see.addEventListener("click", () => {
            drawn.point(lat, lon, text);
            byId("map").scrollIntoView({ block: "center" });
            byId("map").focus({ preventScroll: true });
          });
          item.append(see);
        }
        return item;
      }),
    );
  };
  /** What may be printed: all that the plan changes, or one community of it; a whole that is too long is not offered. */
  const PRINTED_WHOLE = 20;
  const showSheets = (communities) => {
    const box = byId("sheet");
    if (!box) return;
    const pick = byId("sheet-community");
    const codes = communities.map((area) => area.code);
    pick.replaceChildren(...(codes.length <= PRINTED_WHOLE ? [make("option", { value: "", text: say("plan.sheet.all") })] : []), ...codes.map((code) => make("option", { value: code, text: called(code) })));
    pick.parentElement.hidden = codes.length < 2;
    const aim = () => {
      byId("sheet-link").href = `${byId("sheet-link").dataset.sheet}${encodeURIComponent(id)}${pick.value ? `?${new URLSearchParams({ community: pick.value })}` : ""}`;
    };
    pick.onchange = aim;
    aim();
  };
  const showDecisions = (decisions) => {
    byId("decisions-note").hidden = decisions.length > 0;
    byId("decisions-table").hidden = !decisions.length;
    byId("decisions-rows").replaceChildren(
      ...decisions.map((each) =>
        row([wangge.time(each.at), "digits"], [String(each.version), "digits"], [sayIf(`plan.step.${each.step}`, each.step)], [sayIf(`plan.verdict.${each.verdict}`, each.verdict)], [each.area, "digits"], [actor(each)], [each.comment || "—"]),
      ),
    );
  };
  const showPlan = ({ body: plan, etag: tag }) => {
    etag = tag;
    byId("loading").hidden = true;
    byId("plan").hidden = false;
    document.querySelector(".crumbs [aria-current]").textContent = say("plan.number", { number: plan.number });
    byId("title").textContent = plan.title || say("plan.title");
    document.title = `${plan.title || say("plan.title")} · ${document.title.split(" · ").at(-1)}`;
    byId("state").textContent = sayIf(`plan.state.${plan.state}`, plan.state);
    byId("state").className = `state ${wangge.tone(plan.state)}`;
    byId("reason").textContent = plan.reason;
    byId("reason").hidden = !plan.reason;
    const about = [say("plan.about", { number: plan.number, version: plan.version, day: wangge.time(plan.updated_at) })];
    if (plan.effective_from) about.push(say("plan.about.effective", { day: wangge.day(plan.effective_from) }));
    const communities = plan.areas.filter((area) => area.level === "community");
    showSheets(communities);
    about.push(say("plan.about.areas", { n: communities.length, codes: communities.slice(0, 4).map((area) => called(area.code)).join(say("common.list")) + (communities.length > 4 ? "…" : "") }));
    byId("about").textContent = about.join(" · ");
    showWay(plan);
    showActs(plan);
    showFindings(plan.findings ?? []);
    showDecisions(plan.decisions);
    return plan;
  };

  /* what it changes */

  let origin = new Map();
  const drawn = wangge.map(byId("map"), {
    colour: (feature) => {
      const changed = (origin.get(String(feature.id)) ?? "keep") !== "keep";
      return { fill: changed ? fill.changed : fill.kept, hatch: feature.properties.kind === "dedicated" };
    },
    name: (feature) => `${feature.properties.name ?? ""} ${feature.id}`,
    tell: (feature) => {
      const card = wangge.card(feature, "");
      const how = origin.get(String(feature.id));
      if (how) card.append(make("p", { text: sayIf(`plan.op.${how}`, how) }));
      return card;
    },
  });
  wangge.keys(fill);

  const figure = (name, value) => make("div", {}, make("dt", { text: say(`plan.diff.figure.${name}`) }), make("dd", { text: number(value) }));
  const showDiff = async () => {
    const note = byId("diff-note");
    try {
      const { body } = await ask(`${here}/diff`);
      origin = new Map(body.after.map((each) => [String(each.code), each.origin]));
      byId("diff-figures").replaceChildren(figure("before", body.grids_before), figure("after", body.grids_after), figure("touched", body.grids_touched_after), figure("moved", body.households_moved));
      note.textContent = body.grids_before ? (body.grids_touched_after ? "" : say("plan.diff.nothing")) : say("plan.diff.first");
      const rows = body.rows.filter((each) => each.op !== "keep");
      byId("diff-rows").replaceChildren(
        ...rows.map((each) => row([each.from_code ?? "—", "digits"], [each.to_code ?? "—", "digits"], [sayIf(`plan.op.${each.op}`, each.op)], [number(each.households_moved), "number"])),
      );
      if (!rows.length) byId("diff-rows").append(make("tr", {}, make("td", { colSpan: 4, className: "faint", text: say("plan.diff.no_rows") })));
    } catch (problem) {
      note.textContent = problem.text;
    }
  };
  const showMap = async (plan) => {
    const { features } = (await ask(`${here}/grids`)).body;
    drawn.show(features.map((each) => ({ ...each, id: String(each.id) })));
    const codes = plan.areas.filter((area) => area.level === "community").map((area) => `'${area.code.replaceAll("'", "''")}'`);
    if (!codes.length || codes.length > 100) return;
    const query = new URLSearchParams({ limit: 10000, properties: "code", filter: `community IN (${codes.join(",")})` });
    // Where the grids in force are not for everybody here, the map does without them.
    const inForce = await ask(`${root}/collections/grids/items?${query}`).catch(() => ({ body: { features: [] } }));
    drawn.add(inForce.body.features);
  };
  const showExceptions = async () => {
    const { exceptions, unproven } = (await ask(`${here}/exceptions`)).body;
    byId("exceptions-note").textContent = exceptions.length ? say("plan.exceptions.count", { n: number(exceptions.length), unproven: number(unproven) }) : say("plan.exceptions.none");
    byId("exceptions-table").hidden = !exceptions.length;
    byId("exceptions-rows").replaceChildren(
      ...exceptions.map((each) =>
        row([each.code, "digits"], [each.name], [each.households === null ? "—" : number(each.households), "number"], [(wangge.lang === "en" ? each.en : each.zh) ?? each.reason ?? ""], [say(each.proven ? "plan.exceptions.yes" : "plan.exceptions.no")]),
      ),
    );
  };
  const showComments = async () => {
    const { comments } = (await ask(`${here}/comments`)).body;
    byId("comments").replaceChildren(
      ...comments.map((each) => {
        const head = [actor(each), wangge.time(each.at), say("plan.comments.version", { n: each.version })];
        if (each.grid) head.push(each.grid);
        return make("li", {}, make("small", { text: head.join(" · ") }), make("p", { text: each.text }));
      }),
    );
  };
  const fail = (problem) => wangge.complain(byId("problem"), problem);
  let current = null;
  const showParts = async () => {
    // The map's colours are those of the difference, so that comes first.
    const diff = showDiff().then(() => showMap(current)).catch(fail);
    await Promise.all([diff, showExceptions().catch(fail), showComments().catch(fail)]);
  };
  const load = async () => {
    try {
      current = showPlan(await ask(here));
    } catch (problem) {
      byId("loading").hidden = true;
      fail(problem);
      return;
    }
    fail(null);
    await showParts();
  };

  let remarkName = wangge.named();
  byId("comment").addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = byId("comment-problem");
    const text = byId("comment-text").value.trim();
    const grid = byId("comment-grid").value.trim();
    wangge.complain(problem, null);
    try {
      const body = grid ? { text, grid } : { text };
      await ask(`${here}/comments`, { method: "POST", body, headers: { "Idempotency-Key": remarkName(body) } });
      remarkName = wangge.named();
      event.target.reset();
      await showComments();
    } catch (error) {
      wangge.complain(problem, error);
    }
  });

  load();
})();
