/** The legend of the wall: what grids are shaded by, and what each mark stands for. */
wangge.key = (page, words, { shades, dots }) => {
  const { make } = wangge;
  const { picture } = wangge.signs;
  const rows = document.getElementById("legend-rows");

  const show = () => {
    const swatches = shades.legend(words).map(([colour, text]) => {
      const swatch = make("i", { className: "swatch" });
      swatch.style.background = colour;
      return make("li", {}, swatch, make("span", { text }));
    });
    const font = getComputedStyle(document.body).fontFamily;
    const looks = page.layers.cases ? ["waiting", "working", "checking", "suspended", "late"].map((look) => make("li", {}, picture((pen) => dots.mark(pen, look, 5.5)), make("span", { text: words.say(`wall.look.${look}`) }))) : [];
    if (page.layers.cases) looks.push(make("li", {}, picture((pen) => dots.mark(pen, "working", 4.6, true)), make("span", { text: words.say("wall.look.soon") })));
    if (page.layers.cases) for (const [level, key] of [["yellow", 2], ["red", 3]]) if (page.shown().some((each) => dots.cardOf(each) === level)) looks.push(make("li", {}, picture((pen) => { pen.translate(6, 6); dots.card(pen, level, 6); }), make("span", { text: words.say(`wall.card.${key}`) })));
    if (page.layers.cases && page.layers.clusters) looks.push(make("li", {}, picture((pen) => { pen.scale(0.8, 0.8); dots.clusters.mark(pen, { n: 9, late: 3, r: 12 }, font); }), make("span", { text: words.say("wall.legend.clusters") })));
    const others = [];
    const other = (draw, key) => others.push(make("li", {}, picture(draw), make("span", { text: words.say(key) })));
    if (page.layers.stations || page.layers.circle) for (const kind of Object.keys(wangge.signs.OUTLINES)) other((pen) => wangge.signs.station(pen, 0, 0, kind), `stands.kind.${kind}`);
    if (page.layers.circle) for (const share of [1, 0.5, 0.1]) other((pen) => wangge.signs.gap(pen, share), `stands.legend.gap.${wangge.signs.gapOf(share)}`);
    if (page.layers.points) for (const kind of ["dirty", "messy", "poor"]) other((pen) => wangge.signs.spot(pen, 0, 0, words.say(`wall.point.${kind}`), font), `stands.class.${kind}`);
    if (page.layers.assets) for (const theme of wangge.signs.THEMES) other((pen) => wangge.signs.asset(pen, 0, 0, words.say(`wall.asset.${theme}`), font), `stands.theme.${theme}`);
    if (page.layers.calls) other((pen) => wangge.signs.call(pen, -11, 11, 2, false, font), "wall.legend.call");
    rows.replaceChildren(make("li", { className: "head", text: words.say(`wall.shade.${page.shade}.legend`) }), ...swatches, ...(looks.length ? [make("li", { className: "head", text: words.say("wall.layer.cases") }), ...looks] : []), ...others);
  };

  return { show };
};
