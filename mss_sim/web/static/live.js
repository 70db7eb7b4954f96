// Parts of a page that are asked again when the feed tells of something, and every few seconds where it tells of nothing (data-every). Without this script a page shows the same when it is loaded anew.
//
//   <div data-live="/events?…" data-part="/path/of/the/part">…</div>      its content is replaced
//   <div data-live="/events?…" data-reload></div>                         the page is loaded anew
//
// A browser keeps few connections to one host (RFC 9112, 9.4), and several personas may stand side by side: all parts of a page that listen
// at one place share a stream, and a page that nobody sees has none.

const QUIET_MILLISECONDS = 60;
const LEAVING_MILLISECONDS = 5000;
const PATIENT_MILLISECONDS = 400;
let left = -LEAVING_MILLISECONDS;

// To load a page anew would call off the way to the next one, which a form that was sent has begun.
function reload() {
  if (performance.now() - left > LEAVING_MILLISECONDS) location.reload();
}

// A form whose answer takes long says that it is worked on; the parts of the page go on telling how far the world is.
function working(begun) {
  const busy = document.getElementById("busy");
  if (busy) busy.textContent = begun ? busy.dataset.text : "";
}

let soon = null;
addEventListener("submit", () => {
  left = performance.now();
  soon = setTimeout(working, PATIENT_MILLISECONDS, true);
});
addEventListener("pageshow", () => {
  clearTimeout(soon);
  working(false);
});

// How what has the focus is found again among what is like it.
function sought(held) {
  const details = held.matches("summary") && held.parentElement.id;
  if (details) return `#${CSS.escape(details)} > summary`;
  return ["href", "value", "id"].filter((name) => held.getAttribute(name)).map((name) => `[${name}="${CSS.escape(held.getAttribute(name))}"]`)[0] ?? null;
}

async function replace(element) {
  const part = new URL(element.dataset.part, location.href);
  for (const [name, value] of new URLSearchParams(location.search)) if (!part.searchParams.has(name)) part.searchParams.append(name, value);
  const answer = await fetch(part, { headers: { Accept: "text/html", "X-Part": "yes" } });
  if (answer.status === 204) reload();
  if (answer.status !== 200) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = element.contains(document.activeElement) ? sought(document.activeElement) : null;
  const chosen = new Set([...element.querySelectorAll("input:checked")].map((one) => one.value));
  const unfolded = new Set([...element.querySelectorAll("details[open]")].map((one) => one.id));
  element.replaceChildren(...parsed.body.childNodes);
  for (const one of element.querySelectorAll("input[type=checkbox]")) one.checked ||= chosen.has(one.value);
  for (const one of element.querySelectorAll("details[id]")) one.open ||= unfolded.has(one.id);
  if (focused) element.querySelector(focused)?.focus({ preventScroll: true });
}

class Part {
  constructor(element) {
    const asked = new URL(element.dataset.live, location.href);
    this.element = element;
    this.place = asked.pathname;
    this.after = asked.searchParams.get("after");
    this.mailbox = asked.searchParams.get("mailbox");
    this.kinds = asked.searchParams.get("kind")?.split(",") ?? [];
    this.planned = null;
    if (element.dataset.every) setInterval(() => document.hidden || this.changed(), 1000 * element.dataset.every);
  }

  wants(kind, mailbox) {
    const same = (wanted) => wanted === kind || (wanted.endsWith(".*") && kind.startsWith(wanted.slice(0, -1)));
    return kind === "world.reset" || ((!this.kinds.length || this.kinds.some(same)) && (!this.mailbox || mailbox === "" || this.mailbox === mailbox));
  }

  changed() {
    this.planned ??= setTimeout(() => {
      this.planned = null;
      if ("reload" in this.element.dataset) reload();
      else replace(this.element);
    }, QUIET_MILLISECONDS);
  }
}

class Stream {
  constructor(place, parts) {
    this.place = place;
    this.parts = parts;
    this.after = parts.map((part) => part.after).reduce((least, after) => (least === null || after === null ? null : Math.min(least, after)));
    this.events = null;
  }

  address() {
    const asked = new URLSearchParams();
    const [first] = this.parts;
    if (this.parts.every((part) => part.kinds.length)) asked.set("kind", [...new Set(this.parts.flatMap((part) => part.kinds))].join(","));
    if (first.mailbox && this.parts.every((part) => part.mailbox === first.mailbox)) asked.set("mailbox", first.mailbox);
    if (this.after !== null) asked.set("after", this.after);
    return `${this.place}?${asked}`;
  }

  open() {
    if (this.events) return;
    this.events = new EventSource(this.address());
    this.events.addEventListener("changed", (told) => {
      this.after = told.lastEventId || this.after;
      for (const line of told.data.split("\n")) {
        const [kind, mailbox = ""] = line.split(" ");
        for (const part of this.parts) if (part.wants(kind, mailbox)) part.changed();
      }
    });
    this.events.addEventListener("refused", () => {
      this.close();
      reload();
    });
  }

  close() {
    this.events?.close();
    this.events = null;
  }
}

const parts = [...document.querySelectorAll("[data-live]")].map((element) => new Part(element));
const streams = [...new Set(parts.map((part) => part.place))].map((place) => new Stream(place, parts.filter((part) => part.place === place)));
const look = () => streams.forEach((stream) => (document.hidden ? stream.close() : stream.open()));
document.addEventListener("visibilitychange", look);
look();
