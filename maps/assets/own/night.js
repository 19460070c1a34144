/** How things look on a dark wall: the ground steps back, what is to be done stands out. */
wangge.looks = {
  ink: "#dce5ee",
  land: "#131e2a",
  gridLine: { colour: "rgb(138 168 196 / 55%)", from: 0.6, to: 1.8 },
  communityLine: { colour: "#9fb6cc", from: 1.1, to: 2.4, dash: [9, 3.5, 2, 3.5] },
  upperLine: { colour: "#aebfd1", from: 1.8, to: 3.4 },
  compound: "rgb(0 0 0 / 0%)",
  hatch: "rgb(208 196 232 / 26%)",
  names: { halo: "rgb(14 22 32 / 85%)", street: "#ffffff", community: "#c6d4e2", grid: "#a9bccf", far: "#5c6c7c" },
  stands: { mark: "#7ad6aa", rim: "#0e1620", name: "#a9e5c8", reach: "122 214 170", gap: "255 176 84", plate: "#e9dcc3", ink: "#0e1620", late: "#ff8a5c", call: "#e2c8ff" },
  alarm: "#ff6b35",
  chosen: "#ffffff",
  /** From what lies lowest to what lies on top; keys are the numbers of `gis.town.LineKind`. */
  lines: [
    { kind: 2, zoom: 13.5, colour: "#1d4460", from: 0.6, to: 3 },
    { kind: 9, zoom: 0, colour: "#1b4a6b", from: 2, to: 12 },
    { kind: 1, zoom: 14, colour: "#3b3550", from: 0.9, to: 1.6, dash: [3, 4] },
    { kind: 3, zoom: 16, colour: "#2b3a49", from: 0.6, to: 1.2 },
    { kind: 4, zoom: 14.5, colour: "#2d3d4e", from: 0.5, to: 5 },
    { kind: 5, zoom: 12, colour: "#33475a", from: 0.6, to: 7 },
    { kind: 6, zoom: 0, colour: "#3c5369", from: 1.2, to: 10 },
    { kind: 7, zoom: 0, colour: "#4b6480", from: 1.6, to: 12 },
    { kind: 8, zoom: 0, colour: "#56606c", from: 1.4, to: 3, dash: [7, 5] },
  ],
};
