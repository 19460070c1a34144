"use strict";

const wangge = {};

/** What the page says, in the language it speaks now. Text only ever enters the page as text. */
wangge.words = (catalogues, start, zone) => {
  let lang = start;

  const say = (key, values = {}) =>
    (catalogues[lang][key] ?? catalogues.zh[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

  /** Whether there is a word for a key. */
  const has = (key) => key in catalogues.zh;

  /** Say a subtype of dedicated grids; one that the catalogues do not know stays as the town has it. */
  const subtype = (name) => catalogues[lang][`plan.subtype.${name}`] ?? name;

  const formats = new Map();
  const number = (value, digits = 0) => {
    const key = `${lang}${digits}`;
    if (!formats.has(key))
      formats.set(key, new Intl.NumberFormat(lang === "zh" ? "zh-CN" : "en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    return formats.get(key).format(value);
  };

  /** Say a moment, in seconds since 1970, in the page's zone. */
  const time = (seconds, how) => {
    const key = `${lang}${Object.entries(how)}`;
    if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { timeZone: zone, ...how }));
    return formats.get(key).format(seconds * 1000);
  };

  const percent = (share) => `${number(share * 100, share > 0.9995 || share === 0 ? 0 : 1)}%`;

  const hectares = (m2) => number(m2 / 10_000, m2 < 1_000_000 ? 1 : 0);

  /** Say every fixed word in the page anew. */
  const speak = (next) => {
    lang = next;
    document.documentElement.lang = lang === "zh" ? "zh-CN" : lang;
    for (const node of document.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
    for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = say(node.dataset.placeholder);
    for (const node of document.querySelectorAll("[data-label]")) {
      node.setAttribute("aria-label", say(node.dataset.label));
      if (node.tagName === "BUTTON") node.title = say(node.dataset.label);
    }
  };

  return { say, has, subtype, number, time, percent, hectares, speak, get lang() { return lang; } };
};

/** Make an element: `make("b", { className: "x", text: "…" }, child, …)`. */
wangge.make = (tag, { text, ...properties } = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
};

/** A list of what is said of something, by the keys of their names; what is not known is left out. */
wangge.pairs = (words, list) =>
  wangge.make("dl", {}, ...list.filter(([, said]) => said).flatMap(([key, said]) => [wangge.make("dt", { text: words.say(key) }), wangge.make("dd", { text: said })]));
