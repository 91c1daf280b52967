// A wedge scanner types like a person, only faster: characters within 35 ms of each other, ended by Enter.
const LONGEST_GAP_MS = 35;
const SHORTEST_CODE = 4;
const GROUP_SEPARATOR = "\u001d"; // sent by scanners as Ctrl-] between GS1 elements

/** Recognises a scan in a stream of key events; `heard` gets the code. Give it `event.timeStamp`-like milliseconds. */
export class Wedge {
  #keys = "";
  #last = -Infinity;
  #heard;

  constructor(heard) {
    this.#heard = heard;
  }

  /** Returns true when the event ended a scan, which the caller then keeps from doing anything else. */
  key(event) {
    if (event.timeStamp - this.#last > LONGEST_GAP_MS) this.#keys = "";
    this.#last = event.timeStamp;
    if (event.key === "Enter") return this.#end();
    if (event.ctrlKey && event.key === "]") this.#keys += GROUP_SEPARATOR;
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) this.#keys += event.key;
    return false;
  }

  #end() {
    const code = this.#keys;
    this.#keys = "";
    if (code.length < SHORTEST_CODE) return false;
    this.#heard(code);
    return true;
  }
}
