/** A place that was looked for: a ring around it with its name, until another is looked for. */
wangge.pin = (ground, redraw) => {
  let place;

  /** Mark a place by its degrees; with nothing the mark goes. */
  const set = (found) => {
    place = found && { ...ground.toWorld(L.latLng(found.lat, found.lon)), name: found.name };
    redraw();
  };
  /** Take the mark away, and say whether there was one. */
  const drop = () => {
    if (!place) return false;
    set();
    return true;
  };

  const draw = (pen, frame) => {
    if (!place) return;
    frame.toScreen();
    const [x, y] = [frame.x(place.x), frame.y(place.y)];
    pen.setLineDash([]);
    for (const [width, colour] of [[7, "#ffffff"], [3.4, "#b3261e"]]) {
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.beginPath();
      pen.arc(x, y, 11, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    pen.lineWidth = 4;
    pen.strokeStyle = "#ffffff";
    pen.strokeText(place.name, x, y + 17);
    pen.fillStyle = "#7d130d";
    pen.fillText(place.name, x, y + 17);
  };

  return { set, drop, draw, get place() { return place; } };
};

/** Have the map show what was found: all of it, or what lies around a point. */
wangge.goTo = (map, { lon, lat, bbox: [west, south, east, north] }, how = {}) => {
  if (west === east && south === north) map.setView([lat, lon], Math.max(map.getZoom(), 17), how);
  else map.fitBounds([[south, west], [north, east]], { maxZoom: 17, padding: [40, 40], ...how });
};
