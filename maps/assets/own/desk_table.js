/** The table of everything that is shown: only the rows in sight are in the page, however many there are. */
wangge.deskTable = (page, words, rows, dots) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const HEIGHT = 36;
  const SPARE = 6;
  /** Of the headings, which stay on top. */
  const HEAD = 30;
  const COLUMNS = ["mark", "state", "due", "category", "title", "where", "owner", "reported", "no"];
  /** The column's order, and the one that it takes when it is asked for again. */
  const SORTS = { due: ["due"], reported: ["newest", "oldest"], state: ["state"], where: ["grid"] };
  const body = byId("rows");
  const spacer = byId("spacer");
  const pool = [];
  const pictures = new Map();
  let shown = [];

  const picture = (look, isSoon) => {
    const key = `${look}${isSoon}`;
    if (!pictures.has(key)) {
      const dense = Math.max(1, devicePixelRatio || 1);
      const canvas = make("canvas", { width: 24 * dense, height: 24 * dense });
      const pen = canvas.getContext("2d");
      pen.scale(dense, dense);
      pen.translate(12, 12);
      dots.mark(pen, look, 5.6, isSoon);
      pictures.set(key, canvas);
    }
    return pictures.get(key);
  };

  const row = () => {
    const line = make("div", { className: "row" });
    line.setAttribute("role", "row");
    const cells = COLUMNS.map((name) => {
      const cell = make("div", { className: `cell ${name}` });
      cell.setAttribute("role", "gridcell");
      return cell;
    });
    const dense = Math.max(1, devicePixelRatio || 1);
    const mark = make("canvas", { width: 24 * dense, height: 24 * dense });
    mark.setAttribute("aria-hidden", "true");
    cells[0].append(mark);
    const [tag, title] = [make("em", {}), make("span", {})];
    cells[4].append(tag, title);
    line.append(...cells);
    line.addEventListener("click", () => {
      body.focus({ preventScroll: true });
      page.open(line.dataset.no);
    });
    return { line, cells, mark: mark.getContext("2d"), tag, title };
  };

  const set = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };
  const fill = (one, each, index) => {
    const { line, cells } = one;
    const isLate = page.isLate(each);
    const isSoon = page.isSoon(each);
    line.style.transform = `translateY(${index * HEIGHT}px)`;
    line.id = `row-${index}`;
    line.dataset.no = each.no;
    line.className = `row${each.no === page.wish.no ? " chosen" : ""}${isLate ? " late" : isSoon ? " soon" : ""}${page.isNew(each) ? " fresh" : ""}`;
    line.setAttribute("aria-rowindex", String(index + 2));
    line.setAttribute("aria-selected", String(each.no === page.wish.no));
    one.mark.clearRect(0, 0, one.mark.canvas.width, one.mark.canvas.height);
    one.mark.drawImage(picture(isLate ? "late" : each.look, isSoon && !isLate), 0, 0);
    set(cells[1], words.say(`state.${each.state}`));
    set(cells[2], page.left(each));
    set(cells[3], rows.say.category(each.category));
    const level = each.supervision === "none" ? "" : each.supervision;
    one.tag.className = level ? `card-${level}` : each.urgent ? "card-urgent" : "";
    set(one.tag, level ? words.say(`supervision.${level}`) : each.urgent ? words.say("desk.urgent.true") : "");
    set(one.title, each.title || "—");
    cells[4].title = each.title;
    set(cells[5], rows.say.where(each));
    cells[5].title = each.code;
    set(cells[6], rows.say.owner(each));
    cells[6].title = cells[6].textContent;
    set(cells[7], page.moment(each.reported));
    set(cells[8], each.no);
    cells[8].title = each.no;
  };

  const draw = () => {
    const first = Math.max(0, Math.floor(body.scrollTop / HEIGHT) - SPARE);
    const wanted = Math.min(shown.length - first, Math.ceil(body.clientHeight / HEIGHT) + 2 * SPARE);
    while (pool.length < wanted) {
      pool.push(row());
      spacer.append(pool.at(-1).line);
    }
    pool.forEach((one, i) => {
      one.line.hidden = i >= wanted;
      if (i < wanted) fill(one, shown[first + i], first + i);
      else one.line.removeAttribute("id");
    });
    const at = place();
    if (at >= first && at < first + wanted) body.setAttribute("aria-activedescendant", `row-${at}`);
    else body.removeAttribute("aria-activedescendant");
  };

  const place = () => (page.wish.no ? shown.findIndex((each) => each.no === page.wish.no) : -1);
  const bring = (at) => {
    if (at < 0) return;
    const top = at * HEIGHT;
    if (top < body.scrollTop) body.scrollTop = top;
    else if (top + HEIGHT > body.scrollTop + body.clientHeight - HEAD) body.scrollTop = top + HEIGHT - body.clientHeight + HEAD;
  };

  const showHead = () => {
    const held = document.activeElement?.dataset.sort;
    byId("columns").replaceChildren(...COLUMNS.map((name) => {
      const cell = make("div", { className: `cell ${name}` });
      cell.setAttribute("role", "columnheader");
      const orders = SORTS[name];
      if (!orders) {
        cell.append(make("span", { className: name === "mark" ? "unseen" : "", text: words.say(`desk.column.${name}`) }));
        return cell;
      }
      const isOn = orders.includes(page.wish.sort);
      cell.setAttribute("aria-sort", !isOn ? "none" : page.wish.sort === "newest" ? "descending" : "ascending");
      const button = make("button", { type: "button", onclick: () => page.want({ sort: orders[(orders.indexOf(page.wish.sort) + 1) % orders.length] }) }, make("span", { text: words.say(`desk.column.${name}`) }), make("i", { text: isOn ? (page.wish.sort === "newest" ? "↓" : "↑") : "↕" }));
      button.dataset.sort = name;
      cell.append(button);
      return cell;
    }));
    if (held) byId("columns").querySelector(`[data-sort="${held}"]`)?.focus({ preventScroll: true });
  };

  /** Show these, in this order; what was in sight stays where it was, unless the top was. */
  const show = (now, { anew = false } = {}) => {
    const anchor = !anew && body.scrollTop > 0 ? shown[Math.floor(body.scrollTop / HEIGHT)]?.no : undefined;
    const into = body.scrollTop % HEIGHT;
    shown = now;
    spacer.style.height = `${shown.length * HEIGHT}px`;
    body.setAttribute("aria-rowcount", String(shown.length + 1));
    if (anew) body.scrollTop = 0;
    else if (anchor !== undefined) {
      const at = shown.findIndex((each) => each.no === anchor);
      if (at >= 0) body.scrollTop = at * HEIGHT + into;
    }
    byId("no-rows").hidden = shown.length > 0;
    draw();
  };
  const reveal = () => {
    bring(place());
    draw();
  };

  const step = (by) => {
    const at = place();
    const next = Math.min(shown.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by));
    if (shown[next]) page.point(shown[next].no);
    reveal();
  };
  body.addEventListener("keydown", (event) => {
    if (event.target !== body) return;
    const size = Math.max(1, Math.floor((body.clientHeight - HEAD) / HEIGHT) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: size, PageUp: -size, Home: -shown.length, End: shown.length };
    if (event.key in steps) step(steps[event.key]);
    else if (event.key === "Enter" && page.wish.no) page.open(page.wish.no, { focus: true });
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  body.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(draw).observe(body);

  return { show, draw, reveal, showHead };
};
