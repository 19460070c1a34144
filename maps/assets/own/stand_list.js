/**
 * The panel of what stands on the ground: for each layer what narrows it, what is found, and all of it as a list that can be walked
 * through by keys. It opens with a layer; whoever shuts it opens it again by its button.
 */
wangge.standList = (data, page, words, stands, { pick, choose, goTo, circle, failed }) => {
  const { make } = wangge;
  const { picture } = wangge.signs;
  const LONGEST = 200;
  const TABS = { stations: ["stations", "circle"], points: ["points"], calls: ["calls"], assets: ["assets"] };
  const byId = (id) => document.getElementById(id);
  const [box, tabs, body, opener] = ["stands", "stand-tabs", "stand-body", "stand-open"].map(byId);
  const font = getComputedStyle(document.body).fontFamily;
  let tab;
  let isOpen = false;
  /** The department whose calls are listed; none: all. */
  let org;
  /** The row that was chosen last. */
  let last;

  const isShown = (name) => TABS[name].some((layer) => page.layers[layer]);
  const there = () => Object.keys(TABS).filter(isShown);
  const nameOf = (grid) => data.grids.name[grid] || data.grids.code[grid];
  const heading = (key, n) => make("h3", {}, make("span", { text: words.say(key) }), make("small", { text: words.number(n) }));
  const chips = (key, ...nodes) => {
    const group = make("div", { className: "chips", role: "group" }, ...nodes);
    group.setAttribute("aria-label", words.say(key));
    return group;
  };
  const chip = (name, text, n, isOn, act, picture) => {
    const button = make("button", { type: "button", onclick: act }, ...(picture ? [picture] : []), make("span", { text }), make("b", { text: words.number(n) }));
    button.dataset.key = name;
    button.setAttribute("aria-pressed", String(isOn));
    return button;
  };
  const row = (key, isCurrent, act, ...parts) => {
    const button = make("button", { type: "button", onclick: () => { last = key; act(); } }, ...parts);
    button.dataset.key = key;
    if (isCurrent) button.setAttribute("aria-current", "true");
    return make("li", {}, button);
  };
  /** A list, its head, what is said where it is empty, and that it goes on. */
  const listed = (key, none, all, line) => [
    heading(key, all.length),
    ...(all.length ? [make("ol", { className: "rows-of-stands" }, ...all.slice(0, LONGEST).map(line))] : [make("p", { className: "nothing", text: words.say(none) })]),
    ...(all.length > LONGEST ? [make("p", { className: "hint", text: words.say("wall.first", { n: LONGEST, all: words.number(all.length) }) })] : []),
  ];
  /** What stands in the place of a list that is not there yet, or could not be had. */
  const instead = (name) => {
    if (stands.state[name] === "there") return undefined;
    if (stands.state[name] !== "lost") return [make("p", { className: "nothing", role: "status", text: words.say("stands.asking") })];
    const button = make("button", { type: "button", className: "quiet", text: words.say("wall.again"), onclick: () => stands.again().catch(failed) });
    button.dataset.key = "again";
    return [make("p", { className: "nothing", role: "alert", text: words.say("stands.lost") }), button];
  };

  const reachPart = () => {
    if (!page.layers.circle) return [];
    const missing = instead("circle");
    if (missing) return missing;
    const { reach } = stands;
    if (!reach) return [make("p", { className: "nothing", role: "status", text: words.say("stands.asking") })];
    const { households, reached } = reach.total;
    const few = words.say("stands.few");
    const left = reach.grids.filter(({ uncovered }) => uncovered === null || uncovered > 0).sort((a, b) => (b.uncovered ?? -1) - (a.uncovered ?? -1) || (a.grid < b.grid ? -1 : 1));
    const gridRow = (key, at, text, bar) => {
      const line = row(`${key}:${at}`, page.chosen === at, () => goTo(at), make("span", { className: "what", text: nameOf(at) }), make("b", { text }));
      if (bar !== undefined) {
        const measure = make("i");
        measure.style.width = `${Math.round(bar * 100)}%`;
        line.firstChild.append(measure);
      }
      return line;
    };
    return [
      make("p", { className: "sum", role: "status" }, make("b", { text: reached === null ? few : households ? words.percent(reached / households) : "–" }), make("span", { text: reached === null ? "" : words.say("stands.reach.sum", { n: words.number(reached), d: words.number(households) }) })),
      make("p", { className: "hint", text: words.say("stands.method", { m: words.number(reach.method.minutes), r: words.number(reach.method.reach_m) }) }),
      ...listed("stands.uncovered", "stands.uncovered.none", left, ({ at, uncovered, households: of }) => gridRow("gap", at, uncovered === null ? few : words.say("stands.households", { n: words.number(uncovered) }), uncovered === null ? undefined : uncovered / of)),
      ...listed("stands.unserved", "stands.unserved.none", stands.unserved(), (at) => gridRow("unserved", at, words.say("stands.households", { n: words.number(data.grids.households[at]) }))),
    ];
  };
  const stationsPart = () => {
    const missing = instead("stations");
    if (missing) return missing;
    const every = stands.every();
    const [kinds, levels] = [stands.wanted.kinds, stands.wanted.levels];
    const many = (name, value) => every.filter((each) => each[name] === value).length;
    const rank = (each) => stands.LEVELS.indexOf(each.level);
    const shown = every.filter((each) => kinds.has(each.kind) && levels.has(each.level)).sort((a, b) => rank(a) - rank(b) || stands.KINDS.indexOf(a.kind) - stands.KINDS.indexOf(b.kind) || (a.id < b.id ? -1 : 1));
    const button = make("button", { type: "button", className: "switch", text: words.say("stands.circle"), onclick: circle });
    button.dataset.key = "circle";
    button.setAttribute("aria-pressed", String(page.layers.circle));
    return [
      chips("stands.kinds", ...stands.KINDS.map((kind) => chip(`kind:${kind}`, words.say(`stands.kind.${kind}`), many("kind", kind), kinds.has(kind), () => stands.turn(kinds, kind, stands.KINDS), picture((pen) => wangge.signs.station(pen, 0, 0, kind, 7))))),
      chips("stands.levels", ...stands.LEVELS.map((level) => chip(`level:${level}`, words.say(`stands.level.${level}`), many("level", level), levels.has(level), () => stands.turn(levels, level, stands.LEVELS)))),
      button,
      ...reachPart(),
      ...listed("stands.stations", every.length ? "stands.stations.hidden" : "stands.stations.none", shown, (each) => row(`station:${each.id}`, page.thing?.id === each.id, () => choose({ kind: "station", id: each.id }),
        picture((pen) => wangge.signs.station(pen, 0, 0, each.kind, 7)), make("span", { className: "what", text: each.name }), make("small", { text: words.say(`stands.level.${each.level}`) }))),
    ];
  };

  const pointsPart = () => {
    const missing = instead("points");
    if (missing) return missing;
    const every = stands.everySpot();
    const { classes } = stands.wanted;
    const letter = (kind, each) => picture((pen) => wangge.signs.spot(pen, 0, 0, words.say(`wall.point.${kind}`), font, { ...each, many: 1, isLate: false }));
    const shown = stands.spots().sort((a, b) => b.isLate - a.isLate || (a.deadline ?? "9") .localeCompare(b.deadline ?? "9") || b.number - a.number);
    return [
      chips("stands.classes", ...stands.CLASSES.map((kind) => chip(`class:${kind}`, words.say(`stands.class.${kind}`), every.filter((each) => each.kind === kind).length, classes.has(kind), () => stands.turn(classes, kind, stands.CLASSES), letter(kind)))),
      ...listed("stands.spots", every.length ? "stands.spots.hidden" : "stands.spots.none", shown, (each) => row(`spot:${each.id}`, page.thing?.id === each.id, () => choose({ kind: "spot", id: each.id }),
        letter(each.kind, each),
        make("span", { className: "what", text: each.grid >= 0 ? nameOf(each.grid) : words.say("wall.outside") }),
        make("small", { className: each.isLate ? "alarm" : "", text: [each.many > 1 ? `×${each.many}` : "", each.isLate ? words.say("stands.late") : words.say(`stands.spot.${each.state}`)].filter(Boolean).join(" ") }),
        make("small", { className: "under", text: each.department || words.say("stands.spot.nobody") }))),
    ];
  };

  const assetsPart = () => {
    const missing = instead("assets");
    if (missing) return missing;
    const every = stands.everyAsset();
    const { themes } = stands.wanted;
    const letter = (theme, kind) => picture((pen) => wangge.signs.asset(pen, 0, 0, words.say(`wall.asset.${theme}`), font, kind), 26);
    const shown = stands.assets().sort((a, b) => stands.THEMES.indexOf(a.theme) - stands.THEMES.indexOf(b.theme) || (a.id < b.id ? -1 : 1));
    return [
      chips("stands.themes", ...stands.THEMES.map((theme) => chip(`theme:${theme}`, words.say(`stands.theme.${theme}`), every.filter((each) => each.theme === theme).length, themes.has(theme), () => stands.turn(themes, theme, stands.THEMES), letter(theme)))),
      ...listed("stands.assets", every.length ? "stands.assets.hidden" : "stands.assets.none", shown, (each) => row(`asset:${each.id}`, page.thing?.id === each.id, () => choose({ kind: "asset", id: each.id }),
        letter(each.theme, each.kind), make("span", { className: "what", text: each.name }), make("small", { text: words.say(`stands.asset.${each.kind}`) }))),
    ];
  };

  const callsPart = () => {
    const missing = instead("calls");
    if (missing) return missing;
    const every = stands.calls();
    const of = (each) => each.parties.map(({ code }) => code);
    const isOf = (each) => org === undefined || (org === "" ? !each.parties.length : of(each).includes(org));
    const shown = every.filter(isOf).sort((a, b) => b.isLate - a.isLate || a.step - b.step || (a.id < b.id ? -1 : 1));
    const back = make("button", { type: "button", className: "quiet", text: words.say("stands.call.all"), onclick: () => pick(undefined) });
    back.dataset.key = "back";
    return [
      ...(org === undefined ? [] : [back]),
      ...listed("stands.calls", "stands.calls.none", shown, (each) => row(`call:${each.id}`, page.thing?.id === each.id, () => choose({ kind: "call", id: each.id }),
        picture((pen) => wangge.signs.call(pen, -11, 11, each.step, each.isLate, font)),
        make("span", { className: "what", text: `${stands.streetOf(each)} → ${each.parties.map(({ name }) => name).join(words.say("wall.between")) || words.say("stands.call.nobody")}` }),
        make("small", { className: each.isLate ? "under alarm" : "under", text: [words.say(`stands.call.step.${each.isHandled ? "handled" : each.step}`), each.isLate ? words.say("stands.late") : ""].filter(Boolean).join(" · ") }))),
    ];
  };
  const PARTS = { stations: stationsPart, points: pointsPart, calls: callsPart, assets: assetsPart };

  const show = () => {
    const names = there();
    if (!names.includes(tab)) tab = names[0];
    if (!tab) isOpen = false;
    box.hidden = !isOpen;
    opener.hidden = isOpen || !tab;
    document.body.classList.toggle("with-stands", isOpen);
    if (!isOpen) return;
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const top = body.scrollTop;
    tabs.replaceChildren(...names.map((name) => {
      const button = make("button", { type: "button", text: words.say(`wall.layer.${name}`), onclick: () => { tab = name; show(); } });
      button.dataset.key = `tab:${name}`;
      button.setAttribute("aria-pressed", String(tab === name));
      return button;
    }));
    body.replaceChildren(...PARTS[tab]());
    body.scrollTop = top;
    if (focused) box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  };
  const open = (name) => {
    tab = Object.keys(TABS).find((each) => TABS[each].includes(name)) ?? tab;
    isOpen = true;
    show();
  };
  const shut = () => {
    isOpen = false;
    show();
  };

  body.addEventListener("keydown", (event) => {
    const rows = [...(event.target.closest("ol")?.querySelectorAll("button") ?? [])];
    const at = rows.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    rows[Math.max(0, Math.min(rows.length - 1, to))].focus();
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    shut();
    opener.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  byId("stands-close").addEventListener("click", () => {
    shut();
    opener.focus();
  });
  opener.addEventListener("click", () => {
    open();
    tabs.querySelector("[aria-pressed=true]")?.focus();
  });

  return {
    show, open, shut,
    only: (code) => { org = code; },
    /** How much of the map's width it covers. */
    width: () => (box.hidden || innerWidth <= 860 ? 0 : box.offsetWidth),
    /** Give the keyboard back to the row that was chosen last, or to the panel. */
    focus: () => (body.querySelector(`[data-key="${CSS.escape(last ?? "")}"]`) ?? tabs.querySelector("[aria-pressed=true]"))?.focus(),
  };
};
