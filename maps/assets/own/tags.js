/** Texts on a light map that keep apart, and the names of its roads. */
wangge.tags = (ground) => {
  const font = getComputedStyle(document.body).fontFamily;
  const widths = new Map();

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

  return { font, measure, spacing, around, write, drawRoads };
};
