/** Household points where somebody cuts blocks: a line leads between houses, so these are seen. Fetched for what is in sight, and a little around. */
wangge.editHomes = (data, page, { map, source }) => {
  const { ground } = page;
  const NEAR = 16.5;
  const WIDEST = 0.09;
  const { town, snapshot } = data.homes;
  let held;
  let points = [];
  let asked = 0;

  const isWanted = () => page.tool === "part" && map.getZoom() >= NEAR;
  /** Have the points of what is in sight; they are drawn when they come, and with the map whenever that moves. */
  const fetch = async () => {
    const view = map.getBounds();
    if (!isWanted() || held?.contains(view)) return;
    const wide = view.pad(0.5);
    const box = wide.getEast() - wide.getWest() < WIDEST && wide.getNorth() - wide.getSouth() < WIDEST ? wide : view;
    asked += 1;
    const mine = asked;
    try {
      const bbox = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((each) => each.toFixed(6)).join(",");
      const { households } = await source.get("/v1/households", { bbox, town, snapshot });
      if (mine !== asked) return;
      held = box;
      points = households.map((each) => ({ ...ground.toWorld(L.latLng(each.lat, each.lon)), households: each.households }));
      page.paint.top();
    } catch (error) {
      page.complain(error);
    }
  };
  map.on("moveend", fetch);
  /** Show them, or take them away: another tool was taken. */
  const look = () => {
    if (points.length) page.paint.top();
    return fetch();
  };

  return { look, get shown() { return isWanted() ? points : []; } };
};
