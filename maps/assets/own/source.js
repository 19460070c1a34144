/**
 * Where a page gets its data: the service that it came from. Whoever is signed in asks as themselves; a screen without anybody asks
 * by the key that stands behind the # of its address, which no browser sends along.
 */
wangge.source = (root) => {
  const WAITS = [1, 2, 4, 8, 15];
  const SILENT_MS = 40_000;
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  const who = key ? { "X-API-Key": key } : {};

  const failed = async (answer) => {
    const said = await answer.json().catch(() => ({}));
    return Object.assign(new Error(said.detail ?? said.title ?? String(answer.status)), { status: answer.status, code: said.code, told: said });
  };

  const reach = async (path, parameters = {}, accept = "application/json") => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters))
      for (const each of [value].flat()) if (each !== undefined && each !== null) query.append(name, each);
    const asked = `${root}${path}${query.size ? `?${query}` : ""}`;
    const answer = await fetch(asked, { headers: { Accept: accept, ...who }, credentials: "same-origin" }).catch((error) => {
      throw Object.assign(error, { status: 0 });
    });
    if (!answer.ok) throw await failed(answer);
    return answer;
  };
  /** Ask; gives the answer's `body` and `headers`. */
  const ask = async (path, parameters) => {
    const answer = await reach(path, parameters);
    return { body: await answer.json(), headers: answer.headers };
  };
  /** Ask for a file; gives what is in it. */
  const file = async (path, parameters) => (await reach(path, parameters, "*/*")).blob();
  const get = async (path, parameters) => (await ask(path, parameters)).body;

  const cookie = (name) => document.cookie.split("; ").find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  /** Ask for a change; gives the answer's `status`, `body` and `headers`. It carries the session's second secret, as every change must. */
  const send = async (method, path, body, { headers = {}, ...how } = {}) => {
    const answer = await fetch(`${root}${path}`, {
      ...how,
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": cookie("wangge_csrf"), ...who, ...headers },
      body: JSON.stringify(body),
      credentials: "same-origin",
    }).catch((error) => {
      throw Object.assign(error, { status: 0 });
    });
    if (!answer.ok) throw await failed(answer);
    return { status: answer.status, body: await answer.json(), headers: answer.headers };
  };

  /** A name for one change: sent again by it after a broken line, it changes nothing more. */
  const name = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  /** Read server-sent events from the answer's body; each call of `tell` is one of them. */
  const read = async (body, tell, alive) => {
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
        for (const line of block.split("\n")) {
          const colon = line.indexOf(":");
          if (colon <= 0) continue;
          const said = line.slice(colon + 1).replace(/^ /, "");
          const field = line.slice(0, colon);
          if (field === "data") event.data.push(said);
          else if (field === "event") event.name = said;
          else if (field === "id") event.id = said;
        }
        if (event.data.length || event.id) tell(event);
      }
    }
  };

  /**
   * Follow what happens, for ever: comes again where the line breaks, from where it broke. `heard(event)` is a CloudEvent, `up()` and
   * `down(error)` say whether the line holds, `reset()` that places in it are void and everything is to be read anew.
   */
  const follow = (after, { heard, up, down, reset }) => {
    let place = after;
    let tries = 0;
    let line = new AbortController();
    let last = Date.now();
    const alive = () => {
      last = Date.now();
      if (tries) tries = 0;
    };
    const watch = setInterval(() => {
      if (Date.now() - last > SILENT_MS) line.abort();
    }, 5000);

    const tell = (event) => {
      if (event.id) place = event.id;
      if (event.name === "reset") reset();
      else if (event.name === "message" && event.data.length) heard(JSON.parse(event.data.join("\n")));
    };
    const again = async () => {
      line = new AbortController();
      last = Date.now();
      try {
        const answer = await fetch(`${root}/v1/events`, {
          headers: { Accept: "text/event-stream", ...who, ...(place ? { "Last-Event-ID": place } : {}) },
          credentials: "same-origin",
          cache: "no-store",
          signal: line.signal,
        });
        if (!answer.ok) throw await failed(answer);
        up();
        await read(answer.body, tell, alive);
        setTimeout(again, 200);
      } catch (error) {
        down(error);
        if (error.status === 401 || error.status === 403) return;
        setTimeout(again, 1000 * WAITS[Math.min(tries, WAITS.length - 1)] * (0.8 + Math.random() * 0.4));
        tries += 1;
      }
    };
    again();
    return () => {
      clearInterval(watch);
      line.abort();
    };
  };

  return { root, ask, get, file, send, name, follow, isKeyed: Boolean(key) };
};
