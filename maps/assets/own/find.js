/**
 * A field that finds things as they are typed: a combobox with a list below it, for the keyboard and for screen readers too.
 *
 * `ask(text)` gives what the service answers, `chosen(result)` takes what was chosen, `say(key, values)` says a word. What somebody
 * is still composing is not asked for; an answer to what was typed before is dropped. With `isFree` any text will do, and Enter takes only what was pointed at. Gives
 * `{ clear, close, speak }`.
 */
wangge.find = (input, { ask, chosen, say, left = () => false, isFree = false }) => {
  const { make } = wangge;
  const WAIT_MS = 180;
  const SLOW_MS = 400;
  const id = input.id;
  const list = make("ul", { id: `${id}-list`, className: "found", hidden: true });
  list.setAttribute("role", "listbox");
  const told = make("p", { id: `${id}-told`, className: "found-told" });
  told.setAttribute("role", "status");
  const box = make("div", { className: "finder" });
  input.replaceWith(box);
  box.append(input, list, told);
  const MOST = 100;
  Object.assign(input, { autocomplete: "off", spellcheck: false });
  input.setAttribute("autocapitalize", "off");
  input.setAttribute("enterkeyhint", "search");
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, "aria-describedby": told.id })) input.setAttribute(name, value);

  let results = [];
  let active = -1;
  /** What the list answers; undefined while nothing does. */
  let answers;
  let asked = 0;
  let timer = 0;
  let isComposing = false;
  /** Whether the first result is to be taken as soon as it comes. */
  let isHurried = false;

  const text = () => input.value.trim().slice(0, MOST);
  const kindOf = ({ kind, type }) => say(`find.${kind}.${type}`);
  /** What stands around it, from the top down; what everything here lies in says nothing. */
  const wayOf = ({ way }) => way.filter(({ level }) => level !== "city").map(({ name }) => name).slice(-2).join(say("find.way"));
  const tell = (key, values) => {
    told.textContent = key ? say(key, values) : "";
    // How many there are is heard; it is seen as well by whoever sees the list.
    told.classList.toggle("unseen", key === "find.count" || key === "find.count.more");
    told.hidden = !key;
  };
  const point = (n) => {
    active = n;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === n)));
    if (n < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[n].id);
      list.children[n].scrollIntoView({ block: "nearest" });
    }
  };
  const open = (wish) => {
    list.hidden = !wish;
    input.setAttribute("aria-expanded", String(wish));
    if (!wish) point(-1);
  };
  const close = () => {
    clearTimeout(timer);
    asked += 1;
    isHurried = false;
    open(false);
    tell();
  };
  const choose = (result) => {
    input.value = result.name;
    answers = undefined;
    close();
    chosen(result);
  };
  const show = () => {
    list.setAttribute("aria-label", say("find.results"));
    list.replaceChildren(...results.map((result, n) => {
      const option = make("li", { id: `${id}-${n}` },
        make("b", { text: result.name }),
        make("span", { className: "found-kind", text: kindOf(result) }),
        make("small", { text: [wayOf(result), ["area", "grid"].includes(result.kind) && result.code !== result.name ? result.code : ""].filter(Boolean).join(" · ") }));
      option.setAttribute("role", "option");
      // The field keeps the keyboard.
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("mousedown", (event) => event.preventDefault());
      option.addEventListener("click", () => choose(result));
      return option;
    }));
    open(results.length > 0);
    point(-1);
  };

  const seek = async () => {
    const wanted = text();
    const mine = (asked += 1);
    const slow = setTimeout(() => { if (mine === asked) tell("find.loading"); }, SLOW_MS);
    try {
      const answer = await ask(wanted);
      if (mine !== asked) return;
      [results, answers] = [answer.results, wanted];
      show();
      if (!results.length) tell("find.none", { text: wanted });
      else tell(answer.is_whole ? "find.count" : "find.count.more", { n: results.length });
      if (isHurried && results.length) choose(results[0]);
      isHurried = false;
    } catch (error) {
      if (mine !== asked) return;
      [results, answers] = [[], undefined];
      show();
      isHurried = false;
      tell(error.status === 401 ? "find.sign_in" : error.status === 403 ? "find.denied" : "find.unreachable");
    } finally {
      clearTimeout(slow);
    }
  };
  const seekSoon = () => {
    clearTimeout(timer);
    isHurried = false;
    if (!text()) {
      answers = undefined;
      close();
      return;
    }
    // What comes for what stood there before is of no use.
    asked += 1;
    timer = setTimeout(seek, WAIT_MS);
  };

  input.addEventListener("compositionstart", () => { isComposing = true; });
  input.addEventListener("compositionend", () => {
    isComposing = false;
    seekSoon();
  });
  input.addEventListener("input", () => { if (!isComposing) seekSoon(); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const isOpen = !list.hidden;
    const by = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (by) {
      if (isOpen) point(active < 0 ? (by > 0 ? 0 : results.length - 1) : (active + by + results.length) % results.length);
      else if (text()) answers === text() && results.length ? open(true) : seek();
    } else if (key === "Enter") {
      if (isFree && active < 0) {
        close();
        return;
      }
      if (isOpen) choose(results[Math.max(active, 0)]);
      else if (text()) {
        clearTimeout(timer);
        isHurried = true;
        seek();
      }
    } else if (key === "Escape") {
      if (isOpen || !told.hidden) close();
      else if (input.value && !isFree) clear();
      else if (!left()) return;
      event.stopPropagation();
    } else if (key === "Tab") {
      close();
      return;
    } else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== input) close(); }, 0));

  const clear = () => {
    input.value = "";
    results = [];
    answers = undefined;
    close();
  };
  /** Say everything anew, in another language. */
  const speak = () => {
    if (!list.hidden) show();
    else tell();
  };
  close();
  return { clear, close, speak };
};
