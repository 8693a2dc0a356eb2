// Keys on the review page, beside Tab and Enter, which do without this file:
// up/down (or k/j) go from round to round, 5 accepts the clean ones, 1 6 7 8 decide of the round that has the focus.
"use strict";
(() => {
  const asks = () => [...document.querySelectorAll(".ask[tabindex]")];
  const here = () => document.activeElement.closest(".ask");
  const typing = (at) => at.matches("input, select, textarea");

  const move = (step) => {
    const all = asks();
    const at = all.indexOf(here());
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };

  const open = (summary) => {
    summary.parentElement.open = true;
    summary.parentElement.querySelector("select, input:not([type=hidden])").focus();
  };

  const press = (key) => {
    const within = key === "5" ? document : here() || asks()[0];
    const found = within && within.querySelector(`[data-key="${key}"]`);
    if (!found) return;
    if (found.matches("summary")) open(found);
    else found.click();
  };

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step) move(step);
    else if ("15678".includes(event.key) && event.key.length === 1) press(event.key);
    else return;
    event.preventDefault();
  });
})();
