// Offers matching labels while somebody types into an input with data-picker. Without JavaScript the server resolves the words.
const PAUSE_MS = 150;

for (const input of document.querySelectorAll("input[data-picker]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => offer(input, list), PAUSE_MS);
  });
}

async function offer(input, list) {
  const asked = input.value;
  if (asked.trim().length < 2) return;
  const response = await fetch(`${input.dataset.picker}?q=${encodeURIComponent(asked)}`, { headers: { Accept: "application/json" } });
  if (!response.ok || input.value !== asked) return;
  const { items } = await response.json();
  list.replaceChildren(...items.map((item) => new Option("", item.label)));
}
