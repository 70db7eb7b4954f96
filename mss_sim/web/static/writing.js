// A letter that is being written is kept in Drafts a little after the last key, and before its page goes out of sight; without this script,
// by its button. Files that were chosen stay in the form; those that the draft carries get their numbers from the answer.

const QUIET_MILLISECONDS = 3000;
const form = document.querySelector("form.writing");
const told = document.querySelector("[data-kept]");
let planned = null;
let saving = null;

async function save() {
  const fields = new FormData(form);
  fields.delete("files");
  fields.set("do", "autosave");
  const answer = await fetch(form.action, { method: "POST", body: fields, keepalive: document.hidden }).catch(() => null);
  const kept = answer?.redirected && new URL(answer.url).searchParams.get("draft");
  told.textContent = kept ? told.dataset.kept : told.dataset.lost;
  if (!kept) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const name of ["draft", "source"]) form.elements[name].value = page.querySelector(`form.writing [name=${name}]`).value;
  form.querySelector(".carried")?.replaceWith(page.querySelector("form.writing .carried") ?? "");
  history.replaceState(null, "", `?draft=${kept}`);
}

function now() {
  planned = clearTimeout(planned);
  saving = (saving ?? Promise.resolve()).then(save).finally(() => (saving = null));
}

form?.addEventListener("input", () => {
  clearTimeout(planned);
  planned = setTimeout(now, QUIET_MILLISECONDS);
});
form?.addEventListener("submit", async (event) => {
  planned = clearTimeout(planned);
  if (!saving) return;
  event.preventDefault();
  await saving;
  form.requestSubmit(event.submitter);
});
document.addEventListener("visibilitychange", () => document.hidden && planned && now());
