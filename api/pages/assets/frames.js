"use strict";

/*
 * Maps below which other people's tiles lie in the shifted coordinates of Chinese web maps (GCJ-02, BD-09).
 *
 * Nothing of ours is moved: the map's projection shifts every place on its way to the screen and shifts it back on its way
 * from there, so that a click is where it was made, and what is sent or shown is as it is kept. For display only. The formulas
 * are those of gis/chinese_frames.py, which says what they are worth; a test holds one against the other.
 */
wangge.frames = (() => {
  const AXIS_M = 6378245;
  const ECCENTRICITY2 = 0.006693421622965943;
  const BD_TURN = (Math.PI * 3000) / 180;
  const { sin, cos, sqrt, abs, hypot, atan2, PI } = Math;
  const ripple = (x) => 20 * sin(6 * PI * x) + 20 * sin(2 * PI * x);
  const wave = (t, long, longest) => 20 * sin(PI * t) + 40 * sin((PI * t) / 3) + long * sin((PI * t) / 12) + longest * sin((PI * t) / 30);
  const inChina = (lon, lat) => lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;

  const gcj02 = (lon, lat) => {
    if (!inChina(lon, lat)) return [lon, lat];
    const x = lon - 105;
    const y = lat - 35;
    const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ((ripple(x) + wave(x, 150, 300)) * 2) / 3;
    const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ((ripple(x) + wave(y, 160, 320)) * 2) / 3;
    const turn = (lat * PI) / 180;
    const bend = 1 - ECCENTRICITY2 * sin(turn) ** 2;
    const degrees = (metres, radius) => ((metres / radius) * 180) / PI;
    return [lon + degrees(east, (AXIS_M / sqrt(bend)) * cos(turn)), lat + degrees(north, (AXIS_M * (1 - ECCENTRICITY2)) / bend ** 1.5)];
  };
  const bd09 = (lon, lat) => {
    const [x, y] = gcj02(lon, lat);
    const radius = hypot(x, y) + 0.00002 * sin(y * BD_TURN);
    const angle = atan2(y, x) + 0.000003 * cos(x * BD_TURN);
    return [radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006];
  };
  const SHIFTS = { gcj02, bd09 };

  /** Shift a place of ours (longitude, latitude in degrees) into a frame; what has no shift stays where it is. */
  const shift = (frame, lon, lat) => (SHIFTS[frame] ? SHIFTS[frame](lon, lat) : [lon, lat]);

  /** Undo the shift: the place whose shift it is, by fixed point, to less than a millimetre. */
  const unshift = (frame, lon, lat) => {
    let [x, y] = [lon, lat];
    for (let round = 0; round < 12; round += 1) {
      const [east, north] = shift(frame, x, y);
      x += lon - east;
      y += lat - north;
      if (abs(lon - east) < 1e-11 && abs(lat - north) < 1e-11) break;
    }
    return [x, y];
  };

  /** Give the reference system of a map whose tiles are in a frame: Leaflet's usual one where they are not shifted. */
  const crs = (frame) => {
    if (!SHIFTS[frame]) return L.CRS.EPSG3857;
    const flat = L.CRS.EPSG3857.projection;
    return L.extend({}, L.CRS.EPSG3857, {
      projection: {
        ...flat,
        project: ({ lng, lat }) => {
          const [east, north] = shift(frame, lng, lat);
          return flat.project(L.latLng(north, east));
        },
        unproject: (point) => {
          const { lng, lat } = flat.unproject(point);
          const [east, north] = unshift(frame, lng, lat);
          return L.latLng(north, east);
        },
      },
    });
  };

  /** Lay tiles below a map, and say whose they are, as text. */
  const lay = (map, { url, attribution }) => {
    L.tileLayer(url, { maxNativeZoom: 18, maxZoom: 20, referrerPolicy: "no-referrer" }).addTo(map);
    if (!attribution) return;
    const told = L.control({ position: "bottomright" });
    told.onAdd = () => wangge.make("div", { className: "tiles-from", text: attribution });
    told.addTo(map);
  };

  return { shift, unshift, crs, lay };
})();
