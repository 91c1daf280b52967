// What a scan sounds and feels like: each answer has its own, so that nobody needs to look.
// [frequency in Hz, start in ms, length in ms]; vibration in ms, on and off in turn.
const TONES = {
  ready: [],
  found: [[1320, 0, 120]],
  unexpected: [[660, 0, 110], [990, 130, 160]],
  unknown: [[220, 0, 420]],
  again: [[520, 0, 70], [520, 120, 70]],
  refused: [[220, 0, 140], [180, 170, 260]],
  kept: [[880, 0, 60]],
};
const VIBRATIONS = { found: [60], unexpected: [60, 60, 160], unknown: [350], again: [40, 50, 40], refused: [200, 80, 200], kept: [30] };
const VOLUME = 0.15;
const KEY = "openhtm-silent";
let context = null;

/** Sound and vibrate for `kind`; silent answers still vibrate. */
export function play(kind) {
  navigator.vibrate?.(VIBRATIONS[kind] ?? []);
  if (silent() || !("AudioContext" in globalThis)) return;
  context ??= new AudioContext();
  for (const [frequency, start, length] of TONES[kind] ?? []) tone(frequency, start / 1000, length / 1000);
}

function tone(frequency, after, length) {
  const source = context.createOscillator();
  const volume = context.createGain();
  const begin = context.currentTime + after;
  source.frequency.value = frequency;
  volume.gain.setValueAtTime(VOLUME, begin);
  volume.gain.exponentialRampToValueAtTime(0.001, begin + length);
  source.connect(volume).connect(context.destination);
  source.start(begin);
  source.stop(begin + length);
}

export function silent() {
  return localStorage.getItem(KEY) === "1";
}

export function setSilent(value) {
  localStorage.setItem(KEY, value ? "1" : "0");
}
