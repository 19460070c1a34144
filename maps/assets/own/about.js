/** What is known of the grid, the incident or the station that is chosen. */
wangge.about = (ground, data, page, words, { cases, shades, cards }) => {
  const { make } = wangge;
  const card = document.getElementById("card");

  const closing = () => {
    const button = make("button", { type: "button", className: "close", text: "×", onclick: () => page.choose(-1) });
    button.setAttribute("aria-label", words.say("map.close"));
    return button;
  };
  const show = () => {
    const each = page.case && (page.past ? page.shown().find(({ no }) => no === page.case) : cases.find(page.case));
    if (!each && cards.fill(card)) return;
    card.hidden = !each && page.chosen < 0;
    if (card.hidden) return;
    if (each) {
      const late = page.isLate(each);
      card.className = late ? "card is-late" : "card";
      card.replaceChildren(
        closing(),
        make("h2", { text: each.category }),
        make("p", { className: "state", text: [words.say(`state.${each.state}`), late ? words.say("wall.late_by", { time: page.lists.gone(page.now() - each.due) }) : ""].filter(Boolean).join(" · ") }),
        wangge.pairs(words, [
          ["wall.no", each.no],
          ["wall.grid", each.grid >= 0 ? `${data.grids.name[each.grid] || ""} ${data.grids.code[each.grid]}`.trim() : words.say("wall.outside")],
          ["wall.place", ground.placeOf(each.area)],
          ["wall.reported", each.reported === undefined ? undefined : page.lists.moment(each.reported)],
          ["wall.due", each.due == null ? words.say("wall.no_clock") : page.lists.moment(each.due)],
          ["wall.supervision", each.supervision ? words.say(`wall.card.${each.supervision}`) : undefined],
        ]),
      );
      return;
    }
    const i = page.chosen;
    const { open, late, gap } = shades.of(i);
    const step = data.grids.step[i];
    const here = page.present.count(`grid ${i}`, (grid) => grid === i);
    card.className = "card";
    card.replaceChildren(
      closing(),
      make("h2", { text: data.grids.name[i] || data.grids.code[i] }),
      make("p", { className: "state", text: words.say(data.grids.dedicated[i] ? "plan.kind.dedicated" : "plan.kind.residential") }),
      wangge.pairs(words, [
        ["wall.code", data.grids.code[i]],
        ["wall.place", ground.placeOf(data.grids.area[i])],
        ["wall.open", words.number(open)],
        ["wall.late", words.number(late)],
        ["wall.households", words.number(data.grids.households[i])],
        ["wall.shade.band", step === null ? undefined : words.say(`wall.step.${step}`)],
        ["wall.present", here && [words.say("wall.people", { n: words.number(here.here) }), here.away ? words.say("wall.away", { n: words.number(here.away) }) : ""].filter(Boolean).join(words.say("wall.between"))],
        ["wall.shade.staffing", gap === undefined ? undefined : words.say(gap ? "wall.gap" : "wall.gap.0", { n: gap })],
      ]),
    );
  };

  return { show };
};
