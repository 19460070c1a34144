/** Looking and choosing: which grid is chosen, what lies under the pointer, and going to where something is wrong. */
wangge.editLook = (data, page, words, { map, still }) => {
  const { make } = wangge;
  const { ground, model, pieces } = page;
  const { NONE, slots, of } = model;
  const byId = (id) => document.getElementById(id);

  page.see = ({ x, y }) => {
    const at = ground.latLng(x, y);
    if (!map.getBounds().pad(-0.15).contains(at)) map.panTo(at, { animate: !still });
  };
  const fitTo = (box, maxZoom = 17.5) => map.fitBounds(ground.bounds(box), { paddingTopLeft: [60, 70], paddingBottomRight: [60, 50], maxZoom, animate: false });
  const boxOf = (members) => {
    const box = ground.nowhere();
    for (const block of members) ground.widen(box, ground.grids[block].box);
    return box;
  };
  /** Show some blocks: all of them, as near as they allow. */
  page.look = (members) => {
    if (members.length) fitTo(boxOf(members));
  };
  /** Go to where something was found, and mark the place until another is looked at; with nothing the mark goes. */
  page.goTo = ({ spot, members = [] } = {}) => {
    page.spot = spot;
    page.paint.top();
    if (spot) map.setView(ground.latLng(spot.x, spot.y), Math.max(map.getZoom(), 18), { animate: false });
    else page.look(members);
  };
  page.zoomTo = (slot) => page.look(slots[slot].members);
  page.pick = (slot, { see = false } = {}) => {
    const before = page.chosen;
    page.chosen = slot;
    if (before !== slot) page.paint.mark();
    page.table.choose(before, slot);
    page.showSource();
    byId("rename").disabled = !page.canEdit || slot <= NONE || slots[slot].isDedicated;
    if (slot > NONE) page.tell("edit.chosen", { n: slot, grid: page.nameOf(slots[slot]), m: words.number(page.measureOf(slots[slot])) });
    if (see && slot > NONE && slots[slot].members.length) {
      const box = ground.bounds(boxOf(slots[slot].members));
      if (!map.getBounds().contains(box)) map.panInside(box.getCenter(), { padding: [160, 140], animate: !still });
    }
  };
  const blockAt = (at) => {
    const { x, y } = ground.toWorld(map.containerPointToLatLng(at));
    return ground.gridAt(x, y);
  };
  page.pickAt = (at) => {
    const pin = page.notes.at(ground.toWorld(map.containerPointToLatLng(at)), 2 ** (map.getZoom() - ground.DEEP));
    if (pin !== undefined) {
      page.openTab("notes");
      page.notes.choose(pin);
      return;
    }
    const block = blockAt(at);
    page.pick(block < 0 ? -1 : of[block]);
  };
  page.mergeAt = (at) => {
    const block = blockAt(at);
    if (block >= 0) page.merge(of[block]);
  };
  page.tellBlock = (block) => {
    const slot = slots[of[block]];
    page.tell("edit.block", { n: block, grid: slot.number === NONE ? words.say("edit.nobody") : `#${slot.number} ${page.nameOf(slot)}`, m: words.number(data.blocks.households[block]) });
  };
  page.tellLine = (n) => page.tell("edit.cut.points", { n });
  const tip = byId("tip");
  page.point = (block, at) => {
    tip.hidden = block < 0;
    if (block < 0) return;
    const slot = slots[of[block]];
    const compound = data.blocks.compound[block];
    tip.replaceChildren(
      make("b", { text: slot.number === NONE ? words.say("edit.nobody") : `#${slot.number} ${page.nameOf(slot)}` }),
      make("span", { text: [words.say("edit.homes", { n: words.number(data.blocks.households[block]) }), page.shade === "heat" ? words.say("edit.heat.of", { n: words.number(page.heat.of(block)) }) : "", compound >= 0 ? data.compounds.name[compound] : ""].filter(Boolean).join(" · ") }),
    );
    page.trail(at);
  };
  page.trail = (at) => {
    if (tip.hidden || !at) return;
    const left = Math.min(at.x + 18, map.getSize().x - tip.offsetWidth - 8);
    tip.style.transform = `translate(${left}px, ${Math.max(4, at.y - 40)}px)`;
  };
  let nobodyAt = -1;
  page.nextNobody = () => {
    const parts = pieces.of(NONE);
    if (!parts.length) {
      page.tell("edit.next.nobody.none");
      return;
    }
    nobodyAt = (nobodyAt + 1) % parts.length;
    page.look(parts[nobodyAt]);
    [page.tools.cursor] = parts[nobodyAt];
    page.tell("edit.next.nobody.at", { i: nobodyAt + 1, n: parts.length, m: words.number(parts[nobodyAt].length) });
  };
  let brokenAt = -1;
  page.nextBroken = () => {
    const all = pieces.broken().filter((number) => !slots[number].isDedicated);
    if (!all.length) {
      page.tell("edit.next.broken.none");
      return;
    }
    brokenAt = all.find((number) => number > brokenAt) ?? all[0];
    page.pick(brokenAt);
    page.zoomTo(brokenAt);
    page.tell("edit.next.broken.at", { i: all.indexOf(brokenAt) + 1, n: all.length, grid: page.nameOf(slots[brokenAt]), m: pieces.of(brokenAt).length });
  };
};
