/**
 * The line to the service: whether it holds, said at the top of the page; what came before it broke is shown as old.
 * `moment` says a time, `now` is the service's time, `denied` is called when whoever looks may no longer.
 */
wangge.line = (source, words, { moment, now, denied }) => {
  const byId = (id) => document.getElementById(id);
  let isUp = false;
  let way = "stream";
  let brokeAt;
  /** Until when the page knows what happened. */
  let freshAt = now();

  const say = () => {
    const isAsking = way === "asking";
    byId("link").className = `link ${brokeAt !== undefined ? "broken" : isAsking ? "live asking" : "live"}`;
    byId("link-text").textContent = words.say(brokeAt !== undefined ? "wall.link.broken" : isAsking ? "wall.link.asking" : "wall.link.live");
    byId("link").title = brokeAt === undefined && isAsking ? words.say("wall.link.asking.why") : "";
    byId("stale").hidden = brokeAt === undefined;
    if (brokeAt !== undefined) byId("stale").textContent = words.say("wall.stale", { when: moment(brokeAt) });
    document.body.classList.toggle("old", brokeAt !== undefined);
  };
  /** All that was asked has come: unless the line is down, the page is as things are. */
  const caughtUp = () => {
    if (!isUp) return;
    brokeAt = undefined;
    freshAt = now();
    say();
  };
  const broken = (error) => {
    if (error.status === 401 || error.status === 403) denied();
    brokeAt ??= now();
    say();
  };
  /** What went wrong with asking is said on the page; anything else is a fault of the page itself. */
  const failed = (error) => {
    if (error.status === undefined) reportError(error);
    else broken(error);
  };
  /** Follow what happens from a place in the events on; `up` hears whether the line was broken before. */
  const follow = (cursor, { heard, up, reset }) =>
    wangge.follow(source, cursor, {
      heard,
      spoke: () => { if (brokeAt === undefined) freshAt = now(); },
      up: (how) => {
        const cameBack = !isUp && brokeAt !== undefined;
        isUp = true;
        way = how;
        say();
        up(cameBack);
        caughtUp();
      },
      down: (error) => {
        isUp = false;
        broken(error);
      },
      reset: () => reset().catch(failed),
    });

  return { say, caughtUp, failed, follow, get isUp() { return isUp; }, get freshAt() { return freshAt; } };
};

/** What events tell of incidents and of nets, whichever page hears them. */
wangge.line.INCIDENT = "cn.gridgov.incident.";
wangge.line.NEW_NET = new Set(["cn.gridgov.plan.adopt", "cn.gridgov.plan.effective"]);
/** So many incidents are asked for together. */
wangge.line.TOGETHER = 100;
/** Behind by more than so many everything is read anew. */
wangge.line.MANY = 1000;
