/** What the signs on the map mean; each key is drawn by the same hand as the map. */
wangge.legend = (data, page, words, parts) => {
  const { make, looks } = wangge;
  const grids = data.grids;
  const place = document.getElementById("legend-rows");

  const key = (sketch) => {
    const canvas = make("canvas", { width: 90, height: 54 });
    const pen = canvas.getContext("2d");
    pen.scale(3, 3);
    pen.lineJoin = "round";
    sketch(pen);
    return canvas;
  };
  const box = (pen, fill) => {
    pen.fillStyle = fill;
    pen.fillRect(1, 2, 28, 14);
    pen.strokeStyle = looks.gridLine.colour;
    pen.lineWidth = 1;
    pen.strokeRect(1, 2, 28, 14);
  };
  const line = (colour, width, dash = []) => (pen) => {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(0, 9);
    pen.lineTo(30, 9);
    pen.stroke();
  };
  const both = (...sketches) => (pen) => sketches.forEach((sketch) => sketch(pen));

  const patches = (pen) => {
    data.fills.grids.slice(0, 4).forEach((fill, i) => {
      pen.fillStyle = fill;
      pen.fillRect(1 + i * 7, 2, 7, 14);
    });
    pen.strokeStyle = looks.gridLine.colour;
    pen.lineWidth = 1;
    pen.strokeRect(1, 2, 28, 14);
  };
  const hatched = (pen) => {
    pen.fillStyle = data.fills.band[6];
    pen.fillRect(1, 2, 28, 14);
    parts.hatch.setTransform(new DOMMatrix().scale(0.5));
    box(pen, parts.hatch);
  };

  const row = (sketch, text, count) => make("li", {}, key(sketch), make("span", { text }), ...(count === undefined ? [] : [make("small", { text: words.number(count) })]));

  const steps = () => {
    const { minimum, maximum } = data.band;
    const values = { minimum, maximum, half: Math.round(minimum / 2), most: Math.round(maximum * 1.5) };
    const counts = data.fills.band.map((_, step) => grids.step.filter((one) => one === step).length);
    return [5, 0, 1, 2, 3, 4]
      .filter((step) => counts[step] || step === 2)
      .map((step) => row((pen) => box(pen, data.fills.band[step]), words.say(`plan.step.${step}`, values), counts[step]));
  };

  const show = () => {
    const kinds = new Set(data.lines.kind);
    const any = (...wanted) => wanted.some((kind) => kinds.has(kind));
    const rows = page.mode === "band" ? steps() : [row(patches, words.say("plan.legend.grid"))];
    if (grids.dedicated.includes(1)) rows.push(row(hatched, words.say("plan.legend.dedicated"), page.mode === "band" ? grids.dedicated.filter(Boolean).length : undefined));
    if (data.metrics.exceptions) rows.push(row((pen) => parts.triangle(pen, 15, 9, 7), words.say("plan.legend.exception")));
    rows.push(row(line(looks.gridLine.colour, 1.6), words.say("plan.legend.grid_line")));
    if (data.communities.name.length) rows.push(row(line(looks.communityLine.colour, 2.2, looks.communityLine.dash), words.say("plan.legend.community_line")));
    if (any(4, 5, 6, 7)) rows.push(row(both(line("#c6bda9", 6), line("#ffffff", 4)), words.say("plan.legend.road")));
    if (any(8)) rows.push(row(both(line("#ffffff", 4.5), line("#7e848c", 2.4, [5, 4])), words.say("plan.legend.railway")));
    if (any(2, 9)) rows.push(row(line("#9fc9e0", 4), words.say("plan.legend.water")));
    if (data.compounds.length) rows.push(row((pen) => { pen.fillStyle = "#ebe8e1"; pen.fillRect(1, 2, 28, 14); }, words.say("plan.legend.compound")));
    place.replaceChildren(...rows);
  };

  return { show };
};
