"use strict";

/* Orders atlases, shows how far each is, and leads to what is made. */
(() => {
  const { ask, say, make, byId, number, root } = wangge;
  const { plan, may } = wangge.data("asked");
  const form = byId("order");
  const here = `${root}/v1/prints`;
  const shown = new Map(); // id -> its line in the list, and what was last told of it
  let looking = null;

  const size = (bytes) => (bytes < 1e6 ? `${number(Math.max(1, Math.round(bytes / 1e3)))} kB` : `${number(Math.round(bytes / 1e5) / 10)} MB`);
  const goesOn = (body) => body.state === "queued" || body.state === "running";
  const linkOf = (body, rel) => body.links.find((each) => each.rel === rel)?.href;
  const state = (body) => (body.stopping ? "stopping" : body.state);

  const filesOf = async (body, into) => {
    into.replaceChildren(make("p", { text: say("prints.js.loading") }));
    try {
      const { files } = (await ask(`${here}/${encodeURIComponent(body.id)}`)).body;
      const line = (each) => {
        const link = make("a", { href: each.href, text: each.file });
        return make("li", {}, link, ` ${each.name} `, make("small", { className: "faint digits", text: [each.scale ? `1:${each.scale}` : "", each.pages > 1 ? say("prints.js.pages", { n: number(each.pages) }) : "", size(each.bytes)].filter(Boolean).join(" · ") }));
      };
      const manifest = make("li", {}, make("a", { href: linkOf(body, "manifest"), text: "manifest.csv" }), " ", make("small", { className: "faint", text: say("prints.js.manifest") }));
      into.replaceChildren(files.length ? make("ul", { className: "files" }, manifest, ...files.map(line)) : make("p", { text: say("prints.js.no_files") }));
    } catch (problem) {
      into.replaceChildren(make("p", { className: "alarm", text: problem.text }));
    }
  };

  const lineOf = (body) => {
    const wants = body.wants;
    const title = wants.plan ? wants.plan_title : [...new Set([wants.area_name, wants.area])].join(" ");
    const how = [wants.at, wants.paper, wants.format.toUpperCase(), wants.scale ? `1:${wants.scale}` : "", ...(wants.plan ? [] : wants.show.map((each) => say(`prints.show.${each}`)))];
    const name = `print-${body.id}`;
    const bar = make("progress", { max: 1 });
    bar.setAttribute("aria-labelledby", name);
    const told = make("p", { className: "note" });
    const stop = make("button", { type: "button", className: "stop", text: say("prints.js.stop") });
    const archive = make("a", { className: "go", text: say("prints.js.archive") });
    const files = make("div", {});
    const open = make("details", {}, make("summary", { text: say("prints.js.files") }), files);
    const chip = make("span", { className: "state" });
    const line = make("li", {}, make("h3", { id: name }, title, " ", chip), make("p", { className: "faint digits", text: how.filter(Boolean).join(" · ") }), bar, told, make("p", { className: "row" }, archive, stop), open);
    const row = { line, body };
    open.addEventListener("toggle", () => open.open && filesOf(row.body, files));
    stop.addEventListener("click", async () => {
      stop.disabled = true;
      try {
        await ask(`${root}/v1/jobs/${encodeURIComponent(body.id)}`, { method: "DELETE" });
      } catch (problem) {
        if (problem.status !== 409) wangge.complain(byId("problem"), problem);
      }
      look();
    });
    row.tell = (now) => {
      const before = row.body;
      row.body = now;
      chip.textContent = say(`prints.js.state.${state(now)}`);
      chip.className = `state${now.state === "done" ? " done" : now.state === "failed" ? " lacking" : ""}`;
      bar.hidden = !goesOn(now);
      if (now.total) {
        bar.max = now.total;
        bar.value = now.done;
      } else bar.removeAttribute("value");
      const problem = now.problem && (now.problem.detail || now.problem.title);
      told.textContent =
        now.state === "done"
          ? say(now.is_kept ? "prints.js.done" : "prints.js.gone", { sheets: number(now.made.sheets), files: number(now.made.files), size: size(now.made.bytes), until: wangge.time(now.kept_until) })
          : (problem ?? (now.total ? say("prints.js.running", { done: number(now.done), total: number(now.total) }) : say(goesOn(now) ? "prints.js.waiting" : "prints.js.ended", { at: wangge.time(now.created_at) })));
      stop.hidden = !goesOn(now);
      stop.disabled = now.stopping;
      archive.hidden = !now.is_kept;
      archive.href = linkOf(now, "archive") ?? "";
      open.hidden = now.state === "done" ? !now.is_kept : !now.done;
      if (open.open && before.done !== now.done) filesOf(now, files);
    };
    row.tell(body);
    return row;
  };

  const look = async () => {
    clearTimeout(looking);
    try {
      const found = (await ask(here)).body.prints;
      for (const each of found) {
        const row = shown.get(each.id);
        if (row) row.tell(each);
        else shown.set(each.id, lineOf(each));
      }
      const lines = found.map((each) => shown.get(each.id).line);
      // Only what is new is put in: whoever reads a line, or has it open, keeps it.
      lines.forEach((line, n) => byId("prints").children[n] !== line && byId("prints").insertBefore(line, byId("prints").children[n] ?? null));
      byId("none").hidden = found.length > 0;
      wangge.complain(byId("problem"), null);
      looking = setTimeout(look, found.some(goesOn) ? 1000 : 15000);
    } catch (problem) {
      wangge.complain(byId("problem"), problem);
      if (problem.status === 0) looking = setTimeout(look, 3000);
    } finally {
      byId("loading").hidden = true;
    }
  };

  if (form) {
    const name = wangge.named();
    const bound = () => {
      const isPdf = byId("format").value === "pdf";
      byId("bind").disabled = !isPdf;
      if (!isPdf) byId("bind").value = "none";
    };
    byId("format").addEventListener("change", bound);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = new FormData(form);
      const body = { paper: given.get("paper"), format: given.get("format"), scale: Number(given.get("scale")), bind: byId("bind").value };
      if (plan) body.plan = plan.id;
      else Object.assign(body, { area: given.get("area"), show: given.getAll("show") });
      wangge.complain(byId("fault"), null);
      byId("start").disabled = true;
      try {
        await ask(here, { method: "POST", body, headers: { "Idempotency-Key": name(body) } });
        await look();
        byId("list-title").scrollIntoView({ block: "start" });
      } catch (problem) {
        wangge.complain(byId("fault"), problem);
      } finally {
        byId("start").disabled = false;
      }
    });
  }
  if (may) look();
  else {
    byId("loading").hidden = true;
    byId("none").hidden = false;
  }
})();
