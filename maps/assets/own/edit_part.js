/**
 * Blocks are cut along a line or between their buildings, and joined again. The service does it; then the page is read anew, and goes on
 * where it was: what is seen, what is chosen, and what can be undone.
 */
wangge.editPart = (data, page, words, { source, here, saver }) => {
  const { ground, model } = page;
  const { slots, of } = model;
  const WAYS = ["line", "buildings", "join"];
  const SAMPLES = 400;
  const atom = new Map(data.made.map(([block, , whole]) => [block, whole]));
  let isBusy = false;

  page.partBy = "line";
  const choose = (way) => {
    page.partBy = way;
    for (const button of document.querySelectorAll("[data-part]")) button.setAttribute("aria-pressed", String(button.dataset.part === way));
    page.tools.drop();
    page.tools.hold();
    page.tell(`edit.part.${way}.how`);
  };
  for (const way of WAYS) document.querySelector(`[data-part=${way}]`).addEventListener("click", () => choose(way));

  /** The block that most of a line lies in; −1 where it meets none. */
  const under = (line) => {
    const found = new Map();
    const lengths = line.slice(1).map(([x, y], i) => Math.hypot(x - line[i][0], y - line[i][1]));
    const whole = lengths.reduce((sum, each) => sum + each, 0);
    lengths.forEach((length, i) => {
      const count = Math.max(2, Math.ceil((SAMPLES * length) / (whole || 1)));
      for (let k = 0; k < count; k += 1) {
        const t = (k + 0.5) / count;
        const block = ground.gridAt(line[i][0] + t * (line[i + 1][0] - line[i][0]), line[i][1] + t * (line[i + 1][1] - line[i][1]));
        if (block >= 0) found.set(block, (found.get(block) ?? 0) + length / count);
      }
    });
    return [...found].sort(([p, a], [q, b]) => b - a || p - q)[0]?.[0] ?? -1;
  };
  const mayChange = (block) => {
    if (block < 0) page.tell("edit.part.outside");
    else if (slots[of[block]].isDedicated || data.blocks.dedicated[block]) page.tell("edit.part.dedicated-grid");
    else if (slots[of[block]].isLocked) page.tell("edit.is_locked", { grid: page.nameOf(slots[of[block]]) });
    else return page.canEdit && !isBusy;
    return false;
  };
  const wrong = (error) => {
    const code = error.told?.errors?.[0]?.code;
    const said = code && `edit.part.${code}`;
    if (said && words.say(said) !== said) page.tell(said);
    else page.complain(error);
  };
  /** Save, have the service change blocks, and read the page anew; `next` gives from its answer what is to be said and undone then. */
  const change = async (path, wants, next) => {
    isBusy = true;
    page.tell("edit.part.busy");
    try {
      if (!(await page.save())) {
        page.tell("edit.part.unsaved");
        return;
      }
      const body = { edition: page.edition, base: saver.base, ...wants };
      const { body: done } = await source.send("POST", `${here}/${path}`, body, { headers: { "Idempotency-Key": source.name() } });
      page.again(next(done));
    } catch (error) {
      wrong(error);
    } finally {
      isBusy = false;
    }
  };
  const cut = (block, wants) => {
    const grid = page.nameOf(slots[of[block]]);
    return change("cuts", { block, ...wants }, ({ blocks }) => ({
      told: ["edit.part.done", { n: blocks.length, grid }],
      moved: { [block]: blocks },
      more: { label: "part", steps: [], names: [], parts: blocks },
    }));
  };
  /** Join some parts; `more` says how many strokes are undone by that. */
  const join = (blocks, { undone = 0 } = {}) =>
    change("joins", { blocks }, ({ moved }) => ({
      told: ["edit.part.joined", {}],
      moved: Object.fromEntries(moved.map(([was, is]) => [was, [is]])),
      undone,
    }));
  page.partAlong = (line) => {
    const block = under(line);
    if (!mayChange(block)) return undefined;
    return cut(block, { line: line.map(([x, y]) => ground.latLng(x, y)).map(({ lng, lat }) => [Number(lng.toFixed(8)), Number(lat.toFixed(8))]) });
  };
  page.partAt = (block) => {
    if (!mayChange(block)) return undefined;
    if (page.partBy !== "join") return cut(block, {});
    // Those of its parts that hang together with it, in its grid.
    const parts = [...atom].filter(([each, whole]) => whole === atom.get(block) && of[each] === of[block]).map(([each]) => each);
    const near = page.pieces.parts(parts).find((part) => part.includes(block)) ?? [];
    if (near.length < 2) {
      page.tell("edit.part.none");
      return undefined;
    }
    return join(near);
  };
  /** Take back a cut: its parts are one block again, if nobody has painted one of them. */
  page.unpart = ({ parts }) => {
    if (!parts.every(mayChange)) return;
    join(parts, { undone: 1 });
  };

  return { choose };
};
