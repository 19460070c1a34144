/** Signs of what stands on the ground, and what lies below them: whom stations reach, and what they leave out. */
wangge.signs = (ground, data, page, words, stands) => {
  /** How far from the middle of a sign a finger may be. */
  const REACH_PX = 13;
  /** From here on each point of a problem is drawn for itself. */
  const NEAR_ZOOM = 16.5;
  const look = wangge.looks.stands;
  const font = getComputedStyle(document.body).fontFamily;
  const { signs } = wangge;

  const isChosen = (kind, id) => page.thing?.kind === kind && page.thing.id === id;

  const zone = (path, frame, { x, y, rings }, radius) => {
    if (!radius) for (const ring of rings) {
      ring.forEach((at, i) => (i ? path.lineTo(frame.x(at.x), frame.y(at.y)) : path.moveTo(frame.x(at.x), frame.y(at.y))));
      path.closePath();
    } else {
      path.moveTo(frame.x(x) + radius * frame.scale, frame.y(y));
      path.arc(frame.x(x), frame.y(y), radius * frame.scale, 0, 2 * Math.PI);
    }
  };
  /** Zones as one shape: what is reached twice is no darker, and no line runs through it. */
  const drawZones = (pen, frame, zones, { fill, dash, width }) => {
    const path = new Path2D();
    for (const [station, radius] of zones) zone(path, frame, station, radius);
    const sheet = zones.length > 1 ? wangge.make("canvas", { width: frame.width, height: frame.height }) : undefined;
    const liner = sheet?.getContext("2d") ?? pen;
    liner.lineWidth = sheet ? width * 2 : width;
    liner.setLineDash(dash);
    liner.strokeStyle = `rgb(${look.reach} / 80%)`;
    liner.stroke(path);
    liner.setLineDash([]);
    if (sheet) {
      liner.globalCompositeOperation = "destination-out";
      liner.fill(path, "nonzero");
      pen.drawImage(sheet, 0, 0, frame.width, frame.height);
    }
    pen.fillStyle = `rgb(${look.reach} / ${fill}%)`;
    pen.fill(path, "nonzero");
  };

  const hatches = new Map();
  const hatch = (pen, gap) => {
    if (!hatches.has(gap)) hatches.set(gap, pen.createPattern(signs.lines(gap), "repeat"));
    return hatches.get(gap);
  };
  /** Grids whose households no station reaches on foot, the denser the more of them; those that none serves have a broken edge. */
  const drawGaps = (pen, frame) => {
    frame.toWorld();
    for (const { at, uncovered, households } of stands.reach?.grids ?? []) {
      if (!uncovered || !ground.meet(ground.grids[at].box, frame.box)) continue;
      const pattern = hatch(pen, signs.gapOf(uncovered / households));
      pattern.setTransform(new DOMMatrix().scale(0.5 / frame.scale));
      pen.fillStyle = pattern;
      pen.fill(ground.grids[at].path, "evenodd");
    }
    pen.lineWidth = 3 / frame.scale;
    pen.setLineDash([3 / frame.scale, 5 / frame.scale]);
    pen.strokeStyle = `rgb(${look.gap} / 95%)`;
    for (const i of stands.unserved()) if (ground.meet(ground.grids[i].box, frame.box)) pen.stroke(ground.grids[i].path);
    pen.setLineDash([]);
    frame.toScreen();
  };

  const drawChosen = (pen, frame) => {
    const station = page.thing?.kind === "station" && stands.find(page.thing);
    if (!station) return;
    frame.toWorld();
    pen.lineWidth = 2.5 / frame.scale;
    pen.strokeStyle = `rgb(${look.reach})`;
    for (const i of stands.servedBy(station.id)) {
      pen.fillStyle = `rgb(${look.reach} / 14%)`;
      pen.fill(ground.grids[i].path, "evenodd");
      pen.stroke(ground.grids[i].path);
    }
    frame.toScreen();
    const walk = stands.knownReach(station.id)?.walk;
    if (walk) drawZones(pen, frame, [[station, walk.reach_m * station.metre]], { fill: 10, dash: [], width: 3.5 });
    if (station.radius || station.rings.length) drawZones(pen, frame, [[station, station.rings.length ? 0 : station.radius * station.metre]], { fill: 12, dash: [9, 5], width: 2.5 });
  };

  const label = (pen, text, x, y, colour) => {
    pen.font = `11px ${font}`;
    pen.lineWidth = 3;
    pen.strokeStyle = look.rim;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  };

  const drawStations = (pen, frame) => {
    const shown = stands.stations();
    if (page.layers.circle && stands.reach) drawZones(pen, frame, shown.map((each) => [each, stands.reach.method.reach_m * each.metre]), { fill: 9, dash: [], width: 1.5 });
    else if (page.layers.stations && !page.layers.circle) {
      const own = shown.filter(({ radius, rings }) => radius || rings.length);
      if (own.length) drawZones(pen, frame, own.map((each) => [each, each.rings.length ? 0 : each.radius * each.metre]), { fill: 8, dash: [5, 4], width: 1.2 });
    }
    drawChosen(pen, frame);
    for (const each of shown) {
      const [x, y] = [frame.x(each.x), frame.y(each.y)];
      const size = signs.size(each);
      if (isChosen("station", each.id)) signs.ring(pen, x, y, size + 6);
      signs.station(pen, x, y, each.kind, size);
      if (frame.zoom >= 15.5) label(pen, each.name, x, y + size + 9, look.name);
    }
  };

  const drawSpots = (pen, frame) => {
    for (const each of stands.spots()) {
      const [x, y] = [frame.x(each.x), frame.y(each.y)];
      const isOurs = isChosen("spot", each.id);
      if (each.many > 1 && (isOurs || frame.zoom >= NEAR_ZOOM)) {
        pen.strokeStyle = look.plate;
        pen.lineWidth = 1.4;
        for (const point of each.members) {
          pen.beginPath();
          pen.moveTo(x, y);
          pen.lineTo(frame.x(point.x), frame.y(point.y));
          pen.stroke();
          pen.beginPath();
          pen.arc(frame.x(point.x), frame.y(point.y), 3.5, 0, 2 * Math.PI);
          pen.fillStyle = look.plate;
          pen.fill();
        }
      }
      if (isOurs) signs.ring(pen, x, y, 15);
      signs.spot(pen, x, y, words.say(`wall.point.${each.kind}`), font, each);
    }
  };

  const drawAssets = (pen, frame) => {
    for (const each of stands.assets()) {
      const [x, y] = [frame.x(each.x), frame.y(each.y)];
      if (isChosen("asset", each.id)) signs.ring(pen, x, y, 14);
      signs.asset(pen, x, y, words.say(`wall.asset.${each.theme}`), font, each.kind);
    }
  };

  const drawCalls = (pen, frame) => {
    for (const each of stands.calls()) {
      if (isChosen("call", each.id)) signs.ring(pen, frame.x(each.x), frame.y(each.y), 17);
      signs.call(pen, frame.x(each.x), frame.y(each.y), each.step, each.isLate, font);
    }
  };

  const draw = (pen, frame) => {
    frame.toScreen();
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (page.layers.circle) drawGaps(pen, frame);
    if (page.layers.stations || page.layers.circle) drawStations(pen, frame);
    if (page.layers.assets) drawAssets(pen, frame);
    if (page.layers.points) drawSpots(pen, frame);
    if (page.layers.calls) drawCalls(pen, frame);
  };

  /** What has its sign at a place of the world, as `{kind, id}`; where several are, the nearest. */
  const at = (x, y, scale) => {
    const near = [];
    const look = (kind, list, [right, up] = [0, 0]) => {
      for (const each of list) {
        const away = Math.hypot((each.x - x) * scale + right, (each.y - y) * scale - up);
        if (away <= REACH_PX) near.push({ kind, id: each.id, away });
      }
    };
    if (page.layers.stations || page.layers.circle) look("station", stands.stations());
    if (page.layers.assets) look("asset", stands.assets());
    if (page.layers.points) look("spot", stands.spots());
    if (page.layers.calls) look("call", stands.calls(), [11, 11]);
    near.sort((a, b) => a.away - b.away);
    return near[0] && { kind: near[0].kind, id: near[0].id };
  };

  return { draw, at };
};

/** A small picture of a sign, for lists and legends: `draw` gets a pen whose origin is its middle. */
wangge.signs.picture = (draw, size = 22) => {
  const dense = Math.max(1, devicePixelRatio || 1);
  const picture = wangge.make("canvas", { width: size * dense, height: size * dense, className: "sign" });
  const pen = picture.getContext("2d");
  pen.scale(dense, dense);
  pen.translate(size / 2, size / 2);
  pen.lineJoin = "round";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  draw(pen);
  return picture;
};
/** A tile of lines so far apart, drawn at twice its size. */
wangge.signs.lines = (gap) => {
  const tile = wangge.make("canvas", { width: gap * 2, height: gap * 2 });
  const pen = tile.getContext("2d");
  pen.scale(2, 2);
  pen.strokeStyle = `rgb(${wangge.looks.stands.gap} / 90%)`;
  pen.lineWidth = 1.4;
  for (const shift of [-gap, 0, gap]) {
    pen.moveTo(shift, 0);
    pen.lineTo(shift + gap, gap);
  }
  pen.stroke();
  return tile;
};
/** A swatch of what is left out. */
wangge.signs.gap = (pen, share) => {
  const pattern = pen.createPattern(wangge.signs.lines(wangge.signs.gapOf(share)), "repeat");
  pattern.setTransform(new DOMMatrix().scale(0.5));
  pen.fillStyle = pattern;
  pen.fillRect(-10, -7, 20, 14);
  pen.lineWidth = 1;
  pen.strokeStyle = `rgb(${wangge.looks.stands.gap} / 90%)`;
  pen.strokeRect(-10, -7, 20, 14);
};
/** How far apart the lines are that say which share is left out: in three steps, a tenth and a half between them. */
wangge.signs.gapOf = (share) => (share > 0.5 ? 5 : share > 0.1 ? 8 : 13);
/** Stations of upper levels are larger. */
wangge.signs.size = ({ level }) => ({ district: 11, street: 9.5, grid: 7 })[level] ?? 8;
wangge.signs.ring = (pen, x, y, r) => {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.lineWidth = 2.5;
  pen.strokeStyle = wangge.looks.chosen;
  pen.stroke();
};
/** The outline of a kind of station around the origin, one unit large: a house, a star, a hexagon, a bowl, a drop. */
wangge.signs.OUTLINES = {
  station: (pen) => [[0, -1], [1, -0.1], [0.7, -0.1], [0.7, 0.8], [-0.7, 0.8], [-0.7, -0.1], [-1, -0.1]].forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y))),
  service_center: (pen) => {
    for (let i = 0; i < 10; i += 1) {
      const [turn, r] = [(i * Math.PI) / 5 - Math.PI / 2, i % 2 ? 0.5 : 1.15];
      pen.lineTo(r * Math.cos(turn), r * Math.sin(turn));
    }
  },
  activity_site: (pen) => {
    for (let i = 0; i < 6; i += 1) pen.lineTo(Math.cos((i * Math.PI) / 3), Math.sin((i * Math.PI) / 3));
  },
  canteen: (pen) => {
    pen.moveTo(-1, -0.3);
    pen.lineTo(1, -0.3);
    pen.arc(0, -0.3, 1, 0, Math.PI);
  },
  rest_stop: (pen) => {
    pen.moveTo(0, -1.15);
    pen.bezierCurveTo(0.35, -0.5, 0.8, -0.1, 0.8, 0.3);
    pen.arc(0, 0.3, 0.8, 0, Math.PI);
    pen.bezierCurveTo(-0.8, -0.1, -0.35, -0.5, 0, -1.15);
  },
};
/** A station, by its kind. */
wangge.signs.station = (pen, x, y, kind = "station", size = 8) => {
  const { stands } = wangge.looks;
  pen.save();
  pen.translate(x, y);
  pen.scale(size, size);
  pen.beginPath();
  (wangge.signs.OUTLINES[kind] ?? wangge.signs.OUTLINES.station)(pen);
  pen.closePath();
  pen.restore();
  pen.lineWidth = 3;
  pen.strokeStyle = stands.rim;
  pen.stroke();
  pen.fillStyle = stands.mark;
  pen.fill();
};
/** A letter on a plate: a place that is dirty, messy or poor; how many points it is of, and whether it is late or done. */
wangge.signs.spot = (pen, x, y, letter, font, { many = 1, state = "found", isLate = false } = {}) => {
  const { stands } = wangge.looks;
  const isDone = state === "rectified";
  pen.beginPath();
  pen.rect(x - 8.5, y - 8.5, 17, 17);
  pen.lineWidth = 4;
  pen.strokeStyle = stands.rim;
  pen.stroke();
  pen.fillStyle = isDone ? stands.rim : stands.plate;
  pen.fill();
  pen.lineWidth = isLate ? 2.5 : 1.5;
  pen.strokeStyle = isLate ? stands.late : stands.plate;
  pen.stroke();
  pen.font = `600 11px ${font}`;
  pen.fillStyle = isDone ? stands.plate : stands.ink;
  pen.fillText(letter, x, y + 0.5);
  const corner = (text, left, colour) => {
    pen.beginPath();
    pen.arc(left, y - 9, 6.5, 0, 2 * Math.PI);
    pen.fillStyle = stands.rim;
    pen.fill();
    pen.lineWidth = 1.4;
    pen.strokeStyle = colour;
    pen.stroke();
    pen.font = `600 9px ${font}`;
    pen.fillStyle = colour;
    pen.fillText(text, left, y - 8.5);
  };
  if (many > 1) corner(String(many), x + 9, stands.plate);
  if (isLate) corner("!", x - 9, stands.late);
};
/** What other systems watch over, by theme. */
wangge.signs.THEMES = ["campus", "river", "forest", "market", "property", "religion"];
/** What another system watches over: the letter of its theme on a shield where it is a camera, on a diamond where it is a site. */
wangge.signs.asset = (pen, x, y, letter, font, kind = "camera") => {
  const { stands } = wangge.looks;
  pen.beginPath();
  if (kind === "site") [[0, -11], [11, 0], [0, 11], [-11, 0]].forEach(([right, down], i) => (i ? pen.lineTo(x + right, y + down) : pen.moveTo(x + right, y + down)));
  else {
    pen.arc(x, y, 8.5, -0.35, Math.PI + 0.35);
    pen.lineTo(x - 11, y - 8.5);
    pen.lineTo(x + 11, y - 8.5);
  }
  pen.closePath();
  pen.lineWidth = 4;
  pen.strokeStyle = stands.rim;
  pen.stroke();
  pen.fillStyle = stands.rim;
  pen.fill();
  pen.lineWidth = 1.8;
  pen.strokeStyle = stands.mark;
  pen.stroke();
  pen.font = `600 10.5px ${font}`;
  pen.fillStyle = stands.mark;
  pen.fillText(letter, x, y + 0.5);
};
/** How far a call is, in a ring beside its incident; one that is late is a square. */
wangge.signs.call = (pen, x, y, step, late, font) => {
  const { stands } = wangge.looks;
  pen.beginPath();
  if (late) pen.rect(x + 3.5, y - 18.5, 15, 15);
  else pen.arc(x + 11, y - 11, 8, 0, 2 * Math.PI);
  pen.fillStyle = stands.rim;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = late ? stands.late : stands.call;
  pen.stroke();
  pen.font = `600 11px ${font}`;
  pen.fillStyle = late ? stands.late : stands.call;
  pen.fillText(String(step), x + 11, y - 10.5);
};
