// Ctrl-K finds anything. Also listens for a wedge scanner anywhere on the page, outside of fields.
import { Wedge } from "./wedge.js";

const box = document.getElementById("palette");
const input = box?.querySelector("input");
const results = box?.querySelector("[role=listbox]");
let pending = null;
let timer = 0;

function open(text = "") {
  if (!box.open) box.showModal();
  input.value = text;
  input.select();
  look();
}

function look() {
  clearTimeout(timer);
  timer = setTimeout(fetchResults, 120);
}

async function fetchResults() {
  pending?.abort();
  const text = input.value.trim();
  if (!text) return show([], "");
  pending = new AbortController();
  try {
    const url = `${box.dataset.source}?q=${encodeURIComponent(text)}`;
    const answer = await fetch(url, { signal: pending.signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
    show(answer.ok ? (await answer.json()).groups : [], text, answer.ok);
  } catch (error) {
    if (error.name !== "AbortError") show([], text, false);
  }
}

function show(groups, text, reached = true) {
  results.replaceChildren(...groups.filter((group) => group.items.length).map(groupNode));
  const items = options();
  items.forEach((item, at) => (item.id = `palette-option-${at}`));
  if (text && !items.length) results.append(line(reached ? `Nothing found for “${text}”.` : "The search cannot be reached. Press Enter to try as a page."));
  box.querySelector("[data-count]").textContent = items.length ? `${items.length} found` : "";
  input.setAttribute("aria-expanded", String(items.length > 0));
  choose(items[0]);
}

function groupNode(group) {
  const section = document.createElement("div");
  section.setAttribute("role", "group");
  section.setAttribute("aria-label", group.label);
  const heading = document.createElement("h3");
  heading.setAttribute("aria-hidden", "true");
  heading.textContent = group.label;
  section.append(heading, ...group.items.map(itemNode));
  return section;
}

function itemNode(item) {
  const link = document.createElement("a");
  const label = document.createElement("b");
  const detail = document.createElement("small");
  link.setAttribute("role", "option");
  link.tabIndex = -1;
  // Only addresses of this site: a result must not become a script.
  link.href = item.url?.startsWith("/") && !item.url.startsWith("//") ? item.url : "/search";
  label.textContent = item.label;
  detail.textContent = item.detail ?? "";
  link.append(iconNode(item.icon), label, detail);
  return link;
}

function iconNode(name) {
  const known = box.querySelector(`[data-icon="${CSS.escape(name ?? "")}"]`) ?? box.querySelector("[data-icon=search]");
  return known.firstElementChild.cloneNode(true);
}

function line(text) {
  const words = document.createElement("p");
  words.textContent = text;
  return words;
}

const options = () => [...results.querySelectorAll("[role=option]")];

function choose(item) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === item));
  if (item) {
    input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function move(step) {
  const items = options();
  if (!items.length) return;
  const at = items.findIndex((item) => item.ariaSelected === "true");
  choose(items[(at + step + items.length) % items.length]);
}

function onInputKey(event) {
  if (event.key === "Escape") {
    event.preventDefault(); // a search field would only empty itself
    box.close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = options().find((item) => item.ariaSelected === "true");
    if (!chosen) return; // the form then opens the search page
    event.preventDefault();
    chosen.click();
  }
}

function isWriting(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") && !target.closest("[data-find]");
}

function goToScan(code) {
  // a page that takes scans itself says so; elsewhere a scan leads to what it stands for
  if (!document.dispatchEvent(new CustomEvent("scan:heard", { detail: code, cancelable: true }))) return;
  location.assign(`${box.dataset.scan}?code=${encodeURIComponent(code)}`);
}

if (box) {
  const wedge = new Wedge(goToScan);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open(document.querySelector("[data-find]")?.value);
    } else if (!isWriting(event.target) && wedge.key(event)) event.preventDefault();
  });
  input.addEventListener("input", look);
  input.addEventListener("keydown", onInputKey);
  for (const hint of document.querySelectorAll("[data-palette-hint]")) hint.hidden = false;
}
