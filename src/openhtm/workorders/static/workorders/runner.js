// The checklist without waiting: judges as typed, keeps every answer on the phone until the server has it, and sends it again.
// Without this file each step is a plain form. The server judges; what is shown while typing uses the same limits.
const page = document.querySelector("[data-runner]");
const steps = page ? [...page.querySelectorAll(".step")] : [];
const saved = page?.querySelector("[data-saved]");
const token = page?.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
const AGAIN_MS = 10_000;
const TONES = { pass: ["ok", "Within limits"], near: ["due", "Near the limit"], fail: ["late", "Outside limits"], wrong: ["late", "Not a number"] };
const KEPT = new Set(["conflict", "held"]);

// --- telling people: app.js is loaded by the page under another name, so importing it here would run it twice -------------

function announce(text) {
  document.getElementById("live").textContent = text;
}

function toast(text, tone) {
  const box = document.createElement("div"), words = document.createElement("p"), away = document.createElement("button");
  box.className = "toast";
  box.dataset.tone = tone;
  words.textContent = text;
  Object.assign(away, { className: "button", textContent: "×" }).dataset.kind = "quiet";
  away.dataset.dismiss = "";
  away.setAttribute("aria-label", "Dismiss");
  box.append(document.createElement("span"), words, away);
  document.getElementById("toasts")?.append(box);
}

// --- what is kept on this phone -------------------------------------------------------------------------------------------

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("openhtm-results", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("unsent", { keyPath: "uid" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function store(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("unsent", mode, { durability: "strict" });
    const request = work(transaction.objectStore("unsent"));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

let unsent = 0; // how many answers of this checklist wait here, known at once where a page asks before it is left

async function keep(entry) {
  unsent += 1;
  await store("readwrite", (kept) => kept.put(entry));
}

async function forget(uid) {
  await store("readwrite", (kept) => kept.delete(uid));
  unsent -= 1;
}

async function waitingHere() {
  const all = await store("readonly", (kept) => kept.getAll());
  const here = all.filter((entry) => entry.item.checklist === page.dataset.checklist);
  unsent = here.length;
  return here.sort((a, b) => a.uid.localeCompare(b.uid));
}

/** A UUID of version 7: 48 bits of milliseconds, then random bits, so that ids sort by time. */
export function uuid7(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(now / 2 ** (8 * (5 - at))) % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// --- judging as typed -----------------------------------------------------------------------------------------------------

/** Judge typed text by the rule of a step: pass, near, fail, wrong, or "" where there is nothing to say. */
export function judge(text, number) {
  if (!text.trim()) return "";
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : NaN;
  if (!Number.isFinite(value)) return "wrong";
  if (number.open || (number.low === undefined && number.high === undefined)) return "";
  const below = number.low !== undefined && (value < number.low || (value === Number(number.low) && !number.low_inclusive));
  const above = number.high !== undefined && (value > number.high || (value === Number(number.high) && !number.high_inclusive));
  if (below || above) return "fail";
  const near = (number.near_low !== undefined && value < number.near_low) || (number.near_high !== undefined && value > number.near_high);
  return near ? "near" : "pass";
}

function showJudgement(slot, text, number) {
  const verdict = judge(text, number);
  const [tone, word] = TONES[verdict] ?? ["", ""];
  const entry = slot.querySelector("[data-entry]");
  if (tone) entry.dataset.tone = tone;
  else delete entry.dataset.tone;
  mark(slot, tone, word);
  moveReading(slot.querySelector("svg.limit"), verdict === "wrong" ? NaN : Number(text || NaN), number, tone);
}

function mark(slot, tone, word) {
  const place = slot.querySelector("[data-word]");
  place.replaceChildren();
  if (!word) return;
  const status = document.createElement("span");
  status.className = "status";
  status.dataset.tone = tone;
  status.textContent = word;
  place.append(status);
}

function moveReading(drawing, value, number, tone) {
  if (!drawing) return;
  let dot = drawing.querySelector(".reading");
  if (!Number.isFinite(value)) return dot?.remove();
  if (!dot) {
    dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, what] of [["class", "reading"], ["cy", "18"], ["r", "8"]]) dot.setAttribute(name, what);
    drawing.append(dot);
  }
  const low = Number(number.low ?? 0), high = Number(number.high);
  const share = ((value - (low - (high - low) / 2)) / (2 * (high - low))) * 100;
  dot.setAttribute("cx", `${Math.min(Math.max(share, 1.5), 98.5).toFixed(1)}%`);
  if (tone) drawing.dataset.tone = tone === "due" ? "ok" : tone;
}

// --- from form to results -------------------------------------------------------------------------------------------------

function detailOf(data) {
  const detail = {}, tests = {};
  const names = { test: "value", look: "verdict", remark: "remark" };
  for (const [name, value] of data) {
    const [kind, key] = name.split(/:(.*)/s);
    if (names[kind] && key && value.trim()) (tests[key] ??= {})[names[kind]] = value.trim();
    else if ((name === "lot" || name === "expires_on") && value) detail[name] = value;
  }
  const filled = Object.entries(tests).filter(([, one]) => "value" in one || "verdict" in one);
  return filled.length ? { ...detail, tests: Object.fromEntries(filled) } : detail;
}

function itemsOf(step, form, skip) {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? "");
  const slots = [...step.querySelectorAll("[data-slot]")];
  const field = (slot) => (slot.dataset.slot ? `value_${slot.dataset.slot}` : "value");
  let wanted = skip ? slots.slice(-1) : slots.filter((slot) => text(field(slot)).trim());
  if (!wanted.length) wanted = slots.slice(0, 1);
  const reason = text("reason").trim();
  return wanted.map((slot) => ({
    uid: uuid7(), checklist: page.dataset.checklist, step: step.dataset.step, measured_at: new Date().toISOString(),
    value: text(field(slot)).trim() || null, phase: slot.dataset.slot, skip, text: text("text"), tester: text("tester"),
    detail: detailOf(data), supersedes: reason && slot.dataset.stands ? slot.dataset.stands : "", reason: reason && slot.dataset.stands ? reason : "",
  }));
}

async function answer(step, form, skip = "") {
  const photos = [...(form.querySelector("[name=photo]")?.files ?? [])];
  const items = itemsOf(step, form, skip);
  for (const item of items) await keep({ uid: item.uid, item, photos });
  form.querySelector("[name=photo]").value = "";
  describePhotos(form);
  step.dataset.answered = "";
  say("saving", "info");
  show(step.nextElementSibling);
  send();
}

// --- sending, again and again ---------------------------------------------------------------------------------------------

let sending = false;

async function send() {
  if (sending) return;
  sending = true;
  try {
    for (const entry of await waitingHere()) await sendOne(entry);
    say("saved", "ok");
  } catch (problem) {
    say("not saved, kept on this phone", "late");
    await tellUnsent(problem instanceof TypeError ? "There is no connection to the server." : problem.message); // fetch says so
  } finally {
    sending = false;
    if (!(await waitingHere()).length) page.querySelector("[data-unsent]").hidden = true;
  }
}

async function sendOne(entry) {
  const files = [];
  for (const photo of entry.photos) files.push(await sendPhoto(photo));
  const answered = await post(page.dataset.results, JSON.stringify({ items: [{ ...entry.item, files }] }), "application/json");
  const outcome = answered.items[0];
  await forget(entry.uid); // the server has it, keeps it for review, or refused it in words that are shown
  tellOutcome(entry, outcome, answered.repair_orders);
}

async function sendPhoto(photo) {
  const body = new FormData();
  body.append("file", photo, photo.name || "photo.jpg");
  return (await post(page.dataset.photos, body)).sha256;
}

async function post(url, body, type) {
  const headers = { "X-CSRFToken": token, ...(type ? { "Content-Type": type } : {}) };
  const response = await fetch(url, { method: "POST", headers, body, credentials: "same-origin" });
  if (response.ok) return response.json();
  const words = { 401: "You were logged out. Log in again in another tab; the answers wait here.", 413: "The photo is too large." };
  const told = await response.json().catch(() => ({}));
  throw new Error(words[response.status] ?? told.detail ?? "The server does not answer.");
}

function tellOutcome(entry, outcome, repairs) {
  const step = steps.find((one) => one.dataset.step === entry.item.step);
  const slot = step?.querySelector(`[data-slot="${entry.item.phase}"]`);
  if (!slot) return;
  const problem = slot.querySelector("[data-problem]");
  problem.hidden = outcome.state !== "refused" && !KEPT.has(outcome.state);
  problem.textContent = problem.hidden ? "" : outcome.sentence;
  if (outcome.state === "refused") {
    delete step.dataset.answered;
    toast(`${step.querySelector("h2").textContent}: ${outcome.sentence}`, "late");
    return show(step);
  }
  if (KEPT.has(outcome.state)) return toast(outcome.sentence, "due");
  slot.dataset.stands = outcome.uid;
  const words = { pass: ["ok", "Pass"], fail: ["late", "Fail"], invalid: ["due", "Does not count"], recorded: ["info", "Recorded"], na: ["hold", "Does not apply"], skipped: ["hold", "Skipped"] };
  const [tone, word] = outcome.near_limit ? ["due", "Near the limit"] : words[outcome.verdict] ?? ["info", "Recorded"];
  mark(slot, tone, word);
  if (outcome.verdict === "invalid") toast(outcome.sentence, "due");
  if (repairs.length) toast(`The device is out of service. ${repairs.map((one) => `WO-${one}`).join(", ")} was opened for the repair.`, "late");
}

async function tellUnsent(words) {
  const count = (await waitingHere()).length;
  const box = page.querySelector("[data-unsent]");
  box.hidden = count === 0;
  box.querySelector("[data-unsent-words]").textContent = `${count} answer${count === 1 ? " is" : "s are"} kept on this phone and sent again by themselves. ${words}`;
}

function say(words, tone) {
  saved.textContent = words;
  saved.dataset.tone = tone;
}

// --- moving between steps -------------------------------------------------------------------------------------------------

function show(step) {
  if (!step) return;
  for (const one of steps) one.toggleAttribute("data-current", one === step);
  const place = page.querySelector("[data-place]");
  place.textContent = step.dataset.number ? `Step ${step.dataset.number} of ${steps.length - 1}` : "Finish";
  announce(step.querySelector("h2").textContent);
  page.querySelector(".meter rect")?.setAttribute("width", `${(100 * steps.filter((one) => "answered" in one.dataset).length) / (steps.length - 1)}%`);
  step.scrollIntoView({ block: "start", behavior: "instant" });
  step.querySelector(".entry input, .answer input:checked, .answer input, textarea, select, [data-finish]")?.focus({ preventScroll: true });
}

function describePhotos(form) {
  const input = form.querySelector("[name=photo]");
  const words = form.querySelector("[data-photo-words]");
  words.dataset.plain ??= words.textContent;
  words.textContent = input.files.length ? `${input.files.length} photo${input.files.length > 1 ? "s" : ""}` : words.dataset.plain;
}

function onSubmit(event) {
  const form = event.target.closest(".step-form");
  if (!form) return;
  event.preventDefault();
  const step = form.closest(".step");
  const skip = event.submitter?.name === "skip" ? event.submitter.value : "";
  answer(step, form, skip).catch(() => form.submit()); // a browser that keeps nothing sends the plain form
}

function onInput(event) {
  const step = event.target.closest?.(".step[data-rule]");
  if (!step) return;
  const number = JSON.parse(step.dataset.rule).number;
  if (number && event.target.matches(".entry input")) showJudgement(event.target.closest("[data-slot]"), event.target.value, number);
}

function onChange(event) {
  if (event.target.matches("[name=photo]")) return describePhotos(event.target.form);
  if (!event.target.matches("[data-tester]")) return;
  for (const other of page.querySelectorAll("[data-tester]")) if (!other.closest("[data-answered]")) other.value = event.target.value;
}

function onClick(event) {
  const back = event.target.closest("[data-back]");
  if (back) {
    event.preventDefault();
    return show(back.closest(".step").previousElementSibling);
  }
  if (event.target.closest("[data-resend]")) return send();
  const copy = event.target.closest("[data-last]");
  if (copy) copyLast(copy);
}

// the last value is only put into the field: whoever works here still says that it is so
function copyLast(button) {
  const slot = button.closest(".step").querySelector("[data-slot]");
  const radio = [...slot.querySelectorAll("input[type=radio]")].find((one) => one.value === button.dataset.last);
  if (radio) return void (radio.checked = true);
  const field = slot.querySelector(".entry input, textarea");
  field.value = button.dataset.last;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

// finishing waits for what is still on the phone
function onFinish(event) {
  if (!unsent || !event.target.querySelector?.("[data-finish]")) return;
  event.preventDefault();
  send().then(() => unsent || event.target.submit());
}

if (page && token && "indexedDB" in window) {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("submit", onFinish);
  document.addEventListener("input", onInput);
  document.addEventListener("change", onChange);
  document.addEventListener("click", onClick);
  for (const copy of page.querySelectorAll("[data-last]")) copy.hidden = false;
  const look = async () => (await waitingHere()).length && send();
  setInterval(look, AGAIN_MS);
  addEventListener("online", look);
  addEventListener("beforeunload", (event) => unsent && event.preventDefault());
  look();
}
