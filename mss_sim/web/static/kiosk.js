// The kiosk: a touch is told to the server, which ends the session so many seconds after the last one; before, the page warns. It counts by
// the clock and not by its ticks, so that a screen that slept warns late and leaves at once. A page that the browser kept whole, and shows
// again when somebody goes back, is empty until it has loaded itself anew.

const TICK_MILLISECONDS = 1000;
const TOUCHES = ["pointerdown", "pointermove", "keydown", "input", "wheel", "scroll", "touchmove"];
const warning = document.getElementById("warning");

addEventListener("pagehide", () => document.body.replaceChildren());
addEventListener("pageshow", (shown) => shown.persisted && location.reload());

if (warning) {
  const { seconds, touch, welcome } = warning.dataset;
  const patience = 1000 * seconds;
  const token = document.querySelector("#leave [name=token]").value;
  const left = document.getElementById("left");
  let touched = Date.now();
  let told = touched;
  let before = null;
  let gone = false;

  const leave = () => {
    gone = true;
    document.getElementById("leave").submit();
  };

  const tell = async () => {
    told = touched;
    const answer = await fetch(touch, { method: "POST", body: new URLSearchParams({ token }), redirect: "manual" }).catch(() => null);
    if (answer && answer.status !== 204 && !gone) location.replace(welcome);
  };

  const hide = () => {
    warning.hidden = true;
    before?.focus();
    before = null;
  };

  const look = () => {
    if (gone) return;
    const remaining = touched + patience - Date.now();
    if (remaining <= 0) return leave();
    if (touched > told) tell();
    if (remaining > 1000 * warning.dataset.warning) return warning.hidden || hide();
    left.textContent = Math.ceil(remaining / 1000);
    if (warning.hidden) {
      before = document.activeElement;
      warning.hidden = false;
      document.getElementById("stay").focus();
    }
  };

  for (const kind of TOUCHES) addEventListener(kind, () => (touched = Date.now()), { passive: true, capture: true });
  addEventListener("blur", () => document.activeElement?.tagName === "IFRAME" && (touched = Date.now()));
  document.getElementById("stay").addEventListener("click", hide);
  document.addEventListener("visibilitychange", look);
  setInterval(look, TICK_MILLISECONDS);
}
