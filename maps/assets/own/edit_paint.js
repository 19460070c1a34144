/**
 * How the editor's map looks: blocks by the colour of their grid, the base map over them, the lines between grids, and what is written.
 * A step of a stroke draws the touched blocks anew and nothing else.
 */
wangge.editPaint = (data, page, colours) => {
  const { looks } = wangge;
  const { ground, model, arcs, pieces } = page;
  const { of, slots, blocks, NONE } = model;
  const base = wangge.paint(ground, { grids: { code: [] } }, {});
  const tags = wangge.tags(ground);
  const LINE = { ...looks.gridLine, from: 1, to: 2.6 };
  const CHOSEN = { from: 2, to: 3.4 };
  const WIDEST = 7;

  const pattern = (colour, size) => {
    const tile = wangge.make("canvas", { width: 2 * size, height: 2 * size });
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    for (const shift of [-size, 0, size]) {
      pen.moveTo(2 * shift, 2 * size);
      pen.lineTo(2 * shift + 2 * size, 0);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  };
  const hatches = { locked: pattern("rgb(29 41 53 / 34%)", 5), nobody: pattern("rgb(168 64 12 / 62%)", 4) };

  const fillOf = (block) => {
    const slot = slots[of[block]];
    if (page.shade === "heat") return colours.scale[page.heat.stepOf(block)];
    if (page.shade === "households") return colours.scale[page.stepOfBlock(block)];
    if (slot.number === NONE) return "#ffffff";
    if (page.shade === "band" || slot.isDedicated) return colours.band[page.stepOf(slot)];
    return colours.grids[slot.colour % colours.grids.length];
  };
  const hatchOf = (block) => (of[block] === NONE ? hatches.nobody : slots[of[block]].isDedicated ? base.hatch : slots[of[block]].isLocked ? hatches.locked : undefined);

  const trace = (path, i) => {
    path.moveTo(arcs.at[4 * i], arcs.at[4 * i + 1]);
    path.lineTo(arcs.at[4 * i + 2], arcs.at[4 * i + 3]);
  };
  const hairline = (pen, frame, path) => {
    if (frame.zoom >= 13.5) base.stroke(pen, frame, path, "rgb(45 62 80 / 17%)", frame.zoom < 15 ? 0.6 : 0.9);
  };

  const hatched = (pen, frame, path, hatch) => {
    hatch.setTransform(new DOMMatrix().scale(0.5 / frame.scale));
    pen.fillStyle = hatch;
    pen.fill(path, "evenodd");
  };
  /** Blocks one by one, each with its edge, so that nothing of another colour shines through where it was. */
  const fill = (pen, frame, members) => {
    pen.setLineDash([]);
    pen.lineWidth = 0.8 / frame.scale;
    for (const block of members) {
      const { path } = ground.grids[block];
      pen.fillStyle = fillOf(block);
      pen.strokeStyle = pen.fillStyle;
      pen.fill(path, "evenodd");
      pen.stroke(path);
      const hatch = hatchOf(block);
      if (hatch) hatched(pen, frame, path, hatch);
    }
  };
  /** All blocks in sight: those of one grid and one fill are one path, which is much cheaper, and shows no seams. */
  const fillAll = (pen, frame) => {
    for (const { members } of slots) {
      const paths = new Map();
      for (const block of members) {
        if (!ground.meet(ground.grids[block].box, frame.box)) continue;
        const colour = fillOf(block);
        if (!paths.has(colour)) paths.set(colour, new Path2D());
        paths.get(colour).addPath(ground.grids[block].path);
      }
      for (const [colour, path] of paths) {
        pen.fillStyle = colour;
        pen.fill(path, "evenodd");
        const hatch = hatchOf(members[0]);
        if (hatch) hatched(pen, frame, path, hatch);
      }
    }
  };
  const drawBlocks = (pen, frame) => {
    frame.toWorld();
    pen.fillStyle = looks.land;
    for (const community of ground.communities) if (ground.meet(community.box, frame.box)) pen.fill(community.path, "evenodd");
    fillAll(pen, frame);
    const lines = new Path2D();
    if (frame.zoom >= 13.5) for (let i = 0; i < arcs.count; i += 1) if (arcs.right[i] >= 0 && inSight(i, frame.box)) trace(lines, i);
    hairline(pen, frame, lines);
  };
  const inSight = (i, box) => {
    const [x0, y0, x1, y1] = [arcs.at[4 * i], arcs.at[4 * i + 1], arcs.at[4 * i + 2], arcs.at[4 * i + 3]];
    return Math.min(x0, x1) <= box.right && Math.max(x0, x1) >= box.left && Math.min(y0, y1) <= box.bottom && Math.max(y0, y1) >= box.top;
  };
  const patchBlocks = (pen, frame, members) => {
    frame.toWorld();
    fill(pen, frame, members);
    const lines = new Path2D();
    for (const block of members) for (const i of arcs.ofBlock(block)) trace(lines, i);
    hairline(pen, frame, lines);
  };

  /** The base map: it stays as it is while somebody paints. */
  const drawBase = (pen, frame) => {
    frame.toWorld();
    pen.fillStyle = looks.compound;
    if (page.layers.compounds) for (const compound of ground.compounds) if (ground.meet(compound.box, frame.box)) pen.fill(compound.path, "evenodd");
    if (page.layers.roads) {
      pen.globalAlpha = 0.86;
      base.drawLines(pen, frame);
      pen.globalAlpha = 1;
    }
  };

  const sides = (i) => [of[arcs.left[i]], arcs.right[i] < 0 ? -1 : of[arcs.right[i]]];
  const drawArcs = (pen, frame, numbers) => {
    const plain = new Path2D();
    const chosen = new Path2D();
    let isChosen = false;
    for (const i of numbers) {
      const [a, b] = sides(i);
      if (a === b) continue;
      const mine = page.chosen >= 0 && (a === page.chosen || b === page.chosen);
      trace(mine ? chosen : plain, i);
      isChosen ||= mine;
    }
    base.stroke(pen, frame, plain, LINE.colour, base.thick(LINE, frame.zoom));
    if (!isChosen) return;
    const width = base.thick(CHOSEN, frame.zoom);
    base.stroke(pen, frame, chosen, "#ffffff", Math.min(WIDEST, width + 3));
    base.stroke(pen, frame, chosen, looks.chosen, width);
  };
  const drawCommunities = (pen, frame) => {
    if (!page.layers.communities) return;
    const { colour, dash } = looks.communityLine;
    const width = base.thick(looks.communityLine, frame.zoom);
    const around = ground.borders.filter((border) => ground.meet(border.box, frame.box));
    for (const border of around) base.stroke(pen, frame, border.path, looks.land, width + 1.6);
    for (const border of around) base.stroke(pen, frame, border.path, colour, width, dash);
  };
  const drawLines = (pen, frame) => {
    frame.toWorld();
    const numbers = [];
    for (let i = 0; i < arcs.count; i += 1) if (inSight(i, frame.box)) numbers.push(i);
    drawArcs(pen, frame, numbers);
  };
  /** The lines around touched blocks, and those that meet them. */
  const patchLines = (pen, frame, members) => {
    const own = new Set();
    const ring = new Set();
    for (const block of members)
      for (const i of arcs.ofBlock(block)) {
        own.add(i);
        for (const other of [arcs.left[i], arcs.right[i]]) if (other >= 0) for (const near of arcs.ofBlock(other)) ring.add(near);
      }
    const gone = new Path2D();
    for (const i of own) trace(gone, i);
    frame.toWorld();
    pen.globalCompositeOperation = "destination-out";
    base.stroke(pen, frame, gone, "#000000", WIDEST + 1);
    pen.globalCompositeOperation = "source-over";
    drawArcs(pen, frame, ring);
  };

  // --- what is written, and what is compared ---------------------------------------------------------------------------------

  const spots = new Map();
  /** Where a piece's name stands: in its middle, or in the block nearest to that where the middle lies outside. */
  const spotOf = (part) => {
    let [x, y, much] = [0, 0, 0];
    for (const block of part) {
      const weight = blocks.area_m2[block] + 1;
      x += ground.grids[block].x * weight;
      y += ground.grids[block].y * weight;
      much += weight;
    }
    const [midX, midY] = [x / much, y / much];
    let best = part[0];
    let least = Infinity;
    const inside = ground.gridAt(midX, midY);
    for (const block of part) {
      const away = Math.hypot(ground.grids[block].x - midX, ground.grids[block].y - midY) - ground.grids[block].radius;
      if (away < least) [best, least] = [block, away];
    }
    const box = ground.nowhere();
    for (const block of part) ground.widen(box, ground.grids[block].box);
    const { x: atX, y: atY } = inside >= 0 && of[inside] === of[best] ? { x: midX, y: midY } : ground.grids[best];
    return { x: atX, y: atY, room: Math.min(box.right - box.left, box.bottom - box.top) / 2, box };
  };
  const spotsOf = (slot) => {
    if (!spots.has(slot)) spots.set(slot, pieces.of(slot).map(spotOf));
    return spots.get(slot);
  };
  const forget = (changed) => {
    for (const slot of changed) spots.delete(slot);
  };

  const warn = (pen, x, y) => {
    pen.beginPath();
    pen.moveTo(x, y - 7);
    pen.lineTo(x + 8, y + 6);
    pen.lineTo(x - 8, y + 6);
    pen.closePath();
    pen.lineWidth = 3;
    pen.strokeStyle = "#ffffff";
    pen.stroke();
    pen.fillStyle = looks.alarm;
    pen.fill();
    pen.fillStyle = "#ffffff";
    pen.fillRect(x - 1, y - 3, 2, 5);
    pen.fillRect(x - 1, y + 3, 2, 2);
  };
  const drawGrids = (pen, frame, take) => {
    const shown = slots.filter((slot) => slot.number !== NONE && slot.members.length);
    for (const slot of shown)
      spotsOf(slot.number).forEach(({ x, y, room, box }, part, all) => {
        if (!ground.meet(box, frame.box)) return;
        const [sx, sy] = [frame.x(x), frame.y(y)];
        if (all.length > 1 && part > 0 && take(tags.around(sx, sy - 1, 18, 16), true)) warn(pen, sx, sy);
        if (part > 0) return;
        const space = room * frame.scale;
        const isLarge = space > 34;
        const count = slot.isDedicated ? (slot.name || page.shortOf(slot)) : page.say.number(page.measureOf(slot));
        pen.font = `600 ${isLarge ? 14 : 12}px ${tags.font}`;
        const width = tags.measure(pen, count);
        if (space < 11 || width > space * 2.4) return;
        const middle = sy - (isLarge ? 7 : 0);
        if (!take(tags.around(sx, middle, width, 13, 1))) return;
        const isOut = !slot.isDedicated && !page.isInBand(slot);
        tags.write(pen, count, sx, middle, slot.isDedicated ? "#4a4360" : isOut ? looks.alarm : looks.ink, 3.5);
        if (!isLarge) return;
        pen.font = `400 11px ${tags.font}`;
        const below = `#${slot.number}`;
        if (take(tags.around(sx, middle + 15, tags.measure(pen, below), 11, 0))) tags.write(pen, below, sx, middle + 15, "#52606d");
      });
  };
  const drawNames = (pen, frame, take) => {
    pen.font = `600 12px ${tags.font}`;
    ground.communities.forEach((community, i) => {
      const text = data.communities.name[i];
      const room = (community.box.right - community.box.left) * frame.scale;
      if (!text || !ground.meet(community.box, frame.box)) return;
      const width = tags.measure(pen, text);
      if (width > room * 0.9 || room > 3000) return;
      const x = frame.x(community.x);
      const y = [0, 18, -18, 34, -34].map((aside) => frame.y(community.y) + aside).find((one) => take(tags.around(x, one, width, 14, 1)));
      if (y !== undefined) tags.write(pen, text, x, y, "#3a2c55", 4);
    });
  };
  const drawOld = (pen, frame) => {
    frame.toWorld();
    if (page.layers.old) {
      const width = frame.zoom < 14 ? 1.6 : 2.2;
      for (const border of page.old) if (ground.meet(border.box, frame.box)) base.stroke(pen, frame, border.path, "rgb(255 255 255 / 85%)", width + 1.8);
      for (const border of page.old) if (ground.meet(border.box, frame.box)) base.stroke(pen, frame, border.path, "#7a2d74", width, [5, 4]);
    }
    for (const [members, colour] of [[page.layers.moved ? page.movedBlocks() : [], "#7a2d74"], [page.proposed?.map(([block]) => block) ?? [], "#0b3c52"]]) {
      const path = new Path2D();
      for (const block of members) if (ground.meet(ground.grids[block].box, frame.box)) path.addPath(ground.grids[block].path);
      if (members.length) base.stroke(pen, frame, path, colour, 2, [2, 2.5]);
    }
  };
  const drawProposed = (pen, frame) => {
    if (!page.proposed) return;
    frame.toWorld();
    pen.globalAlpha = 0.92;
    for (const [block, colour] of page.proposed) {
      pen.fillStyle = colours.grids[colour % colours.grids.length];
      pen.fill(ground.grids[block].path, "evenodd");
    }
    pen.globalAlpha = 1;
  };
  /** Houses, where a block is cut between them. */
  const drawHomes = (pen, frame) => {
    pen.lineWidth = 1.5;
    pen.strokeStyle = "#ffffff";
    pen.fillStyle = looks.ink;
    const path = new Path2D();
    for (const { x, y } of page.homes.shown) {
      if (x < frame.box.left || x > frame.box.right || y < frame.box.top || y > frame.box.bottom) continue;
      path.moveTo(frame.x(x) + 3.5, frame.y(y));
      path.arc(frame.x(x), frame.y(y), 3.5, 0, 2 * Math.PI);
    }
    pen.stroke(path);
    pen.fill(path);
  };
  const drawPins = (pen, frame) => {
    frame.toScreen();
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const { x, y, count, isChosen } of page.pins()) {
      const [sx, sy] = [frame.x(x), frame.y(y)];
      pen.beginPath();
      pen.arc(sx, sy - 17, 11, Math.PI * 0.8, Math.PI * 2.2);
      pen.lineTo(sx, sy);
      pen.closePath();
      pen.lineWidth = 3;
      pen.strokeStyle = "#ffffff";
      pen.stroke();
      pen.fillStyle = isChosen ? looks.alarm : "#17526b";
      pen.fill();
      pen.font = `600 11px ${tags.font}`;
      pen.fillStyle = "#ffffff";
      pen.fillText(String(count), sx, sy - 17);
    }
  };
  /** Where a finding leads: a ring around the place, which itself stays to be seen. */
  const drawSpot = (pen, frame) => {
    if (!page.spot) return;
    const [x, y] = [frame.x(page.spot.x), frame.y(page.spot.y)];
    for (const [colour, width] of [["#ffffff", 6], [looks.alarm, 3]]) {
      pen.beginPath();
      pen.arc(x, y, 16, 0, 2 * Math.PI);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 16 * dx, y + 16 * dy);
        pen.lineTo(x + 25 * dx, y + 25 * dy);
      }
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.stroke();
    }
  };
  const drawTop = (pen, frame) => {
    drawProposed(pen, frame);
    drawOld(pen, frame);
    frame.toWorld();
    drawCommunities(pen, frame);
    frame.toScreen();
    pen.setLineDash([]);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const take = tags.spacing();
    drawGrids(pen, frame, take);
    drawNames(pen, frame, take);
    if (page.layers.roads) tags.drawRoads(pen, frame, take);
    drawHomes(pen, frame);
    drawPins(pen, frame);
    drawSpot(pen, frame);
  };

  const surfaces = {
    blocks: new wangge.Surface(ground, drawBlocks),
    base: new wangge.Surface(ground, drawBase),
    lines: new wangge.Surface(ground, drawLines),
    top: new wangge.Surface(ground, drawTop),
  };
  /** Draw some blocks anew where they are in sight. */
  const patch = (members) => {
    const { frame } = surfaces.blocks;
    if (!frame) return;
    const shown = members.filter((block) => ground.meet(ground.grids[block].box, frame.box));
    if (!shown.length) return;
    patchBlocks(surfaces.blocks.pen, frame, shown);
    patchLines(surfaces.lines.pen, surfaces.lines.frame, shown);
  };
  /** Draw the lines anew: another grid was chosen. */
  const mark = () => surfaces.lines.redraw();
  const all = () => {
    for (const surface of Object.values(surfaces)) surface.redraw();
  };

  return { surfaces, patch, mark, all, forget, fillOf, spotsOf, top: () => surfaces.top.redraw(), base: () => surfaces.base.redraw(), blocks: () => surfaces.blocks.redraw() };
};
