/** What is past its time, the latest first, and what has just happened. */
wangge.lists = (data, page, words) => {
  const { make } = wangge;
  const LONGEST = 60;
  const late = document.getElementById("late");
  const feed = document.getElementById("feed");
  const order = document.getElementById("late-order");
  let heard = [];
  /** Whether what is late for longest stands first, or what has just become so. */
  let isLongestFirst = true;

  const clock = (seconds) => words.time(seconds, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = (seconds) => words.time(seconds, { month: "numeric", day: "numeric" });
  /** A time of today by its hour, any other with its day. */
  const moment = (seconds) => (day(seconds) === day(page.now()) ? clock(seconds) : `${day(seconds)} ${clock(seconds)}`);

  const gone = (seconds) => {
    if (seconds < 3600) return words.say("wall.minutes", { n: Math.max(1, Math.floor(seconds / 60)) });
    if (seconds < 48 * 3600) return words.say("wall.hours", { n: Math.floor(seconds / 3600) });
    return words.say("wall.days", { n: words.number(Math.floor(seconds / 86_400)) });
  };
  const whereOf = (each) => {
    if (each.grid >= 0) return data.grids.name[each.grid] || data.grids.code[each.grid];
    return each.area >= 0 ? data.areas.name[each.area] : words.say("wall.outside");
  };

  const showLate = () => {
    const now = page.now();
    const found = page.shown().filter((each) => page.isLate(each)).sort((a, b) => (isLongestFirst ? a.due - b.due : b.due - a.due) || (a.no < b.no ? -1 : 1));
    order.textContent = words.say(isLongestFirst ? "wall.late.longest" : "wall.late.newest");
    order.hidden = found.length < 2;
    late.replaceChildren(...found.slice(0, LONGEST).map((each) => {
      const button = make("button", { type: "button", onclick: () => page.look(each.no) },
        make("b", { text: words.say("wall.late_by", { time: gone(now - each.due) }) }),
        make("span", { className: "what", text: each.category }),
        make("span", { className: "where", text: whereOf(each) }),
      );
      if (each.supervision) button.append(make("em", { className: each.supervision > 2 ? "card-red" : "card-yellow", text: words.say(`wall.card.${each.supervision}`) }));
      button.title = each.no;
      if (page.case === each.no) button.setAttribute("aria-current", "true");
      return make("li", {}, button);
    }));
    document.getElementById("late-count").textContent = found.length > LONGEST ? words.say("wall.first", { n: LONGEST, all: words.number(found.length) }) : words.say("wall.count", { n: words.number(found.length) });
    document.getElementById("no-late").hidden = found.length > 0;
    late.hidden = !found.length;
  };

  order.addEventListener("click", () => {
    isLongestFirst = !isLongestFirst;
    showLate();
  });

  const line = ({ at, event, no, category, where }) => {
    const button = make("button", { type: "button", onclick: () => page.look(no) }, make("time", { text: moment(at) }), make("b", { text: words.say(`event.${event}`) }), make("span", { className: "what", text: category ?? "" }), make("span", { className: "where", text: where === undefined ? "" : whereOf(where) }));
    button.title = no;
    return make("li", {}, button);
  };
  const showFeed = () => {
    feed.replaceChildren(...heard.map(line));
    document.getElementById("no-feed").hidden = heard.length > 0;
    feed.hidden = !heard.length;
  };
  /** Put what was heard on top, the newest first; the list stays short, so that a screen may stand for weeks. */
  const hear = (events) => {
    heard = [...events.toReversed(), ...heard].slice(0, LONGEST);
    showFeed();
  };

  return { showLate, showFeed, hear, gone, moment };
};
