/** How the page goes on where it was, when it is read anew because blocks are others: what is seen, chosen, said, and what can be undone. */
wangge.editAgain = (page, { map, plan }) => {
  const { model } = page;
  const name = `wangge.edit.again:${plan}`;

  /** Read the page anew; `moved` says which blocks a block has become, `more` is a stroke that came, `undone` how many go. */
  page.again = ({ told, moved = {}, more, undone = 0 }) => {
    const { lat, lng } = map.getCenter();
    const strokes = model.past().slice(0, undone ? -undone : undefined).map((stroke) => ({
      ...stroke,
      parts: stroke.parts && [...new Set(stroke.parts.flatMap((block) => moved[block] ?? [block]))],
      steps: stroke.steps.flatMap(([block, was, is]) => (moved[block] ?? [block]).map((each) => [each, was, is])),
    }));
    const kept = { told, at: [lat, lng], zoom: map.getZoom(), chosen: model.slots[page.chosen]?.key, tool: page.tool, way: page.partBy, tab: page.tab, locked: model.slots.filter(({ isLocked, isDedicated }) => isLocked && !isDedicated).map(({ key }) => key), strokes: more ? [...strokes, more] : strokes };
    try {
      sessionStorage.setItem(name, JSON.stringify(kept));
    } catch {
      // Too much to keep: the page begins as for the first time.
    }
    page.reload();
  };
  /** Go on where the page was; says whether it did. */
  return () => {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(name) ?? "null");
      sessionStorage.removeItem(name);
    } catch {
      // A browser that keeps nothing begins anew.
    }
    if (!kept) return false;
    map.setView(kept.at, kept.zoom, { animate: false });
    model.recall(kept.strokes);
    for (const key of kept.locked) if (model.byKey.has(key)) model.lock(model.byKey.get(key), true);
    page.useTool(kept.tool);
    if (kept.way && page.tool === "part") page.choosePart(kept.way);
    if (kept.tab) page.openTab(kept.tab);
    page.pick(model.byKey.get(kept.chosen) ?? -1);
    page.table.all();
    page.showLockAll();
    page.showEnd();
    page.tell(...kept.told);
    return true;
  };
};
