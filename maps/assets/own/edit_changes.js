/** The list of changes against the net in force, the compounds that are cut, and the text of the public notice. */
wangge.editChanges = (data, page, words) => {
  const { make } = wangge;
  const { model, compare } = page;
  const byId = (id) => document.getElementById(id);
  const LONGEST = 200;
  let found = { rows: [], moved: [], blocks: 0, households: 0, workers: [], touched: 0 };
  let isDue = true;

  const look = () => {
    if (!isDue) return found;
    isDue = false;
    found = compare.list();
    return found;
  };
  const oldName = (old) => page.brief(data.in_force.name[old]) || data.in_force.code[old];
  const more = (all) => (all > LONGEST ? [make("li", { className: "more", text: words.say("edit.more", { n: words.number(all - LONGEST) }) })] : []);

  const row = (each) => {
    const button = make(
      "button",
      { type: "button", onclick: () => page.look(each.blocks) },
      make("b", { text: words.say("edit.change.way", { from: oldName(each.from), to: each.to === model.NONE ? words.say("edit.nobody") : page.nameOf(model.slots[each.to]) }) }),
      make("em", { text: words.say("edit.homes", { n: words.number(each.households) }) }),
      make("span", { text: [words.say("edit.blocks", { n: words.number(each.blocks.length) }), words.say("edit.buildings", { n: words.number(each.buildings) }), ...(each.workers.length ? [words.say("edit.change.workers", { who: each.workers.join(words.say("edit.and")) })] : [])].join(" · ") }),
    );
    return make("li", {}, button);
  };
  const compound = (number) => {
    const parts = [...model.compounds.get(number)].filter(([slot]) => slot !== model.NONE).sort(([p], [q]) => p - q);
    const blocks = model.blocks.compound.flatMap((each, block) => (each === number ? [block] : []));
    const button = make(
      "button",
      { type: "button", onclick: () => page.look(blocks) },
      make("b", { text: data.compounds.name[number] || words.say("edit.compound.unnamed") }),
      make("em", { text: words.say("edit.compound.parts", { n: parts.length }) }),
      make("span", { text: parts.map(([slot]) => `#${slot}`).join(" · ") }),
    );
    return make("li", {}, button);
  };

  const tile = (key, value) => make("div", {}, make("dt", { text: words.say(key) }), make("dd", { text: value }));
  let counting = 0;
  /** How many changes there are stands on the tab as soon as the hand rests: a stroke is not kept waiting for it. */
  const countSoon = () => {
    clearTimeout(counting);
    counting = setTimeout(() => {
      const n = look().rows.length;
      byId("tab-changes").querySelector("small").textContent = n ? words.number(n) : "";
    }, 300);
  };
  const show = () => {
    isDue = true;
    const { cut } = model;
    countSoon();
    if (byId("pane-changes").hidden) return;
    const now = look();
    byId("change-figures").replaceChildren(
      tile("edit.change.blocks", words.number(now.blocks)),
      tile("edit.change.homes", words.number(now.households)),
      tile("edit.change.grids", words.number(now.touched)),
      tile("edit.change.people", words.number(now.workers.length)),
    );
    byId("change-rows").replaceChildren(...now.rows.slice(0, LONGEST).map(row), ...more(now.rows.length));
    byId("no-changes").hidden = now.rows.length > 0;
    byId("no-changes").textContent = words.say(data.in_force.code.length ? "edit.change.none" : "edit.change.first");
    byId("cut-rows").replaceChildren(...[...cut].sort((a, b) => a - b).slice(0, LONGEST).map(compound), ...more(cut.size));
    byId("no-cuts").hidden = cut.size > 0;
  };

  /** The notice is the service's, of what is saved. */
  const take = (format) => page.takeAway("notice", { lang: words.lang, format }, ({ number }) => `notice-${number}.${format}`, "edit.notice.taken");
  byId("notice-text").addEventListener("click", () => take("txt"));
  byId("notice-csv").addEventListener("click", () => take("csv"));

  return { show, moved: () => look().moved, stale: () => { isDue = true; } };
};
