// The page works without this file; it adds dialogs, menus that close, messages that leave, and the chosen theme at once.
import { watchTheme } from "./theme.js";

const confirmBox = document.getElementById("confirm");

/** Say `text` to screen readers without moving the focus. */
export function announce(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

/** Show a message as a toast; `tone` is ok, due, late or info. Text only, never markup. */
export function toast(text, tone = "info") {
  const region = document.getElementById("toasts");
  if (!region) return;
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.tone = tone;
  const mark = document.createElement("span");
  const words = document.createElement("p");
  words.textContent = text;
  box.append(mark, words, dismissButton());
  region.append(box);
  leaveLater(box);
}

function dismissButton() {
  const button = document.createElement("button");
  button.className = "button";
  button.dataset.kind = "quiet";
  button.dataset.dismiss = "";
  button.setAttribute("aria-label", "Dismiss");
  button.textContent = "×";
  return button;
}

// Refusals stay until dismissed; what went well leaves by itself, but not while it is being read.
function leaveLater(box) {
  if (box.dataset.tone === "late" || box.dataset.tone === "due") return;
  const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : box.remove());
  setTimeout(leave, 8000);
}

function ask(button) {
  confirmBox.querySelector("p").textContent = button.dataset.confirm;
  confirmBox.returnValue = "cancel";
  confirmBox.showModal();
  confirmBox.addEventListener("close", () => confirmBox.returnValue === "ok" && submitConfirmed(button), { once: true });
}

function submitConfirmed(button) {
  const question = button.dataset.confirm;
  delete button.dataset.confirm;
  button.form.requestSubmit(button);
  button.dataset.confirm = question;
}

function onClick(event) {
  const opener = event.target.closest("[data-opens]");
  if (opener) return document.getElementById(opener.dataset.opens)?.showModal();
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) return dismiss.closest(".toast").remove();
  const copy = event.target.closest("[data-copy]");
  if (copy) return navigator.clipboard?.writeText(copy.dataset.copy).then(() => toast(`Copied ${copy.dataset.copy}`, "ok"));
  if (event.target.matches("dialog")) event.target.close(); // a click on the backdrop
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

function onEscape(event) {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function enhance(root) {
  const news = root.matches?.("[data-announce]") ? root : root.querySelector("[data-announce]");
  if (news && root !== document) announce(news.dataset.announce);
  for (const hidden of root.querySelectorAll("[data-copy], [data-dismiss]")) hidden.hidden = false;
  root.querySelector("[data-focus]")?.focus();
  for (const box of root.querySelectorAll(".toast")) leaveLater(box);
}

document.addEventListener("click", onClick);
document.addEventListener("keydown", onEscape);
// In the capture phase, so that htmx does not send a form whose question is still open.
document.addEventListener("submit", (event) => {
  if (!event.submitter?.dataset.confirm || !confirmBox) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(event.submitter);
}, true);
document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && enhance(event.detail.elt));
document.addEventListener("htmx:responseError", (event) => {
  toast(event.detail.xhr.status >= 500 ? "Something failed on our side. Nothing was saved." : "This was refused. Reload the page and try again.", "late");
});
document.addEventListener("htmx:sendError", () => toast("There is no connection to the server. Nothing was saved.", "late"));
enhance(document);
watchTheme();
