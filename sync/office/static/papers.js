// After a paper is asked for, the list of those that were made shows it by itself; the page stays where it is.
"use strict";

const LOOKS_MS = [2000, 6000, 20000];

async function look() {
  const kept = document.querySelector("#kept");
  if (kept.contains(document.activeElement)) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#kept");
  if (fresh) kept.replaceWith(fresh);
}

document.querySelector("#making").addEventListener("submit", () => {
  for (const wait of LOOKS_MS) setTimeout(look, wait);
});
