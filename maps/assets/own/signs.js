/** What stands on the ground beside incidents: stations with whom they reach, places in need of mending, calls for the district. */
wangge.signs = (source, ground, page, words) => {
  const FRESH_MS = 300_000;
  /** How far from the middle of a sign a finger may be. */
  const REACH_PX = 13;
  const found = { stations: [], points: [], calls: [] };
  const asked = { stations: 0, points: 0, calls: 0 };
  /** Answers that are on their way, or came: whoever asks meanwhile waits for the same. */
  const coming = {};

  const place = (lon, lat) => ({ x: ground.fromMicro.x(lon * 1e6), y: ground.fromMicro.y(lat * 1e6) });
  /** World pixels of a metre at a place: Mercator stretches with latitude. */
  const metre = (lat) => 2 ** ground.DEEP * 256 / (40_075_016.686 * Math.cos((lat * Math.PI) / 180));

  /** Every entry of a list that comes in pages; `pager` is the parameter that takes what `next` says. */
  const all = async (path, list, pager, parameters = {}) => {
    const entries = [];
    let next;
    do {
      const sheet = await source.get(path, { ...parameters, limit: 1000, [pager]: next });
      entries.push(...sheet[list]);
      next = sheet.next;
    } while (next !== null);
    return entries;
  };

  /** The rings of an area in GeoJSON, if there is one. */
  const rings = (area) => (area ? (area.type === "Polygon" ? area.coordinates : area.coordinates.flat()) : []).map((ring) => ring.map(([lon, lat]) => place(lon, lat)));

  const ASK = {
    stations: async () => (await all("/v1/stations", "stations", "after")).map((each) => ({ ...place(each.lon, each.lat), code: each.code, name: each.name, area: each.area, services: each.services, radius: (each.radius_m ?? 0) * metre(each.lat), rings: rings(each.service_area) })),
    points: async () => (await all("/v1/problem-points", "points", "before")).map((each) => ({ ...place(each.lon, each.lat), kind: each.kind })),
    calls: async () => (await all("/v1/calls", "calls", "before", { state: ["called", "assigned", "joint"] })).map((each) => ({ no: each.no, step: each.steps.filter(({ at }) => at).length, late: each.late })),
  };

  /** Bring a layer up to date, if it is shown and old. */
  const refresh = async (name) => {
    if (!(name in ASK) || !page.layers[name]) return;
    if (Date.now() - asked[name] >= FRESH_MS) {
      asked[name] = Date.now();
      coming[name] = ASK[name]().then((entries) => {
        found[name] = entries;
        page.redrawDots();
      });
    }
    await coming[name];
  };

  const draw = (pen, frame) => {
    frame.toScreen();
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const font = getComputedStyle(document.body).fontFamily;
    if (page.layers.stations)
      for (const { x, y, radius, rings: served, name } of found.stations) {
        if (radius || served.length) {
          pen.beginPath();
          if (!served.length) pen.arc(frame.x(x), frame.y(y), radius * frame.scale, 0, 2 * Math.PI);
          for (const ring of served) {
            ring.forEach((at, i) => (i ? pen.lineTo(frame.x(at.x), frame.y(at.y)) : pen.moveTo(frame.x(at.x), frame.y(at.y))));
            pen.closePath();
          }
          pen.fillStyle = "rgb(122 214 170 / 9%)";
          pen.fill("evenodd");
          pen.lineWidth = 1.2;
          pen.setLineDash([5, 4]);
          pen.strokeStyle = "rgb(122 214 170 / 75%)";
          pen.stroke();
          pen.setLineDash([]);
        }
        wangge.signs.station(pen, frame.x(x), frame.y(y));
        if (frame.zoom < 15) continue;
        pen.font = `11px ${font}`;
        pen.fillStyle = "#a9e5c8";
        pen.fillText(name, frame.x(x), frame.y(y) + 16);
      }
    if (page.layers.points)
      for (const { x, y, kind } of found.points) wangge.signs.letter(pen, frame.x(x), frame.y(y), words.say(`wall.point.${kind}`), font);
    if (page.layers.calls) {
      const where = new Map(page.shown().map((each) => [each.no, each]));
      for (const { no, step, late } of found.calls) {
        const each = where.get(no);
        if (each) wangge.signs.call(pen, frame.x(each.x), frame.y(each.y), step, late, font);
      }
    }
  };

  /** The station whose sign is at a place of the world, if any; where several are, the nearest. */
  const stationAt = (x, y, scale) => {
    const away = (each) => Math.hypot(each.x - x, each.y - y) * scale;
    return page.layers.stations ? found.stations.filter((each) => away(each) <= REACH_PX).sort((a, b) => away(a) - away(b))[0] : undefined;
  };

  const stationOf = (code) => found.stations.find((each) => each.code === code);

  return { draw, refresh, stationAt, stationOf };
};

/** A house: a station. */
wangge.signs.station = (pen, x, y, size = 8) => {
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size, y - size * 0.1);
  pen.lineTo(x + size * 0.7, y - size * 0.1);
  pen.lineTo(x + size * 0.7, y + size * 0.8);
  pen.lineTo(x - size * 0.7, y + size * 0.8);
  pen.lineTo(x - size * 0.7, y - size * 0.1);
  pen.lineTo(x - size, y - size * 0.1);
  pen.closePath();
  pen.lineWidth = 3;
  pen.strokeStyle = "#0e1620";
  pen.stroke();
  pen.fillStyle = "#7ad6aa";
  pen.fill();
};
/** A letter on a plate: a place that is dirty, messy or poor. */
wangge.signs.letter = (pen, x, y, letter, font) => {
  pen.fillStyle = "#e9dcc3";
  pen.strokeStyle = "#0e1620";
  pen.lineWidth = 2;
  pen.beginPath();
  pen.rect(x - 8, y - 8, 16, 16);
  pen.stroke();
  pen.fill();
  pen.font = `600 11px ${font}`;
  pen.fillStyle = "#0e1620";
  pen.fillText(letter, x, y + 0.5);
};
/** How far a call is, in a ring beside its incident. */
wangge.signs.call = (pen, x, y, step, late, font) => {
  pen.beginPath();
  pen.arc(x + 11, y - 11, 8, 0, 2 * Math.PI);
  pen.fillStyle = "#0e1620";
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = late ? "#ff6b35" : "#e2c8ff";
  pen.stroke();
  pen.font = `600 11px ${font}`;
  pen.fillStyle = late ? "#ff6b35" : "#e2c8ff";
  pen.fillText(String(step), x + 11, y - 10.5);
};
