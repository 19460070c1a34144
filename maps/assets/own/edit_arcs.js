/** The lines between blocks: each stretch of border once, with the block on either side. Numbers only; nothing here draws. */
wangge.editArcs = (shapes, placeOf) => {
  let count = 0;
  for (const rings of shapes) for (const ring of rings) count += ring.length / 2;
  let size = 1024;
  while (size < count * 2) size *= 2;
  const table = new Int32Array(size).fill(-1);
  /** Corners of each stretch in whole steps, the smaller first, and the blocks beside it. */
  const ends = new Int32Array(4 * count);
  const left = new Int32Array(count);
  const right = new Int32Array(count).fill(-1);
  let made = 0;

  const enter = (block, ax, ay, bx, by) => {
    if (ax === bx && ay === by) return;
    const isForth = ax < bx || (ax === bx && ay < by);
    const [x0, y0, x1, y1] = isForth ? [ax, ay, bx, by] : [bx, by, ax, ay];
    let at = (Math.imul(x0, 73_856_093) ^ Math.imul(y0, 19_349_663) ^ Math.imul(x1, 83_492_791) ^ Math.imul(y1, 49_979_687)) & (size - 1);
    for (; table[at] >= 0; at = (at + 1) & (size - 1)) {
      const i = table[at];
      if (ends[4 * i] === x0 && ends[4 * i + 1] === y0 && ends[4 * i + 2] === x1 && ends[4 * i + 3] === y1) {
        right[i] = block;
        return;
      }
    }
    table[at] = made;
    ends.set([x0, y0, x1, y1], 4 * made);
    left[made] = block;
    made += 1;
  };
  shapes.forEach((rings, block) => {
    for (const ring of rings) {
      let x = 0;
      let y = 0;
      let [fromX, fromY] = [0, 0];
      for (let i = 0; i < ring.length; i += 2) {
        x += ring[i];
        y += ring[i + 1];
        if (i) enter(block, fromX, fromY, x, y);
        [fromX, fromY] = [x, y];
      }
      enter(block, x, y, ring[0], ring[1]);
    }
  });

  /** The same in world pixels, and for each block the numbers of its stretches. */
  const at = new Float32Array(4 * made);
  const start = new Int32Array(shapes.length + 1);
  for (let i = 0; i < made; i += 1) {
    [at[4 * i], at[4 * i + 1]] = placeOf(ends[4 * i], ends[4 * i + 1]);
    [at[4 * i + 2], at[4 * i + 3]] = placeOf(ends[4 * i + 2], ends[4 * i + 3]);
    start[left[i] + 1] += 1;
    if (right[i] >= 0) start[right[i] + 1] += 1;
  }
  for (let block = 0; block < shapes.length; block += 1) start[block + 1] += start[block];
  const next = start.slice(0, -1);
  const of = new Int32Array(start[shapes.length]);
  const put = (block, i) => {
    of[next[block]] = i;
    next[block] += 1;
  };
  for (let i = 0; i < made; i += 1) {
    put(left[i], i);
    if (right[i] >= 0) put(right[i], i);
  }

  return { count: made, at, left: left.slice(0, made), right: right.slice(0, made), ofBlock: (block) => of.subarray(start[block], start[block + 1]) };
};
