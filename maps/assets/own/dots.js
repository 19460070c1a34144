/** Incidents on one canvas, each a picture drawn once; heat where that is chosen; and which of them lies under the pointer. */
wangge.dots = (page, colours) => {
  const ORDER = ["over", "suspended", "checking", "working", "waiting", "late"];
  const RIM = colours.rim;
  const REACH = 10;
  /** With more than so many in sight marks go without their rings, and their pixels are written at once: a call for each takes seconds. */
  const CROWD = 4000;
  const sprites = new Map();
  const clusters = wangge.clusters(page, colours);
  const CARDS = { 2: "yellow", 3: "red", yellow: "yellow", red: "red" };

  const shape = (pen, look, r) => {
    pen.beginPath();
    if (look === "waiting") pen.rect(-r * 0.88, -r * 0.88, r * 1.76, r * 1.76);
    else if (look === "checking") {
      pen.moveTo(0, -r * 1.42);
      pen.lineTo(r * 1.42, 0);
      pen.lineTo(0, r * 1.42);
      pen.lineTo(-r * 1.42, 0);
      pen.closePath();
    } else if (look === "late") {
      pen.moveTo(0, -r * 1.2);
      pen.lineTo(r * 1.2, r * 0.95);
      pen.lineTo(-r * 1.2, r * 0.95);
      pen.closePath();
    } else pen.arc(0, 0, r, 0, 2 * Math.PI);
  };

  /** Draw one mark around the pen's origin, `r` screen pixels in radius. */
  const mark = (pen, look, r, isSoon = false, isPlain = false) => {
    pen.lineJoin = "round";
    if (!isPlain && (look === "late" || isSoon)) {
      pen.beginPath();
      pen.arc(0, 0, r * 1.85, 0, 2 * Math.PI);
      pen.fillStyle = look === "late" ? `${colours.late}44` : "transparent";
      pen.fill();
      pen.lineWidth = Math.max(1, r * 0.22);
      pen.strokeStyle = look === "late" ? `${colours.late}aa` : colours[look];
      pen.stroke();
    }
    shape(pen, look, r);
    pen.lineWidth = isPlain ? 0.8 : Math.max(1.5, r * 0.45);
    pen.strokeStyle = RIM;
    pen.stroke();
    if (look === "suspended" || look === "over") {
      pen.lineWidth = Math.max(1.2, r * 0.3);
      pen.strokeStyle = look === "over" ? colours.over : colours.checking;
      pen.stroke();
    } else {
      pen.fillStyle = colours[look];
      pen.fill();
    }
  };

  /** The card of supervision at a mark's upper left, as a referee shows it; what tells red from yellow is a stroke across it, too. */
  const card = (pen, level, r) => {
    const [wide, high] = [Math.max(5, Math.round(r)), Math.max(7, Math.round(r * 1.4))];
    pen.save();
    pen.translate(-r * 1.3, -r * 1.3);
    pen.lineJoin = "round";
    pen.lineWidth = 2;
    pen.strokeStyle = colours.cards.edge;
    pen.fillStyle = colours.cards[level];
    pen.beginPath();
    pen.rect(-wide / 2, -high / 2, wide, high);
    pen.stroke();
    pen.fill();
    if (level === "red") {
      pen.lineWidth = Math.max(1.2, r * 0.26);
      pen.strokeStyle = "#ffffff";
      pen.beginPath();
      pen.moveTo(-wide * 0.3, high * 0.3);
      pen.lineTo(wide * 0.3, -high * 0.3);
      pen.stroke();
    }
    pen.restore();
  };
  const drawCards = (pen, frame, shown, r) => {
    const carded = shown.filter(({ supervision }) => supervision in CARDS);
    // In a crowd of them a card says nothing more.
    if (carded.length > CROWD) return;
    for (const each of carded) {
      pen.save();
      pen.translate(frame.x(each.x), frame.y(each.y));
      card(pen, CARDS[each.supervision], Math.max(4.5, r));
      pen.restore();
    }
  };

  const sprite = (look, isSoon, r, isPlain) => {
    const dense = Math.max(1, window.devicePixelRatio || 1);
    const key = `${look}${isSoon}${r}${isPlain}${dense}`;
    if (!sprites.has(key)) {
      const half = isPlain ? Math.ceil(r * 1.5) + 1 : Math.ceil(r * 2.2) + 2;
      const picture = wangge.make("canvas", { width: half * 2 * dense, height: half * 2 * dense });
      const pen = picture.getContext("2d");
      pen.scale(dense, dense);
      pen.translate(half, half);
      mark(pen, look, r, isSoon, isPlain);
      sprites.set(key, { picture, half });
    }
    return sprites.get(key);
  };

  /** A sheet of pixels as large as the canvas, for marks without number. */
  const open = (pen, frame) => {
    const { width, height } = pen.canvas;
    const dense = width / frame.width;
    const pixels = new ImageData(width, height);
    const whole = new Uint32Array(pixels.data.buffer);
    const bytes = pixels.data;

    const stamp = ({ picture }, cases) => {
      const size = picture.width;
      const { data } = picture.getContext("2d").getImageData(0, 0, size, size);
      const ink = new Uint32Array(data.buffer);
      // Its pixels: those that cover what is below them, and those of its edge; and where they lie on the sheet from the first one on.
      const [solid, edge] = [[], []];
      for (let i = 0; i < ink.length; i += 1) if (data[4 * i + 3]) (data[4 * i + 3] > 247 ? solid : edge).push(i);
      const steps = Int32Array.from(ink, (_, i) => Math.floor(i / size) * width + (i % size));
      for (const each of cases) {
        const left = Math.round(frame.x(each.x) * dense - size / 2);
        const top = Math.round(frame.y(each.y) * dense - size / 2);
        if (left < 0 || top < 0 || left + size > width || top + size > height) continue;
        const first = top * width + left;
        for (const i of solid) whole[first + steps[i]] = ink[i];
        for (const i of edge) {
          const to = first + steps[i];
          if (!bytes[4 * to + 3]) whole[to] = ink[i];
          else {
            const much = data[4 * i + 3];
            const rest = 1 - much / 255;
            for (let part = 0; part < 3; part += 1) bytes[4 * to + part] = data[4 * i + part] * (1 - rest) + bytes[4 * to + part] * rest;
            bytes[4 * to + 3] = much + bytes[4 * to + 3] * rest;
          }
        }
      }
    };
    const close = () => {
      const sheet = wangge.make("canvas", { width, height });
      sheet.getContext("2d").putImageData(pixels, 0, 0);
      pen.drawImage(sheet, 0, 0, frame.width, frame.height);
    };
    return { stamp, close };
  };

  const radius = (zoom) => (zoom < 12 ? 3 : zoom < 14 ? 4 : zoom < 16 ? 5.5 : 7.5);
  const lookOf = (each) => (page.isLate(each) ? "late" : each.look);

  const drawHeat = (pen, frame, shown) => {
    const PART = 3;
    const wide = Math.ceil(frame.width / PART);
    const high = Math.ceil(frame.height / PART);
    const sheet = wangge.make("canvas", { width: wide, height: high });
    const inner = sheet.getContext("2d", { willReadFrequently: true });
    const r = Math.max(5, 3 + frame.zoom / 2);
    const blob = wangge.make("canvas", { width: r * 2, height: r * 2 });
    const brush = blob.getContext("2d");
    const glow = brush.createRadialGradient(r, r, 0, r, r, r);
    const each = Math.min(0.5, Math.max(0.03, 60 / Math.max(1, shown.length)));
    glow.addColorStop(0, `rgb(0 0 0 / ${each})`);
    glow.addColorStop(1, "rgb(0 0 0 / 0%)");
    brush.fillStyle = glow;
    brush.fillRect(0, 0, r * 2, r * 2);
    for (const one of shown) inner.drawImage(blob, frame.x(one.x) / PART - r, frame.y(one.y) / PART - r);
    const pixels = inner.getImageData(0, 0, wide, high);
    for (let i = 0; i < pixels.data.length; i += 4) {
      const much = pixels.data[i + 3] / 255;
      if (!much) continue;
      pixels.data[i] = 255;
      pixels.data[i + 1] = 90 + 150 * Math.max(0, much - 0.35);
      pixels.data[i + 2] = 40 + 60 * much;
      pixels.data[i + 3] = Math.min(220, 40 + much * 300);
    }
    inner.putImageData(pixels, 0, 0);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(sheet, 0, 0, wide * PART, high * PART);
  };

  const draw = (pen, frame) => {
    frame.toScreen();
    const { box } = frame;
    const seen = page.shown().filter(({ x, y }) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
    if (page.layers.heat) drawHeat(pen, frame, seen);
    const shown = clusters.part(page.layers.cases ? seen : [], frame);
    if (!page.layers.cases) return;
    const isCrowd = shown.length > CROWD;
    const r = radius(frame.zoom) * (isCrowd ? 0.6 : 1);
    const piles = new Map(ORDER.map((look) => [look, []]));
    for (const each of shown) piles.get(lookOf(each))?.push(each);
    const sheet = isCrowd ? open(pen, frame) : undefined;
    for (const look of ORDER) {
      const plain = sprite(look, false, r, isCrowd);
      if (sheet) {
        sheet.stamp(plain, piles.get(look));
        continue;
      }
      const ringed = look === "late" ? plain : sprite(look, true, r, false);
      for (const each of piles.get(look)) {
        const { picture, half } = look !== "late" && page.isSoon(each) ? ringed : plain;
        pen.drawImage(picture, frame.x(each.x) - half, frame.y(each.y) - half, half * 2, half * 2);
      }
    }
    sheet?.close();
    drawCards(pen, frame, shown, r);
    clusters.draw(pen, frame);
    const chosen = page.case && page.shown().find((each) => each.no === page.case);
    if (chosen) {
      pen.beginPath();
      pen.arc(frame.x(chosen.x), frame.y(chosen.y), r * 2.6, 0, 2 * Math.PI);
      pen.lineWidth = 2.5;
      pen.strokeStyle = colours.chosen;
      pen.stroke();
    }
  };

  /** The incident nearest to a point of the world, within a few screen pixels; what is late goes first. */
  const at = (x, y, scale) => {
    if (!page.layers.cases || clusters.at(x, y, scale)) return undefined;
    const reach = REACH / scale;
    let best;
    let least = reach * reach;
    for (const each of page.shown()) {
      const away = (each.x - x) ** 2 + (each.y - y) ** 2;
      if (away < least || (away === least && best && page.isLate(each))) [best, least] = [each, away];
    }
    return best;
  };

  return { draw, at, mark, card, clusters, cardOf: ({ supervision }) => CARDS[supervision] };
};
