/** The steps that the service offers for an incident: a button each, the form of the one that is chosen, and what became of it. */
wangge.deskSteps = (words, send, fields) => {
  const { make } = wangge;
  /** What is said beside an incident's way; it stands behind what leads on. */
  const ASIDE = new Set(["supervise", "urge", "instruct", "comment", "key_report", "hand_over", "void"]);
  const HARD = new Set(["reject", "void", "check_fail", "return", "refuse_extend", "refuse_suspend"]);

  /**
   * Fill `place` with what may be done with an incident. `done(document, etag)` takes how it stands then; `stale(error, written)` fetches it
   * anew, and says what happened; `changed()` that something of it did. `kept` is what was written in a form that came too late: where its
   * step is still offered, it stands there as it was.
   */
  const show = (place, { incident, etag, kept, done, stale, changed }) => {
    const offers = incident.transitions ?? [];
    if (!offers.length) {
      place.replaceChildren(make("p", { className: "nothing", text: words.say("desk.no_steps") }));
      return;
    }
    const form = make("form", { className: "step", noValidate: true, hidden: true });
    const button = (offer) => {
      const node = make("button", { type: "button", text: offer.label, className: HARD.has(offer.event) ? "hard" : ASIDE.has(offer.event) ? "aside" : "" });
      node.dataset.event = offer.event;
      node.setAttribute("aria-expanded", "false");
      node.addEventListener("click", () => choose(offer, node));
      return node;
    };
    const sets = [offers.filter(({ event }) => !ASIDE.has(event)), offers.filter(({ event }) => ASIDE.has(event))];
    const bars = sets.filter((set) => set.length).map((set) => make("div", { className: "steps" }, ...set.map(button)));
    place.replaceChildren(...bars, form);

    const close = () => {
      form.hidden = true;
      for (const node of place.querySelectorAll("[aria-expanded]")) node.setAttribute("aria-expanded", "false");
    };
    const choose = async (offer, node) => {
      if (node.getAttribute("aria-expanded") === "true") {
        close();
        return;
      }
      close();
      node.setAttribute("aria-expanded", "true");
      await open(offer, node);
    };

    const open = async (offer, node) => {
      const key = send.key();
      const alarm = make("p", { className: "alarm" });
      alarm.setAttribute("role", "alert");
      alarm.hidden = true;
      const names = [...offer.requires, ...offer.allows];
      let made = kept?.event === offer.event && kept.names.join() === names.join() ? kept.made : undefined;
      try {
        made ??= await Promise.all(names.map(async (name) => {
          const needed = offer.requires.includes(name);
          const id = `field-${name}`;
          const { node: control, read, wait, isFlag } = await fields.field(id, offer.event, name, needed, { incident, offer, changed });
          const wrong = make("p", { className: "wrong", id: `${id}-wrong`, hidden: true });
          const key_ = `desk.field.${offer.event}.${name}`;
          const label = make("label", { htmlFor: id, text: words.say(words.has(key_) ? key_ : `desk.field.${name}`) });
          if (needed) label.append(make("i", { text: words.say("desk.needed") }));
          return { name, needed, read, wait, wrong, control, node: make("div", { className: isFlag ? "field is-flag" : "field" }, ...(isFlag ? [control, label] : [label, control]), wrong) };
        }));
      } catch (error) {
        place.append(make("p", { className: "alarm", text: error.detail ?? error.message }));
        return;
      }
      const submit = make("button", { type: "submit", className: "primary", text: offer.label });
      const cancel = make("button", { type: "button", className: "quiet", text: words.say("desk.cancel"), onclick: () => { close(); node.focus(); } });
      form.replaceChildren(make("h3", { text: offer.label }), alarm, ...made.map((each) => each.node), make("div", { className: "ends" }, submit, cancel));
      form.dataset.event = offer.event;
      form.hidden = false;
      form.scrollIntoView({ block: "nearest" });
      (form.querySelector("select, textarea, input") ?? submit).focus({ preventScroll: true });

      const complain = (name, said) => {
        const one = made.find((each) => each.name === name);
        if (!one) return false;
        one.wrong.textContent = said;
        one.wrong.hidden = false;
        const control = form.querySelector(`#field-${name}`);
        control?.setAttribute("aria-invalid", "true");
        control?.setAttribute("aria-describedby", one.wrong.id);
        return true;
      };
      form.onsubmit = async (event) => {
        event.preventDefault();
        alarm.hidden = true;
        for (const { name, wrong } of made) {
          wrong.hidden = true;
          form.querySelector(`#field-${name}`)?.removeAttribute("aria-invalid");
        }
        submit.disabled = true;
        // A picture that is on its way is part of what is said.
        await Promise.all(made.map(({ wait }) => wait?.()));
        submit.disabled = false;
        const body = { event: offer.event };
        let missing;
        for (const { name, needed, read } of made) {
          const value = read();
          if (value !== undefined) body[name] = value;
          else if (needed) {
            complain(name, words.say("desk.missing"));
            missing ??= name;
          }
        }
        if (missing) {
          form.querySelector(`#field-${missing}`)?.focus();
          return;
        }
        submit.disabled = true;
        form.setAttribute("aria-busy", "true");
        try {
          const { document, etag: next } = await send.ask("POST", `/v1/incidents/${encodeURIComponent(incident.no)}/transitions`, { body, etag, key });
          done(document, next, offer);
        } catch (error) {
          submit.disabled = false;
          form.removeAttribute("aria-busy");
          if (error.status === 409 || error.status === 412) {
            stale(error, { event: offer.event, names, made });
            return;
          }
          const elsewhere = (error.fields ?? []).filter(([name, said]) => !complain(name, said)).map(([, said]) => said);
          if (elsewhere.length || !error.fields?.length) {
            alarm.textContent = elsewhere.length ? elsewhere.join(" ") : [error.detail ?? error.message, error.advice].filter(Boolean).join(" ");
            alarm.hidden = false;
          }
          form.querySelector("[aria-invalid]")?.focus();
        }
      };
    };
    const again = kept && offers.find(({ event }) => event === kept.event);
    if (again) choose(again, place.querySelector(`[data-event="${again.event}"]`));
  };

  return { show };
};
