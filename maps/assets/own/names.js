/** Names on the wall's map: of streets from afar, of communities nearer, of grids where there is room; none touches another. */
wangge.names = (ground, data, page) => {
  const font = getComputedStyle(document.body).fontFamily;
  const inks = wangge.looks.names;
  const widths = new Map();
  const short = data.grids.code.map((code) => (/^\d{15}$/.test(code) ? code.slice(-3) : code.split("-").at(-1)));

  const communities = data.areas.level.flatMap((level, i) => (level === "community" ? [i] : []));
  /** Where the name of each street stands: amid its communities. */
  const streets = [...Map.groupBy(communities.map((area, place) => ({ area, place })), ({ area }) => data.areas.parent[area])].flatMap(([street, members]) => {
    if (street === null) return [];
    const box = ground.nowhere();
    let [x, y] = [0, 0];
    for (const { place } of members) {
      const one = ground.communities[place];
      ground.widen(box, one.box);
      x += one.x / members.length;
      y += one.y / members.length;
    }
    return [{ name: data.areas.name[street], x, y, box }];
  });

  const width = (pen, text) => {
    const key = `${pen.font}\u0000${text}`;
    if (!widths.has(key)) widths.set(key, pen.measureText(text).width);
    return widths.get(key);
  };

  /** Who works in a grid stands below its code, once somebody has said who: by index, from this zoom on, where there is room. */
  const people = { zoom: 15.8, room: 34, of: new Map() };

  const draw = (pen, frame) => {
    frame.toScreen();
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const taken = [];
    const write = (text, x, y, size, weight, colour) => {
      pen.font = `${weight} ${size}px ${font}`;
      const half = width(pen, text) / 2 + 3;
      const box = { left: x - half, right: x + half, top: y - size * 0.7, bottom: y + size * 0.7 };
      if (taken.some((other) => ground.meet(other, box))) return;
      taken.push(box);
      pen.lineWidth = 3.5;
      pen.strokeStyle = inks.halo;
      pen.strokeText(text, x, y);
      pen.fillStyle = colour;
      pen.fillText(text, x, y);
    };
    const scale = Math.max(1, Math.min(1.7, innerHeight / 1000));
    if (frame.zoom < 14.6)
      for (const { name, x, y, box } of streets) if (ground.meet(box, frame.box)) write(name, frame.x(x), frame.y(y), 15 * scale, 600, inks.street);
    ground.communities.forEach((one, i) => {
      const name = data.communities.name[i];
      const room = (one.box.right - one.box.left) * frame.scale;
      if (!name || !ground.meet(one.box, frame.box) || room < 70 * scale) return;
      write(name, frame.x(one.x), frame.y(one.y) + (frame.zoom > 15.5 ? 0 : 2), 12.5 * scale, 400, inks.community);
    });
    if (frame.zoom < 15) return;
    ground.grids.forEach((one, i) => {
      if (!ground.meet(one.box, frame.box) || one.radius * frame.scale < 22) return;
      write(short[i], frame.x(one.x), frame.y(one.y) + 14, 11 * scale, 400, page.isInside(data.grids.area[i]) ? inks.grid : inks.far);
      const name = page.layers?.workers && isRoomy(one, frame) ? people.of.get(i) : undefined;
      if (name) write(name, frame.x(one.x), frame.y(one.y) + 14 + 17 * scale, 11 * scale, 600, inks.community);
    });
  };

  const isRoomy = (one, frame) => frame.zoom >= people.zoom && one.radius * frame.scale >= people.room && ground.meet(one.box, frame.box);

  return { draw, short, isRoomy, people: people.of };
};
