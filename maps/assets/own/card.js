/** What is known of the chosen grid. */
wangge.card = (data, page, words, parts) => {
  const { make } = wangge;
  const grids = data.grids;
  const place = document.getElementById("card");

  const button = (key, text, act) => {
    const node = make("button", { type: "button", text, title: words.say(key), onclick: act });
    node.setAttribute("aria-label", words.say(key));
    return node;
  };

  const count = (i) => {
    const { target } = data.band;
    const households = grids.households[i];
    const line = make("p", { className: "count" }, make("b", { text: words.number(households) }), make("span", { text: words.say("plan.card.households") }));
    if (grids.dedicated[i]) return [line];
    const off = households - target;
    const signed = `${off > 0 ? "+" : "−"}${words.number(Math.abs(off))}`;
    line.append(make("em", { text: off ? words.say("plan.card.from_target", { n: signed }) : words.say("plan.card.on_target") }));
    const gauge = parts.gauge(households);
    gauge.append(make("span", { className: "low", text: words.number(data.band.minimum) }), make("span", { className: "high", text: words.number(data.band.maximum) }));
    return [line, gauge];
  };

  const show = () => {
    const i = page.chosen;
    place.hidden = i < 0;
    if (i < 0) return;
    const reason = parts.reason(i);
    const kind = words.say(grids.dedicated[i] ? "plan.kind.dedicated" : "plan.kind.residential");
    const subtype = words.subtype(grids.subtype.of[grids.subtype.at[i]]);
    const nav = make("nav", {}, button("plan.card.previous", "‹", () => page.step(-1)), button("plan.card.next", "›", () => page.step(1)), button("map.close", "×", () => page.choose(-1)));
    place.className = !grids.in_band[i] && !grids.dedicated[i] ? "card out" : "card";
    place.replaceChildren(
      nav,
      make("h2", { text: grids.code[i] }),
      make("p", { className: "kind", text: [kind, subtype, grids.name[i]].filter((said) => said && said !== grids.code[i]).join(" · ") }),
      ...count(i),
      ...(reason ? [make("p", { className: "reason" }, make("b", { text: words.say("plan.card.exception") }), reason)] : []),
      wangge.pairs(words, [
        ["plan.card.community", grids.community.of[grids.community.at[i]]],
        ["plan.card.street", grids.street.of[grids.street.at[i]]],
        ["plan.card.persons", grids.persons && words.number(grids.persons[i])],
        ["plan.card.area", words.say("plan.card.hectares", { n: words.hectares(grids.area[i]) })],
        ["plan.card.compactness", words.number(grids.compactness[i], 2)],
        ["plan.card.bounds", grids.bounds[words.lang][i]],
      ]),
      make("button", { type: "button", className: "go", text: words.say("plan.card.zoom"), onclick: () => page.choose(i, { zoom: true }) }),
    );
  };

  return { show };
};
