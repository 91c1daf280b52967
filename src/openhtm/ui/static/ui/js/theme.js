// Applies the chosen appearance at once; the cookie that remembers it is set by the server.

export function watchTheme() {
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    choose(event.target, event.submitter);
  });
}

function choose(form, button) {
  const root = document.documentElement;
  if (button.value === "system") delete root.dataset.theme;
  else root.dataset.theme = button.value;
  for (const other of document.querySelectorAll("[data-theme-form] button")) {
    other.setAttribute("aria-pressed", String(other.value === button.value));
  }
  const body = new FormData(form, button);
  fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" });
}
