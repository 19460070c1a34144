/** The figures of the place that is shown, each with how it is reckoned; and what is open by kind. */
wangge.tiles = (source, page, words) => {
  const { make } = wangge;
  const TODAY = ["received", "closed"];
  const MONTH = ["on_time_rate", "satisfaction_rate"];
  /** Which of them are a table at the desk, and by which filter. */
  const TABLES = { open: {}, overdue_open: { light: "red" } };
  const place = document.getElementById("tiles");
  const kinds = document.getElementById("kinds");
  let register;
  let figures = {};

  const tile = (id, text, note, name, formula, alarm) => {
    const box = make("div", { className: alarm ? "tile alarm" : "tile", title: formula });
    const figure = id in TABLES && page.desk ? make("a", { href: page.desk(TABLES[id]), text }) : text;
    box.append(make("dt", { text: name }), make("dd", {}, figure), make("dd", { className: "note", text: note }), make("dd", { className: "note formula", text: formula, hidden: !page.formulas }));
    box.dataset.figure = id;
    return box;
  };
  const known = (id) => register?.find((each) => each.id === id);
  const told = (id, when) => {
    const figure = figures[id];
    const about = known(id);
    const share = figure?.d === undefined ? words.say(when) : words.say("wall.share", { n: words.number(figure.n), d: words.number(figure.d), when: words.say(when) });
    return tile(id, figure?.text ?? "–", share, about?.[words.lang] ?? id, about?.formula[words.lang] ?? "");
  };

  const show = () => {
    const now = page.counts();
    place.replaceChildren(
      told("received", "wall.today"),
      told("closed", "wall.today"),
      tile("open", words.number(now.open), now.soon ? words.say("wall.soon", { n: words.number(now.soon) }) : words.say("wall.at_moment"), known("open")?.[words.lang] ?? words.say("wall.open"), words.say("wall.open.formula")),
      tile("overdue_open", words.number(now.late), now.open ? words.say("wall.late.share", { p: words.percent(now.late / now.open) }) : words.say("wall.at_moment"), known("overdue_open")?.[words.lang] ?? words.say("wall.late"), words.say("wall.late.formula"), now.late > 0),
      told("on_time_rate", "wall.month"),
      told("satisfaction_rate", "wall.month"),
    );
    const most = now.kinds[0]?.[1] ?? 1;
    kinds.replaceChildren(...now.kinds.slice(0, 6).map(([name, n]) => {
      const bar = make("i");
      bar.style.width = `${(n / most) * 100}%`;
      return make("li", {}, make("span", { text: name }), make("b", { text: words.number(n) }), bar);
    }));
  };

  /** Ask for the figures of the place that is shown; what is asked for a place that is left is dropped. */
  const refresh = async () => {
    const area = page.areaCode();
    const month = new Date(page.today);
    month.setUTCDate(month.getUTCDate() - 29);
    register ??= (await source.get("/v1/stats/metrics")).metrics;
    const [today, lately] = await Promise.all([
      source.get("/v1/stats", { area, from: page.today, metrics: TODAY.join(",") }),
      source.get("/v1/stats", { area, from: month.toISOString().slice(0, 10), metrics: MONTH.join(",") }),
    ]);
    if (area !== page.areaCode()) return;
    figures = { ...today.total, ...lately.total };
    show();
  };

  return { show, refresh };
};
