/**
 * What was painted and not yet saved, kept in the browser: after a crash, or a line that stayed down, it comes back. Each window keeps its
 * own; a window takes over what another has left behind, and leaves alone what one that still lives will save itself.
 */
wangge.editDraft = async (plan, person, id) => {
  const all = `wangge.edit:${person}:${plan}`;
  const name = `${all}:${id}`;
  const { locks } = navigator;

  /** Keep a draft; says whether the browser took it. */
  const keep = (draft) => {
    try {
      localStorage.setItem(name, JSON.stringify(draft));
      return true;
    } catch {
      return false;
    }
  };
  const drop = () => {
    try {
      localStorage.removeItem(name);
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  };
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  };

  const adopt = (other) => {
    localStorage.setItem(name, localStorage.getItem(other));
    localStorage.removeItem(other);
  };
  const inherit = async () => {
    const others = Object.keys(localStorage).filter((other) => other !== name && other.startsWith(all));
    for (const other of others) {
      if (read()) return;
      // Where a page has no locks, as over plain HTTP, nobody can tell whether a window lives.
      if (locks) await locks.request(other, { ifAvailable: true }, (lock) => lock && adopt(other));
      else adopt(other);
    }
  };
  locks?.request(name, () => new Promise(() => {}));
  await inherit().catch(() => {});
  return { keep, drop, read };
};
