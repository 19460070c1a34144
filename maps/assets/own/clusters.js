/** Marks that would cover each other drawn as one, where that is wished: how many they are, and how many of them are late. */
wangge.clusters = (page, colours) => {
  /** What lies nearer together than so many pixels is one heap. */
  const REACH = 44;
  /** From this zoom on each incident stands for itself. */
  const NEAR = 17;
  const COLUMN = 2 ** 26;
  let heaps = [];

  const merge = (heap, other) => {
    for (const name of ["n", "late", "x", "y"]) heap[name] += other[name];
    const { box } = heap;
    heap.box = { left: Math.min(box.left, other.box.left), right: Math.max(box.right, other.box.right), top: Math.min(box.top, other.box.top), bottom: Math.max(box.bottom, other.box.bottom) };
  };
  const middle = ({ n, x, y }) => [x / n, y / n];

  /**
   * Part what is in sight into those that stand alone, which are returned, and heaps. The cells lie fast on the ground, so that heaps
   * stay what they are while the map is moved; then the larger take in the smaller that lie beside them.
   */
  const part = (shown, frame) => {
    heaps = [];
    if (!page.layers.clusters || frame.zoom >= NEAR) return shown;
    const size = REACH / frame.scale;
    const cells = new Map();
    for (const each of shown) {
      const { x, y } = each;
      const key = Math.floor(x / size) * COLUMN + Math.floor(y / size);
      const one = cells.get(key);
      const late = page.isLate(each) ? 1 : 0;
      if (one === undefined) cells.set(key, { key, each, n: 1, late, x, y, box: { left: x, right: x, top: y, bottom: y } });
      else {
        one.n += 1;
        one.late += late;
        one.x += x;
        one.y += y;
        const { box } = one;
        if (x < box.left) box.left = x;
        else if (x > box.right) box.right = x;
        if (y < box.top) box.top = y;
        else if (y > box.bottom) box.bottom = y;
      }
    }
    const taken = new Map();
    for (const one of [...cells.values()].sort((a, b) => b.n - a.n || a.key - b.key)) {
      const [x, y] = middle(one);
      let host;
      for (const aside of [-COLUMN, 0, COLUMN])
        for (const down of [-1, 0, 1]) {
          const other = taken.get(one.key + aside + down);
          if (!other || host) continue;
          const [left, top] = middle(other);
          if (Math.hypot(left - x, top - y) < size * 0.85) host = other;
        }
      if (host) merge(host, one);
      else taken.set(one.key, one);
    }
    const all = [...taken.values()];
    heaps = all.filter(({ n }) => n > 1).map((heap) => {
      const [x, y] = middle(heap);
      return { n: heap.n, late: heap.late, x, y, box: heap.box, r: radius(heap.n) };
    });
    return all.filter(({ n }) => n === 1).map(({ each }) => each);
  };
  const radius = (n) => Math.min(28, 14 + 3.4 * Math.log10(n));

  /** One heap around the pen's origin: the ring's dark part is the share that is late, and a triangle says how many that are. */
  const mark = (pen, { n, late, r }, font) => {
    pen.beginPath();
    pen.arc(0, 0, r + 1.5, 0, 2 * Math.PI);
    pen.fillStyle = colours.rim;
    pen.fill();
    pen.lineWidth = 3.5;
    pen.strokeStyle = colours.checking;
    pen.beginPath();
    pen.arc(0, 0, r - 1.5, 0, 2 * Math.PI);
    pen.stroke();
    if (late) {
      pen.strokeStyle = colours.late;
      pen.beginPath();
      pen.arc(0, 0, r - 1.5, -Math.PI / 2, -Math.PI / 2 + (2 * Math.PI * late) / n);
      pen.stroke();
    }
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `600 ${r > 20 ? 12 : 11}px ${font}`;
    pen.fillStyle = colours.chosen;
    pen.fillText(String(n), 0, late ? -3.5 : 0.5);
    if (!late) return;
    pen.font = `600 9px ${font}`;
    pen.fillStyle = colours.late;
    pen.fillText(`▲${late}`, 0, 6);
  };
  const draw = (pen, frame) => {
    if (!heaps.length) return;
    const font = getComputedStyle(document.body).fontFamily;
    for (const heap of heaps) {
      pen.save();
      pen.translate(frame.x(heap.x), frame.y(heap.y));
      mark(pen, heap, font);
      pen.restore();
    }
  };

  /** The heap at a place of the world, if any. */
  const at = (x, y, scale) => heaps.find((heap) => Math.hypot(heap.x - x, heap.y - y) * scale <= heap.r);
  /** How near the map goes to look into a heap: until it falls apart. */
  const zoomInto = (heap, map, bounds) => Math.min(NEAR, Math.max(map.getBoundsZoom(bounds, false, L.point(120, 120)), map.getZoom() + 1));

  return { part, draw, at, mark, zoomInto, get heaps() { return heaps; } };
};
