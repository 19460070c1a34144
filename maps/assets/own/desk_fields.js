/** One field of a step's form for each kind: what stands in the form, and what it says to the service. */
wangge.deskFields = (setup, words, send, rows) => {
  const { make } = wangge;
  const SCORES = ["timeliness", "quality", "manner"];
  const zoned = wangge.zoned(setup.zone);
  let orgs;
  /** Organisations and colleagues are asked for once somebody may have to choose among them. */
  const allOrgs = async () => (orgs ??= await send.all("/v1/orgs", "orgs", { active: true }));
  const nameOf = (org) => org.name || (org.kind === "command_center" ? rows.say.org(org.code) === org.code ? words.say("desk.center", { place: org.area ?? "" }) : rows.say.org(org.code) : org.code);

  const option = (value, text) => make("option", { value, text });
  const choice = (id, pairs, { needed, chosen = "" } = {}) => {
    const box = make("select", { id });
    if (!needed || !chosen) box.append(option("", words.say(needed ? "desk.choose" : "desk.unsaid")));
    box.append(...pairs.map(([value, text]) => option(value, text)));
    box.value = chosen;
    return box;
  };
  const text = (node) => () => node.value.trim() || undefined;

  const prose = (id) => {
    const node = make("textarea", { id, rows: 3, maxLength: 4000 });
    return { node, read: text(node) };
  };
  const line = (id, { value = "", list, ...more } = {}) => {
    const node = make("input", { id, type: "text", value, maxLength: 200, autocomplete: "off", ...more });
    if (!list?.length) return { node, read: text(node) };
    const offers = make("datalist", { id: `${id}-list` }, ...list.map(([each, said]) => option(each, said)));
    node.setAttribute("list", offers.id);
    return { node: make("div", {}, node, offers), read: text(node), focus: node };
  };
  const flag = (id) => {
    const node = make("input", { id, type: "checkbox" });
    return { node, read: () => node.checked || undefined, isFlag: true };
  };
  const words_of = (id, family, needed) => {
    const node = choice(id, setup.choices[family].map((each) => [each, words.say(`${family}.${each}`)]), { needed });
    return { node, read: text(node) };
  };
  const moment = (id) => {
    const node = make("input", { id, type: "datetime-local" });
    return { node, read: () => (node.value ? new Date(zoned(...node.value.split(/[-T:]/).map(Number)) * 1000).toISOString() : undefined) };
  };

  const matter = async (id, { incident, offer }) => {
    const near = offer.matters ?? [];
    const wish = offer.proposes.matter ?? near[0]?.code ?? "";
    const node = make("select", { id }, option("", words.say("desk.choose")));
    if (near.length) node.append(make("optgroup", { label: words.say("desk.matter.near") }, ...near.map((each) => option(each.code, `${each.code} ${each.name}`))));
    const about = make("p", { className: "hint" });
    const known = new Map(near.map((each) => [each.code, each]));
    const others = await send.all("/v1/matters", "matters", { status: "admitted" });
    const rest = others.filter(({ code }) => !known.has(code)).sort((a, b) => (b.category === incident.category) - (a.category === incident.category));
    if (rest.length) node.append(make("optgroup", { label: words.say("desk.matter.all") }, ...rest.map((each) => option(each.code, `${each.code} ${each.name}`))));
    const tell = () => {
      const each = known.get(node.value);
      about.textContent = each?.condition ? words.say("desk.matter.condition", { text: each.condition }) : "";
    };
    node.value = wish;
    node.addEventListener("change", tell);
    tell();
    return { node: make("div", {}, node, about), read: text(node), focus: node };
  };
  const colleagues = async (incident) => (incident.grid ? (await send.get("/v1/desk/people", { grid: incident.grid })).people : []);
  const worker = async (id, { incident }) => {
    const found = await colleagues(incident);
    const node = choice(id, found.map((each) => [each.id, [each.name, each.letter].filter(Boolean).join(" · ")]));
    return { node, read: text(node) };
  };
  const party = async (id, { incident, offer }) => {
    const [people, organisations] = await Promise.all([colleagues(incident), allOrgs()]);
    const proposed = offer.proposes.to;
    const node = make("select", { id }, option("", words.say("desk.choose")));
    const group = (key, list) => {
      if (list.length) node.append(make("optgroup", { label: words.say(key) }, ...list));
    };
    group("desk.party.people", people.map((each) => option(`person:${each.id}`, [each.name, each.letter].filter(Boolean).join(" · "))));
    for (const kind of ["department", "unit", "command_center", "hotline"])
      group(`desk.party.${kind}`, organisations.filter((each) => each.kind === kind).map((each) => option(`org:${each.code}`, nameOf(each))));
    if (proposed) node.value = proposed.org ? `org:${proposed.org}` : `person:${proposed.person}`;
    return {
      node,
      read: () => {
        const at = node.value.indexOf(":");
        return at < 0 ? undefined : { [node.value.slice(0, at)]: node.value.slice(at + 1) };
      },
    };
  };
  const departments = async (id, { offer }) => {
    const found = (await allOrgs()).filter((each) => each.kind === "department" && each.tier === "district");
    const proposed = new Map((offer.proposes.departments ?? []).map((each) => [each.org, each]));
    const lines = found.sort((a, b) => proposed.has(b.code) - proposed.has(a.code)).map((each, i) => {
      const [called, leads, must] = [make("input", { type: "checkbox", checked: proposed.has(each.code) }), make("input", { type: "radio", name: `${id}-lead`, checked: Boolean(proposed.get(each.code)?.lead) }), make("input", { type: "checkbox", checked: Boolean(proposed.get(each.code)?.mandatory) })];
      if (!i) called.id = id;
      leads.addEventListener("change", () => { called.checked = true; });
      const label = (node, said) => make("label", {}, node, make("span", { text: said }));
      return { code: each.code, called, leads, must, node: make("li", {}, label(called, nameOf(each)), label(leads, words.say("desk.department.lead")), label(must, words.say("desk.department.must"))) };
    });
    return {
      node: make("ul", { className: "departments" }, ...lines.map(({ node }) => node)),
      read: () => {
        const chosen = lines.filter(({ called }) => called.checked).map(({ code, leads, must }) => ({ org: code, lead: leads.checked, mandatory: must.checked }));
        return chosen.length ? chosen : undefined;
      },
    };
  };
  const numbers = (id, names) => {
    const lines = names.map(([name, said], i) => {
      const node = make("input", { type: "number", min: 0, max: 100, step: 1, id: i ? `${id}-${i}` : id });
      return { name, node, line: make("label", { className: "score" }, make("span", { text: said }), node) };
    });
    return {
      node: make("div", {}, ...lines.map((each) => each.line)),
      read: () => {
        const said = Object.fromEntries(lines.filter(({ node }) => node.value !== "").map(({ name, node }) => [name, Number(node.value)]));
        return Object.keys(said).length ? said : undefined;
      },
    };
  };
  /** What shows that the work is done: pictures, each sent as it is chosen, and lines of text. */
  const evidence = (id, { incident, changed }) => {
    const node = make("textarea", { id, rows: 2, maxLength: 4000, placeholder: words.say("desk.evidence.lines") });
    const file = make("input", { type: "file", accept: "image/jpeg,image/png,image/webp", multiple: true });
    const sent = make("p", { className: "hint" });
    sent.setAttribute("role", "status");
    const again = make("button", { type: "button", className: "quiet", text: words.say("desk.picture.again"), hidden: true });
    const pictures = [];
    /** Pictures that have yet to arrive, each with its key: sent again after a broken line, it is there once. */
    let waiting = [];
    let sending;
    const sendAll = async () => {
      again.hidden = true;
      sent.textContent = words.say("desk.picture.sending");
      const failed = [];
      const told = [];
      for (const each of waiting) {
        try {
          const { document } = await send.ask("POST", `/v1/incidents/${encodeURIComponent(incident.no)}/pictures`, { body: each.file, raw: true, key: each.key });
          pictures.push(document.id);
          changed();
        } catch (error) {
          told.push(`${each.file.name}: ${error.detail ?? error.message}`);
          // What is no picture will not become one; what did not get through may.
          if (error.status === 0 || error.status >= 500) failed.push(each);
        }
      }
      waiting = failed;
      again.hidden = !failed.length;
      sent.textContent = [pictures.length ? words.say("desk.picture.sent", { n: pictures.length }) : "", ...told].filter(Boolean).join(" ");
    };
    /** One after the other, also where more are chosen while some are on their way. */
    const begin = () => {
      sending = (sending ?? Promise.resolve()).then(sendAll);
      return sending;
    };
    file.addEventListener("change", () => {
      const chosen = [...file.files].map((each) => ({ file: each, key: send.key() }));
      file.value = "";
      if (!chosen.length) return;
      sent.textContent = words.say("desk.picture.sending");
      sending = (sending ?? Promise.resolve()).then(() => { waiting.push(...chosen); });
      begin();
    });
    again.addEventListener("click", begin);
    const label = make("label", { className: "file" }, make("span", { text: words.say("desk.picture.add") }), file);
    return {
      node: make("div", {}, node, label, sent, again),
      focus: node,
      wait: () => sending,
      read: () => {
        const said = [...pictures.map((each) => `picture:${each}`), ...node.value.split("\n").map((each) => each.trim()).filter(Boolean)];
        return said.length ? said : undefined;
      },
    };
  };

  const MAKE = {
    prose, flag, moment, matter, worker, party, departments, evidence,
    master: (id, { incident }) => line(id, { value: incident.duplicates?.[0]?.no ?? "", list: (incident.duplicates ?? []).map((each) => [each.no, each.title]) }),
    ratings: (id, { incident }) => numbers(id, (incident.call?.participants ?? []).map(({ org }) => [org, rows.say.org(org)])),
    scores: (id) => numbers(id, SCORES.map((name) => [name, words.say(`desk.score.${name}`)])),
  };
  /** Make the field of an event: `{node, read, focus, isFlag}`. */
  const field = async (id, event, name, needed, about) => {
    const kind = setup.fields[event][name];
    return kind in MAKE ? MAKE[kind](id, about) : words_of(id, kind, needed);
  };

  return { orgs: allOrgs, field, line, prose, flag, choice, option };
};
