/** What the status line says: what stands open in the plan, what was just done, what went wrong. */
wangge.editTell = (page, words) => {
  const { make } = wangge;
  const { model, pieces } = page;
  const { slots, NONE } = model;
  const byId = (id) => document.getElementById(id);

  let told = ["", {}];
  page.tell = (key, more = {}) => {
    told = [key, more];
    byId("said").textContent = key ? words.say(key, more) : "";
  };
  page.textOf = ({ status, told: said = {}, message }) => {
    if (status === 0) return words.say("edit.unreachable");
    return [said.title, said.advice, words.lang === "en" || !said.title ? (said.detail ?? message) : ""].filter(Boolean).join(" ");
  };
  page.complain = (error) => page.tell("edit.wrong", { why: page.textOf(error) });
  page.counts = () => {
    const held = slots.filter((slot) => slot.number !== NONE && !slot.isDedicated && slot.members.length);
    const broken = pieces.broken().filter((number) => !slots[number].isDedicated);
    return { nobody: slots[NONE].members.length, homes: page.measureOf(slots[NONE]), out: held.filter((slot) => !page.isInBand(slot)).length, broken: broken.length, cut: model.cut.size, grids: held.length };
  };
  page.showCounts = () => {
    const found = page.counts();
    const part = (isBad, key, more) => make("span", { className: isBad ? "bad" : "", text: words.say(key, more) });
    const parts = [
      part(found.nobody, "edit.count.nobody", { n: words.number(found.nobody), m: words.number(found.homes) }),
      part(found.out, "edit.count.out", { n: words.number(found.out), all: words.number(found.grids) }),
      part(found.broken, "edit.count.broken", { n: words.number(found.broken) }),
      part(false, "edit.count.cut", { n: words.number(found.cut) }),
    ];
    byId("counts").replaceChildren(...parts);
    for (const [id, n] of [["next-nobody", found.nobody], ["next-broken", found.broken]]) {
      byId(id).querySelector("b").textContent = words.number(n);
      byId(id).disabled = !n;
    }
    byId("tab-grids").querySelector("small").textContent = words.number(found.grids);
  };
  const WHYS = ["line", "locked", "dedicated", "filter"];
  page.tellStroke = ({ label, moved, refused }) => {
    const against = WHYS.filter((why) => refused.has(why)).map((why) => words.say(`edit.refused.${why}`, { n: words.number(refused.get(why)) }));
    page.tell("edit.done", { what: words.say(`edit.act.${label}`), n: words.number(moved), against: against.join(words.say("edit.and")), stop: against.length ? words.say("edit.stop") : "" });
  };
  /** Say the last thing again: the language has changed. */
  page.tellAgain = () => page.tell(...told);
};
