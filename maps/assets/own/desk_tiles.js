/**
 * How what the filters show stands, above the list: each figure with its formula, and a link to those that it counts. What is open is
 * counted here, as it happens; what was received and closed the service counts, and a file that was taken away does not know.
 */
wangge.deskTiles = (source, page, words) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  /** The service is asked so often at most, unless the filters change. */
  const PAUSE_MS = 15_000;
  const REFUSED = new Set([400, 404, 422]);
  let told;
  let askedFor;
  let askedAt = 0;
  let timer = 0;
  let isWanted = false;

  /** The figures: `change` is how a wish becomes one that lists them. */
  const tiles = () => {
    const { filter, tally } = page;
    const now = (light) => ({ ...filter.NO_DAYS, state: [], light });
    const days = (change) => ({ ...now(undefined), ...change });
    // Where days are chosen not all that is open was fetched.
    const open = filter.hasDays(page.wish) && !page.isFrozen ? told && { open: told.open, red: told.late, yellow: told.soon } : tally;
    const share = (n, d) => (d ? words.percent(n / d) : "–");
    const number = (n) => (n === undefined ? "–" : words.number(n));
    const { today } = page;
    return [
      { name: "open", text: number(open?.open), change: now(undefined) },
      { name: "late", text: number(open?.red), note: open?.open ? words.say("wall.late.share", { p: share(open.red, open.open) }) : "", change: now("red"), isAlarm: open?.red > 0 },
      { name: "soon", text: number(open?.yellow), change: now("yellow") },
      ...(page.isFrozen ? [] : [
        { name: "received", text: number(told?.received), change: days({ from: today, to: today }) },
        { name: "closed", text: number(told?.closed), change: days({ closed_from: today, closed_to: today }) },
        { name: "on_time", text: told ? share(told.on_time, told.timed) : "–", note: told?.timed ? words.say("desk.tile.share", { n: number(told.on_time), d: number(told.timed) }) : "", change: days({ closed_from: told?.first ?? today, closed_to: today }) },
      ]),
    ];
  };
  const isChosen = ({ change }) => Object.entries(change).every(([name, value]) => String(page.wish[name] ?? "") === String(value ?? ""));

  const tile = ({ name, text, note = "", change, isAlarm }) => {
    const formula = words.say(`desk.tile.${name}.formula`);
    const link = make("a", { className: isAlarm ? "alarm" : "", href: page.filter.write({ ...page.wish, ...change, no: "" }, location.href).href, title: formula },
      make("span", { text: words.say(`desk.tile.${name}`) }), make("b", { text }), make("small", { text: note }),
    );
    link.dataset.figure = name;
    if (isChosen({ change })) link.setAttribute("aria-current", "true");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      page.want(change);
    });
    return make("li", {}, link, make("p", { className: "formula", text: formula, hidden: !page.formulas }));
  };

  const draw = () => {
    const held = document.activeElement?.closest("#tiles a")?.dataset.figure;
    byId("tiles").replaceChildren(...tiles().map(tile));
    byId("formulas").setAttribute("aria-pressed", String(Boolean(page.formulas)));
    if (held) document.querySelector(`#tiles [data-figure="${held}"]`)?.focus({ preventScroll: true });
  };
  const ask = async () => {
    clearTimeout(timer);
    timer = 0;
    isWanted = false;
    const wanted = page.filter.counted(page.wish);
    const key = JSON.stringify(wanted);
    if (key !== askedFor) told = undefined;
    askedFor = key;
    askedAt = Date.now();
    try {
      const { figures, first } = await source.get("/v1/desk/figures", wanted);
      if (askedFor !== key) return;
      told = { ...figures, first };
    } catch (error) {
      // A filter may name what is not there: the line holds, there is nothing to count, and asking again changes nothing.
      if (REFUSED.has(error.status)) return;
      if (askedFor === key) {
        isWanted = true;
        askLater();
      }
      throw error;
    }
    draw();
  };
  const askLater = () => {
    if (isWanted && !timer) timer = setTimeout(() => ask().catch(page.failed), Math.max(0, PAUSE_MS - (Date.now() - askedAt)));
  };
  /** Draw, and ask for what is not known yet: at once for other filters, later where something happened. */
  const show = () => {
    if (!page.isFrozen && JSON.stringify(page.filter.counted(page.wish)) !== askedFor) ask().catch(page.failed);
    else askLater();
    draw();
  };
  /** Something happened that the figures may tell of. */
  const stir = () => {
    if (!page.isFrozen) isWanted = true;
  };

  byId("formulas").addEventListener("click", () => {
    page.formulas = !page.formulas;
    draw();
  });
  return { show, stir };
};
