/** The planner's editor: one state, and what each thing does to it. */
wangge.editor = async (map) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const setup = JSON.parse(byId("editor-setup").textContent);
  const words = wangge.words(setup.words, document.documentElement.lang.startsWith("zh") ? "zh" : "en", setup.zone);
  const source = wangge.source(setup.root);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  words.speak(words.lang);
  byId("back").href = `${setup.root}/plans`;
  byId("back").textContent = "‹";

  // --- what it begins with -----------------------------------------------------------------------------------------------

  const lay = wangge.cover(words, "edit.loading", "edit.making");
  const cover = (key, more) => {
    lay(key, more);
    byId("cover-progress").hidden = !byId("again").hidden;
  };
  const tellJob = ({ done, total }) => {
    cover("edit.making", {});
    if (total) byId("cover-progress").value = done / total;
    else byId("cover-progress").removeAttribute("value");
  };

  let begun;
  try {
    begun = await wangge.editLoad(source, setup.plan, tellJob);
  } catch (error) {
    if (error.status === 401) location.assign(`${setup.root}/sign-in?next=${encodeURIComponent(setup.here)}`);
    else cover(error.status === 404 || error.status === 403 ? "edit.denied" : error.code === "job" ? "edit.failed" : "edit.unreachable", { why: error.message });
    return;
  }
  const { me, draft, data, here, wait, now } = begun;
  if (!data.blocks.community.length) {
    cover("edit.empty");
    return;
  }

  const model = wangge.editModel(data.blocks);
  model.load(now.grids, now.of_block);
  const pieces = wangge.editPieces(model, data.borders);
  const ground = wangge.ground({ ...data, grids: data.blocks, compounds: data.compound_shapes });
  const old = data.in_force.border.map(ground.outline);
  const [originX, originY] = data.origin;
  const arcs = wangge.editArcs(data.blocks.shape, (x, y) => [ground.fromMicro.x(originX + x), ground.fromMicro.y(originY + y)]);
  delete data.blocks.shape;
  const sides = wangge.editSides(Float64Array.from(ground.grids, ({ x }) => x), Float64Array.from(ground.grids, ({ y }) => y));
  const compare = wangge.editCompare(model, data.in_force);
  const { NONE, slots, of } = model;

  const isPersons = data.rules.measure === "persons";
  const band = isPersons
    ? { low: data.rules.min_persons, target: data.rules.target_persons, high: data.rules.max_persons }
    : { low: data.rules.min_households, target: data.rules.target_households, high: data.rules.max_households };
  const address = new URL(location.href);
  const page = {
    ground, model, pieces, sides, arcs, compare, band, isPersons, old, say: words,
    tool: "hand",
    chosen: -1,
    fresh: -1,
    canEdit: now.editable,
    shade: "grids",
    layers: { communities: true, roads: true, compounds: true, old: address.searchParams.has("compare"), moved: address.searchParams.has("compare") },
    proposed: undefined,
    edition: now.edition,
    tab: "grids",
  };

  page.measureOf = (slot) => (isPersons ? slot.persons : slot.households);
  const holds = (count, low, high) => count >= low && count <= high;
  page.isInBand = (slot) => {
    const homes = holds(slot.households, data.rules.min_households, data.rules.max_households);
    const people = holds(slot.persons, data.rules.min_persons, data.rules.max_persons);
    return { households: homes, persons: people, any_of: homes || people, all_of: homes && people }[data.rules.measure];
  };
  /** How a grid stands to the band, as the palette numbers it. */
  page.stepOf = (slot) => {
    const count = page.measureOf(slot);
    if (slot.isDedicated) return 6;
    if (page.isInBand(slot)) return 2;
    if (!count) return 5;
    if (count > band.high || (count >= band.low && count > band.target)) return count > 1.5 * band.high ? 4 : 3;
    return count < 0.5 * band.low ? 0 : 1;
  };
  /** How far the lower three quarters go of those counts that are not nothing. */
  page.quarters = (counts) => {
    const some = [...counts].filter(Boolean).sort((a, b) => a - b);
    return [0.25, 0.5, 0.75].map((share) => some[Math.floor(share * (some.length - 1))] ?? 1);
  };
  const ends = page.quarters(data.blocks.households);
  page.stepOfBlock = (block) => (data.blocks.households[block] === 0 ? 0 : 1 + ends.filter((end) => data.blocks.households[block] > end).length);
  page.shortOf = (slot) => (slot.code ? (/^\d{15}$/.test(slot.code) ? slot.code.slice(-3) : slot.code.split("-").at(-1)) : words.say("edit.new.short"));
  /** Names often begin with the community's, which the page says already. */
  page.brief = (name) => {
    const long = data.communities.name.find((each) => each && name.startsWith(each) && name.length > each.length);
    return long ? name.slice(long.length) : name;
  };
  page.nameOf = (slot) => (slot.number === NONE ? words.say("edit.nobody") : page.brief(slot.name) || (slot.code ? page.shortOf(slot) : words.say("edit.new.name", { n: slot.number })));
  page.colourOf = (slot) => (slot.isDedicated ? setup.colours.band[6] : setup.colours.grids[slot.colour % setup.colours.grids.length]);

  // --- the rest of the page ----------------------------------------------------------------------------------------------

  wangge.editTell(page, words);
  wangge.editActs(data, page, words, { map, colours: setup.colours });
  wangge.editLook(data, page, words, { map, still });
  wangge.editLocks(page, words);
  const { saver, restore } = wangge.editState(data, page, words, { source, here, setup, begun: now, draft });
  const paint = wangge.editPaint(data, page, setup.colours);
  page.paint = paint;
  const table = wangge.editTable(data, page, words);
  const tools = wangge.editTools(map, page);
  const changes = wangge.editChanges(data, page, words);
  const notes = wangge.editNotes(page, words, { source, here, me });
  const steps = wangge.editSteps(page, words, { source, here, today: setup.today });
  const layers = wangge.editLayers(page, words, { colours: setup.colours, ends, isCompared: address.searchParams.has("compare") });
  page.heat = wangge.editHeat(data, page, words, { source, here });
  page.homes = wangge.editHomes(data, page, { map, source });
  const part = wangge.editPart(data, page, words, { source, here, saver });
  const goOn = wangge.editAgain(page, { map, plan: setup.plan });
  wangge.editFiles(page, words, { source, here, root: setup.root });
  const suggest = wangge.editSuggest(page, words, { source, here, edition: now.edition, wait, saver });
  const find = wangge.editFind(data, page, words, { source, map });
  const scale = wangge.scale(map, words);
  Object.assign(page, { table, tools, changes, notes, steps, saver });
  page.pins = notes.pins;
  page.movedBlocks = changes.moved;
  page.communitiesOfChosen = () => (page.chosen > NONE ? [slots[page.chosen].community] : null);
  /** Where a finding is: the very place where it has one, else the blocks of what it is about. */
  page.placeOfFinding = ({ subject, place }) => {
    if (place?.lon !== undefined) return { spot: ground.toWorld(L.latLng(place.lat, place.lon)) };
    const members = page.blocksOfSubject(subject);
    return members?.length ? { members } : undefined;
  };
  page.blocksOfSubject = (subject) => {
    const slot = slots.find((each) => each.code && each.code === subject && each.members.length);
    if (slot) return slot.members;
    const community = data.communities.code.indexOf(subject);
    return community < 0 ? undefined : slots.filter((each) => each.number !== NONE && each.community === community).flatMap((each) => each.members);
  };
  page.note = ({ x, y }) => {
    page.openTab("notes");
    const pin = notes.at({ x, y }, 2 ** (map.getZoom() - ground.DEEP));
    if (pin === undefined) notes.place({ x, y });
    else notes.choose(pin);
  };

  page.useTool = (tool) => {
    if (!page.canEdit && tool !== "hand" && tool !== "note") return;
    tools.drop();
    page.tool = tool;
    for (const button of document.querySelectorAll("[data-tool]")) if (button.tagName === "BUTTON") button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    byId("size-field").hidden = tool !== "brush" && tool !== "erase";
    byId("source-field").hidden = !["brush", "erase", "box"].includes(tool);
    byId("part-ways").hidden = tool !== "part";
    page.homes.look();
    tools.hold();
    page.tell(`edit.tool.${tool}.how`);
  };
  const resize = (size) => {
    const held = tools.resize(size);
    byId("size").value = String(held);
    byId("size-text").textContent = held ? words.say("edit.size.px", { n: 2 * tools.SIZES[held] }) : words.say("edit.size.one");
    byId("size").setAttribute("aria-valuetext", byId("size-text").textContent);
  };
  page.choosePart = part.choose;
  const TABS = ["grids", "changes", "notes"];
  page.openTab = (name) => {
    page.tab = name;
    for (const each of TABS) {
      byId(`tab-${each}`).setAttribute("aria-selected", String(each === name));
      byId(`tab-${each}`).tabIndex = each === name ? 0 : -1;
      byId(`pane-${each}`).hidden = each !== name;
    }
    if (name === "changes") changes.show();
  };
  TABS.forEach((name, i) => {
    byId(`tab-${name}`).addEventListener("click", () => page.openTab(name));
    byId(`tab-${name}`).addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: TABS.length - 1 }[event.key];
      if (!by) return;
      page.openTab(TABS[(i + by) % TABS.length]);
      byId(`tab-${TABS[(i + by) % TABS.length]}`).focus();
    });
  });

  const fit = () => map.fitBounds(ground.bounds(ground.whole), { paddingTopLeft: [24, 64], paddingBottomRight: [24, 34], animate: false });
  const KEYS = [["V B E X C K M N", "tools"], ["1 2 3 …", "number"], ["[ ]", "size"], ["Alt", "pick"], ["Ctrl", "box"], ["Space", "pan"], ["↑ ↓ ← →", "walk"], ["Space / Enter", "press"], ["Shift ↑↓←→", "trail"], ["G", "fill"], ["A", "new"], ["R", "rename"], ["L / Shift L", "lock"], ["U / F", "next"], ["Ctrl Z / Ctrl Shift Z", "undo"], ["Ctrl S", "save"], ["S", "shade"], ["O", "old"], ["/", "find"], ["Z / Home", "zoom"], ["Esc", "escape"]];
  const speak = (lang) => {
    words.speak(lang);
    for (const button of document.querySelectorAll(".rail button")) {
      const key = button.querySelector("kbd")?.textContent;
      button.title = key ? `${words.say(button.dataset.label)} (${key})` : words.say(button.dataset.label);
    }
    byId("files").querySelector("summary").title = words.say("edit.files");
    byId("measure").textContent = words.say(isPersons ? "edit.persons" : "edit.households");
    map.getContainer().setAttribute("aria-label", words.say("edit.canvas"));
    map.getContainer().setAttribute("role", "application");
    byId("keys-list").replaceChildren(...KEYS.flatMap(([keys, name]) => [make("dt", {}, ...keys.split(" ").map((each) => (each === "/" ? " / " : make("kbd", { text: each })))), make("dd", { text: words.say(`edit.key.${name}`) })]));
    page.showHead();
    table.all();
    page.showEnd();
    layers.legend();
    page.showSource();
    page.showLockAll();
    resize(tools.size);
    notes.show();
    steps.show();
    suggest.show();
    find.speak();
    scale.show();
    page.tellAgain();
  };

  for (const button of document.querySelectorAll("button[data-tool]")) button.addEventListener("click", () => page.useTool(button.dataset.tool));
  const click = (id, act) => byId(id).addEventListener("click", act);
  click("fill", page.fill);
  click("new", page.addNew);
  click("undo", () => page.replay("undo"));
  click("redo", () => page.replay("redo"));
  click("next-nobody", page.nextNobody);
  click("next-broken", page.nextBroken);
  click("lock-all", page.lockAll);
  click("rename", page.rename);
  click("zoom-in", () => map.zoomIn());
  click("zoom-out", () => map.zoomOut());
  click("fit", fit);
  click("help", () => byId("keys").showModal());
  click("keys-close", () => byId("keys").close());
  click("language", () => speak(words.lang === "zh" ? "en" : "zh"));
  byId("size").addEventListener("input", () => resize(Number(byId("size").value)));

  // --- keys --------------------------------------------------------------------------------------------------------------

  let typed = "";
  let typedAt = 0;
  /** A grid by its number, as it is typed. */
  const type = (digit) => {
    if (performance.now() - typedAt > 1500) typed = "";
    typedAt = performance.now();
    typed += digit;
    if (!slots[Number(typed)]) typed = digit;
    const number = Number(typed);
    if (slots[number] && (number === NONE || slots[number].members.length || number === page.fresh)) page.pick(number, { see: true });
  };
  const plain = {
    v: () => page.useTool("hand"), b: () => page.useTool("brush"), e: () => page.useTool("erase"), x: () => page.useTool("box"), c: () => page.useTool("cut"), k: () => page.useTool("part"), m: () => page.useTool("merge"), n: () => page.useTool("note"),
    g: () => page.canEdit && page.fill(),
    a: () => page.canEdit && page.addNew(),
    r: page.rename,
    u: page.nextNobody,
    f: page.nextBroken,
    l: () => page.chosen > NONE && page.lock([page.chosen], !slots[page.chosen].isLocked),
    z: () => page.chosen >= NONE && page.zoomTo(page.chosen),
    o: () => document.querySelector("[data-layer=old]").click(),
    home: fit,
    s: page.nextShade,
    "[": () => resize(tools.size - 1),
    "]": () => resize(tools.size + 1),
    "/": find.focus,
    "?": () => byId("keys").showModal(),
    "+": () => map.zoomIn(),
    "=": () => map.zoomIn(),
    "-": () => map.zoomOut(),
    escape: () => {
      if (tools.isBusy) tools.drop();
      else if (page.chosen >= 0) page.pick(-1);
    },
  };
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.altKey) return;
    const key = event.key.toLowerCase();
    const isText = event.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea");
    if (event.ctrlKey || event.metaKey) {
      const act = { s: () => page.canEdit && page.save(), z: () => page.replay(event.shiftKey ? "redo" : "undo"), y: () => page.replay("redo") }[key];
      if (!act || (isText && key !== "s")) return;
      event.preventDefault();
      act();
      return;
    }
    if (isText) return;
    if (!/^\d$/.test(key)) typed = "";
    if (event.shiftKey && key === "l") page.lockAll();
    else if (/^\d$/.test(key)) type(key);
    else if (plain[key]) plain[key]();
    else return;
    event.preventDefault();
  });

  // --- begin -------------------------------------------------------------------------------------------------------------

  map.invalidateSize({ animate: false });
  model.drain();
  fit();
  speak(words.lang);
  page.useTool(page.canEdit ? "brush" : "hand");
  resize(1);
  const { top, ...below } = paint.surfaces;
  for (const surface of Object.values(below)) surface.addTo(map);
  // What is written comes a moment later: the map is there, and can be painted on, without it.
  setTimeout(() => top.addTo(map), 0);
  byId("back").href = `${setup.root}/plans/${setup.plan}`;
  steps.offer(now.transitions);
  page.pick(-1);
  if (address.searchParams.has("compare")) page.openTab("changes");
  page.tell(page.canEdit ? "edit.tool.brush.how" : "edit.tool.hand.how");
  layers.begin();
  goOn();
  restore();
  steps.greet();
  cover();
  notes.refresh().catch(page.complain);
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());

  /** For tests, and for whoever looks in by the console; nothing here changes anything. */
  window.__editor = {
    map, ground,
    get took() { return { ...page.took }; },
    get of() { return [...of]; },
    get saved() { return [...model.saved]; },
    get chosen() { return page.chosen; },
    get tool() { return page.tool; },
    get shade() { return page.shade; },
    get layers() { return { ...page.layers }; },
    get homes() { return page.homes.shown.length; },
    get found() { return page.spot && ground.latLng(page.spot.x, page.spot.y); },
    get cursor() { return tools.cursor; },
    get counts() { return page.counts(); },
    get steps() { return model.steps; },
    get save() { return { state: saver.state, base: saver.base }; },
    get grids() { return slots.map(({ number, id, key, code, name, community, isLocked, isDedicated, households, members }) => ({ number, id, key, code, name, community, isLocked, isDedicated, households, blocks: members.length, pieces: pieces.of(number).length })); },
    get changes() { return { ...compare.list(), heir: compare.look().heir }; },
    spot: (block) => map.latLngToContainerPoint(ground.latLng(ground.grids[block].x, ground.grids[block].y)),
    neighbours: (block) => [...pieces.neighbours(block)],
  };
};
