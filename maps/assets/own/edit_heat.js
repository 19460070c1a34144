/** Incidents of the last months by block, as a shade: the service counts them, and they are fetched when somebody looks first. */
wangge.editHeat = (data, page, words, { source, here }) => {
  let found;
  let ends = [];
  let asked;

  /** Have the counts there; says whether they are. */
  const fetch = async () => {
    asked ??= source.get(`${here}/heat`);
    try {
      const told = await asked;
      // Blocks that somebody has cut since are not on this page.
      if (told.edition !== page.edition) throw Object.assign(new Error(told.edition), { status: 409, told: {} });
      found = told;
    } catch (error) {
      asked = undefined;
      page.complain(error);
      return false;
    }
    ends = [...new Set(page.quarters(found.of_block))];
    return true;
  };
  const stepOf = (block) => (!found?.of_block[block] ? 0 : 1 + ends.filter((end) => found.of_block[block] > end).length);
  /** The legend: a step and what it says. */
  const legend = () => {
    const steps = [[0, words.say("edit.heat.none")], ...ends.map((end, i) => [i + 1, words.say("edit.heat.to", { to: words.number(end) })])];
    if (found?.of_block.some((count) => count > ends.at(-1))) steps.push([ends.length + 1, words.say("edit.heat.from", { from: words.number(ends.at(-1) + 1) })]);
    return steps;
  };

  return { fetch, stepOf, legend, of: (block) => found?.of_block[block] ?? 0, get days() { return found?.days; }, get all() { return found?.incidents; } };
};
