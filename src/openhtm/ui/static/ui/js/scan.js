// The scan page: camera, wedge scanner and typing end in the same place, /scan?code=…
// The browser reads codes itself where it can (BarcodeDetector); elsewhere single frames go to POST /scan/photo, which answers
// {"codes": [{"text": "…", "format": "…"}]}, or 422 when it reads none.
// With data-send nothing is left: the camera stays on, and every code becomes an event "scan:code" on the scanner.
import { play } from "./sound.js";
import { Wedge } from "./wedge.js";

const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39", "ean_13", "pdf417"];
const BETWEEN_LOOKS_MS = { own: 150, server: 1200 };
const FRAME_WIDTH = 1280;
const SAME_CODE_MS = 2500; // a code that stays before the camera is one scan

class Scanner {
  constructor(root) {
    this.root = root;
    this.camera = root.querySelector("[data-camera]");
    this.video = root.querySelector("video");
    this.said = root.querySelector("[data-said]");
    this.form = root.querySelector(".scan-line");
    this.photo = root.querySelector("[data-photo-form]");
    this.stream = null;
    this.stays = "send" in root.dataset;
    this.last = { code: "", at: 0 };
    this.wake();
  }

  wake() {
    const start = this.root.querySelector("[data-camera-start]");
    start.hidden = !navigator.mediaDevices?.getUserMedia;
    start.addEventListener("click", () => this.start());
    this.root.querySelector("[data-camera-stop]").addEventListener("click", () => this.stop());
    const wedge = new Wedge((code) => this.found(code));
    this.form.elements.code.addEventListener("keydown", (event) => wedge.key(event) && event.preventDefault());
    this.photo.addEventListener("change", () => this.readPhoto(this.photo.elements.photo.files[0]));
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
    if (this.stays) this.stay();
  }

  stay() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.form.elements.code.value.trim()) this.handOver(this.form.elements.code.value.trim());
    });
    document.addEventListener("scan:heard", (event) => {
      event.preventDefault();
      this.handOver(event.detail);
    });
  }

  handOver(code) {
    this.form.elements.code.value = "";
    this.form.elements.code.focus();
    this.root.dispatchEvent(new CustomEvent("scan:code", { bubbles: true, detail: code }));
  }

  async start() {
    play("ready"); // in answer to a click, or browsers keep sounds silent
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: FRAME_WIDTH } } });
    } catch (error) {
      return this.say(error.name === "NotAllowedError" ? "The browser may not use the camera. Allow it in the address bar, or type the number." : "No camera was found. Type the number, or send a photo.", "due");
    }
    this.video.srcObject = this.stream;
    this.camera.hidden = false;
    await this.video.play();
    this.say("Hold the code inside the frame.", "info");
    const own = await ownDetector();
    this.look(own ? (frame) => detect(own, frame) : (frame) => this.askServer(frame), own ? BETWEEN_LOOKS_MS.own : BETWEEN_LOOKS_MS.server);
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.camera.hidden = true;
  }

  async look(read, pause) {
    while (this.stream) {
      const code = await read(this.video);
      if (code && this.stream && !this.stays) return this.found(code);
      if (code && this.stream) this.once(code);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async askServer(video) {
    const width = Math.min(video.videoWidth, FRAME_WIDTH);
    const canvas = new OffscreenCanvas(width, Math.round((width * video.videoHeight) / video.videoWidth));
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return this.send(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 }));
  }

  async send(image) {
    const body = new FormData();
    body.set("photo", image, "frame.jpg");
    body.set("csrfmiddlewaretoken", this.photo.elements.csrfmiddlewaretoken.value);
    try {
      const answer = await fetch(this.root.dataset.photo, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
      return answer.ok ? (await answer.json()).codes[0]?.text : null;
    } catch {
      this.say("There is no connection to the server. Type the number.", "due");
      return null;
    }
  }

  async readPhoto(file) {
    if (!file) return;
    this.say("Reading the photo…", "info");
    const code = await this.send(file);
    if (code) this.found(code);
    else this.say("No code could be read on this photo. Go closer, avoid glare, or type the number.", "due");
  }

  once(code) {
    const now = performance.now();
    const again = code === this.last.code && now - this.last.at < SAME_CODE_MS;
    this.last = { code, at: now };
    if (!again) this.handOver(code);
  }

  found(code) {
    if (this.stays) return this.handOver(code);
    this.stop();
    play("found");
    this.say(`Read ${code.replaceAll("\u001d", " ")}`, "ok");
    this.form.elements.code.value = code;
    location.assign(`${this.root.dataset.scan}?code=${encodeURIComponent(code)}`);
  }

  say(text, tone) {
    this.said.dataset.tone = tone;
    this.said.textContent = text;
  }
}

async function ownDetector() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const known = await BarcodeDetector.getSupportedFormats();
  const formats = FORMATS.filter((name) => known.includes(name));
  // UDI carriers are DataMatrix more often than not: a detector without it would wait for ever.
  return formats.includes("data_matrix") ? new BarcodeDetector({ formats }) : null;
}

async function detect(detector, video) {
  try {
    return (await detector.detect(video))[0]?.rawValue ?? null;
  } catch (error) {
    if (error.name === "InvalidStateError") return null; // the camera has no picture yet
    throw error;
  }
}

for (const root of document.querySelectorAll("[data-scanner]")) new Scanner(root);
