/** One incident beside the map: what is known of it, what may be done with it now, its way so far, and its pictures. */
wangge.deskDrawer = (page, words, send, rows, fields, steps) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const drawer = byId("drawer");
  const content = byId("drawer-content");
  let shown;
  /** Which question is the last: answers to others are dropped. */
  let turn = 0;
  /** How many questions wait for their answer, and what changed meanwhile. */
  let loading = 0;
  let missed;
  /** What could not be shown. */
  let lost;

  const path = (no, rest = "") => `/v1/incidents/${encodeURIComponent(no)}${rest}`;
  const seconds = (moment) => Date.parse(moment) / 1000;
  const party = (who) => (who == null ? "" : who.org ? rows.say.org(who.org) : rows.say.person(who.person));

  const section = (key, ...nodes) => make("section", {}, make("h3", { text: words.say(key) }), ...nodes);

  const clock = (name, { due_at, light, is_fallback }) => {
    if (!due_at) return undefined;
    const left = light === null ? "" : page.span(seconds(due_at) - page.now());
    const box = make("div", { className: `clock is-${light ?? "none"}` }, make("span", { text: words.say(`desk.clock.${name}`) }), make("b", { text: left || "—" }), make("time", { text: page.moment(seconds(due_at)) }));
    if (is_fallback) box.title = words.say("desk.clock.fallback");
    return box;
  };

  const facts = (doc) => {
    const each = page.find(doc.no);
    return wangge.pairs(words, [
      ["desk.fact.place", doc.address],
      ["wall.grid", doc.grid ? page.gridName(doc.grid) : words.say("wall.outside")],
      ["wall.place", each ? page.placeOf(each) : undefined],
      ["desk.fact.located", doc.located_by && doc.located_by !== "point" ? words.say(`located_by.${doc.located_by}`) : undefined],
      ["desk.facet.owner", party(doc.owner) || words.say("desk.nobody")],
      ["desk.facet.department", doc.department ? rows.say.org(doc.department) : undefined],
      ["desk.facet.tier", doc.tier_label],
      ["desk.fact.stage", doc.stage ? [doc.stage.label, doc.stage.ring].filter(Boolean).join(" · ") : undefined],
      ["desk.fact.matter", doc.matter],
      ["desk.facet.kind", words.say(`kind.${doc.kind}`)],
      ["desk.fact.triage", doc.triage ? words.say(`triage.${doc.triage}`) : undefined],
      ["desk.facet.source", rows.say.source(doc.source)],
      ["desk.fact.external", doc.external_id],
      ["desk.facet.mode", doc.mode === "emergency" ? words.say("mode.emergency") : undefined],
      ["desk.facet.supervision", doc.supervision === "none" ? undefined : words.say(`supervision.${doc.supervision}`)],
      ["desk.fact.master", doc.master],
      ["desk.fact.outcome", doc.outcome ? words.say(`outcome.${doc.outcome}`) : undefined],
      ["desk.fact.satisfaction", doc.satisfaction ? words.say(`satisfaction.${doc.satisfaction}`) : undefined],
      ["desk.fact.again", again(doc)],
      ["desk.fact.reported", page.moment(seconds(doc.reported_at))],
      ["desk.fact.occurred", doc.occurred_at ? page.moment(seconds(doc.occurred_at)) : undefined],
      ["desk.fact.closed", doc.closed_at ? page.moment(seconds(doc.closed_at)) : undefined],
    ]);
  };
  const again = (doc) => ["returns", "reworks", "reopens", "extensions"].filter((name) => doc[name]).map((name) => words.say(`desk.again.${name}`, { n: doc[name] })).join(words.say("desk.comma"));

  /** What came with a record of the log, as far as it is for reading: words of ours by their names, parties by theirs. */
  const FAMILIES = { outcome: "outcome", mediation: "mediation", triage: "triage", level: "supervision", to_tier: "tier" };
  const SKIPPED = new Set(["owner", "place", "due_at", "stage_due_at", "category", "kind", "source", "urgent", "mode", "department", "final", "located_by", "words", "district_decides", "on_the_spot", "external_id"]);
  const payload = (record) => Object.entries(record.payload ?? {}).filter(([name, value]) => !SKIPPED.has(name) && value !== null && value !== "" && value !== false).map(([name, value]) => {
    const label = words.has(`desk.field.${name}`) ? words.say(`desk.field.${name}`) : name;
    const kind = page.kindOf(record.event, name);
    let said;
    if (value.org || value.person) said = party(value);
    else if (name === "departments") said = value.map(({ org, lead }) => `${rows.say.org(org)}${lead ? ` (${words.say("desk.department.lead")})` : ""}`).join(words.say("desk.comma"));
    else if (name === "worker") said = rows.say.person(value);
    else if (name === "evidence") said = value.map((each) => (each.startsWith("picture:") ? words.say("desk.picture.one") : each)).join(words.say("desk.comma"));
    else if (name === "until") said = page.moment(seconds(value));
    else if (kind && words.has(`${kind}.${value}`)) said = words.say(`${kind}.${value}`);
    else if (FAMILIES[name] && words.has(`${FAMILIES[name]}.${value}`)) said = words.say(`${FAMILIES[name]}.${value}`);
    else if (typeof value === "object") said = Object.entries(value).map(([key, each]) => `${words.has(`desk.score.${key}`) ? words.say(`desk.score.${key}`) : rows.say.org(key)} ${each}`).join(words.say("desk.comma"));
    else said = String(value);
    return make("p", {}, make("span", { text: label }), make("q", { text: said }));
  });
  /** For whom it was done, and by whom, as far as that is known: of the staff alone the names are. */
  const by = ({ org, actor }) => {
    if (!org && !actor) return words.say("desk.by_itself");
    const known = actor && rows.say.person(actor) !== words.say("desk.somebody") ? rows.say.person(actor) : "";
    return [org ? rows.say.org(org) : "", known].filter(Boolean).join(" · ") || words.say("desk.somebody");
  };
  const log = (events) => make("ol", { className: "log" }, ...events.toReversed().map((record) => {
    const who = by(record);
    return make("li", {}, make("time", { text: page.moment(seconds(record.at)) }), make("b", { text: record.label }), make("span", { className: "who", text: who }), ...payload(record));
  }));

  const contact = (doc) => {
    if (!doc.contact) return make("p", { className: "nothing", text: words.say("desk.contact.none") });
    const place = make("div", {});
    const button = make("button", { type: "button", className: "quiet", text: words.say("desk.contact.show") });
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const found = await send.get(path(doc.no, "/contact"));
        place.replaceChildren(wangge.pairs(words, ["name", "phone", "email"].map((name) => [`desk.contact.${name}`, found[name]])));
      } catch (error) {
        place.append(make("p", { className: "alarm", text: error.detail ?? error.message }));
      }
    });
    place.append(button, make("p", { className: "hint", text: words.say("desk.contact.logged") }));
    return place;
  };
  const duplicates = (doc) => make("ul", { className: "near" }, ...doc.duplicates.map((each) => make("li", {}, make("button", { type: "button", onclick: () => page.open(each.no) }, make("b", { text: each.title || each.no }), make("span", { text: words.say("desk.near", { m: words.number(Math.round(each.away_m)), state: words.say(`state.${each.state}`) }) })))));
  const CALL = ["called_at", "assigned_at", "joint_started_at", "handled_at", "cleared_at"];
  /** A department of a call: what it is there for, whether it has come, in time or not, and how it was rated. */
  const called = (each, due) => {
    const role = each.lead ? "lead" : each.mandatory ? "must" : undefined;
    const came = each.joined_at ? words.say("desk.call.joined", { when: page.moment(seconds(each.joined_at)) }) : words.say("desk.call.waiting");
    const isLate = due !== undefined && (each.joined_at ? seconds(each.joined_at) : page.now()) > due;
    const said = [came, isLate ? words.say("desk.call.late") : "", each.rating === null ? "" : words.say("desk.call.rating", { n: each.rating })].filter(Boolean);
    return make("li", { className: ["who", each.joined_at ? "is-done" : "", isLate ? "is-late" : ""].filter(Boolean).join(" ") },
      make("b", { text: [rows.say.org(each.org), role ? words.say(`desk.department.${role}`) : ""].filter(Boolean).join(" · ") }),
      make("span", { text: said.join(words.say("desk.comma")) }));
  };
  const call = (doc) => {
    const due = doc.call.join_due_at ? seconds(doc.call.join_due_at) : undefined;
    const moments = CALL.map((name) => {
      const at = doc.call[name];
      return make("li", { className: at ? "is-done" : "" }, make("b", { text: words.say(`desk.call.${name}`) }), make("time", { text: at ? page.moment(seconds(at)) : "" }));
    });
    const about = [doc.call.summary, due !== undefined && !doc.call.joint_started_at ? words.say("desk.call.due", { when: page.moment(due) }) : ""].filter(Boolean);
    return make("div", {}, ...about.map((text) => make("p", { className: "hint", text })), make("ol", { className: "call" }, ...moments, ...doc.call.participants.map((each) => called(each, due))));
  };

  /** Which look at the pictures is the last: one that is overtaken shows nothing. */
  let look = 0;
  const pictures = async (no, place, mine) => {
    const last = ++look;
    const { pictures: found } = await send.get(path(no, "/pictures"));
    // A picture never changes: what is there stays.
    const there = new Map([...place.querySelectorAll(".picture")].map((node) => [node.dataset.id, node]));
    const nodes = [];
    for (const [i, { id }] of found.entries()) {
      let button = there.get(id);
      if (!button) {
        const image = make("img", { alt: words.say("desk.picture.alt", { n: i + 1 }), src: await send.picture(path(no, `/pictures/${id}`)) });
        button = make("button", { type: "button", className: "picture" }, image);
        button.addEventListener("click", () => image.parentNode.classList.toggle("is-large"));
        button.dataset.id = id;
      }
      nodes.push(button);
    }
    if (mine !== turn || last !== look) return;
    place.querySelector(".alarm")?.remove();
    place.hidden = !nodes.length;
    for (const old of there.values()) old.remove();
    place.append(...nodes);
  };

  /** Show the pictures; that there are some which cannot be had is not the same as none. */
  const showPictures = (no, place, mine) =>
    pictures(no, place, mine).catch((error) => {
      if (mine !== turn) return;
      place.hidden = false;
      place.querySelector(".alarm")?.remove();
      place.append(make("p", { className: "alarm", text: error.detail ?? error.message }));
    });

  const names = async (events, doc) => {
    const people = new Set([...events.flatMap((record) => [record.actor, record.payload?.worker, record.payload?.owner?.person, record.payload?.to?.person]), doc.owner?.person].filter(Boolean));
    const unknown = [...people].filter((id) => rows.say.person(id) === words.say("desk.somebody"));
    if (unknown.length) {
      const { people: found } = await send.get("/v1/desk/people", { id: unknown.slice(0, 200) });
      rows.know({ people: Object.fromEntries(found.map(({ id, name }) => [id, name])) });
    }
    const orgs = [...events.flatMap(({ org, payload = {} }) => [org, payload.to?.org, payload.owner?.org, ...(payload.departments ?? []).map((each) => each.org)]), ...(doc.call?.participants ?? []).map(({ org }) => org)];
    if (orgs.some((code) => code && rows.say.org(code) === code)) rows.know({ orgs: Object.fromEntries((await fields.orgs()).filter(({ name }) => name).map(({ code, name }) => [code, name])) });
  };

  const isWriting = () => Boolean(content.querySelector("form.step:not([hidden])"));
  const sayChanged = () => {
    const line = content.querySelector("[role=status]");
    if (!line) return;
    line.textContent = words.say("desk.changed");
    line.className = "alarm";
    line.hidden = false;
  };
  /** Show an incident. By `quietly` it is only looked whether it has changed, and nobody is taken what they write. */
  const show = async (no, how = {}) => {
    loading += 1;
    try {
      await fill(no, how);
    } finally {
      loading -= 1;
    }
    if (loading || missed === undefined) return;
    const changed = missed;
    missed = undefined;
    heard(changed);
  };
  const fill = async (no, { told, focus, quietly, kept }) => {
    const mine = quietly ? turn : ++turn;
    if (!quietly) lost = undefined;
    drawer.hidden = false;
    document.body.classList.add("with-drawer");
    if (shown?.no !== no) {
      byId("drawer-title").textContent = page.find(no)?.title || no;
      byId("drawer-no").textContent = no;
      content.replaceChildren(make("p", { className: "nothing", text: words.say("wall.loading") }));
    }
    if (page.isFrozen) {
      frozen(no);
      return;
    }
    let answer;
    let events;
    try {
      [answer, { events }] = await Promise.all([send.ask("GET", path(no)), send.get(path(no, "/events"))]);
      await names(events, answer.document);
    } catch (error) {
      if (mine !== turn || quietly) return;
      // What somebody wrote is worth more than that it cannot be shown anew.
      if (kept && shown?.no === no) return;
      shown = undefined;
      lost = no;
      content.replaceChildren(make("p", { className: "alarm", text: error.detail ?? error.message }));
      return;
    }
    if (mine !== turn) return;
    if (quietly && (isWriting() || shown?.etag === answer.etag)) {
      if (shown?.etag !== answer.etag) sayChanged();
      return;
    }
    const doc = answer.document;
    shown = { no, events, etag: answer.etag };
    byId("drawer-title").textContent = doc.title || rows.say.category(doc.category);
    const album = make("section", { className: "album", hidden: true }, make("h3", { text: words.say("desk.pictures") }));
    const news = make("p", { className: told?.isGood ? "told" : "alarm", text: told?.text ?? "", hidden: !told });
    news.setAttribute("role", "status");
    const place = make("div", { className: "doing" });
    content.replaceChildren(
      news,
      make("p", { className: "standing" }, make("em", { text: doc.state_label }), make("span", { text: rows.say.category(doc.category) }), ...(doc.urgent ? [make("em", { className: "card-urgent", text: words.say("desk.urgent.true") })] : []), ...(doc.supervision === "none" ? [] : [make("em", { className: `card-${doc.supervision}`, text: words.say(`supervision.${doc.supervision}`) })])),
      make("div", { className: "clocks" }, ...["total", "stage"].map((name) => clock(name, doc.clocks[name])).filter(Boolean)),
      ...(doc.description ? [make("p", { className: "description", text: doc.description })] : []),
      section("desk.steps", place),
      ...(doc.duplicates?.length ? [section("desk.duplicates", duplicates(doc))] : []),
      section("desk.facts", facts(doc)),
      ...(doc.call ? [section("desk.call", call(doc))] : []),
      album,
      section("desk.contact", contact(doc)),
      section("desk.log", log(events)),
    );
    steps.show(place, {
      incident: doc,
      etag: answer.etag,
      kept,
      // Controls may outlive what they were made beside.
      changed: () => showPictures(no, content.querySelector(".album"), turn),
      done: (now, _, offer) => {
        page.changed(no);
        if (!now.tier) {
          close();
          return;
        }
        show(no, { told: { isGood: true, text: words.say("desk.done", { step: offer.label, state: now.state_label }) } });
      },
      stale: (error, written) => show(no, { told: { text: happened(error) }, kept: written }).then(() => since(events.length, error)),
    });
    if (focus) byId("drawer-title").focus();
    showPictures(no, album, mine);
  };
  const happened = (error) => words.say("desk.stale", { why: error.detail ?? "" });
  /** After a refusal: what happened to it meanwhile. */
  const since = (count, error) => {
    const later = shown?.events.slice(count) ?? [];
    const line = content.querySelector("[role=status]");
    if (!line || !later.length) return;
    line.textContent = words.say("desk.stale.since", { why: error.detail ?? "", what: later.map((record) => `${page.moment(seconds(record.at))} ${by(record)} ${record.label}`).join(words.say("desk.comma")) });
  };

  /** In a file that was taken away there is what the list says, and nobody to ask. */
  const frozen = (no) => {
    const each = page.find(no);
    if (!each) return close();
    shown = { no, events: [] };
    content.replaceChildren(
      make("p", { className: "standing" }, make("em", { text: words.say(`state.${each.state}`) }), make("span", { text: rows.say.category(each.category) })),
      wangge.pairs(words, [
        ["wall.no", each.no],
        ["desk.column.due", page.left(each) || words.say("wall.no_clock")],
        ["wall.grid", each.code ? page.gridName(each.code) : words.say("wall.outside")],
        ["wall.place", page.placeOf(each)],
        ["desk.facet.owner", rows.say.owner(each)],
        ["desk.facet.department", each.department ? rows.say.org(each.department) : undefined],
        ["desk.facet.tier", words.say(`tier.${each.tier}`)],
        ["desk.facet.source", rows.say.source(each.source)],
        ["desk.fact.reported", page.moment(each.reported)],
      ]),
    );
  };

  const close = () => {
    turn += 1;
    shown = undefined;
    lost = undefined;
    drawer.hidden = true;
    document.body.classList.remove("with-drawer");
    page.point("");
  };
  byId("drawer-close").addEventListener("click", close);

  /** Something happened to it elsewhere: shown anew, unless somebody is writing in it, who is told. */
  const heard = (no) => {
    if (loading) missed = no;
    else if (shown?.no === no) show(no, { quietly: true });
  };
  /** The line is there again: what could not be had, or may have changed unheard, is asked for. */
  const anew = () => {
    if (lost !== undefined) show(lost);
    else if (shown) heard(shown.no);
  };
  const speak = () => {
    if (shown && !isWriting()) show(shown.no);
  };

  return { show, close, heard, anew, isWriting, speak, get no() { return shown?.no; } };
};
