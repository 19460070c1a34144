/** The approval from the editor: what may be done with the plan now, the audit, and what it found. */
wangge.editSteps = (page, words, { source, here, today }) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const STOPS = new Set(["reject", "withdraw"]);
  const dialog = byId("act");
  let offers = [];
  let offered;

  const sayIf = (key, otherwise) => {
    const said = words.say(key);
    return said === key ? otherwise : said;
  };
  const named = (action) => sayIf(`do.${action}`, action);
  /** What was written for a step and not sent; it outlives the dialog, and the page where that is read anew. */
  const written = () => history.state?.written ?? {};
  const keep = (what) => history.replaceState({ ...history.state, written: what }, "");
  const begin = (offer) => {
    offered = offer;
    const { requires, action } = offer;
    byId("act-title").textContent = named(action);
    byId("act-text").textContent = sayIf(`do.${action}.text`, "");
    byId("act-day").hidden = !requires.includes("effective_from");
    byId("act-from").value = today;
    byId("act-comment-label").textContent = words.say(requires.includes("comment") ? "act.reason" : "act.comment");
    byId("act-comment").value = written().action === action ? written().comment : "";
    byId("act-problem").hidden = true;
    byId("act-do").textContent = named(action);
    byId("act-do").className = STOPS.has(action) ? "stop" : "go";
    dialog.showModal();
  };
  const show = (given) => {
    offers = given;
    byId("steps").replaceChildren(
      ...offers.map((offer) => {
        const button = make("button", { type: "button", className: STOPS.has(offer.action) ? "quiet stop" : "quiet go", text: named(offer.action), onclick: () => begin(offer) });
        button.dataset.action = offer.action;
        return button;
      }),
    );
  };
  const wrong = (text) => {
    byId("act-problem").textContent = text;
    byId("act-problem").hidden = !text;
  };

  const showFindings = (findings, key) => {
    byId("finding-rows").replaceChildren(
      ...findings.map((each) => {
        const text = (words.lang === "en" ? each.en : each.zh) ?? each.kind;
        const at = page.placeOfFinding(each);
        const node = at ? make("button", { type: "button", text, onclick: () => page.goTo(at) }) : make("p", { text });
        return make("li", { className: each.severity }, node);
      }),
    );
    byId("findings-title").textContent = words.say(key, { n: findings.length });
    byId("findings").hidden = false;
    byId("findings").scrollIntoView({ block: "nearest" });
  };
  /** Audit what is saved; the plan stays where it is. */
  const check = async () => {
    if (page.canEdit && !(await page.save())) return;
    byId("check").disabled = true;
    page.tell("edit.check.running");
    try {
      const report = await source.get(`${here}/checks`);
      showFindings(report.findings, report.clean ? "edit.check.clean" : "edit.check.found");
      page.tell(report.clean ? "edit.check.clean" : "edit.check.found", { n: report.findings.length });
    } catch (error) {
      page.complain(error);
    } finally {
      byId("check").disabled = false;
    }
  };

  byId("act-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => keep({ ...written(), action: offered.action, comment: byId("act-comment").value }));
  /** The plan has changed: it is read anew, and the page says why. */
  const readAnew = () => {
    keep({ action: offered.action, comment: byId("act-comment").value, isStale: true });
    return page.reload();
  };
  byId("act-do").addEventListener("click", async () => {
    const comment = byId("act-comment").value.trim();
    if (offered.requires.includes("comment") && !comment) {
      wrong(words.say("act.reason.missing"));
      byId("act-comment").focus();
      return;
    }
    const body = { action: offered.action, comment };
    if (!byId("act-day").hidden) body.effective_from = byId("act-from").value;
    byId("act-do").disabled = true;
    try {
      if (page.canEdit && !(await page.save())) {
        wrong(words.say("edit.act.unsaved"));
        return;
      }
      if (page.isWaiting()) {
        wrong(words.say("edit.act.unassigned"));
        return;
      }
      // What was looked at is what is stepped on: the tag is that of the state on the page.
      const now = await source.ask(here);
      if (now.body.revision !== page.revision()) {
        await readAnew();
        return;
      }
      const answer = await source.send("POST", `${here}/transitions`, body, { headers: { "If-Match": now.headers.get("ETag") } });
      byId("act-comment").value = "";
      dialog.close();
      page.stepped(answer.body);
      if (answer.body.findings?.length) showFindings(answer.body.findings, "edit.check.found");
      page.tell("edit.act.done", { what: named(offered.action), state: sayIf(`state.${answer.body.state}`, answer.body.state) });
    } catch (error) {
      if (error.status === 412) await readAnew();
      else wrong(page.textOf(error));
    } finally {
      byId("act-do").disabled = false;
    }
  });
  byId("check").addEventListener("click", check);
  byId("findings-close").addEventListener("click", () => {
    byId("findings").hidden = true;
    page.goTo();
  });

  return {
    show: () => show(offers), offer: show, sayIf,
    /** Say, once, why the page was read anew. */
    greet: () => {
      if (!written().isStale) return;
      keep({ ...written(), isStale: false });
      page.tell("act.stale");
    },
  };
};
