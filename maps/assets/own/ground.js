/** The ground, unpacked: micro-degree steps become paths in world pixels (Web Mercator at one deep zoom, from the town's corner). */
wangge.ground = (data) => {
  const DEEP = 18;
  const SPAN = 256 * 2 ** DEEP;
  const MICRO = 1e6;
  const BUCKETS = 24;

  const worldX = (lon) => ((lon + 180) / 360) * SPAN;
  const worldY = (lat) => {
    const s = Math.sin((lat * Math.PI) / 180);
    return (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * SPAN;
  };
  const [originX, originY] = data.origin;
  const corner = { x: worldX(originX / MICRO), y: worldY(originY / MICRO) };
  const placeX = (x) => worldX((originX + x) / MICRO) - corner.x;
  const placeY = (y) => worldY((originY + y) / MICRO) - corner.y;

  const nowhere = () => ({ left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity });
  const widen = (box, other) => {
    box.left = Math.min(box.left, other.left);
    box.top = Math.min(box.top, other.top);
    box.right = Math.max(box.right, other.right);
    box.bottom = Math.max(box.bottom, other.bottom);
  };
  const meet = (a, b) => a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;

  /** Undo the steps: `[x, y, dx, dy, …]` becomes world pixels. */
  const unpack = (steps) => {
    const xy = new Float64Array(steps.length);
    let x = 0;
    let y = 0;
    for (let i = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      xy[i] = placeX(x);
      xy[i + 1] = placeY(y);
    }
    return xy;
  };

  const trace = (path, xy, box) => {
    path.moveTo(xy[0], xy[1]);
    for (let i = 0; i < xy.length; i += 2) {
      const x = xy[i];
      const y = xy[i + 1];
      if (i > 0) path.lineTo(x, y);
      if (x < box.left) box.left = x;
      if (x > box.right) box.right = x;
      if (y < box.top) box.top = y;
      if (y > box.bottom) box.bottom = y;
    }
  };

  const area = (rings) => {
    const shape = { path: new Path2D(), box: nowhere() };
    for (const ring of rings) {
      trace(shape.path, unpack(ring), shape.box);
      shape.path.closePath();
    }
    return shape;
  };

  const areas = (shapes, spot) =>
    shapes.map((rings, i) => ({
      ...area(rings),
      x: placeX(spot.at[2 * i]),
      y: placeY(spot.at[2 * i + 1]),
      radius: Math.abs(placeY(spot.at[2 * i + 1] + spot.radius[i]) - placeY(spot.at[2 * i + 1])),
    }));

  const outline = (steps) => {
    const border = { path: new Path2D(), box: nowhere() };
    trace(border.path, unpack(steps), border.box);
    return border;
  };

  const grids = areas(data.grids.shape, data.grids.spot);
  const communities = areas(data.communities.shape, data.communities.spot);
  const borders = data.communities.border.map(outline);
  /** Those of streets and districts, where the page has them. */
  const upper = Object.values(data.upper ?? {}).flat().map(outline);
  const compounds = data.compounds.map(area);

  const whole = nowhere();
  for (const shape of [...grids, ...communities]) widen(whole, shape.box);

  /** Lines of one kind that lie near each other are one path: few strokes, and those out of sight are skipped. */
  const strands = new Map();
  const named = [];
  data.lines.path.forEach((steps, i) => {
    const xy = unpack(steps);
    const kind = data.lines.kind[i];
    const cell = 4096;
    const key = `${kind}:${Math.floor(xy[0] / cell)}:${Math.floor(xy[1] / cell)}`;
    if (!strands.has(key)) strands.set(key, { kind, path: new Path2D(), box: nowhere() });
    const strand = strands.get(key);
    trace(strand.path, xy, strand.box);
    const name = data.lines.name.of[data.lines.name.at[i]];
    if (name) named.push({ kind, name, xy });
  });
  if (!Number.isFinite(whole.left)) for (const strand of strands.values()) widen(whole, strand.box);

  /** Which grids may lie at a point: a coarse lattice of lists. */
  const cellX = (x) => Math.min(BUCKETS - 1, Math.max(0, Math.floor(((x - whole.left) / (whole.right - whole.left)) * BUCKETS)));
  const cellY = (y) => Math.min(BUCKETS - 1, Math.max(0, Math.floor(((y - whole.top) / (whole.bottom - whole.top)) * BUCKETS)));
  const buckets = Array.from({ length: BUCKETS * BUCKETS }, () => []);
  grids.forEach(({ box }, i) => {
    if (!Number.isFinite(box.left)) return;
    for (let row = cellY(box.top); row <= cellY(box.bottom); row += 1)
      for (let column = cellX(box.left); column <= cellX(box.right); column += 1) buckets[row * BUCKETS + column].push(i);
  });
  const pen = document.createElement("canvas").getContext("2d");

  /** The grid at a point of the world, or -1. */
  const gridAt = (x, y) => {
    if (!(x >= whole.left && x <= whole.right && y >= whole.top && y <= whole.bottom)) return -1;
    const here = { left: x, right: x, top: y, bottom: y };
    return buckets[cellY(y) * BUCKETS + cellX(x)].find((i) => meet(grids[i].box, here) && pen.isPointInPath(grids[i].path, x, y, "evenodd")) ?? -1;
  };

  const latLng = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(x + corner.x, y + corner.y), DEEP);
  const bounds = (box) => L.latLngBounds(latLng(box.left, box.bottom), latLng(box.right, box.top));
  /** Places that come in whole micro-degrees. */
  const fromMicro = { x: (micro) => placeX(micro - originX), y: (micro) => placeY(micro - originY) };
  const toWorld = (position) => L.CRS.EPSG3857.latLngToPoint(position, DEEP).subtract(L.point(corner.x, corner.y));

  /** An area and all above it, from the top down; and the same by their names. */
  const wayTo = (area) => {
    const way = [];
    for (let at = area; at !== null && at !== undefined && at >= 0; at = data.areas.parent[at]) way.unshift(at);
    return way;
  };
  const placeOf = (area) => wayTo(area).map((each) => data.areas.name[each]).join(" › ");

  return { DEEP, corner, grids, communities, borders, upper, compounds, strands: [...strands.values()], named, whole, meet, nowhere, widen, gridAt, outline, bounds, fromMicro, toWorld, latLng, wayTo, placeOf };
};
