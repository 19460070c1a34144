/** Going to a grid or a place in the editor: grids of the draft by what they are called here, everything else as the service knows it. */
wangge.editFind = (data, page, words, { source, map }) => {
  const { ground, model } = page;
  const { NONE, slots } = model;
  const input = document.getElementById("find");
  const MOST = 10;

  /** Grids of the draft whose name, number or code holds a text. */
  const here = (q) => {
    const wanted = q.toLowerCase();
    return slots
      .filter((slot) => slot.number !== NONE && slot.members.length && [page.nameOf(slot), slot.name, slot.code, String(slot.number)].some((each) => each?.toLowerCase().includes(wanted)))
      .slice(0, MOST)
      .map((slot) => ({ kind: "grid", type: slot.isDedicated ? "dedicated" : "residential", code: slot.code, name: page.nameOf(slot), way: [{ level: "community", name: data.communities.name[slot.community] }], slot: slot.number }));
  };
  /** Whether something lies on the ground of this plan. */
  const isHere = ({ kind, code, lon, lat }) => {
    if (kind === "area") return data.communities.code.includes(code);
    const { x, y } = ground.toWorld(L.latLng(lat, lon));
    return ground.gridAt(x, y) >= 0;
  };
  const ask = async (q) => {
    const own = here(q);
    const answer = await source.get("/v1/search", { q, own: true, limit: 50 }).catch((error) => {
      if (!own.length) throw error;
      return { results: [], is_whole: true };
    });
    const codes = new Set(own.map(({ code }) => code).filter(Boolean));
    const others = answer.results.filter(({ kind, code }) => kind !== "grid" || !codes.has(code));
    const inside = [...own, ...others.filter(isHere)];
    // What lies elsewhere is told of where nothing here is called so.
    const results = inside.length ? inside : others.filter(({ kind }) => kind !== "area");
    return { results: results.slice(0, MOST), is_whole: answer.is_whole && results.length <= MOST };
  };
  const chosen = (result) => {
    const slot = result.slot ?? (result.kind === "grid" ? slots.find(({ code, members }) => code === result.code && members.length)?.number : undefined);
    const community = result.kind === "area" ? data.communities.code.indexOf(result.code) : -1;
    map.getContainer().focus();
    if (slot !== undefined) {
      page.pick(slot);
      page.look(slots[slot].members);
    } else if (community >= 0) page.look([...data.blocks.community.keys()].filter((block) => data.blocks.community[block] === community));
    else {
      if (isHere(result)) page.goTo({ spot: ground.toWorld(L.latLng(result.lat, result.lon)) });
      else page.tell("edit.find.gone", { name: result.name });
    }
  };
  const left = () => {
    map.getContainer().focus();
    return true;
  };
  const field = wangge.find(input, { say: words.say, ask, chosen, left });

  return { speak: field.speak, focus: () => input.select() };
};
