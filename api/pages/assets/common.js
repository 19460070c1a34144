"use strict";

/* What all pages share. Text only ever enters a page as text. */
const wangge = {};

wangge.lang = document.documentElement.lang === "en" ? "en" : "zh-CN";
wangge.root = document.body.dataset.root;

/** Read a value that the page carries. */
wangge.data = (id) => JSON.parse(document.getElementById(id).textContent);

wangge.words = wangge.data("words");

/** Say a word, with values filled into its places. */
wangge.say = (key, values = {}) => (wangge.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/** Say a word where there is one; else what is given instead. */
wangge.sayIf = (key, otherwise) => wangge.words[key] ?? otherwise;

/** Make an element: `make("b", { className: "x", text: "…" }, child, …)`. */
wangge.make = (tag, { text, ...properties } = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
};

wangge.byId = (id) => document.getElementById(id);
/* One of each for the whole page: making one takes far longer than using it. */
wangge.formats = {
  number: new Intl.NumberFormat(wangge.lang),
  tenths: new Intl.NumberFormat(wangge.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  day: new Intl.DateTimeFormat(wangge.lang, { dateStyle: "long" }),
  time: new Intl.DateTimeFormat(wangge.lang, { dateStyle: "medium", timeStyle: "short", timeZone: document.body.dataset.zone }),
};
wangge.number = (value) => wangge.formats.number.format(value);
wangge.tenths = (value) => wangge.formats.tenths.format(value);
wangge.day = (text) => wangge.formats.day.format(new Date(`${text.slice(0, 10)}T12:00:00`));
/** A moment, in the zone of the place that is looked after: whoever looks from elsewhere reads the same. */
wangge.time = (text) => wangge.formats.time.format(new Date(text));

/** What is wrong, as the service tells it (RFC 9457). */
wangge.Problem = class extends Error {
  constructor(status, told) {
    super(told.detail || told.title || wangge.say("common.failed"));
    this.status = status;
    this.told = told;
  }

  /** What people read: the title in their language; advice or detail where it says more. */
  get text() {
    const { title, advice, detail } = this.told;
    if (!title) return this.message;
    // Details are in English, whatever the page speaks.
    const more = wangge.lang === "en" && detail !== advice ? detail : "";
    return [title, advice, more].filter(Boolean).map((part) => part.replace(/[.\u3002]$/, "")).join(wangge.say("common.stop"));
  }
};

const cookie = (name) => document.cookie.split("; ").find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

/** Ask the service; gives `{ body, etag }`, throws a Problem. Whatever may change something carries the session's second secret. */
wangge.ask = async (path, { method = "GET", body, headers = {} } = {}) => {
  const sent = { Accept: "application/json, application/geo+json", ...headers };
  if (method !== "GET") sent["X-CSRF-Token"] = cookie("wangge_csrf");
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin" });
  } catch {
    throw new wangge.Problem(0, { title: wangge.say("common.unreachable") });
  }
  const text = await answer.text();
  let told = {};
  if ((answer.headers.get("Content-Type") ?? "").includes("json") && text) told = JSON.parse(text);
  if (!answer.ok) throw new wangge.Problem(answer.status, told);
  return { body: told, etag: answer.headers.get("ETag") };
};

/** Give a function that names a change, by the same name as long as it is the same change: sent again, it is done once. */
wangge.named = () => {
  let last = "";
  let name = "";
  return (...change) => {
    const text = JSON.stringify(change);
    if (text !== last) name = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    last = text;
    return name;
  };
};

/** Show what is wrong in an element made for it, or nothing. */
wangge.complain = (node, problem) => {
  node.hidden = !problem;
  node.textContent = problem ? (problem.text ?? String(problem)) : "";
};

/* Fields left empty ask for nothing. */
wangge.byId("ask")?.addEventListener("submit", (event) => {
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of wangge.byId("ask")?.elements ?? []) field.disabled = false;
});

wangge.byId("sign-out")?.addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    await wangge.ask(event.target.dataset.session, { method: "DELETE" });
  } catch (problem) {
    // A session that is over is as good as one that was ended.
    if (problem.status !== 401) {
      event.target.disabled = false;
      event.target.textContent = problem.text;
      return;
    }
  }
  location.assign(`${wangge.root}/`);
});

/** Give how a plan's state is set: still on its way, done, or over. */
wangge.tone = (state) => (["effective", "filed"].includes(state) ? "done" : ["superseded", "withdrawn"].includes(state) ? "over" : "");
