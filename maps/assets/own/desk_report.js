/** Reporting from the map: a click says where, a form says what; the answer says which grid it is, and what may be the same. */
wangge.deskReport = (page, words, send, rows, fields, setup, find) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const NEAR_M = 100;
  const MOST = 5;
  const button = byId("report");
  const box = byId("report-box");
  let isOn = false;
  let place;
  /** What a form that is open does when its place is corrected. */
  let corrected = () => {};

  const toggle = (wish = !isOn) => {
    isOn = wish;
    if (!wish) place = undefined;
    button.setAttribute("aria-pressed", String(isOn));
    document.body.classList.toggle("reporting", isOn);
    box.hidden = !isOn;
    if (isOn && !place) box.replaceChildren(make("h2", { tabIndex: -1, text: words.say("desk.report") }), make("p", { className: "hint", text: words.say("desk.report.click") }), byName(), middle(), closing());
    page.redrawMarks();
  };
  const closing = () => make("button", { type: "button", className: "quiet", text: words.say("desk.cancel"), onclick: () => { toggle(false); button.focus(); } });
  /** For the keyboard: what lies in the middle of the map. */
  const middle = () => make("button", { type: "button", className: "quiet", text: words.say("desk.report.middle"), onclick: () => take(page.middle()) });

  /** Let a field offer places; the one that is chosen is where it is. */
  const offer = (input, isFree) => wangge.find(input, {
    say: words.say,
    ask: (q) => find.ask(q, "place,station"),
    chosen: (result) => {
      find.look(result);
      take({ lat: result.lat, lng: result.lon }, result.name);
    },
    isFree,
  });
  const byName = () => {
    const box = make("div", { className: "field" }, make("label", { htmlFor: "report-find", text: words.say("desk.report.find") }), make("input", { type: "text", id: "report-find" }));
    offer(box.querySelector("input"), false);
    return box;
  };

  const near = (category) => {
    const list = byId("report-near");
    const metre = page.metre(place);
    const found = page.everything().filter((each) => each.look !== "over" && each.category === category && Math.hypot(each.x - place.x, each.y - place.y) <= NEAR_M * metre)
      .sort((a, b) => Math.hypot(a.x - place.x, a.y - place.y) - Math.hypot(b.x - place.x, b.y - place.y)).slice(0, MOST);
    list.hidden = !found.length;
    list.replaceChildren(make("p", { className: "hint", text: words.say("desk.report.near") }), ...found.map((each) => make("button", { type: "button", className: "quiet", onclick: () => { toggle(false); page.open(each.no); } }, make("b", { text: each.title || each.no }), make("span", { text: words.say("desk.near", { m: words.number(Math.round(Math.hypot(each.x - place.x, each.y - place.y) / metre)), state: words.say(`state.${each.state}`) }) }))));
  };

  /** Take a click, if something is to be reported; or a place by its name, which goes into the form. */
  const take = (latlng, name) => {
    if (!isOn) return false;
    place = { ...page.toWorld(latlng), lon: latlng.lng, lat: latlng.lat };
    page.redrawMarks();
    if (box.querySelector("form")) {
      corrected();
      return true;
    }
    let key = send.key();
    let sent;
    const alarm = make("p", { className: "alarm", hidden: true });
    alarm.setAttribute("role", "alert");
    const kind = fields.choice("report-kind", setup.choices.kind.map((each) => [each, words.say(`kind.${each}`)]), { needed: true, chosen: "problem" });
    const categories = page.categories();
    const category = fields.line("report-category", { list: categories.map(([code, name]) => [name === code ? code : `${name} (${code})`, ""]), maxLength: 60 });
    const of = { title: fields.line("report-title"), description: fields.prose("report-description"), address: fields.line("report-address", { value: name ?? "" }), name: fields.line("report-name"), phone: fields.line("report-phone", { inputMode: "tel", maxLength: 30 }) };
    const urgent = fields.flag("report-urgent");
    const field = (id, control, needed = false) => {
      const label = make("label", { htmlFor: `report-${id}`, text: words.say(`desk.report.${id}`) });
      if (needed) label.append(make("i", { text: words.say("desk.needed") }));
      return make("div", { className: "field" }, label, control, make("p", { className: "wrong", id: `report-${id}-wrong`, hidden: true }));
    };
    const submit = make("button", { type: "submit", className: "primary", text: words.say("desk.report.send") });
    const here = make("p", { className: "hint" });
    here.setAttribute("role", "status");
    const sayHere = () => {
      const grid = page.gridAt(place);
      here.textContent = words.say("desk.report.here", { grid: grid < 0 ? words.say("wall.outside") : page.gridName(page.codeOf(grid)) });
    };
    sayHere();
    const form = make("form", { noValidate: true },
      make("h2", { text: words.say("desk.report") }),
      here,
      alarm,
      field("category", category.node, true), make("div", { id: "report-near", hidden: true }), field("title", of.title.node), field("description", of.description.node), field("address", of.address.node), field("kind", kind),
      make("div", { className: "field is-flag" }, urgent.node, make("label", { htmlFor: "report-urgent", text: words.say("desk.facet.urgent") })),
      make("div", { className: "pair" }, field("name", of.name.node), field("phone", of.phone.node)),
      make("p", { className: "hint", text: words.say("desk.report.private") }),
      make("div", { className: "ends" }, submit, closing()));
    offer(of.address.node, true);
    const codeOf = (said) => categories.find(([code, name]) => said === code || said === name || said === `${name} (${code})`)?.[0] ?? said;
    const showNear = () => near(codeOf(category.read() ?? ""));
    form.querySelector("#report-category").addEventListener("change", showNear);
    corrected = () => {
      key = send.key();
      sayHere();
      showNear();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      for (const each of form.querySelectorAll(".wrong")) each.hidden = true;
      alarm.hidden = true;
      const complain = (name, said) => {
        const wrong = form.querySelector(`#report-${CSS.escape(name.replace(/^contact\./, ""))}-wrong`);
        if (!wrong) return false;
        wrong.textContent = said;
        wrong.hidden = false;
        return true;
      };
      const said = category.read();
      if (!said) {
        complain("category", words.say("desk.missing"));
        form.querySelector("#report-category").focus();
        return;
      }
      const body = { lon: place.lon, lat: place.lat, coord_sys: "cgcs2000", category: codeOf(said), kind: kind.value };
      for (const name of ["title", "description", "address"]) if (of[name].read()) body[name] = of[name].read();
      if (urgent.read()) body.urgent = true;
      const contact = Object.fromEntries(["name", "phone"].map((name) => [name, of[name].read()]).filter(([, value]) => value));
      if (Object.keys(contact).length) body.contact = contact;
      submit.disabled = true;
      // What was changed since a try whose answer was lost is another report: by the key of the first one it would be refused.
      const now = JSON.stringify(body);
      if (sent !== undefined && sent !== now) key = send.key();
      sent = now;
      try {
        const { document } = await send.ask("POST", "/v1/incidents", { body, key });
        told(document);
      } catch (error) {
        submit.disabled = false;
        const elsewhere = (error.fields ?? []).filter(([name, text]) => !complain(name, text)).map(([, text]) => text);
        if (elsewhere.length || !error.fields?.length) {
          alarm.textContent = elsewhere.length ? elsewhere.join(" ") : [error.detail ?? error.message, error.advice].filter(Boolean).join(" ");
          alarm.hidden = false;
        }
      }
    });
    box.replaceChildren(form);
    form.querySelector("#report-category").focus();
    return true;
  };

  const told = (made) => {
    const near = made.duplicates ?? [];
    box.replaceChildren(
      make("h2", { text: words.say("desk.report.done") }),
      wangge.pairs(words, [["wall.no", made.no], ["wall.grid", made.grid ? page.gridName(made.grid) : words.say("wall.outside")]]),
      ...(near.length ? [make("p", { className: "hint", text: words.say("desk.duplicates") }), make("ul", { className: "near" }, ...near.map((each) => make("li", {}, make("button", { type: "button", onclick: () => { toggle(false); page.open(each.no); } }, make("b", { text: each.title || each.no }), make("span", { text: words.say("desk.near", { m: words.number(Math.round(each.away_m)), state: words.say(`state.${each.state}`) }) })))))] : []),
      make("div", { className: "ends" }, make("button", { type: "button", className: "primary", text: words.say("desk.report.open"), onclick: () => { toggle(false); page.open(made.no, { focus: true }); } }), closing()),
    );
    box.querySelector(".primary").focus();
    page.changed(made.no);
  };

  const draw = (pen, frame) => {
    if (!isOn || !place) return;
    frame.toScreen();
    const [x, y] = [frame.x(place.x), frame.y(place.y)];
    for (const [width, colour] of [[6, "#ffffff"], [2.6, "#0b5cad"]]) {
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.setLineDash([]);
      pen.beginPath();
      pen.moveTo(x - 11, y);
      pen.lineTo(x + 11, y);
      pen.moveTo(x, y - 11);
      pen.lineTo(x, y + 11);
      pen.stroke();
    }
  };

  button.addEventListener("click", () => toggle());
  return { take, toggle, draw, isWriting: () => isOn && Boolean(box.querySelector("form")), speak: () => { if (isOn && !place) toggle(true); }, get isOn() { return isOn; } };
};
