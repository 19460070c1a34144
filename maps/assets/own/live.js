/** What comes in: events say which incidents changed, and how these stand is asked, many together; and whether the line holds. */
wangge.live = (source, cases, page, words, { lists, tiles, cover, show }) => {
  const { INCIDENT, NEW_NET, TOGETHER, MANY } = wangge.line;
  const FIGURES_MS = 15_000;
  const line = wangge.line(source, words, {
    moment: (at) => lists.moment(at),
    now: () => Date.now() / 1000 - page.ahead,
    denied: () => cover("wall.denied"),
  });
  let waiting = [];
  let asking = false;
  let figuresAt = 0;
  let figuresTimer = 0;

  const refresh = () => tiles.refresh().then(line.caughtUp).catch(line.failed);
  /** New figures after something happened, a few times a minute at most. */
  const refreshSoon = () => {
    if (figuresTimer) return;
    figuresTimer = setTimeout(() => {
      figuresTimer = 0;
      figuresAt = Date.now();
      refresh();
    }, Math.max(0, FIGURES_MS - (Date.now() - figuresAt)));
  };

  const reload = async () => {
    waiting = [];
    const now = await source.get("/v1/wall/incidents");
    page.today = now.today;
    page.ahead = Date.now() / 1000 - now.at;
    cases.load(now);
    show();
    refresh();
  };

  /** That it is over is told beside what ended it, which says more. */
  const isEcho = (event, events) => event.type === `${INCIDENT}closed` && events.some((other) => other.subject === event.subject && other.type !== event.type);
  const told = (event, where) => ({
    no: event.subject,
    event: event.data.event ?? event.type.slice(INCIDENT.length).replaceAll("-", "_"),
    at: Date.parse(event.time) / 1000,
    category: where?.category,
    where,
  });
  const take = async (some, events) => {
    const before = new Map(some.map((no) => [no, cases.find(no)]));
    const now = await source.get("/v1/wall/incidents", { no: some });
    cases.change(now, some);
    const after = new Map(cases.rows(now.incidents).map((each) => [each.no, each]));
    lists.hear(events.filter((event) => before.has(event.subject) && !isEcho(event, events)).map((event) => told(event, after.get(event.subject) ?? before.get(event.subject))));
  };
  const catchUp = async () => {
    if (asking || !waiting.length) return;
    asking = true;
    const events = waiting;
    waiting = [];
    try {
      if (events.length > MANY) await reload();
      else {
        const numbers = [...new Set(events.map(({ subject }) => subject))];
        for (let i = 0; i < numbers.length; i += TOGETHER) await take(numbers.slice(i, i + TOGETHER), events);
        show();
        refreshSoon();
      }
      line.caughtUp();
    } catch (error) {
      waiting = [...events, ...waiting];
      line.failed(error);
    } finally {
      asking = false;
    }
    if (waiting.length) setTimeout(catchUp, 1000);
  };
  const heard = (event) => {
    if (NEW_NET.has(event.type)) location.reload();
    if (!event.type.startsWith(INCIDENT) || !event.subject) return;
    waiting.push(event);
    setTimeout(catchUp, 300);
  };

  /** Follow what happens from a place in the events on. */
  const begin = (cursor) =>
    line.follow(cursor, {
      heard,
      up: (cameBack) => {
        if (cameBack) refresh();
        catchUp();
      },
      reset: reload,
    });

  return { begin, failed: line.failed, refresh, say: line.say, get isUp() { return line.isUp; }, get freshAt() { return line.freshAt; }, get waiting() { return waiting.length; } };
};
