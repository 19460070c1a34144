/** How things look on a light desk: the paper map of plans, a little quieter, with names that stand out of it. */
Object.assign(wangge.looks, {
  gridLine: { colour: "rgb(45 62 80 / 55%)", from: 0.6, to: 1.8 },
  communityLine: { colour: "#40505f", from: 1.2, to: 2.6, dash: [9, 3.5, 2, 3.5] },
  upperLine: { colour: "#1d2935", from: 1.8, to: 3.4 },
  compound: "rgb(0 0 0 / 0%)",
  hatch: "rgb(64 58 84 / 22%)",
  stands: { mark: "#1b7f55", rim: "#ffffff", name: "#14603f", reach: "27 127 85", gap: "168 84 0", plate: "#6b4a00", ink: "#ffffff", late: "#b3260b", call: "#5b3aa6" },
  alarm: "#b3260b",
  chosen: "#0b5cad",
  names: { halo: "rgb(255 255 255 / 88%)", street: "#10202f", community: "#33424f", grid: "#55636f", far: "#8a949d" },
});
