/** What happens meanwhile: events say which incidents changed, and how these stand is asked, many together. */
wangge.deskLive = (source, rows, page, words) => {
  const { INCIDENT, NEW_NET, TOGETHER, MANY } = wangge.line;
  const line = wangge.line(source, words, { moment: (at) => page.moment(at), now: () => page.now(), denied: () => page.signedOut() });
  let waiting = new Set();
  let asking = false;

  const catchUp = async () => {
    if (asking || !waiting.size) return;
    asking = true;
    const numbers = [...waiting];
    waiting = new Set();
    try {
      if (numbers.length > MANY) await page.fetch();
      else
        for (let i = 0; i < numbers.length; i += TOGETHER) {
          const some = numbers.slice(i, i + TOGETHER);
          page.take(await source.get("/v1/desk/incidents", { no: some }), some);
        }
      page.showSoon();
      line.caughtUp();
    } catch (error) {
      waiting = new Set([...numbers, ...waiting]);
      line.failed(error);
    } finally {
      asking = false;
    }
    if (waiting.size) setTimeout(catchUp, 1000);
  };
  const changed = (no) => {
    waiting.add(no);
    setTimeout(catchUp, 250);
  };
  const heard = (event) => {
    if (NEW_NET.has(event.type)) location.reload();
    if (!event.type.startsWith(INCIDENT) || !event.subject) return;
    changed(event.subject);
    page.heard(event.subject);
  };
  const begin = (cursor) => line.follow(cursor, { heard, up: catchUp, reset: () => page.fetch() });

  return { begin, changed, failed: line.failed, say: line.say, get isUp() { return line.isUp; } };
};
