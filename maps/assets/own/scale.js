/** The scale bar: a round length on the ground, as long as that is in the middle of the map. */
wangge.scale = (map, words) => {
  const LONGEST = 120;
  const said = document.getElementById("scale-text");
  const bar = document.getElementById("scale-bar");

  const show = () => {
    const middle = map.getSize().y / 2;
    const metres = map.distance(map.containerPointToLatLng([0, middle]), map.containerPointToLatLng([LONGEST, middle]));
    const power = 10 ** Math.floor(Math.log10(metres));
    const nice = [5, 2, 1].find((step) => step * power <= metres) * power;
    said.textContent = nice >= 1000 ? words.say("map.kilometres", { n: nice / 1000 }) : words.say("map.metres", { n: nice });
    bar.style.width = `${(nice / metres) * LONGEST}px`;
  };
  map.on("moveend", show);

  return { show };
};
