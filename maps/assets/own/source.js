/**
 * Where a page gets its data: the service that it came from. Whoever is signed in asks as themselves; a screen without anybody asks
 * by the key that stands behind the # of its address, which no browser sends along.
 */
wangge.source = (root) => {
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

  /** Begin a stream of server-sent events behind a place; gives its body. */
  const stream = async (path, place, signal) => {
    const answer = await fetch(`${root}${path}`, {
      headers: { Accept: "text/event-stream", ...who, ...(place ? { "Last-Event-ID": place } : {}) },
      credentials: "same-origin",
      cache: "no-store",
      signal,
    });
    if (!answer.ok) throw await failed(answer);
    return answer.body;
  };

  return { root, ask, get, file, send, name, stream, isKeyed: Boolean(key) };
};
