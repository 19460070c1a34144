/**
 * What happens, as it happens, for ever: a stream of events, begun again where it breaks, from where it broke. Where something on the
 * way (a proxy) holds streams back or cuts them short, events are asked for every ten seconds instead, until a stream holds again.
 *
 * `heard(event)` is a CloudEvent, each once; `up(way)` and `down(error)` say whether the line holds and how ("stream" or "asking"),
 * `spoke()` that it was heard of, even if nothing happened, and `reset()` that places in it are void and everything is to be read anew.
 */
wangge.follow = (source, after, { heard, up, down, reset, spoke }) => {
  const PATH = "/v1/events";
  const WAITS_S = [1, 2, 4, 8, 15];
  /** The service begins each stream with a word, and says something every fifteen seconds: silence is somebody holding it back. */
  const FIRST_MS = 15_000;
  const SILENT_MS = 40_000;
  /** A stream that still speaks after so long holds; one that ended before was cut. */
  const HOLDS_MS = 14_000;
  /** After so many that were cut nobody waits for the next. */
  const CUTS = 3;
  const ASK_MS = 10_000;
  /** While events are asked for, a stream is tried so long after the last. */
  const TRY_MS = 120_000;
  const KEPT = 2000;

  let place = after;
  let way;
  let isDown = false;
  let isAsking = false;
  let tries = 0;
  let cuts = 0;
  let line;

  const holds = (now) => {
    if (way === now && !isDown) return;
    [way, isDown] = [now, false];
    up(way);
  };
  const broke = (error) => {
    isDown = true;
    down(error);
  };
  const isRefused = ({ status } = {}) => status === 401 || status === 403;

  /** The last of them, for where both ways tell the same. */
  const known = new Set();
  const tell = (event) => {
    if (known.has(event.id)) return;
    known.add(event.id);
    if (known.size > KEPT) known.delete(known.values().next().value);
    heard(event);
  };

  // --- by asking ---------------------------------------------------------------------------------------------------------

  let asking = 0;
  const ask = async () => {
    clearTimeout(asking);
    try {
      for (let more = true; more && isAsking; ) {
        const told = await source.get(PATH, { after: place });
        place = told.cursor;
        more = told.more;
        if (told.reset) reset();
        told.events.forEach(tell);
      }
      if (isAsking) holds("asking");
      spoke();
    } catch (error) {
      if (isAsking) broke(error);
      if (isRefused(error)) return;
    }
    if (isAsking) asking = setTimeout(ask, ASK_MS);
  };

  // --- by a stream -------------------------------------------------------------------------------------------------------

  /** Read server-sent events from a body; each call of `take` is one of them. */
  const read = async (body, take, alive) => {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = { name: "message", data: [] };
        for (const part of block.split("\n")) {
          const colon = part.indexOf(":");
          if (colon <= 0) continue;
          const said = part.slice(colon + 1).replace(/^ /, "");
          const field = part.slice(0, colon);
          if (field === "data") event.data.push(said);
          else if (field === "event") event.name = said;
          else if (field === "id") event.id = said;
        }
        if (event.data.length || event.id) take(event);
      }
    }
  };
  const take = ({ name, id, data }) => {
    if (id) place = id;
    if (name === "reset") reset();
    else if (name === "message" && data.length) tell(JSON.parse(data.join("\n")));
  };

  const again = async () => {
    const stop = new AbortController();
    const mine = { last: Date.now(), spoke: 0, held: false, isSilent: false, stop };
    line = mine;
    const alive = () => {
      mine.last = Date.now();
      mine.spoke ||= mine.last;
      tries = 0;
      mine.held ||= mine.last - mine.spoke >= HOLDS_MS;
      if (mine.held) [isAsking, cuts] = [false, 0];
      if (!isAsking) holds("stream");
      spoke();
    };
    try {
      await read(await source.stream(PATH, place, stop.signal), take, alive);
      ended(mine);
    } catch (error) {
      ended(mine, error);
    }
  };
  const ended = ({ spoke, held, isSilent }, error) => {
    if (isRefused(error)) {
      broke(error);
      return;
    }
    // As many streams as there may be is as good as none.
    if (!held && (spoke || error?.status === 503)) cuts += 1;
    if (isSilent) cuts = CUTS;
    if (cuts >= CUTS && !isAsking) {
      isAsking = true;
      ask();
    }
    if (isAsking) setTimeout(again, TRY_MS);
    else if (!error || held) setTimeout(again, 200);
    else {
      broke(error);
      setTimeout(again, 1000 * WAITS_S[Math.min(tries, WAITS_S.length - 1)] * (0.8 + Math.random() * 0.4));
      tries += 1;
    }
  };

  setInterval(() => {
    if (Date.now() - line.last < (line.spoke ? SILENT_MS : FIRST_MS)) return;
    line.isSilent = true;
    line.stop.abort();
  }, 5000);
  again();
};
