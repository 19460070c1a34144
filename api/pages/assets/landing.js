"use strict";

/* The figures of the net and its map: all asked of the public API. */
(() => {
  const { ask, say, make, byId, number, root } = wangge;
  const MOST = 2000;
  const fill = wangge.data("fill");
  const items = (collection, query) => ask(`${root}/collections/${collection}/items?${query}`).then(({ body }) => body);

  const count = async (node) => {
    try {
      const { numberMatched } = await items(node.dataset.collection, "limit=1&count=exact&skipGeometry=true&properties=code");
      node.textContent = number(numberMatched);
      return numberMatched;
    } catch (problem) {
      node.textContent = "—";
      byId("figures-note").textContent = problem.text;
      return undefined;
    }
  };

  let shownOf = "";
  const drawn = wangge.map(byId("map"), {
    colour: wangge.byKind(fill),
    name: (feature) => feature.properties.name ?? String(feature.id),
    tell: (feature) => wangge.card(feature, `${root}/collections/${shownOf}/items/${encodeURIComponent(feature.id)}`),
  });
  /** The map, for others on the page too. */
  wangge.drawn = drawn;
  wangge.keys(fill);

  /** Show the finest net that a browser draws at once. */
  const draw = async (counted) => {
    const note = byId("map-note");
    for (const [collection, properties] of [["grids", "name,kind,households"], ["communities", "name,grids"], ["streets", "name,grids"]]) {
      if (!counted[collection] || counted[collection] > MOST) continue;
      try {
        const { features } = await items(collection, `limit=${MOST}&properties=${properties}`);
        shownOf = collection;
        drawn.show(features);
        wangge.keyed(...(collection === "grids" ? ["residential", "dedicated"] : ["area"]));
        note.textContent = say(`landing.js.map.${collection}`);
        return;
      } catch {
        /* perhaps the next coarser one */
      }
    }
    drawn.show([]);
    wangge.keyed();
    note.textContent = say("landing.js.map.none");
  };

  const nodes = [...document.querySelectorAll("#figures dd")];
  /** How much of each there is, for others on the page too; what cannot be told is undefined. */
  wangge.counts = Promise.all(nodes.map(count)).then((found) => Object.fromEntries(nodes.map((node, n) => [node.dataset.collection, found[n]])));
  wangge.counts.then(draw);
})();
