/** What the editor begins with: who asks, the plan's blocks (made first where there are none yet), and which grid each is in. */
wangge.editLoad = async (source, plan, tell) => {
  const PAUSE_MS = 400;
  const LONGEST_MS = 3000;
  const here = `/v1/plans/${encodeURIComponent(plan)}`;
  const pause = (ms) => new Promise((done) => {
    setTimeout(done, ms);
  });

  /** Wait until a job is over; `hear` is told how far it is. */
  const wait = async (job, hear = () => {}) => {
    let now = job;
    for (let ms = PAUSE_MS; now.state === "queued" || now.state === "running"; ms = Math.min(LONGEST_MS, ms * 1.3)) {
      hear(now);
      await pause(ms);
      now = await source.get(`/v1/jobs/${now.id}`);
    }
    if (now.state !== "done") throw Object.assign(new Error(now.problem?.detail ?? now.state), { status: 500, code: "job", told: now.problem ?? {} });
    return now;
  };

  const session = source.get("/v1/session");
  // Whatever fails first is told; this is waited for last.
  session.catch(() => {});
  const first = await source.get(`${here}/assignments`);
  if (first.edition === null) {
    const asked = await source.send("POST", `${here}/blocks`, {});
    if (asked.status === 202) await wait(asked.body, tell);
  }
  const [me, data, now] = await Promise.all([session, source.get(`${here}/blocks`), first.edition === null ? source.get(`${here}/assignments`) : first]);
  return { me, draft: await wangge.editDraft(plan, me.person ?? "", source.name()), data, now, here, wait };
};
