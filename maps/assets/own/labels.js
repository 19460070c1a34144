/** Counts, names and exception marks on the map; a label that would touch an earlier one is left out. */
wangge.labels = (ground, data, page, words) => {
  const { looks } = wangge;
  const grids = data.grids;
  const font = getComputedStyle(document.body).fontFamily;
  const widths = new Map();

  const isException = (i) => grids.exception.zh.of[grids.exception.zh.at[i]] !== "";
  /** What tells a grid from its neighbours in few characters: the last digits of its code. */
  const short = grids.code.map((code) => (/^\d{15}$/.test(code) ? code.slice(-3) : code.split("-").at(-1)));
  /** Exceptions first, then the roomiest. */
  const order = grids.code.map((_, i) => i).sort((a, b) => isException(b) - isException(a) || ground.grids[b].radius - ground.grids[a].radius);

  const measure = (pen, text) => {
    const key = `${pen.font}\u0000${text}`;
    if (!widths.has(key)) widths.set(key, pen.measureText(text).width);
    return widths.get(key);
  };

  /** Keeps boxes on the screen apart. */
  const spacing = () => {
    const shelves = new Map();
    const shelf = (box) => {
      const keys = [];
      for (let y = Math.floor(box.top / 64); y <= Math.floor(box.bottom / 64); y += 1)
        for (let x = Math.floor(box.left / 64); x <= Math.floor(box.right / 64); x += 1) keys.push(x * 4096 + y);
      return keys;
    };
    const take = (box, force = false) => {
      const keys = shelf(box);
      if (!force && keys.some((key) => shelves.get(key)?.some((other) => ground.meet(other, box)))) return false;
      for (const key of keys) {
        if (!shelves.has(key)) shelves.set(key, []);
        shelves.get(key).push(box);
      }
      return true;
    };
    return take;
  };
  const around = (x, y, width, height, gap = 2) => ({ left: x - width / 2 - gap, right: x + width / 2 + gap, top: y - height / 2 - gap, bottom: y + height / 2 + gap });

  const write = (pen, text, x, y, colour, halo = 3) => {
    pen.lineWidth = halo;
    pen.strokeStyle = "rgb(255 255 255 / 88%)";
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  };

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

  /** A road's name on its longest straight stretch, once in a while along it. */
  const drawRoads = (pen, frame, take) => {
    if (frame.zoom < 14.5) return;
    pen.font = `400 11px ${font}`;
    const written = [];
    for (const { kind, name, xy } of ground.named) {
      if (frame.zoom < (kind >= 6 ? 14.5 : kind === 5 ? 15.25 : 16.5)) continue;
      let best = 0;
      let at = -1;
      for (let i = 2; i < xy.length; i += 2) {
        const x = (xy[i] + xy[i - 2]) / 2;
        const y = (xy[i + 1] + xy[i - 1]) / 2;
        if (x < frame.box.left || x > frame.box.right || y < frame.box.top || y > frame.box.bottom) continue;
        const length = Math.hypot(xy[i] - xy[i - 2], xy[i + 1] - xy[i - 1]);
        if (length > best) [best, at] = [length, i];
      }
      const width = measure(pen, name);
      if (at < 0 || best * frame.scale < width * 0.9) continue;
      const x = frame.x((xy[at] + xy[at - 2]) / 2);
      const y = frame.y((xy[at + 1] + xy[at - 1]) / 2);
      if (written.some((other) => other.name === name && Math.hypot(other.x - x, other.y - y) < 320)) continue;
      let turn = Math.atan2(xy[at + 1] - xy[at - 1], xy[at] - xy[at - 2]);
      if (Math.abs(turn) > Math.PI / 2) turn -= Math.sign(turn) * Math.PI;
      const wide = Math.abs(Math.cos(turn)) * width + 12 * Math.abs(Math.sin(turn));
      const high = Math.abs(Math.sin(turn)) * width + 12 * Math.abs(Math.cos(turn));
      if (!take(around(x, y, wide, high))) continue;
      written.push({ name, x, y });
      pen.save();
      pen.translate(x, y);
      pen.rotate(turn);
      write(pen, name, 0, 0.5, kind === 9 || kind === 2 ? "#33708f" : "#6a5f4b", 4.5);
      pen.restore();
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
