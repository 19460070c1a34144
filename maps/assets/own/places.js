/** Where the page looks: the way down to it, and what lies in it. */
wangge.places = (ground, data, page, words) => {
  const { make } = wangge;
  const { areas, grids } = data;
  const crumbs = document.getElementById("crumbs");
  const rows = document.getElementById("place-rows");

  const children = new Map();
  areas.parent.forEach((parent, i) => {
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(i);
  });
  const gridsOf = new Map();
  grids.area.forEach((area, i) => {
    if (!gridsOf.has(area)) gridsOf.set(area, []);
    gridsOf.get(area).push(i);
  });
  const tops = children.get(null) ?? [];
  /** Nothing above it says more than it does itself. */
  const root = tops.length === 1 ? tops[0] : null;

  const inside = (area, scope) => scope === null || ground.wayTo(area).includes(scope);

  const nameOf = (area) => (area === null ? words.say("wall.everywhere") : areas.name[area]);

  const showCrumbs = () => {
    const grid = page.chosen >= 0 ? page.chosen : undefined;
    const way = ground.wayTo(grid === undefined ? page.scope : grids.area[grid] ?? page.scope);
    const steps = root === null ? [null, ...way] : way;
    crumbs.hidden = steps.length < 2 && grid === undefined;
    const last = grid === undefined ? [] : [make("span", { text: grids.name[grid] || grids.code[grid], ariaCurrent: "page" })];
    crumbs.replaceChildren(...steps.map((area, i) => {
      if (i === steps.length - 1 && !last.length) return make("span", { text: nameOf(area), ariaCurrent: "page" });
      return make("button", { type: "button", text: nameOf(area), onclick: () => page.go(area) });
    }), ...last);
    document.getElementById("title").textContent = words.say("wall.title", { place: nameOf(page.scope ?? root) });
  };

  const row = (name, code, open, late, here, act, current) => {
    const button = make("button", { type: "button", text: name, title: code, onclick: act });
    const line = make("tr", { className: current ? "current" : "" }, make("th", { scope: "row" }, button), make("td", { className: "number", text: words.number(open) }), make("td", { className: late ? "number alarm" : "number", text: words.number(late) }));
    if (page.present.may) line.append(make("td", { className: "number", text: here === undefined ? "" : words.number(here.here), title: here?.away ? words.say("wall.away", { n: words.number(here.away) }) : "" }));
    return line;
  };

  const showRows = () => {
    const below = children.get(page.scope) ?? (page.scope === null ? tops : []);
    const own = below.length ? [] : gridsOf.get(page.scope) ?? [];
    const counts = page.countsBelow(below, own);
    const level = below.length ? areas.level[below[0]] : "grid";
    document.getElementById("places-title").textContent = words.say(`wall.level.${level}`);
    const all = page.present.count(`in ${page.scope}`, (grid) => page.isInside(grids.area[grid]));
    document.getElementById("places-note").textContent = [words.say("wall.count", { n: words.number(below.length || own.length) }), all && words.say("wall.present.note", { n: words.number(all.here) })].filter(Boolean).join(" · ");
    document.getElementById("places-present").hidden = !page.present.may;
    document.getElementById("places-present").title = words.say("wall.present.formula");
    const lines = below.length
      ? below.map((area, i) => ({ name: areas.name[area], code: areas.code[area], ...counts[i], here: page.present.count(`in ${area}`, (grid) => grids.area[grid] !== null && inside(grids.area[grid], area)), act: () => page.go(area) }))
      : own.map((grid, i) => ({ name: grids.name[grid] || grids.code[grid], code: grids.code[grid], ...counts[i], here: page.present.count(`grid ${grid}`, (one) => one === grid), act: () => page.choose(grid), current: page.chosen === grid }));
    if (counts.nowhere?.open) lines.push({ name: words.say("wall.outside"), code: "", ...counts.nowhere, act: () => {} });
    lines.sort((a, b) => b.late - a.late || b.open - a.open || (a.code < b.code ? -1 : 1));
    rows.replaceChildren(...lines.map(({ name, code, open, late, here, act, current }) => row(name, code, open, late, here, act, current)));
    document.getElementById("no-places").hidden = lines.length > 0;
  };

  /** The next place to look at on the way round: of those beside this one, or of those below the top. */
  const after = (scope) => {
    const beside = children.get(root) ?? tops;
    return beside.length ? beside[(beside.indexOf(scope) + 1) % beside.length] : root;
  };

  const show = () => {
    showCrumbs();
    showRows();
  };

  return { show, showRows, inside, after, root };
};
