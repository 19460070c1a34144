"use strict";

/* A map of the features that the page carries; where there is a table, a row and its area are chosen together. */
(() => {
  const container = wangge.byId("map");
  if (!container) return;
  const { features, fill, item } = wangge.data("map-data");
  const rows = new Map([...document.querySelectorAll("#rows tr[data-id]")].map((row) => [row.dataset.id, row]));
  let last = null;
  const mark = (id) => {
    last?.classList.remove("chosen");
    last = rows.get(String(id)) ?? null;
    last?.classList.add("chosen");
  };
  const drawn = wangge.map(container, {
    colour: wangge.byKind(fill),
    name: (feature) => feature.properties.name ?? String(feature.id),
    tell: (feature) => wangge.card(feature, item ? `${wangge.root}${item}${encodeURIComponent(feature.id)}` : ""),
    chosen: mark,
  });
  wangge.keys(fill);
  drawn.show(features.map((each) => ({ type: "Feature", ...each })));
  for (const [id, row] of rows)
    row.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      drawn.choose(id);
    });
})();
