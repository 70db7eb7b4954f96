// Addresses of the directory are suggested while somebody types one into a field of recipients: for what stands between two commas, where
// the caret is. Arrows choose, Enter takes, Escape puts away. Without this script an address is found on the page of the directory.
//
//   <textarea data-suggestions="/path/that/answers?q=" data-listed="Addresses" data-preferred="preferred">      the list stands behind its label

const QUIET_MILLISECONDS = 120;
const LETTERS_MIN = 2;
const SEPARATORS = [",", ";", "\n"];

class Suggestions {
  constructor(field) {
    this.field = field;
    this.list = document.createElement("ul");
    this.list.id = `suggested-${field.name}`;
    this.list.className = "suggestions";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", field.dataset.listed);
    this.list.hidden = true;
    this.asked = null;
    this.planned = null;
    field.closest("label").after(this.list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.addEventListener("input", () => this.plan());
    field.addEventListener("keydown", (pressed) => this.pressed(pressed));
    field.addEventListener("blur", () => this.hide());
    this.list.addEventListener("pointerdown", (touched) => {
      touched.preventDefault();
      const option = touched.target.closest("[role=option]");
      if (option) this.take(option);
    });
  }

  // Where the address begins that is being typed, and what of it stands before the caret.
  piece() {
    const until = this.field.selectionEnd;
    const before = this.field.value.slice(0, until);
    const from = Math.max(...SEPARATORS.map((one) => before.lastIndexOf(one))) + 1;
    return { from, until, text: before.slice(from).trim() };
  }

  plan() {
    clearTimeout(this.planned);
    this.planned = setTimeout(() => this.ask(), QUIET_MILLISECONDS);
  }

  async ask() {
    const { text } = this.piece();
    this.asked?.abort();
    if (text.length < LETTERS_MIN) return this.hide();
    this.asked = new AbortController();
    const { signal } = this.asked;
    const answer = await fetch(`${this.field.dataset.suggestions}?${new URLSearchParams({ q: text })}`, { signal }).catch(() => null);
    if (!answer?.ok || signal.aborted) return;
    const found = await answer.json();
    if (!signal.aborted && document.activeElement === this.field) this.show(found);
  }

  show(found) {
    this.list.replaceChildren(...found.map((one, place) => this.option(one, place)));
    this.list.hidden = !found.length;
    this.choose(null);
  }

  option(one, place) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${place}`;
    option.setAttribute("role", "option");
    option.dataset.address = /[",;<>\n]/.test(one.name) ? one.address : `${one.name} <${one.address}>`;
    const about = [one.kind === "PER" ? "" : one.label, one.profession, one.structure === one.name ? "" : one.structure, one.city];
    const parts = [["name", one.name], ["address", one.address], ["tag", one.preferred ? this.field.dataset.preferred : ""], ["preview", about.filter(Boolean).join(" · ")]];
    for (const [kind, text] of parts.filter((part) => part[1])) {
      const part = document.createElement("span");
      part.className = kind;
      part.textContent = text;
      option.append(part, " ");
    }
    return option;
  }

  choose(option) {
    for (const one of this.list.children) one.setAttribute("aria-selected", one === option);
    if (option) this.field.setAttribute("aria-activedescendant", option.id);
    else this.field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  take(option) {
    const { from, until } = this.piece();
    const before = this.field.value.slice(0, from);
    this.field.setRangeText(`${from && !before.endsWith("\n") ? " " : ""}${option.dataset.address}, `, from, until, "end");
    this.hide();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  hide() {
    clearTimeout(this.planned);
    this.asked?.abort();
    this.list.hidden = true;
    this.choose(null);
  }

  pressed(event) {
    if (this.list.hidden) return;
    const options = [...this.list.children];
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") this.choose(options[(at + 1) % options.length]);
    else if (event.key === "ArrowUp") this.choose(options[(at - 1 + options.length) % options.length]);
    else if (event.key === "Enter" && at >= 0) this.take(options[at]);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
  }
}

for (const field of document.querySelectorAll("[data-suggestions]")) new Suggestions(field);
