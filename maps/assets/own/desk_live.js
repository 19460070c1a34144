/** What happens meanwhile: events say which incidents changed, and how these stand is asked, many together. */
wangge.deskLive = (source, rows, page, words) => {
  const { INCIDENT, NEW_NET, TOGETHER, MANY } = wangge.line;
  const TOGETHER_MS = 250;
  const LATER_MS = 1000;
  const AFTER_FAILURE_MS = 5000;
  const line = wangge.line(source, words, { moment: (at) => page.moment(at), now: () => page.now(), denied: () => page.signedOut() });
  let waiting = new Set();
  let asking = false;
  let timer = 0;
  /** For each list that is on its way, what changed since it was asked for. */
  const meanwhile = new Set();

  const catchUpIn = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(catchUp, ms);
  };
  const catchUp = async () => {
    if (asking || !(waiting.size || page.isBehind())) return;
    asking = true;
    let pause = LATER_MS;
    const numbers = [...waiting];
    waiting = new Set();
    try {
      if (page.isBehind() || numbers.length > MANY) await page.fetch();
      else
        for (let i = 0; i < numbers.length; i += TOGETHER) {
          const some = numbers.slice(i, i + TOGETHER);
          page.take(await source.get("/v1/desk/incidents", { no: some }), some);
        }
      page.showSoon();
      line.caughtUp();
    } catch (error) {
      waiting = new Set([...numbers, ...waiting]);
      pause = AFTER_FAILURE_MS;
      line.failed(error);
    } finally {
      asking = false;
    }
    if (waiting.size || page.isBehind()) catchUpIn(pause);
  };
  const changed = (no) => {
    for (const each of meanwhile) each.add(no);
    waiting.add(no);
    setTimeout(catchUp, TOGETHER_MS);
  };
  /** Ask for a whole list; what changes meanwhile, which it may not know, is asked for once more when it has come. */
  const whole = async (ask) => {
    const since = new Set();
    meanwhile.add(since);
    try {
      await ask();
    } finally {
      meanwhile.delete(since);
    }
    for (const no of since) changed(no);
  };
  /** Something that was asked for did not come: said, and asked for again. */
  const failed = (error) => {
    line.failed(error);
    if (page.isBehind()) catchUpIn(AFTER_FAILURE_MS);
  };
  /** New ground needs a new page; whoever writes in a form finishes first. */
  const reload = () => {
    if (page.isWriting()) setTimeout(reload, LATER_MS);
    else location.reload();
  };
  const heard = (event) => {
    if (NEW_NET.has(event.type)) reload();
    if (!event.type.startsWith(INCIDENT) || !event.subject) return;
    changed(event.subject);
    page.heard(event.subject);
  };
  const begin = (cursor) =>
    line.follow(cursor, {
      heard,
      up: (cameBack) => {
        if (cameBack) page.again();
        catchUp();
      },
      reset: async () => {
        page.again();
        await page.fetch();
      },
    });

  return { begin, changed, whole, failed, say: line.say, get isUp() { return line.isUp; } };
};
