/** What is known of a station, a spot that wants mending, a call or an asset, on a card. `withTexts`: also what somebody wrote of it. */
wangge.standCards = (ground, data, page, words, stands, { root, moment, look, close, withTexts }) => {
  const { make } = wangge;

  const nameOf = (grid) => data.grids.name[grid] || data.grids.code[grid];
  const where = ({ grid, area }) => (grid >= 0 ? `${ground.placeOf(area)} › ${nameOf(grid)}` : ground.placeOf(area) || words.say("wall.outside"));
  /** A day of the calendar is the same everywhere. */
  const day = (text) => words.time(Date.parse(`${text}T00:00:00Z`) / 1000, { timeZone: "UTC", year: "numeric", month: "long", day: "numeric" });
  /** A way to something printed; the page itself stays. */
  const printed = (key, path, query = {}) => make("a", { href: `${root}${path}?${new URLSearchParams({ ...query, lang: words.lang })}`, target: "_blank", rel: "noopener", text: words.say(key) });
  const share = ({ reached, households, grids }) =>
    reached === null ? words.say("stands.few") : words.say("stands.reach.one", { n: words.number(reached), d: words.number(households), p: households ? words.percent(reached / households) : "–", grids: words.number(grids) });

  const station = (each) => {
    const known = stands.knownReach(each.id);
    if (!known) stands.reachOf(each).catch(() => {});
    const wait = words.say("stands.asking");
    const hasOwn = each.radius || each.rings.length;
    return {
      title: each.name,
      state: [words.say(`stands.kind.${each.kind}`), words.say(`stands.level.${each.level}`)].join(" · "),
      parts: [
        wangge.pairs(words, [
          ["wall.code", each.id],
          ["stands.keeper", ground.placeOf(data.areas.code.indexOf(each.keeper))],
          ["wall.services", each.services.join(words.say("wall.between"))],
          ["stands.serves", words.say("stands.grids", { n: words.number(stands.servedBy(each.id).length) })],
          ["stands.walk", known ? share(known.walk) : wait],
          ["stands.own", hasOwn ? (known ? share(known.own) : wait) : undefined],
        ]),
        make("p", { className: "hint", text: known ? words.say("stands.method", { m: words.number(known.walk.minutes), r: words.number(known.walk.reach_m) }) : "" }),
        make("p", { className: "ways" }, printed("wall.station.sheet", `/sheet/stations/${encodeURIComponent(each.id)}`), printed("wall.station.sheets", "/sheet/stations", { area: each.keeper })),
      ],
    };
  };

  const spot = (each) => ({
    title: words.say(each.many > 1 ? "stands.spot.many" : "stands.spot.one", { class: words.say(`stands.class.${each.kind}`), n: words.number(each.many) }),
    state: [words.say(`stands.spot.${each.state}`), each.isLate ? words.say("stands.late") : ""].filter(Boolean).join(" · "),
    isLate: each.isLate,
    parts: [
      wangge.pairs(words, [
        ["wall.no", String(each.number)],
        ["wall.place", where(each)],
        ["stands.spot.department", each.department || words.say("stands.spot.nobody")],
        ["stands.spot.measure", each.measure],
        ["stands.spot.deadline", each.deadline ? day(each.deadline) : words.say("stands.spot.no_deadline")],
        ["stands.spot.seen", each.members.length ? day(each.members.map((point) => point.day).sort()[0]) : undefined],
      ]),
      ...(withTexts ? [make("ul", { className: "notes" }, ...each.members.filter(({ note }) => note).map((point) => make("li", { text: point.note })))] : []),
    ],
  });

  const call = (each) => {
    const steps = each.steps.map(({ step, at }) => {
      const line = make("li", { className: at ? "is-done" : "" }, make("b", { text: words.say(`stands.call.${step}`) }), make("time", { text: at ? moment(at) : words.say("stands.call.open") }));
      return line;
    });
    const parties = each.parties.map((party) => make("li", { className: [party.joined ? "is-done" : "", party.isLate ? "is-late" : ""].filter(Boolean).join(" ") },
      make("b", { text: party.isLead ? words.say("stands.call.lead", { name: party.name }) : party.name }),
      make("span", { text: [party.joined ? words.say("stands.call.joined", { when: moment(party.joined) }) : words.say("stands.call.waiting"), party.isLate ? words.say("stands.late") : ""].filter(Boolean).join(" · ") })));
    return {
      title: words.say("stands.call.title", { street: stands.streetOf(each) }),
      state: [words.say(`stands.call.step.${each.isHandled ? "handled" : each.step}`), each.isLate ? words.say("stands.late") : ""].filter(Boolean).join(" · "),
      isLate: each.isLate,
      parts: [
        wangge.pairs(words, [
          ["wall.no", each.id],
          ["wall.place", where(each)],
          ["stands.call.due", each.due && each.step < 3 ? moment(each.due) : undefined],
          ["stands.call.summary", withTexts ? each.summary : undefined],
        ]),
        make("ol", { className: "steps-made" }, ...steps),
        ...(parties.length ? [make("h3", { text: words.say("stands.departments") }), make("ul", { className: "parties" }, ...parties)] : []),
        make("p", { className: "ways" }, make("button", { type: "button", className: "quiet", text: words.say("stands.call.incident"), onclick: () => look(each.id) })),
      ],
    };
  };

  /** What another system shows is shown there: this page fetches no picture of it. */
  const asset = (each) => ({
    title: each.name,
    state: [words.say(`stands.theme.${each.theme}`), words.say(`stands.asset.${each.kind}`)].join(" · "),
    parts: [
      wangge.pairs(words, [["wall.code", each.id], ["wall.place", where(each)], ["stands.keeper", ground.placeOf(data.areas.code.indexOf(each.keeper))]]),
      ...(each.url ? [make("p", { className: "ways" }, make("a", { href: each.url, target: "_blank", rel: "noopener noreferrer", text: words.say("stands.asset.open") }))] : []),
    ],
  });

  const SAY = { station, spot, call, asset };
  /** Fill a card with what is chosen, if that is there yet. */
  const fill = (card) => {
    const thing = page.thing && stands.find(page.thing);
    if (!thing) return false;
    const { title, state, parts, isLate } = SAY[page.thing.kind](thing);
    const button = make("button", { type: "button", className: "close", text: "×", onclick: close });
    button.setAttribute("aria-label", words.say("map.close"));
    card.className = isLate ? "card is-late" : "card";
    card.hidden = false;
    card.replaceChildren(button, make("h2", { text: title }), make("p", { className: "state", text: state }), ...parts);
    return true;
  };

  return { fill };
};
