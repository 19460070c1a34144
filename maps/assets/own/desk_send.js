/** Asking and changing things one at a time: with the state that was seen, once even where the line breaks, and what went wrong in words. */
wangge.send = (root, words) => {
  const CSRF = /(?:^|; )wangge_csrf=([^;]+)/;

  const problem = (status, said) =>
    Object.assign(new Error(said.detail ?? said.title ?? String(status)), {
      status,
      code: said.code,
      title: said.title,
      detail: said.detail,
      advice: said.advice,
      /** What is wrong with single fields: pairs of a field and a sentence. */
      fields: (said.errors ?? []).filter(({ parameter }) => parameter).map(({ parameter, detail }) => [parameter, detail]),
    });
  const address = (path, parameters = {}) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...parameters, lang: words.lang }))
      for (const each of [value].flat()) if (each !== undefined && each !== null) query.append(name, each);
    return `${root}${path}?${query}`;
  };

  /** Ask for a document; it comes with the ETag that a change of it has to name. */
  const ask = async (method, path, { body, etag, key, parameters, raw } = {}) => {
    const headers = { Accept: "application/json" };
    const csrf = CSRF.exec(document.cookie)?.[1];
    if (method !== "GET" && csrf) headers["X-CSRF-Token"] = decodeURIComponent(csrf);
    if (etag) headers["If-Match"] = etag;
    if (key) headers["Idempotency-Key"] = key;
    if (body !== undefined && !raw) headers["Content-Type"] = "application/json";
    const answer = await fetch(address(path, parameters), { method, headers, credentials: "same-origin", body: raw ? body : body === undefined ? undefined : JSON.stringify(body) }).catch((error) => {
      throw Object.assign(error, { status: 0, fields: [], detail: words.say("desk.unreachable") });
    });
    if (!answer.ok) throw problem(answer.status, await answer.json().catch(() => ({})));
    return { document: answer.status === 204 ? undefined : await answer.json(), etag: answer.headers.get("ETag"), status: answer.status };
  };
  const get = async (path, parameters) => (await ask("GET", path, { parameters })).document;
  /** A picture as a data address, which the page may show. */
  const picture = async (path) => {
    const answer = await fetch(`${root}${path}`, { credentials: "same-origin" });
    if (!answer.ok) throw problem(answer.status, await answer.json().catch(() => ({})));
    const blob = await answer.blob();
    return new Promise((done) => {
      const reader = new FileReader();
      reader.addEventListener("load", () => done(reader.result));
      reader.readAsDataURL(blob);
    });
  };
  /** Every entry of a list that comes in pages. */
  const all = async (path, list, parameters = {}) => {
    const found = [];
    let after;
    do {
      const page = await get(path, { ...parameters, limit: 1000, after });
      found.push(...page[list]);
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  };
  /** One key for one wish: sent again after a broken line, it changes nothing more. */
  const key = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  return { ask, get, all, picture, key };
};
