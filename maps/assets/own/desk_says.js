/** How the desk says times and places, and what things are called, as functions of the page. */
wangge.deskSays = (page, ground, data, rows, words, setup) => {
  page.moment = (seconds) => {
    const day = (each) => words.time(each, { year: "numeric", month: "numeric", day: "numeric" });
    const clock = words.time(seconds, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    if (day(seconds) === day(page.now())) return clock;
    const year = (each) => words.time(each, { year: "numeric" });
    return `${words.time(seconds, { ...(year(seconds) === year(page.now()) ? {} : { year: "numeric" }), month: "numeric", day: "numeric" })} ${clock}`;
  };
  page.lists = { moment: page.moment };
  /** A length of time in its largest unit; what is past has its word. */
  page.span = (seconds) => {
    const away = Math.abs(seconds);
    const time = away < 3600 ? words.say("wall.minutes", { n: Math.max(1, Math.floor(away / 60)) }) : away < 48 * 3600 ? words.say("wall.hours", { n: Math.floor(away / 3600) }) : words.say("wall.days", { n: words.number(Math.floor(away / 86_400)) });
    return words.say(seconds < 0 ? "wall.late_by" : "desk.left", { time });
  };
  page.left = (each) => (each.light === "none" ? (each.look === "suspended" ? words.say("desk.suspended") : "") : page.span(each.due - page.now()));
  page.gridName = (code) => {
    const i = data.grids.code.indexOf(code);
    return i < 0 || !data.grids.name[i] ? code : `${data.grids.name[i]} ${code}`;
  };
  page.codeOf = (grid) => data.grids.code[grid];
  page.placeOf = (each) => ground.placeOf(each.area);
  page.ownerName = (id) => {
    const name = rows.say.org(id);
    return name === id && /^[0-9a-f-]{36}$/.test(id) ? rows.say.person(id) : id === "*" ? words.say("desk.somebody") : name;
  };
  page.kindOf = (event, name) => setup.fields?.[event]?.[name];
  page.categories = () => [...new Set([...rows.all()].map((each) => each.category))].map((code) => [code, rows.say.category(code)]).sort((a, b) => a[1].localeCompare(b[1], "zh"));
};
