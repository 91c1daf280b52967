// A file may be dropped onto its field; its name and size are then shown. Without this file the field is an ordinary one.

function describe(area) {
  const file = area.querySelector("input[type=file]").files[0];
  area.querySelector("[data-drop-name]").textContent = file ? `${file.name}, ${size(file.size)}` : "";
}

function size(octets) {
  return octets < 1e6 ? `${Math.max(1, Math.round(octets / 1e3))} kB` : `${(octets / 1e6).toFixed(1)} MB`;
}

function over(event) {
  const area = event.target.closest?.("[data-drop]");
  if (!area) return;
  event.preventDefault();
  area.classList.toggle("over", event.type !== "dragleave");
}

function drop(event) {
  const area = event.target.closest?.("[data-drop]");
  if (!area) return;
  event.preventDefault();
  area.classList.remove("over");
  const input = area.querySelector("input[type=file]");
  const given = new DataTransfer();
  for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) given.items.add(file);
  if (!given.files.length) return;
  input.files = given.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

for (const name of ["dragenter", "dragover", "dragleave"]) document.addEventListener(name, over);
document.addEventListener("drop", drop);
document.addEventListener("change", (event) => {
  const area = event.target.closest?.("[data-drop]");
  if (area) describe(area);
});
