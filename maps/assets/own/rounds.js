/**
 * A wall that nobody sits at looks at one place below after the other. Whoever takes hold of it ends that: the page never moves away
 * under somebody's hand.
 */
wangge.rounds = (page, next, show) => {
  const EVERY_MS = 30_000;
  const LEAST_S = 10;
  let timer = 0;
  let goes = false;

  const every = (seconds) => (Number(seconds) >= LEAST_S ? Number(seconds) * 1000 : EVERY_MS);
  const stop = () => {
    if (!timer) return;
    clearInterval(timer);
    timer = 0;
    show();
  };
  const step = () => {
    if (page.past || document.visibilityState !== "visible") return;
    goes = true;
    next();
    goes = false;
  };
  const start = (seconds) => {
    clearInterval(timer);
    timer = setInterval(step, every(seconds));
    step();
    show();
  };

  return {
    start,
    stop,
    toggle: () => (timer ? stop() : start()),
    /** Somebody went somewhere: only what goes by itself goes on. */
    taken: () => { if (!goes) stop(); },
    get isOn() { return timer !== 0; },
  };
};
