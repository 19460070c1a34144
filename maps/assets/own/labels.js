/** Counts, names and exception marks on the map; a label that would touch an earlier one is left out. */
wangge.labels = (ground, data, page, words) => {
  const { looks } = wangge;
  const grids = data.grids;
  const { font, measure, spacing, around, write, drawRoads } = wangge.tags(ground);

  const isException = (i) => grids.exception.zh.of[grids.exception.zh.at[i]] !== "";
  /** What tells a grid from its neighbours in few characters: the last digits of its code. */
  const short = grids.code.map((code) => (/^\d{15}$/.test(code) ? code.slice(-3) : code.split("-").at(-1)));
  /** Exceptions first, then the roomiest. */
  const order = grids.code.map((_, i) => i).sort((a, b) => isException(b) - isException(a) || ground.grids[b].radius - ground.grids[a].radius);

  /** The exception mark: a triangle, so that it stands out by its shape. */
  const triangle = (pen, x, y, size) => {
    const path = new Path2D();
    path.moveTo(x, y - size);
    path.lineTo(x + size * 1.08, y + size * 0.82);
    path.lineTo(x - size * 1.08, y + size * 0.82);
    path.closePath();
    pen.lineWidth = size > 6 ? 3.5 : 2.5;
    pen.strokeStyle = "#ffffff";
    pen.stroke(path);
    pen.fillStyle = looks.alarm;
    pen.fill(path);
    if (size < 6) return;
    pen.fillStyle = "#ffffff";
    pen.fillRect(x - size * 0.11, y - size * 0.42, size * 0.22, size * 0.62);
    pen.fillRect(x - size * 0.11, y + size * 0.34, size * 0.22, size * 0.22);
  };

  const drawCommunities = (pen, frame, take, bold) => {
    pen.font = `600 ${bold ? 13 : 12}px ${font}`;
    ground.communities.forEach((community, i) => {
      const text = data.communities.name[i];
      if (!text || !ground.meet(community.box, frame.box)) return;
      const width = measure(pen, text);
      const room = (community.box.right - community.box.left) * frame.scale;
      if (width > room * 0.92 || (!bold && room > 2200)) return;
      const x = frame.x(community.x);
      const middle = frame.y(community.y);
      const y = [0, 16, -16, 30, -30].map((aside) => middle + aside).find((one) => take(around(x, one, width, 14, 1)));
      if (y !== undefined) write(pen, text, x, y, "#3a2c55", 4);
    });
  };

  const sizeOf = (room) => Math.min(9, Math.max(4, room * 0.45));

  const drawExceptions = (pen, frame, take) => {
    for (const i of order) {
      if (!isException(i)) break;
      const place = ground.grids[i];
      if (!ground.meet(place.box, frame.box)) continue;
      const room = place.radius * frame.scale;
      const size = sizeOf(room);
      const x = frame.x(place.x);
      const y = frame.y(place.y) - (room > 12 ? size + 2 : 0);
      if (take(around(x, y, size * 2, size * 2, room > 12 ? 0 : -2), room > 5)) triangle(pen, x, y, size);
    }
  };

  const drawGrids = (pen, frame, take) => {
    for (const i of order) {
      const place = ground.grids[i];
      if (!ground.meet(place.box, frame.box)) continue;
      const x = frame.x(place.x);
      const y = frame.y(place.y);
      const room = place.radius * frame.scale;
      const roomy = room > 30;
      const text = grids.dedicated[i] ? words.subtype(grids.subtype.of[grids.subtype.at[i]]) || grids.name[i] : words.number(grids.households[i]);
      pen.font = `600 ${roomy ? 14 : 12}px ${font}`;
      const width = measure(pen, text);
      if (!text || width > room * (grids.dedicated[i] ? 2.4 : 2.1) || room < 9) continue;
      const middle = y + (isException(i) ? sizeOf(room) + 1 : roomy ? -7 : 0);
      if (!take(around(x, middle, width, 13, 1))) continue;
      write(pen, text, x, middle, grids.dedicated[i] ? "#4a4360" : looks.ink);
      if (!roomy) continue;
      pen.font = `400 11px ${font}`;
      const below = middle + 15;
      if (take(around(x, below, measure(pen, short[i]), 11, 0))) write(pen, short[i], x, below, "#52606d");
    }
  };

  const draw = (pen, frame) => {
    frame.toScreen();
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const take = spacing();
    const far = frame.zoom < 14.25;
    drawExceptions(pen, frame, take);
    if (far) drawCommunities(pen, frame, take, true);
    drawGrids(pen, frame, take);
    if (!far) drawCommunities(pen, frame, take, false);
    drawRoads(pen, frame, take);
  };

  return { draw, triangle, isException, short };
};
