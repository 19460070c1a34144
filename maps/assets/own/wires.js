/**
 * Calls as lines: from the middle of the street that has called to plates of the departments above the map, one line for each pair.
 * Nobody named yet is a plate too. The lines have a canvas of their own: they follow the map while it moves, and are few.
 */
wangge.wires = (map, ground, data, page, words, stands, { pick, choose }) => {
  const { make } = wangge;
  const look = wangge.looks.stands;
  /** Broken until somebody comes, dotted until somebody is named. */
  const DASHES = { called: [2, 7], assigned: [9, 6], joint: [], handled: [] };
  const REACH_PX = 20;
  const plates = document.getElementById("plates");
  const font = getComputedStyle(document.body).fontFamily;
  let pairs = [];
  let chips = [];
  /** The department whose lines stand out; "": nobody named yet. */
  let chosen;

  const middles = new Map();
  /** The middle of a street's grids. */
  const middleOf = (area) => {
    if (!middles.has(area)) {
      const box = ground.nowhere();
      data.grids.area.forEach((own, i) => {
        if (ground.wayTo(own).includes(area)) ground.widen(box, ground.grids[i].box);
      });
      middles.set(area, Number.isFinite(box.left) ? { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 } : undefined);
    }
    return middles.get(area);
  };

  const stageOf = (call, party) => (call.isHandled ? "handled" : !party ? "called" : party.joined ? "joint" : "assigned");
  const STAGES = ["called", "assigned", "joint", "handled"];
  const gather = () => {
    const found = new Map();
    for (const call of stands.calls()) {
      const from = middleOf(call.street.area) ?? call;
      for (const party of call.parties.length ? call.parties : [undefined]) {
        const code = party?.code ?? "";
        const key = `${call.street.area}\u0000${call.street.name}\u0000${code}`;
        const pair = found.get(key) ?? { from, street: call.street.name, code, name: party?.name ?? words.say("stands.call.nobody"), calls: [], isLate: false, stage: "handled" };
        const stage = stageOf(call, party);
        pair.calls.push(call);
        pair.isLate ||= Boolean(party?.isLate);
        // The line of several says how far the one is that is least far.
        if (STAGES.indexOf(stage) <= STAGES.indexOf(pair.stage)) [pair.stage, pair.step] = [stage, Math.min(call.step, pair.step ?? 4)];
        found.set(key, pair);
      }
    }
    return [...found.values()];
  };

  const show = () => {
    pairs = page.layers.calls ? gather() : [];
    const parties = new Map();
    for (const pair of pairs) {
      const party = parties.get(pair.code) ?? { code: pair.code, name: pair.name, calls: new Set(), isLate: false };
      for (const { id } of pair.calls) party.calls.add(id);
      party.isLate ||= pair.isLate;
      parties.set(pair.code, party);
    }
    if (!parties.has(chosen)) chosen = undefined;
    const focused = plates.contains(document.activeElement) ? document.activeElement.dataset.org : undefined;
    const listed = [...parties.values()].sort((a, b) => (a.code === "") - (b.code === "") || b.calls.size - a.calls.size || (a.code < b.code ? -1 : 1));
    plates.hidden = !listed.length;
    plates.replaceChildren(...listed.map(({ code, name, calls, isLate }) => {
      const button = make("button", { type: "button", className: isLate ? "is-late" : "", onclick: () => pick(chosen === code ? undefined : code) }, make("span", { text: name }), make("b", { text: words.number(calls.size) }));
      button.dataset.org = code;
      button.setAttribute("aria-pressed", String(chosen === code));
      button.title = words.say(isLate ? "stands.call.plate.late" : "stands.call.plate", { name, n: calls.size });
      return make("li", {}, button);
    }));
    if (focused !== undefined) plates.querySelector(`[data-org="${CSS.escape(focused)}"]`)?.focus();
    redraw();
  };

  /** Where a plate's foot is, in pixels of the map. */
  const footOf = (code) => {
    const plate = plates.querySelector(`[data-org="${CSS.escape(code)}"]`);
    const [box, whole] = [plate.getBoundingClientRect(), map.getContainer().getBoundingClientRect()];
    return { x: (box.left + box.right) / 2 - whole.left, y: box.bottom - whole.top };
  };
  const isFaint = ({ code, calls }) => {
    if (page.thing?.kind === "call") return !calls.some(({ id }) => id === page.thing.id);
    return chosen !== undefined && chosen !== code;
  };

  /** The four steps of a call as four squares, those that were made filled; how many calls; and whether one is late. */
  const chip = (pen, x, y, { step, calls, isLate }) => {
    const colour = isLate ? look.late : look.call;
    const text = [isLate ? "!" : "", calls.length > 1 ? `×${calls.length}` : ""].filter(Boolean).join(" ");
    pen.font = `600 11px ${font}`;
    const beside = text ? pen.measureText(text).width + 5 : 0;
    const wide = 4 * 9 - 2 + beside;
    pen.beginPath();
    pen.rect(x - wide / 2 - 4, y - 8, wide + 8, 16);
    pen.fillStyle = look.rim;
    pen.fill();
    pen.lineWidth = 1;
    pen.strokeStyle = colour;
    pen.stroke();
    for (let i = 0; i < 4; i += 1) {
      pen.beginPath();
      pen.rect(x - wide / 2 + 9 * i, y - 3.5, 7, 7);
      pen.fillStyle = i < step ? colour : look.rim;
      pen.fill();
      pen.stroke();
    }
    pen.fillStyle = colour;
    pen.textAlign = "left";
    pen.fillText(text, x - wide / 2 + 39, y + 0.5);
  };

  const draw = (pen, frame) => {
    chips = [];
    if (!pairs.length) return;
    frame.toScreen();
    pen.textBaseline = "middle";
    const size = map.getSize();
    const [left, top] = [(frame.width - size.x) / 2, (frame.height - size.y) / 2];
    const feet = new Map([...new Set(pairs.map(({ code }) => code))].map((code) => [code, footOf(code)]));
    const ways = [...pairs].sort((a, b) => isFaint(b) - isFaint(a) || a.isLate - b.isLate).map((pair) => {
      const foot = feet.get(pair.code);
      const [from, to] = [{ x: frame.x(pair.from.x), y: frame.y(pair.from.y) }, { x: foot.x + left, y: foot.y + top }];
      const bend = (to.y - from.y) * 0.5;
      return { pair, from, to, over: [{ x: from.x, y: from.y + bend }, { x: to.x, y: to.y - bend }] };
    });
    for (const { pair, from, to, over: [a, b] } of ways) {
      pen.globalAlpha = isFaint(pair) ? 0.25 : 1;
      pen.beginPath();
      pen.moveTo(from.x, from.y);
      pen.bezierCurveTo(a.x, a.y, b.x, b.y, to.x, to.y);
      pen.setLineDash([]);
      pen.lineWidth = pair.isLate ? 6 : 5;
      pen.strokeStyle = look.rim;
      pen.stroke();
      pen.setLineDash(DASHES[pair.stage]);
      pen.lineWidth = pair.isLate ? 3.2 : pair.stage === "handled" ? 1.4 : 2.2;
      pen.strokeStyle = pair.isLate ? look.late : look.call;
      pen.stroke();
      pen.setLineDash([]);
    }
    for (const { pair, from, to, over: [a, b] } of ways) {
      pen.globalAlpha = isFaint(pair) ? 0.25 : 1;
      pen.beginPath();
      pen.arc(from.x, from.y, 5, 0, 2 * Math.PI);
      pen.fillStyle = look.rim;
      pen.fill();
      pen.lineWidth = 2.2;
      pen.strokeStyle = look.call;
      pen.stroke();
      const t = 0.62;
      const along = (name) => (1 - t) ** 3 * from[name] + 3 * (1 - t) ** 2 * t * a[name] + 3 * (1 - t) * t * t * b[name] + t ** 3 * to[name];
      const [x, y] = [along("x"), along("y")];
      chip(pen, x, y, pair);
      chips.push({ x: x - left, y: y - top, calls: pair.calls });
    }
    pen.globalAlpha = 1;
  };

  const surface = new wangge.Surface(ground, draw, { name: "wires" });
  /** Without a line there is no canvas: a page that shows no calls pays nothing for them. */
  const redraw = () => {
    if (!pairs.length) surface.remove();
    else if (map.hasLayer(surface)) surface.redraw();
    else surface.addTo(map);
  };
  map.on("move", () => { if (pairs.length) redraw(); });
  new ResizeObserver(redraw).observe(plates);

  /** Choose what the chip of a line stands for, if there is one at a place of the map, in pixels. */
  const take = ({ x, y }) => {
    const near = chips.find((each) => Math.abs(each.x - x) <= REACH_PX && Math.abs(each.y - y) <= REACH_PX / 2);
    if (near) choose({ kind: "call", id: (near.calls.find(({ isLate }) => isLate) ?? near.calls[0]).id });
    return Boolean(near);
  };

  return {
    show, take,
    focus: (code) => { chosen = code; },
  };
};
