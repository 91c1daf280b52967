// The editor of a draft works as a plain form. This adds: Alt and an arrow moves the step, Ctrl-S saves, leaving asks first.
const editor = () => document.querySelector("[data-editor]");
let dirty = Boolean(document.querySelector(".problems"));
let leaving = false;

document.addEventListener("input", (event) => {
  if (event.target.closest("[data-editor]")) dirty = true;
});

document.addEventListener("keydown", (event) => {
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const button = event.target.closest("[data-step]")?.querySelector(`[data-move="${event.key === "ArrowUp" ? "up" : "down"}"]`);
    if (button && !button.disabled) {
      event.preventDefault();
      button.click();
    }
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && editor()) {
    event.preventDefault();
    editor().requestSubmit(document.querySelector('button[form="draft"][value="save"]'));
  }
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.closest("#editor") && event.target.id !== "draft-preview") dirty = true;
});

document.addEventListener("htmx:afterSettle", () => {
  const focused = document.querySelector("#editor [autofocus]");
  focused?.closest("[data-step]")?.scrollIntoView({ block: "nearest" });
});

document.addEventListener("submit", (event) => {
  if (event.target === editor()) leaving = true;
});

window.addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});
