// The calendar by keyboard: arrow keys move from day to day, Home and End within the week, Page Up and Page Down between months.

const table = document.querySelector("[data-calendar]");
const days = table ? [...table.querySelectorAll("td > a")] : [];

function target(key, here) {
  const place = days.indexOf(here);
  const row = [...here.closest("tr").querySelectorAll("td > a")];
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  if (key in steps) return days[place + steps[key]];
  return { Home: row[0], End: row.at(-1) }[key];
}

function remember(day) {
  for (const one of days) one.tabIndex = one === day ? 0 : -1;
}

if (days.length) {
  remember(days.find((one) => one.getAttribute("aria-current")) ?? days[0]);
  table.addEventListener("focusin", (event) => days.includes(event.target) && remember(event.target));
  table.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !days.includes(event.target)) return;
    const month = { PageUp: "[data-previous]", PageDown: "[data-next]" }[event.key];
    const next = month ? null : target(event.key, event.target);
    if (!month && !next) return;
    event.preventDefault();
    if (month) document.querySelector(month)?.click();
    else next.focus();
  });
}
