// Arrow keys move between the cells of the matrix; Tab enters and leaves it in one step. Without JavaScript every cell is a plain link.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

for (const table of document.querySelectorAll("table[data-matrix]")) {
  const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.querySelector("a")));
  const links = rows.flat().filter(Boolean);
  for (const link of links) link.tabIndex = -1;
  let current = rows[1]?.[1] ?? links[0];
  if (current) current.tabIndex = 0;

  table.addEventListener("keydown", (event) => {
    const [row, column] = placeOf(event.target.closest("a"));
    if (row < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = aim(event.key, row, column);
    if (!next) return;
    event.preventDefault();
    focus(next);
  });
  table.addEventListener("focusin", (event) => {
    const link = event.target.closest("a");
    if (link) focus(link, false);
  });

  function placeOf(link) {
    const row = rows.findIndex((cells) => cells.includes(link));
    return [row, row < 0 ? -1 : rows[row].indexOf(link)];
  }

  function aim(key, row, column) {
    if (key === "Home") return rows[row][0] ?? rows[row][1];
    if (key === "End") return rows[row].at(-1);
    const step = STEPS[key];
    return step && rows[row + step[0]]?.[column + step[1]];
  }

  function focus(link, move = true) {
    if (current) current.tabIndex = -1;
    current = link;
    link.tabIndex = 0;
    if (!move) return;
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
