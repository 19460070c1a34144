/** How things look. Widths are in screen pixels at zoom 12 and 18, and grow evenly in between. */
wangge.looks = {
  ink: "#1d2935",
  land: "#fbfaf7",
  gridLine: { colour: "rgb(45 62 80 / 82%)", from: 0.7, to: 2.2 },
  communityLine: { colour: "#1d2935", from: 1.5, to: 3, dash: [9, 3.5, 2, 3.5] },
  compound: "rgb(90 74 40 / 7%)",
  hatch: "rgb(64 58 84 / 42%)",
  alarm: "#a8400c",
  chosen: "#0b3c52",
  /** From what lies lowest to what lies on top; keys are the numbers of `gis.town.LineKind`. */
  lines: [
    { kind: 2, zoom: 13.5, colour: "#b4d4e6", from: 0.6, to: 3 },
    { kind: 9, zoom: 0, colour: "#9fc9e0", from: 2, to: 12 },
    { kind: 1, zoom: 13, colour: "#b5aebf", from: 0.9, to: 1.6, dash: [3, 4] },
    { kind: 3, zoom: 16, colour: "#c4bcae", from: 0.6, to: 1.2 },
    { kind: 4, zoom: 14.5, colour: "#ffffff", casing: "#dcd6ca", from: 0.5, to: 6 },
    { kind: 5, zoom: 11.5, colour: "#ffffff", casing: "#cfc8ba", from: 0.6, to: 9 },
    { kind: 6, zoom: 0, colour: "#fffdf6", casing: "#c6bda9", from: 1.4, to: 13 },
    { kind: 7, zoom: 0, colour: "#fbe3a6", casing: "#cfae62", from: 2, to: 15 },
    { kind: 8, zoom: 0, colour: "#7e848c", from: 1.6, to: 3.4, dash: [7, 5], under: "#ffffff" },
  ],
};

wangge.paint = (ground, data, page) => {
  const { looks } = wangge;
  const grids = data.grids;

  const thick = ({ from, to }, zoom) => from * (to / from) ** (Math.min(19, Math.max(10, zoom) - 12) / 6);
  const order = grids.code.map((_, i) => i);

  const hatch = (() => {
    const tile = wangge.make("canvas", { width: 16, height: 16 });
    const pen = tile.getContext("2d");
    pen.scale(2, 2);
    pen.strokeStyle = looks.hatch;
    pen.lineWidth = 1;
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift, 8);
      pen.lineTo(shift + 8, 0);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  })();

  const fillOf = page.fillOf ?? ((i) => (page.mode === "band" || grids.dedicated[i] ? data.fills.band[grids.step[i]] : data.fills.grids[grids.colour[i]]));

  const stroke = (pen, frame, path, colour, width, dash = []) => {
    pen.strokeStyle = colour;
    pen.lineWidth = width / frame.scale;
    pen.lineCap = dash.length ? "butt" : "round";
    pen.setLineDash(dash.map((length) => length / frame.scale));
    pen.stroke(path);
  };

  const drawLines = (pen, frame) => {
    const seen = ground.strands.filter((strand) => ground.meet(strand.box, frame.box));
    const shown = looks.lines.filter((look) => frame.zoom >= look.zoom);
    const each = (look, colour, width, dash) => {
      for (const strand of seen) if (strand.kind === look.kind) stroke(pen, frame, strand.path, colour, width, dash);
    };
    for (const look of shown) {
      const width = thick(look, frame.zoom);
      if (look.casing) each(look, look.casing, width + (frame.zoom > 14 ? 1.6 : 1));
      if (look.under) each(look, look.under, width + 1.6);
    }
    for (const look of shown) each(look, look.colour, thick(look, frame.zoom), look.dash);
  };

  /** The map without labels: land, grids, base map, boundaries. */
  const draw = (pen, frame) => {
    frame.toWorld();
    const seen = order.filter((i) => ground.meet(ground.grids[i].box, frame.box)).sort((a, b) => (fillOf(a) < fillOf(b) ? -1 : 1));
    pen.fillStyle = looks.land;
    for (const community of ground.communities) pen.fill(community.path, "evenodd");
    for (const i of seen) {
      pen.fillStyle = fillOf(i);
      pen.fill(ground.grids[i].path, "evenodd");
    }
    pen.fillStyle = looks.compound;
    for (const compound of ground.compounds) if (ground.meet(compound.box, frame.box)) pen.fill(compound.path, "evenodd");
    hatch.setTransform(new DOMMatrix().scale(0.5 / frame.scale));
    pen.fillStyle = hatch;
    for (const i of seen) if (grids.dedicated[i]) pen.fill(ground.grids[i].path, "evenodd");

    drawLines(pen, frame);

    const width = thick(looks.gridLine, frame.zoom);
    for (const i of seen) stroke(pen, frame, ground.grids[i].path, looks.gridLine.colour, width);
    const { colour, dash } = looks.communityLine;
    const wide = thick(looks.communityLine, frame.zoom);
    const around = ground.borders.filter((border) => ground.meet(border.box, frame.box));
    for (const border of around) stroke(pen, frame, border.path, looks.land, wide + 1.6);
    for (const border of around) stroke(pen, frame, border.path, colour, wide, dash);
    if (looks.upperLine)
      for (const border of ground.upper) if (ground.meet(border.box, frame.box)) stroke(pen, frame, border.path, looks.upperLine.colour, thick(looks.upperLine, frame.zoom));
    pen.setLineDash([]);
  };

  /** What the reader points at and has chosen, over everything. */
  const drawMarks = (pen, frame) => {
    frame.toWorld();
    if (page.pointed >= 0 && page.pointed !== page.chosen) {
      stroke(pen, frame, ground.grids[page.pointed].path, "rgb(255 255 255 / 95%)", 5);
      stroke(pen, frame, ground.grids[page.pointed].path, looks.chosen, 2);
    }
    if (page.chosen >= 0) {
      stroke(pen, frame, ground.grids[page.chosen].path, "#ffffff", 7.5);
      stroke(pen, frame, ground.grids[page.chosen].path, looks.chosen, 3.5);
    }
  };

  return { draw, drawMarks, drawLines, hatch, stroke, thick };
};
