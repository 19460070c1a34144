/** What lies over a page that has nothing to show yet, or cannot: why, and a button to try again unless it is still on its way. */
wangge.cover = (words, ...waiting) => {
  const byId = (id) => document.getElementById(id);
  byId("again").addEventListener("click", () => location.reload());
  return (key, more) => {
    byId("cover").hidden = !key;
    // What lies below cannot be used, and is not offered to whoever goes by keys or by ear.
    document.body.classList.toggle("covered", Boolean(key));
    if (!key) return;
    byId("cover-text").dataset.word = key;
    byId("cover-text").textContent = words.say(key, more);
    byId("again").hidden = waiting.includes(key);
  };
};
