// The lecturer's keys, also those of a presenter's remote control (PageUp, PageDown, "b" or "."). They press the page's
// own buttons.
(() => {
  const lecture = () => document.querySelector(".shmlab.lecture");
  const all = (where) => [...(lecture()?.querySelectorAll(where) ?? [])];
  const press = (button) => button && !button.disabled && button.click();
  const onward = () => press(all(":scope > .bar .onward")[0]);
  const back = () => press(all(":scope > .bar .group button")[0]);
  const pause = () => press(all(".shown .controls button").find((b) => !b.disabled && /pause|start|play/.test(b.textContent)));
  const screen = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  const keys = {
    ArrowRight: onward, PageDown: onward, " ": onward, ArrowLeft: back, PageUp: back,
    p: pause, b: pause, ".": pause, f: screen,
  };
  for (let n = 1; n <= 10; n += 1) keys[n % 10] = () => press(all(":scope > .stations button")[n - 1]);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const at = event.target;
    if (at.closest("input, select, textarea, [contenteditable], .noUi-handle")) return; // it has a use for the key itself
    if (event.key === " " && at.closest("button")) return; // the space bar presses what has the focus
    const does = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }, true);

  // The lecture's own buttons give the focus back, so that the space bar goes on instead of pressing them again.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (button && !button.closest(".shown")) button.blur();
  });
})();
