/** Places on the world's plane: which lie near a point, in a box, or to the left of a drawn line. Numbers only; nothing here draws. */
wangge.editSides = (x, y) => {
  const count = x.length;
  const low = (values) => values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = (values) => values.reduce((most, value) => Math.max(most, value), -Infinity);
  const west = low(x);
  const north = low(y);
  const cell = Math.max(1, Math.sqrt(((high(x) - west) * (high(y) - north)) / Math.max(1, count)) * 2);
  const columns = Math.max(1, Math.ceil((high(x) - west) / cell) + 1);
  const rows = Math.max(1, Math.ceil((high(y) - north) / cell) + 1);
  const columnOf = (value) => Math.min(columns - 1, Math.max(0, Math.floor((value - west) / cell)));
  const rowOf = (value) => Math.min(rows - 1, Math.max(0, Math.floor((value - north) / cell)));
  const start = new Int32Array(columns * rows + 1);
  const shelf = new Int32Array(count);
  for (let i = 0; i < count; i += 1) {
    shelf[i] = rowOf(y[i]) * columns + columnOf(x[i]);
    start[shelf[i] + 1] += 1;
  }
  for (let i = 0; i < columns * rows; i += 1) start[i + 1] += start[i];
  const next = start.slice(0, -1);
  const order = new Int32Array(count);
  for (let i = 0; i < count; i += 1) {
    order[next[shelf[i]]] = i;
    next[shelf[i]] += 1;
  }

  const inBox = ({ left, top, right, bottom }) => {
    const found = [];
    for (let row = rowOf(top); row <= rowOf(bottom); row += 1)
      for (let column = columnOf(left); column <= columnOf(right); column += 1)
        for (let at = start[row * columns + column]; at < start[row * columns + column + 1]; at += 1) {
          const i = order[at];
          if (x[i] >= left && x[i] <= right && y[i] >= top && y[i] <= bottom) found.push(i);
        }
    return found;
  };
  const near = (px, py, radius) => inBox({ left: px - radius, right: px + radius, top: py - radius, bottom: py + radius }).filter((i) => (x[i] - px) ** 2 + (y[i] - py) ** 2 <= radius * radius);

  /**
   * Whether a point lies to the left of a line, as one who walks along it sees it; beyond its ends the line goes straight on. The
   * nearest stretch decides, and at a corner both that meet there.
   */
  const isLeft = (line, px, py) => {
    let least = Infinity;
    let side = 0;
    for (let i = 1; i < line.length; i += 1) {
      const [ax, ay] = line[i - 1];
      const [dx, dy] = [line[i][0] - ax, line[i][1] - ay];
      const length = Math.hypot(dx, dy);
      if (!length) continue;
      const along = ((px - ax) * dx + (py - ay) * dy) / (length * length);
      const held = Math.min(i === line.length - 1 ? Infinity : 1, Math.max(i === 1 ? -Infinity : 0, along));
      const away = Math.hypot(px - ax - held * dx, py - ay - held * dy);
      // The world's y grows southwards, so a positive turn is to the right.
      const turn = (dx * (py - ay) - dy * (px - ax)) / length;
      const isSame = Math.abs(away - least) <= 1e-9 * (1 + least);
      if (isSame) side += turn;
      else if (away < least) side = turn;
      least = Math.min(least, away);
    }
    return side < 0;
  };

  return { inBox, near, isLeft };
};
