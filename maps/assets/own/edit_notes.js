/** What was said about the plan, to its grids and to places: on the map as pins, beside it as threads that can be answered. */
wangge.editNotes = (page, words, { source, here, me }) => {
  const { make } = wangge;
  const { model, ground } = page;
  const byId = (id) => document.getElementById(id);
  let threads = [];
  let chosen = "";
  let target = {};
  let sending;

  const keyOf = ({ grid, lon, lat }) => (grid ? `g${grid}` : lon === null || lon === undefined ? "" : `p${lon},${lat}`);
  const slotOf = (code) => model.slots.find((slot) => slot.code === code && slot.members.length);
  const placeOf = ({ grid, lon, lat }) => {
    if (lon !== null && lon !== undefined) return ground.toWorld(L.latLng(lat, lon));
    const slot = grid && slotOf(grid);
    return slot ? page.paint.spotsOf(slot.number)[0] : undefined;
  };
  /** Where there are pins, and how much was said there. */
  const pins = () => threads.flatMap((thread) => {
    const at = placeOf(thread);
    return at ? [{ x: at.x, y: at.y, count: thread.said.length, isChosen: thread.key === chosen, key: thread.key }] : [];
  });

  const about = ({ grid, lon }) => (grid ? words.say("edit.note.grid", { grid: slotOf(grid) ? page.nameOf(slotOf(grid)) : grid }) : lon === null || lon === undefined ? words.say("edit.note.plan") : words.say("edit.note.place"));
  const aim = (to) => {
    target = to;
    byId("note-target").textContent = about(to);
    byId("note-text").focus();
  };
  const said = (each) =>
    make("li", {}, make("small", { text: [each.actor === me.person ? words.say("edit.me") : each.actor_name, words.time(Date.parse(each.at) / 1000, { dateStyle: "medium", timeStyle: "short" })].filter(Boolean).join(" · ") }), make("p", { text: each.text }));
  const thread = (each) => {
    const head = make("button", { type: "button", className: "head", text: about(each), onclick: () => choose(each.key, true) });
    const reply = make("button", { type: "button", className: "plain", text: words.say("edit.note.reply"), onclick: () => aim(each) });
    const node = make("li", { className: each.key === chosen ? "thread chosen" : "thread" }, head, make("ol", {}, ...each.said.map(said)), reply);
    node.dataset.thread = each.key;
    return node;
  };
  const show = () => {
    byId("note-rows").replaceChildren(...threads.map(thread));
    byId("no-notes").hidden = threads.length > 0;
    byId("note-target").textContent = about(target);
    byId("tab-notes").querySelector("small").textContent = threads.length ? words.number(threads.reduce((sum, each) => sum + each.said.length, 0)) : "";
  };
  const choose = (key, isSeen) => {
    chosen = key;
    show();
    page.paint.top();
    const each = threads.find((one) => one.key === key);
    const at = each && placeOf(each);
    if (isSeen && at) page.see(at);
    byId("note-rows").querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  };
  /** The pin at a place of the world, if any; the page opens what was said there. */
  const at = ({ x, y }, scale) => pins().find((pin) => Math.hypot((pin.x - x) * scale, (pin.y - y) * scale - 15) < 14)?.key;

  const refresh = async () => {
    const { comments } = await source.get(`${here}/comments`);
    const found = new Map();
    for (const each of comments) {
      const key = keyOf(each);
      if (!found.has(key)) found.set(key, { key, grid: each.grid, lon: each.lon, lat: each.lat, said: [] });
      found.get(key).said.push(each);
    }
    threads = [...found.values()].reverse();
    show();
    page.paint.top();
  };
  const send = async () => {
    const said = byId("note-text").value;
    const text = said.trim();
    if (!text || byId("note-send").disabled) return;
    const where = target.grid ? { grid: target.grid } : target.lon === null || target.lon === undefined ? {} : { lon: target.lon, lat: target.lat };
    const body = { text, ...where };
    if (sending?.text !== JSON.stringify(body)) sending = { text: JSON.stringify(body), name: source.name() };
    byId("note-send").disabled = true;
    try {
      await source.send("POST", `${here}/comments`, body, { headers: { "Idempotency-Key": sending.name } });
      sending = undefined;
      // What was typed meanwhile is the beginning of the next.
      const now = byId("note-text").value;
      byId("note-text").value = now.startsWith(said) ? now.slice(said.length) : now;
      chosen = keyOf(where);
      await refresh();
      page.tell("edit.note.sent");
    } catch (error) {
      page.complain(error);
    } finally {
      byId("note-send").disabled = false;
    }
  };
  byId("note-send").addEventListener("click", send);
  byId("note-text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
  });
  byId("note-plan").addEventListener("click", () => aim({}));

  return { pins, at, choose, refresh, show, aim, place: ({ x, y }) => {
    const { lat, lng } = ground.latLng(x, y);
    aim({ lon: Number(lng.toFixed(7)), lat: Number(lat.toFixed(7)) });
  } };
};
