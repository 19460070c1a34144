"use strict";

/* The figures of the net, its map, and the question which grid is here: all asked of the public API. */
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

  byId("locate").addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = byId("located");
    told.textContent = say("common.loading");
    try {
      const { body } = await ask(`${event.target.action}?${new URLSearchParams(new FormData(event.target))}`);
      if (!body.grid) {
        told.textContent = say("landing.js.nowhere");
        return;
      }
      const code = body.grid.code ?? body.grid;
      const link = make("a", { href: `${root}/collections/grids/items/${encodeURIComponent(code)}`, text: body.grid.name ? `${body.grid.name} ${code}` : code });
      told.replaceChildren(make("span", { text: say("landing.js.here") }), link);
      drawn.choose(code);
      // Whoever may know which grid it is may still not be one of those who read its card.
      const card = await ask(`${root}/v1/grids/${encodeURIComponent(code)}/card`).catch(() => null);
      if (!card) return;
      const lines = card.body.people.map((each) => make("li", {}, `${each.role_label} `, make("b", { text: each.name }), each.phone ? ` ${each.phone}` : ""));
      told.append(lines.length ? make("ul", {}, ...lines) : make("p", { className: "note", text: say("landing.js.nobody") }));
    } catch (problem) {
      told.textContent = problem.text;
    }
  });
})();
