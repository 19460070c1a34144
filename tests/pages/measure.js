/** What has no room on the page: text that is cut off or sticks out of its box, and text that lies on other text; `spared` may be cut off. */
(spared) => {
  const found = [];
  const said = (node) => (node.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 60);
  const isSpared = (node) => spared && node.closest(spared);
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px too wide`);

  // Text that does not fit into its own box, whether it is cut off there or sticks out.
  for (const node of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(node);
    if (!node.clientWidth || !node.checkVisibility({ visibilityProperty: true }) || node.closest(".unseen, .leaflet-container, svg") || isSpared(node)) continue;
    const isRoom = /auto|scroll/.test(style.overflowX);
    const over = node.scrollWidth - node.clientWidth;
    if (over > 1 && !isRoom && [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim())) found.push(`${over} px too narrow: ${said(node)}`);
  }

  // Text that lies on other text.
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || !node || node.closest(".unseen, .skip, script, svg, option, dialog:not([open]), .leaflet-pane") || isSpared(node)) continue;
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (let { left, top, right, bottom } of range.getClientRects()) {
      for (let at = node; at && at !== document.body; at = at.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(at);
        if (overflowX === "visible" && overflowY === "visible") continue;
        const box = at.getBoundingClientRect();
        [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
      }
      if (right - left > 1 && bottom - top > 1) boxes.push({ node, left, top, right, bottom, layer: node.closest("dialog, .stale, .card, .stands, .report, .drawer, .menu > div, .ask, .tip, .found, .found-told") });
    }
  }
  for (let i = 0; i < boxes.length; i += 1)
    for (let j = i + 1; j < boxes.length; j += 1) {
      const [a, b] = [boxes[i], boxes[j]];
      if (a.node === b.node || a.layer !== b.layer) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Lines of text stand as near as their letters allow: boxes of neighbouring lines touch.
      if (across > 2 && down > 0.4 * Math.min(a.bottom - a.top, b.bottom - b.top)) found.push(`on each other: ${said(a.node)} / ${said(b.node)}`);
    }
  return [...new Set(found)].slice(0, 12);
}
