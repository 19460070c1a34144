/** The plan's figures at the top of the panel, and the little gauge that shows a count against the band. */
wangge.figures = (data, words) => {
  const { make } = wangge;
  const place = document.getElementById("figures");
  const grids = data.grids;
  const dedicated = grids.dedicated.reduce((sum, one) => sum + one, 0);
  const residential = grids.code.length - dedicated;

  const show = () => {
    const found = data.metrics;
    const tile = (name, value, n, alarming = false) => {
      const note = words.say(`plan.metric.${name}.note`, { n });
      return make("div", { className: alarming ? "alarming" : "" }, make("dt", { text: words.say(`plan.metric.${name}`) }), make("dd", { text: value }), make("dd", { text: note }));
    };
    place.replaceChildren(
      tile("grids", words.number(found.grids), words.number(dedicated)),
      tile("households", words.number(found.households), words.number(found.households / Math.max(1, residential))),
      tile("in_band_share", words.percent(found.in_band_share), words.number(residential)),
      tile("mean_deviation", words.percent(found.mean_deviation)),
      tile("compactness", words.number(found.compactness, 2)),
      tile("exceptions", words.number(found.exceptions), "", found.exceptions > 0),
    );
  };

  const { minimum, maximum } = data.band;
  const end = maximum * 1.35;
  const share = (value) => `${Math.min(100, (value / end) * 100)}%`;
  /** A bar from nothing to well over the band; the band is shaded, the tick is the grid. */
  const gauge = (households) => {
    const bar = make("div", { className: "gauge" }, make("i"));
    bar.style.setProperty("--from", share(minimum));
    bar.style.setProperty("--to", share(maximum));
    bar.style.setProperty("--at", share(households));
    bar.setAttribute("aria-hidden", "true");
    return bar;
  };

  return { show, gauge };
};
