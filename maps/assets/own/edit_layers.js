/** What lies over the blocks and how they are shaded: switched by hand or key, with a legend, and remembered for the next time. */
wangge.editLayers = (page, words, { colours, ends, isCompared }) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const NAME = "wangge.edit.layers";
  const SHADES = ["grids", "band", "households", "heat"];

  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(NAME) ?? "{}");
    } catch {
      return {};
    }
  };
  const keep = () => {
    if (isCompared) return;
    try {
      localStorage.setItem(NAME, JSON.stringify({ shade: page.shade, layers: page.layers }));
    } catch {
      // A browser that keeps nothing begins as for the first time.
    }
  };

  const legend = () => {
    const scale = colours.scale;
    const rows = {
      grids: () => [["none", words.say("edit.legend.nobody")], ["locked", words.say("edit.legend.locked")], ["dedicated", words.say("edit.legend.dedicated")]],
      band: () => [0, 1, 2, 3, 4, 5].map((step) => [colours.band[step], words.say(`edit.step.${step}`)]),
      households: () => scale.map((colour, step) => [colour, step === 0 ? words.say("edit.class.none") : step === scale.length - 1 ? words.say("edit.class.from", { from: words.number((ends.at(-1) ?? 0) + 1) }) : words.say("edit.class.to", { to: words.number(ends[step - 1]) })]),
      heat: () => page.heat.legend().map(([step, text]) => [scale[step], text]),
    }[page.shade]();
    byId("legend-rows").replaceChildren(
      ...rows.map(([colour, text]) => {
        const key = make("i", { className: colour.startsWith("#") ? "" : colour });
        if (colour.startsWith("#")) key.style.background = colour;
        return make("li", {}, key, text);
      }),
      ...(page.shade === "heat" ? [make("li", { className: "about", text: words.say("edit.heat.about", { days: words.number(page.heat.days), n: words.number(page.heat.all) }) })] : []),
    );
  };
  page.shadeBy = async (shade) => {
    if (shade === "heat" && !(await page.heat.fetch())) return;
    page.shade = shade;
    for (const button of document.querySelectorAll("[data-shade]")) button.setAttribute("aria-pressed", String(button.dataset.shade === shade));
    page.paint.blocks();
    legend();
    keep();
  };
  page.nextShade = async () => {
    await page.shadeBy(SHADES[(SHADES.indexOf(page.shade) + 1) % SHADES.length]);
    page.tell("edit.shade.told", { shade: words.say(`edit.shade.${page.shade}`) });
  };
  for (const button of document.querySelectorAll("[data-shade]")) button.addEventListener("click", () => page.shadeBy(button.dataset.shade));
  for (const check of document.querySelectorAll("[data-layer]"))
    check.addEventListener("change", () => {
      page.layers[check.dataset.layer] = check.checked;
      if (check.dataset.layer === "roads" || check.dataset.layer === "compounds") page.paint.base();
      page.paint.top();
      keep();
    });

  /** Begin as it was left. */
  const begin = () => {
    const kept = isCompared ? {} : read();
    for (const name of Object.keys(page.layers)) if (typeof kept.layers?.[name] === "boolean") page.layers[name] = kept.layers[name];
    for (const check of document.querySelectorAll("[data-layer]")) check.checked = page.layers[check.dataset.layer];
    if (SHADES.includes(kept.shade) && kept.shade !== page.shade) page.shadeBy(kept.shade);
  };

  return { legend, begin };
};
