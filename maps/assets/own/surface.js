/**
 * One canvas over the map, a little larger than the window, drawn anew when the map comes to rest; while it moves or zooms the
 * picture that is there moves along. `draw(pen, frame)` gets a pen and how the world lies under it.
 */
wangge.Surface = L.Layer.extend({
  options: { margin: 0.2, name: "surface" },

  initialize(ground, draw, options) {
    L.setOptions(this, options);
    this.ground = ground;
    this.draw = draw;
  },

  onAdd() {
    this.canvas = L.DomUtil.create("canvas", `${this.options.name} leaflet-zoom-animated`, this.getPane());
    this.canvas.setAttribute("aria-hidden", "true");
    this.pen = this.canvas.getContext("2d");
    this.redraw();
  },

  onRemove() {
    this.canvas.remove();
  },

  getEvents() {
    return { viewreset: this.redraw, moveend: this.redraw, move: this.follow, zoom: this.stretch, zoomanim: this.stretch };
  },

  /** Draw everything at the map's present place. */
  redraw() {
    const map = this._map;
    if (!map) return;
    const size = map.getSize();
    const margin = size.multiplyBy(this.options.margin).round();
    const dense = Math.min(3, Math.max(window.devicePixelRatio || 1, document.documentElement.classList.contains("printing") ? 2 : 1));
    this.zoom = map.getZoom();
    this.center = map.getCenter();
    this.margin = margin;
    this.full = size.add(margin.multiplyBy(2));
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint(margin.multiplyBy(-1)));
    this.canvas.width = Math.round(this.full.x * dense);
    this.canvas.height = Math.round(this.full.y * dense);
    this.canvas.style.width = `${this.full.x}px`;
    this.canvas.style.height = `${this.full.y}px`;

    const { corner, DEEP } = this.ground;
    const scale = 2 ** (this.zoom - DEEP);
    const topLeft = map.project(this.center, this.zoom).subtract(size.divideBy(2)).subtract(margin);
    const left = corner.x * scale - topLeft.x;
    const top = corner.y * scale - topLeft.y;
    const frame = {
      scale,
      zoom: this.zoom,
      width: this.full.x,
      height: this.full.y,
      box: { left: -left / scale, top: -top / scale, right: (this.full.x - left) / scale, bottom: (this.full.y - top) / scale },
      toWorld: () => this.pen.setTransform(dense * scale, 0, 0, dense * scale, dense * left, dense * top),
      toScreen: () => this.pen.setTransform(dense, 0, 0, dense, 0, 0),
      x: (world) => world * scale + left,
      y: (world) => world * scale + top,
    };
    this.pen.lineJoin = "round";
    this.pen.lineCap = "round";
    this.frame = frame;
    this.draw(this.pen, frame);
  },

  /** Draw anew when a long drag leaves the margin behind. */
  follow() {
    const map = this._map;
    if (map.getZoom() !== this.zoom) return;
    const gone = map.project(map.getCenter(), this.zoom).subtract(map.project(this.center, this.zoom));
    if (Math.abs(gone.x) > this.margin.x || Math.abs(gone.y) > this.margin.y) this.redraw();
  },

  /** Scale the picture while the map zooms. */
  stretch(event) {
    const map = this._map;
    const zoom = event.zoom ?? map.getZoom();
    const center = event.center ?? map.getCenter();
    const ratio = map.getZoomScale(zoom, this.zoom);
    const pane = L.DomUtil.getPosition(map.getPane("mapPane"));
    const half = map.getSize().divideBy(2);
    const origin = map.project(center, zoom).subtract(half).add(pane).round();
    const offset = map.project(this.center, zoom).subtract(this.full.divideBy(2).multiplyBy(ratio)).subtract(origin);
    L.DomUtil.setTransform(this.canvas, offset, ratio);
  },
});
