"use strict";

/* Which grid is here: by coordinates, or by the name of a place; and who looks after it. */
(() => {
  const { ask, say, make, byId, root } = wangge;
  const told = byId("located");
  const form = byId("locate");
  Object.assign(wangge.words, wangge.data("find-words"));
  /** Grows with each question: an answer to an older one is dropped. */
  let asked = 0;

  /** Say which grid it is, and who is at their post there. */
  const tellGrid = async ({ code, name }, mine, lead = []) => {
    const link = make("a", { href: `${root}/collections/grids/items/${encodeURIComponent(code)}`, text: name ? `${name} ${code}` : code });
    told.replaceChildren(...lead, make("span", { text: say("landing.js.here") }), link);
    // Whoever may know which grid it is may still not be one of those who read its card.
    const card = await ask(`${root}/v1/grids/${encodeURIComponent(code)}/card`).catch(() => null);
    if (!card || mine !== asked) return;
    const lines = card.body.people.map((each) => make("li", {}, `${each.role_label} `, make("b", { text: each.name }), each.phone ? ` ${each.phone}` : ""));
    told.append(lines.length ? make("ul", {}, ...lines) : make("p", { className: "note", text: say("landing.js.nobody") }));
  };
  /** Ask which grid is at some coordinates, and say it; `found` is the place that was looked for by name. */
  const locate = async (query, found) => {
    const mine = (asked += 1);
    told.textContent = say("common.loading");
    try {
      const { body } = await ask(`${form.action}?${query}`);
      if (mine !== asked) return;
      const lead = found ? [make("b", { text: found.name }), " "] : [];
      if (body.grid) {
        tellGrid({ code: body.grid.code ?? body.grid, name: body.grid.name }, mine, lead);
        if (!found) wangge.drawn.choose(body.grid.code ?? body.grid);
      } else told.replaceChildren(...lead, say("landing.js.nowhere"));
    } catch (problem) {
      if (mine === asked) told.textContent = problem.text;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    locate(new URLSearchParams(new FormData(form)));
  });
  wangge.find(byId("find"), {
    say,
    ask: (q) => ask(`${root}/v1/search?${new URLSearchParams({ q })}`).then(({ body }) => body),
    chosen: (found) => {
      const [west, south, east, north] = found.bbox;
      if (found.kind === "grid") {
        wangge.drawn.map.fitBounds([[south, west], [north, east]], { maxZoom: 17, animate: false });
        wangge.drawn.choose(found.code);
        tellGrid(found, (asked += 1));
      } else if (found.kind === "area") {
        asked += 1;
        wangge.drawn.map.fitBounds([[south, west], [north, east]], { animate: false });
        const name = make("b", { text: found.name });
        told.replaceChildren(...(found.page ? [name, " ", make("a", { href: new URL(found.page).pathname, text: say("landing.js.area.open") })] : [name]));
      } else {
        wangge.drawn.point(found.lat, found.lon, found.name);
        // The coordinates stand where somebody may correct them.
        form.elements.lon.value = found.lon.toFixed(6);
        form.elements.lat.value = found.lat.toFixed(6);
        form.elements.coord_sys.value = "wgs84";
        locate(new URLSearchParams(new FormData(form)), found);
      }
    },
  });
})();
