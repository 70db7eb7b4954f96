// Parts of a page that are asked again when the feed tells of something. Without this script a page shows the same when it is loaded anew.
//
//   <div data-live="/events?…" data-part="/path/of/the/part">…</div>      its content is replaced
//   <div data-live="/events?…" data-reload></div>                         the page is loaded anew

const QUIET_MILLISECONDS = 60;

async function replace(element) {
  const answer = await fetch(element.dataset.part + location.search, { headers: { Accept: "text/html", "X-Part": "yes" } });
  if (answer.status === 204) location.reload();
  if (answer.status !== 200) return;
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement?.getAttribute?.("href");
  element.replaceChildren(...parsed.body.childNodes);
  if (focused) element.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

for (const element of document.querySelectorAll("[data-live]")) {
  const events = new EventSource(element.dataset.live);
  let planned = null;
  const changed = () => {
    planned ??= setTimeout(() => {
      planned = null;
      if ("reload" in element.dataset) location.reload();
      else replace(element);
    }, QUIET_MILLISECONDS);
  };
  events.addEventListener("changed", changed);
  events.addEventListener("refused", () => {
    events.close();
    location.reload();
  });
}
