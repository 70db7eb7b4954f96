// Keys of a list of letters: j and k go to the next and the previous one, Enter opens it, x chooses it, / searches. They are heard while the
// focus is in the list, and nowhere else (WCAG 2.2, 2.1.4): who speaks to their machine, or types elsewhere, sets nothing off.

const list = document.querySelector("[data-keys]");

function step(by) {
  const rows = [...list.querySelectorAll("tbody tr")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const to = rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.querySelector("a[href]");
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
  "/": () => document.querySelector("[role=search] [type=search]")?.focus(),
};

list?.addEventListener("keydown", (pressed) => {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || !Object.hasOwn(KEYS, pressed.key)) return;
  pressed.preventDefault();
  KEYS[pressed.key]();
});
