/** Hands on the map: what the pointer and the arrow keys do in each tool. What comes of it is said to the page as blocks, boxes and lines. */
wangge.editTools = (map, page) => {
  const { make } = wangge;
  const { ground, sides, model } = page;
  const SIZES = [0, 10, 20, 36, 60, 100];
  const FAR = 5;
  const box = map.getContainer();
  const layer = document.getElementById("hands");
  const ring = make("i", { className: "ring", hidden: true });
  const frame = make("i", { className: "frame", hidden: true });
  const cross = make("i", { className: "cross", hidden: true });
  const thread = document.getElementById("thread");
  layer.append(frame, ring, cross);

  let size = 1;
  let act;
  let line = [];
  let spaced = false;
  let cursor = -1;
  let corner = -1;
  let pointed = -1;

  const scaleAt = () => 2 ** (map.getZoom() - ground.DEEP);
  const worldOf = (point) => ground.toWorld(map.containerPointToLatLng(point));
  const screenOf = ({ x, y }) => map.latLngToContainerPoint(ground.latLng(x, y));
  const pointOf = (event) => map.mouseEventToContainerPoint(event);
  const isPainter = () => page.tool === "brush" || page.tool === "erase";
  const isLiner = () => page.tool === "cut" || (page.tool === "part" && page.partBy === "line");

  /** The blocks under the brush as it goes from one point of the screen to another. */
  const under = (from, to) => {
    const radius = SIZES[size];
    const step = Math.max(4, radius / 2);
    const steps = Math.max(1, Math.ceil(from.distanceTo(to) / step));
    const found = new Set();
    for (let i = 1; i <= steps; i += 1) {
      const { x, y } = worldOf(L.point(from.x + ((to.x - from.x) * i) / steps, from.y + ((to.y - from.y) * i) / steps));
      const here = ground.gridAt(x, y);
      if (here >= 0) found.add(here);
      if (radius) for (const block of sides.near(x, y, radius / scaleAt())) found.add(block);
    }
    return [...found];
  };

  // --- what is drawn while hands move ---------------------------------------------------------------------------------------

  const showRing = (at) => {
    const radius = Math.max(5, SIZES[size]);
    ring.hidden = !at || !isPainter() || !page.canEdit;
    if (ring.hidden) return;
    ring.style.width = `${2 * radius}px`;
    ring.style.height = `${2 * radius}px`;
    ring.style.transform = `translate(${at.x - radius}px, ${at.y - radius}px)`;
    ring.classList.toggle("erasing", page.tool === "erase");
  };
  const showFrame = (a, b) => {
    frame.hidden = !a;
    if (!a) return;
    frame.style.width = `${Math.abs(a.x - b.x)}px`;
    frame.style.height = `${Math.abs(a.y - b.y)}px`;
    frame.style.transform = `translate(${Math.min(a.x, b.x)}px, ${Math.min(a.y, b.y)}px)`;
  };
  const showThread = (end) => {
    const points = line.map(([x, y]) => screenOf({ x, y }));
    if (end && points.length) points.push(end);
    thread.toggleAttribute("hidden", points.length < 1);
    thread.firstElementChild.setAttribute("points", points.map(({ x, y }) => `${x},${y}`).join(" "));
    thread.lastElementChild.setAttribute("points", points.map(({ x, y }) => `${x},${y}`).join(" "));
  };
  const showCross = () => {
    cross.hidden = cursor < 0 || document.activeElement !== box;
    if (cross.hidden) return;
    const at = screenOf(ground.grids[cursor]);
    cross.style.transform = `translate(${at.x - 11}px, ${at.y - 11}px)`;
  };
  map.on("move zoom moveend", () => {
    showThread();
    showCross();
    showRing();
  });

  const drop = () => {
    if (act?.kind === "paint") page.cancel();
    else if (act?.kind === "pan") map.fire("moveend");
    act = undefined;
    corner = -1;
    line = [];
    showThread();
    showFrame();
  };

  // --- the pointer ----------------------------------------------------------------------------------------------------------

  const finishLine = () => {
    const drawn = line;
    line = [];
    showThread();
    if (drawn.length < 2) return;
    if (page.tool === "part") page.partAlong(drawn);
    else page.cut(drawn);
  };
  const begin = {
    paint: (at) => {
      if (!page.begin(page.tool)) return;
      act = { kind: "paint", at };
      page.step(under(at, at));
    },
    box: (at) => { act = { kind: "box", at, to: at }; },
    line: (at) => { act = { kind: "line", at, isFree: false }; },
    pan: (at) => { act = { kind: "pan", at }; },
  };
  const kindOf = (event) => {
    if (event.button === 1 || event.button === 2) return "pan";
    if (event.button !== 0 || spaced || !page.canEdit || event.altKey) return undefined;
    if ((event.ctrlKey || event.metaKey) && (isPainter() || page.tool === "box")) return "box";
    return { brush: "paint", erase: "paint", box: "box", cut: "line", part: isLiner() ? "line" : undefined }[page.tool];
  };
  box.addEventListener("pointerdown", (event) => {
    box.focus({ preventScroll: true });
    if (act) return;
    cursor = -1;
    showCross();
    const at = pointOf(event);
    if (event.altKey && event.button === 0) {
      page.pickAt(at);
      return;
    }
    const kind = kindOf(event);
    if (!kind) return;
    event.preventDefault();
    page.point(-1);
    box.setPointerCapture(event.pointerId);
    begin[kind](at);
    if (act) act.hand = event.pointerId;
  });
  /** A second finger has no part in what the first does. */
  const isOther = (event) => act && act.hand !== event.pointerId;
  box.addEventListener("pointermove", (event) => {
    if (isOther(event)) return;
    const at = pointOf(event);
    showRing(at);
    if (!act) {
      if (line.length) showThread(at);
      point(at);
      return;
    }
    if (act.kind === "paint") {
      const way = event.getCoalescedEvents?.().map(pointOf) ?? [];
      let from = act.at;
      const blocks = new Set();
      for (const to of way.length ? way : [at]) {
        for (const block of under(from, to)) blocks.add(block);
        from = to;
      }
      act.at = at;
      page.step([...blocks]);
    } else if (act.kind === "box") {
      act.to = at;
      showFrame(act.at, at);
    } else if (act.kind === "line") {
      if (!act.isFree && act.at.distanceTo(at) < FAR) return;
      if (!act.isFree) {
        const { x, y } = worldOf(act.at);
        line.push([x, y]);
        act.isFree = true;
      }
      if (screenOf({ x: line.at(-1)[0], y: line.at(-1)[1] }).distanceTo(at) >= FAR) {
        const { x, y } = worldOf(at);
        line.push([x, y]);
      }
      showThread(at);
    } else {
      // As Leaflet's own dragging: the picture moves along, and is drawn anew when the hand lets go.
      map._rawPanBy(act.at.subtract(at));
      map.fire("move");
      act.at = at;
    }
  });
  const finish = (event) => {
    if (!act || isOther(event)) return;
    const { kind, at, to, isFree } = act;
    act = undefined;
    if (kind === "paint") page.end();
    else if (kind === "pan") map.fire("moveend");
    else if (kind === "box") {
      showFrame();
      if (to.distanceTo(at) >= FAR) boxed(worldOf(at), worldOf(to));
    } else if (kind === "line") {
      if (isFree) finishLine();
      else {
        const { x, y } = worldOf(at);
        line.push([x, y]);
        showThread(pointOf(event));
      }
    }
  };
  box.addEventListener("pointerup", finish);
  box.addEventListener("pointercancel", (event) => {
    if (!isOther(event)) drop();
  });
  box.addEventListener("contextmenu", (event) => event.preventDefault());
  box.addEventListener("dblclick", () => {
    if (line.length > 2) line.pop();
    finishLine();
  });
  box.addEventListener("pointerleave", () => {
    showRing();
    point();
  });
  const boxed = (a, b) => page.box({ left: Math.min(a.x, b.x), right: Math.max(a.x, b.x), top: Math.min(a.y, b.y), bottom: Math.max(a.y, b.y) });

  let waiting = 0;
  /** What lies under the pointer, said beside it. */
  const point = (at) => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      const { x, y } = at ? worldOf(at) : {};
      const block = at ? ground.gridAt(x, y) : -1;
      if (block !== pointed || block < 0) page.point(block, at);
      else page.follow(at);
      pointed = block;
    });
  };
  map.on("click", ({ containerPoint, originalEvent }) => {
    if (originalEvent.altKey || isLiner() || (page.canEdit && (isPainter() || page.tool === "box"))) return;
    if (page.tool === "note") page.note(worldOf(containerPoint));
    else if (page.tool === "merge" && page.canEdit) page.mergeAt(containerPoint);
    else if (page.tool === "part" && page.canEdit) {
      const { x, y } = worldOf(containerPoint);
      page.partAt(ground.gridAt(x, y));
    }
    else page.pickAt(containerPoint);
  });

  // --- the keys, where the map has the focus ---------------------------------------------------------------------------------

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  /** The nearest block in a direction, as the eye would take it. */
  const beside = (from, [dx, dy]) => {
    const { x, y, radius } = ground.grids[from];
    for (let reach = 4 * radius + 8; reach < 1e7; reach *= 2) {
      let best = -1;
      let least = Infinity;
      for (const block of sides.near(x, y, reach)) {
        const [bx, by] = [ground.grids[block].x - x, ground.grids[block].y - y];
        const along = bx * dx + by * dy;
        const away = Math.hypot(bx, by);
        if (block === from || along < away * 0.6) continue;
        const cost = away + 1.2 * Math.abs(bx * dy - by * dx);
        if (cost < least) [best, least] = [block, cost];
      }
      if (best >= 0) return best;
      if (reach > ground.whole.right - ground.whole.left + ground.whole.bottom - ground.whole.top) break;
    }
    return from;
  };
  const walk = (block) => {
    cursor = block;
    const at = screenOf(ground.grids[block]);
    const whole = map.getSize();
    if (at.x < 60 || at.y < 60 || at.x > whole.x - 60 || at.y > whole.y - 60) map.panTo(ground.latLng(ground.grids[block].x, ground.grids[block].y), { animate: false });
    showCross();
    page.tellBlock(block);
  };
  const start = () => {
    const { x, y } = worldOf(map.getSize().divideBy(2));
    const here = ground.gridAt(x, y);
    if (here >= 0) return here;
    const members = model.slots[page.chosen]?.members ?? [];
    return members[0] ?? 0;
  };
  const press = () => {
    const { x, y } = ground.grids[cursor];
    if (!page.canEdit || page.tool === "hand") page.pick(model.of[cursor]);
    else if (page.tool === "note") page.note({ x, y });
    else if (page.tool === "merge") page.merge(model.of[cursor]);
    else if (page.tool === "part" && !isLiner()) page.partAt(cursor);
    else if (isLiner()) {
      line.push([x, y]);
      showThread();
      page.tellLine(line.length);
    } else if (page.tool === "box") {
      if (corner < 0) corner = cursor;
      else {
        const other = ground.grids[corner];
        corner = -1;
        boxed(other, { x, y });
      }
    } else if (page.begin(page.tool)) {
      page.step(SIZES[size] ? under(screenOf({ x, y }), screenOf({ x, y })) : [cursor]);
      page.end();
    }
  };
  box.addEventListener("keydown", (event) => {
    if (event.target !== box || event.ctrlKey || event.metaKey) return;
    if (WAYS[event.key] && model.count) {
      walk(cursor < 0 ? start() : beside(cursor, WAYS[event.key]));
      if (event.shiftKey && isPainter() && page.canEdit) press();
    } else if (event.key === " " || event.key === "Enter") {
      if (event.key === "Enter" && line.length) finishLine();
      else if (cursor < 0) return;
      else if (!event.repeat) press();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("focus", showCross);
  box.addEventListener("blur", showCross);

  // --- tools ----------------------------------------------------------------------------------------------------------------

  const hold = () => {
    const isFree = page.tool === "hand" || page.tool === "note" || page.tool === "merge" || (page.tool === "part" && !isLiner()) || spaced || !page.canEdit;
    if (isFree) map.dragging.enable();
    else map.dragging.disable();
    box.dataset.tool = spaced ? "hand" : page.tool;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("input, select, textarea, button, summary, tr, [role=tab]")) return;
    spaced = true;
    hold();
    event.preventDefault();
  });
  const unspace = () => {
    spaced = false;
    hold();
  };
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") unspace();
  });
  // Let go in another window, it is not heard.
  window.addEventListener("blur", unspace);
  for (const handler of [map.keyboard, map.boxZoom, map.doubleClickZoom]) handler.disable();

  return {
    SIZES, drop, hold,
    resize: (to) => {
      size = Math.min(SIZES.length - 1, Math.max(0, to));
      showRing();
      return size;
    },
    get size() { return size; },
    get isBusy() { return act !== undefined || line.length > 0 || corner >= 0; },
    get cursor() { return cursor; },
    set cursor(block) { cursor = block; showCross(); },
  };
};
