/** The plan to take away as a file, and another draft that begins where this one stands. Both are of what is saved, so the page saves first. */
wangge.editFiles = (page, words, { source, here, root }) => {
  const { make } = wangge;
  const byId = (id) => document.getElementById(id);
  const menu = byId("files");
  const dialog = byId("copy");
  let sending;

  const close = () => { menu.open = false; };
  /** Take away what the service makes of what is saved, as a file that is named by the plan. */
  page.takeAway = async (what, asked, name, told) => {
    if (page.canEdit && !(await page.save())) return;
    try {
      const download = name(page.plan());
      const address = URL.createObjectURL(await source.file(`${here}/${what}`, asked));
      make("a", { href: address, download }).click();
      URL.revokeObjectURL(address);
      page.tell(told);
    } catch (error) {
      page.complain(error);
    }
  };
  const take = (format) => {
    close();
    page.takeAway("file", { format }, ({ number, version }) => `plan-${number}-v${version}.${format}`, "edit.files.taken");
  };
  for (const button of document.querySelectorAll("[data-file]")) button.addEventListener("click", () => take(button.dataset.file));

  const wrong = (text) => {
    byId("copy-problem").textContent = text;
    byId("copy-problem").hidden = !text;
  };
  byId("copy-begin").addEventListener("click", () => {
    close();
    const { title, number } = page.plan();
    byId("copy-title-text").value = words.say("edit.copy.of", { title: title || words.say("edit.plan", { n: number }) });
    sending = undefined;
    wrong("");
    dialog.showModal();
    byId("copy-title-text").select();
  });
  const copy = async () => {
    byId("copy-do").disabled = true;
    wrong("");
    try {
      if (page.canEdit && !(await page.save())) {
        wrong(words.say("edit.copy.unsaved"));
        return;
      }
      const wanted = { title: byId("copy-title-text").value.trim() };
      if (sending?.text !== JSON.stringify(wanted)) sending = { text: JSON.stringify(wanted), name: source.name() };
      const { body } = await source.send("POST", `${here}/copies`, wanted, { headers: { "Idempotency-Key": sending.name } });
      location.assign(`${root}/edit/${body.id}`);
    } catch (error) {
      wrong(page.textOf(error));
    } finally {
      byId("copy-do").disabled = false;
    }
  };
  byId("copy-do").addEventListener("click", copy);
  byId("copy-title-text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) copy();
  });
  byId("copy-cancel").addEventListener("click", () => dialog.close());
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    close();
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) close();
  });
};
