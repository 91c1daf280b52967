// Selecting rows: one by one, a range with Shift, or the page with the box in the head. The bulk bar shows once rows are chosen.
// Markup: <input type="checkbox" name="selected" value="…" data-row> in rows, data-all in the head, data-bulk on the bar.

let lastTouched = null;

function scopeOf(element) {
  return element.closest("form, [data-selectable]") ?? document;
}

const rowsIn = (scope) => [...scope.querySelectorAll("input[data-row]")];

function selectRange(rows, from, to, checked) {
  const [first, last] = [rows.indexOf(from), rows.indexOf(to)].sort((a, b) => a - b);
  if (first < 0) return;
  for (const row of rows.slice(first, last + 1)) row.checked = checked;
}

function refresh(scope) {
  const rows = rowsIn(scope);
  const chosen = rows.filter((row) => row.checked).length;
  const all = scope.querySelector("input[data-all]");
  if (all) {
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
  }
  const bar = scope.querySelector("[data-bulk]");
  if (!bar) return;
  bar.classList.add("ready");
  bar.classList.toggle("active", chosen > 0);
  bar.querySelector("[data-count]").textContent = `${chosen} selected`;
}

function onClick(event) {
  const box = event.target;
  if (!box.matches?.("input[data-row], input[data-all]")) return;
  const scope = scopeOf(box);
  const rows = rowsIn(scope);
  if (box.matches("[data-all]")) for (const row of rows) row.checked = box.checked;
  else {
    if (event.shiftKey && lastTouched) selectRange(rows, lastTouched, box, box.checked);
    lastTouched = box;
  }
  refresh(scope);
}

function refreshAll() {
  for (const all of document.querySelectorAll("input[data-all]")) all.hidden = false;
  for (const bar of document.querySelectorAll("[data-bulk]")) refresh(scopeOf(bar));
}

document.addEventListener("click", onClick);
document.addEventListener("htmx:afterSwap", refreshAll);
addEventListener("pageshow", refreshAll); // going back restores the boxes but not the bar
refreshAll();
