/** The last day again: a slider of five minutes a step, whose right end is now. */
wangge.replay = (source, cases, page, words) => {
  const STEP_S = 300;
  const HOURS = 24;
  const KEPT_MS = 120_000;
  const slider = document.getElementById("when");
  const said = document.getElementById("when-text");
  const play = document.getElementById("play");
  const last = Number(slider.max);
  let stretches;
  let until = 0;
  let fetched = 0;
  let asking;
  let timer = 0;

  const isLive = () => Number(slider.value) === last;
  const moment = () => until - (last - Number(slider.value)) * STEP_S;

  const fetch = async () => {
    const found = await source.get("/v1/wall/replay", { hours: HOURS });
    stretches = cases.rows(found.stretches);
    until = found.to;
    fetched = Date.now();
  };
  /** Have the past, which is asked for once however many wait for it. */
  const fetchOnce = async () => {
    if (stretches && Date.now() - fetched < KEPT_MS) return;
    asking ??= fetch().finally(() => { asking = undefined; });
    await asking;
  };

  /** What was open at a moment. */
  const at = (seconds) => stretches.filter(({ since, until: end }) => since <= seconds && (end === null || end > seconds));

  const show = () => {
    said.textContent = isLive() ? words.say("wall.live") : words.say("wall.past", { when: page.lists.moment(moment()) });
    slider.setAttribute("aria-valuetext", said.textContent);
    play.textContent = timer ? "⏸" : "▶";
    play.setAttribute("aria-pressed", String(Boolean(timer)));
    document.body.classList.toggle("past", !isLive());
  };
  const move = async () => {
    let why = "";
    try {
      if (!isLive()) await fetchOnce();
    } catch (error) {
      if (error.status === undefined) throw error;
      why = words.say("wall.unreachable");
      slider.value = last;
      stop();
    }
    // Somebody may be back at now before the past has come.
    page.turn(isLive() ? undefined : { at: moment(), cases: at(moment()) });
    show();
    if (why) said.textContent = why;
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    show();
  };
  const toggle = () => {
    if (timer) {
      stop();
      return;
    }
    if (isLive()) slider.value = 0;
    timer = setInterval(() => {
      if (asking) return;
      slider.value = Number(slider.value) + 2;
      move();
      if (isLive()) stop();
    }, 180);
    move();
  };

  slider.addEventListener("input", move);
  play.addEventListener("click", toggle);
  return { show, toggle, live: () => { slider.value = last; stop(); move(); } };
};
