/** What was painted and not yet saved, kept in the browser: after a crash, or a line that stayed down, it comes back. */
wangge.editDraft = (plan, person) => {
  const name = `wangge.edit:${person}:${plan}`;

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

  return { keep, drop, read };
};
