/** What the engine would do with what is not locked: ways to choose from, each a preview, and one stroke when it is taken. */
wangge.editSuggest = (page, words, { source, here, edition, wait, saver }) => {
  const { make } = wangge;
  const { model } = page;
  const byId = (id) => document.getElementById(id);
  const panel = byId("suggest-panel");
  const FIGURES = ["price", "in_band", "broken", "unassigned", "households_moved", "grids_changed"];
  let found;
  let at = 0;
  /** Which grid each block was in when it was asked for. */
  let before;

  const seen = () => found?.alternatives[at];
  const isAsBefore = () => model.of.every((slot, block) => slot === before[block]);
  const colourOf = (key, fresh) => {
    const number = model.byKey.get(key);
    return number === undefined ? fresh.get(key) : model.slots[number].colour;
  };
  const preview = () => {
    const way = seen();
    if (!way) page.proposed = undefined;
    else {
      const fresh = new Map(way.grids.new.map(({ key }, i) => [key, i]));
      page.proposed = way.blocks.map(([block, key]) => [block, colourOf(key, fresh)]);
    }
    page.paint.top();
  };
  const figure = (name) => {
    const [was, is] = [found.before[name], seen().after[name]];
    const said = (value) => words.number(value, name === "price" ? 1 : 0);
    return make("tr", {}, make("th", { scope: "row", text: words.say(`edit.suggest.${name}`) }), make("td", { text: said(was) }), make("td", { text: said(is) }));
  };
  const show = () => {
    panel.hidden = !found;
    if (!found) return;
    byId("suggest-none").hidden = found.alternatives.length > 0;
    byId("suggest-some").hidden = !found.alternatives.length;
    byId("suggest-take").hidden = !found.alternatives.length;
    if (!seen()) return;
    byId("suggest-ways").replaceChildren(
      ...found.alternatives.map((way, i) => {
        const button = make("button", { type: "button", text: words.say(`edit.suggest.${way.level}`), onclick: () => choose(i) });
        button.setAttribute("aria-pressed", String(i === at));
        return button;
      }),
    );
    byId("suggest-figures").replaceChildren(...FIGURES.map(figure));
    byId("suggest-blocks").textContent = words.say("edit.suggest.blocks", { n: words.number(seen().blocks.length) });
    byId("suggest-reasons").replaceChildren(...(seen().reasons ?? []).map((each) => make("li", { text: words.lang === "en" ? each.en : each.zh })));
  };
  const choose = (i) => {
    at = i;
    preview();
    show();
  };
  const close = () => {
    found = undefined;
    preview();
    show();
    byId("suggest").focus();
  };

  const ask = async () => {
    before = model.of.slice();
    const erased = model.slots[model.NONE].members.filter((block) => model.saved[block] !== model.NONE).map((block) => [block, null]);
    const blocks = [...model.changes().blocks, ...erased];
    const locked = model.slots.filter((slot) => slot.isLocked && !slot.isDedicated && slot.members.length).map((slot) => slot.key);
    page.tell("edit.suggest.running");
    const { body } = await source.send("POST", `${here}/suggestions`, { edition, base: saver.base, blocks, locked, communities: page.communitiesOfChosen(), seed: 1 });
    const job = await wait(body);
    if (!isAsBefore()) {
      page.tell("edit.suggest.stale");
      return;
    }
    found = job.suggestion;
    choose(found.advised ?? 0);
    page.tell(found.alternatives.length ? "edit.suggest.there" : "edit.suggest.none");
    (found.alternatives.length ? byId("suggest-take") : byId("suggest-close")).focus();
  };
  const begin = async () => {
    byId("suggest").disabled = true;
    try {
      // What is saved while it is worked out would make it one of an older state.
      if (await page.save()) await ask();
    } catch (error) {
      page.complain(error);
    } finally {
      byId("suggest").disabled = false;
    }
  };
  /** Take what is shown as one stroke, which can be undone. */
  const take = () => {
    const way = seen();
    close();
    if (!page.canEdit) return;
    if (!isAsBefore()) {
      page.tell("edit.suggest.stale");
      return;
    }
    const fresh = new Map(way.grids.new.map(({ key, community }, i) => [key, model.addGrid(community, i)]));
    page.act("suggest", () => {
      for (const [block, key] of way.blocks) {
        const to = fresh.get(key) ?? model.byKey.get(key);
        if (to !== undefined) model.give(block, to);
      }
    });
  };
  byId("suggest").addEventListener("click", begin);
  byId("suggest-take").addEventListener("click", take);
  byId("suggest-close").addEventListener("click", close);
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    event.stopPropagation();
  });

  return { show, get isOpen() { return found !== undefined; } };
};
