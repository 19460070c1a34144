/** Measuring on the map: a way by clicks, its length, and the area that it encloses; on the ellipsoid's sphere, as Leaflet reckons. */
wangge.measure = (map, ground, page, words) => {
  const RADIUS_M = 6_371_008.8;
  const button = document.getElementById("measure");
  const said = document.getElementById("measure-text");
  let way = [];
  let isOn = false;

  const length = () => way.slice(1).reduce((sum, each, i) => sum + map.distance(way[i], each), 0);
  /** The area of the ring that the way closes, on a sphere: small rings of it are as good as flat. */
  const area = () => {
    const rad = Math.PI / 180;
    let twice = 0;
    way.forEach((each, i) => {
      const next = way[(i + 1) % way.length];
      twice += (next.lng - each.lng) * rad * (2 + Math.sin(each.lat * rad) + Math.sin(next.lat * rad));
    });
    return Math.abs((twice * RADIUS_M * RADIUS_M) / 2);
  };
  const metres = (m) => (m >= 1000 ? words.say("map.kilometres", { n: words.number(m / 1000, 2) }) : words.say("map.metres", { n: words.number(m) }));

  const show = () => {
    button.setAttribute("aria-pressed", String(isOn));
    document.body.classList.toggle("measuring", isOn);
    said.hidden = !isOn;
    if (!isOn) return;
    if (way.length < 2) said.textContent = words.say("desk.measure.begin");
    else if (way.length < 3) said.textContent = words.say("desk.measure.length", { length: metres(length()) });
    else {
      const m2 = area();
      const wide = m2 >= 1e6 ? words.say("desk.measure.km2", { n: words.number(m2 / 1e6, 2) }) : words.say("desk.measure.m2", { n: words.number(m2) });
      said.textContent = words.say("desk.measure.area", { length: metres(length()), area: wide });
    }
  };
  const toggle = (wish = !isOn) => {
    isOn = wish;
    way = [];
    show();
    page.redrawMarks();
  };
  /** Take a click, if the tool is on. */
  const take = (latlng) => {
    if (!isOn) return false;
    way.push(latlng);
    show();
    page.redrawMarks();
    return true;
  };
  /** Take the last point back; with none left, put the tool away. */
  const back = () => {
    if (!way.length) toggle(false);
    else {
      way.pop();
      show();
      page.redrawMarks();
    }
  };

  const draw = (pen, frame) => {
    if (!isOn || !way.length) return;
    frame.toScreen();
    const at = way.map((each) => ground.toWorld(each));
    pen.setLineDash([]);
    pen.lineJoin = "round";
    pen.beginPath();
    at.forEach(({ x, y }, i) => (i ? pen.lineTo(frame.x(x), frame.y(y)) : pen.moveTo(frame.x(x), frame.y(y))));
    if (at.length > 2) {
      pen.closePath();
      pen.fillStyle = "rgb(11 92 173 / 14%)";
      pen.fill();
    }
    for (const [width, colour] of [[5, "#ffffff"], [2.4, "#0b5cad"]]) {
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.stroke();
    }
    for (const { x, y } of at) {
      pen.beginPath();
      pen.arc(frame.x(x), frame.y(y), 4, 0, 2 * Math.PI);
      pen.fillStyle = "#ffffff";
      pen.fill();
      pen.stroke();
    }
  };

  button.addEventListener("click", () => toggle());
  return { take, back, toggle, draw, show, get isOn() { return isOn; } };
};
