// A round on a phone: one request for each scan, answered in place. Without a connection scans wait on the phone and go later,
// each under the id it was given when it was made, so that none counts twice.
import { toast } from "./app.js";
import { play, setSilent, silent } from "./sound.js";

const ANSWERS_THAT_END_WAITING = new Set([400, 403, 404, 409, 413, 422]);

class Round {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector(".scan-line");
    this.waitingLine = root.querySelector("[data-waiting]");
    this.key = `openhtm-round-${root.dataset.round}`;
    this.sending = false;
    root.addEventListener("scan:code", (event) => this.take(event.detail));
    globalThis.addEventListener("online", () => this.drain());
    this.show();
    this.drain();
  }

  get queue() {
    return JSON.parse(localStorage.getItem(this.key) ?? "[]");
  }

  set queue(scans) {
    if (scans.length) localStorage.setItem(this.key, JSON.stringify(scans));
    else localStorage.removeItem(this.key);
    this.show();
  }

  show() {
    const count = this.queue.length;
    this.waitingLine.hidden = count === 0 || this.sending;
    this.waitingLine.textContent = `${count} scan${count === 1 ? "" : "s"} kept on this phone, sent when the connection is back.`;
  }

  take(code) {
    this.queue = [...this.queue, { uid: uuid7(), code, at: new Date().toISOString() }];
    this.drain();
  }

  async drain() {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.queue.length && (await this.send(this.queue[0]))) this.queue = this.queue.slice(1);
    } finally {
      this.sending = false;
      this.show();
    }
  }

  /** True when the scan was answered, well or badly; false when it has to wait. */
  async send(scan) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    body.set("code", scan.code);
    body.set("uid", scan.uid);
    body.set("scanned_at", scan.at);
    let answer;
    try {
      answer = await fetch(this.form.action, { method: "POST", body, headers: { "X-Part": "state" }, credentials: "same-origin" });
    } catch {
      play("kept");
      return false;
    }
    if (answer.redirected) {
      toast("You were logged out. The scans are kept on this phone: log in again and come back.", "late");
      return false;
    }
    if (!answer.ok && !ANSWERS_THAT_END_WAITING.has(answer.status)) {
      toast("The scan could not be taken now. It is kept on this phone and sent again.", "late");
      return false;
    }
    this.answered(await answer.text());
    return true;
  }

  answered(text) {
    const part = new DOMParser().parseFromString(text, "text/html").querySelector("[data-state]");
    if (!part) {
      play("refused");
      toast("This scan was refused. Reload the page.", "late");
      return;
    }
    this.root.querySelector("[data-state]").replaceWith(document.adoptNode(part));
    play(part.dataset.answer);
  }
}

// RFC 9562, version 7: milliseconds since 1970, then chance.
function uuid7() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = BigInt(Date.now());
  for (let index = 0; index < 6; index += 1) bytes[index] = Number((now >> BigInt(8 * (5 - index))) & 255n);
  bytes[6] = (bytes[6] & 15) | 112;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

for (const root of document.querySelectorAll("[data-round]")) new Round(root);
for (const button of document.querySelectorAll("[data-sound-toggle]")) {
  button.hidden = false;
  button.ariaPressed = String(!silent());
  button.addEventListener("click", () => {
    setSilent(!silent());
    button.ariaPressed = String(!silent());
    play("found");
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => globalThis.print());
}
