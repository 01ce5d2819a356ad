// The bell: rings again and again while an order waits. Browsers allow sound only after a tap, so somebody must turn it on.

const EVERY_MS = 2200;
const LOUD_EVERY_MS = 1100;
const LOUDNESS = 0.5;
const NEW_ORDER = [
  [880, 0],
  [1175, 0.16],
  [880, 0.42],
  [1175, 0.58],
];
const GONE = [
  [520, 0],
  [392, 0.22],
  [294, 0.44],
];

export class Alarm {
  #audio = null;
  #timer = 0;
  #isLoud = false;

  get isOn() {
    return this.#audio?.state === "running";
  }

  /** Call from a tap. Also asks the tablet to keep its screen on, where it can. */
  async turnOn() {
    this.#audio ??= new AudioContext();
    await this.#audio.resume();
    this.#play(
      [
        [660, 0],
        [880, 0.12],
      ],
      0.2,
    );
    await this.#stayAwake();
    globalThis.Notification?.requestPermission();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#stayAwake();
    });
  }

  async #stayAwake() {
    // Refused on battery saver and where unsupported: the board works all the same.
    await navigator.wakeLock?.request("screen").catch(() => null);
  }

  /** Rings now and keeps ringing until told to stop; calling it again changes nothing. Loud is twice as loud and often. */
  ring(isWanted, isLoud = false) {
    if (isWanted && this.#timer && isLoud === this.#isLoud) return;
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#isLoud = isLoud;
    if (!isWanted) return;
    const bell = () => this.#play(NEW_ORDER, isLoud ? 2 * LOUDNESS : LOUDNESS);
    bell();
    this.#timer = setInterval(bell, isLoud ? LOUD_EVERY_MS : EVERY_MS);
  }

  /** On the tablet's own notification list, for a board that is behind another window. */
  notify(title, text) {
    if (document.hidden && globalThis.Notification?.permission === "granted")
      new Notification(title, { body: text, tag: title });
  }

  /** Once, and unlike the bell: an order was taken away. */
  soundGone() {
    this.#play(GONE);
  }

  #play(notes, loudness = LOUDNESS) {
    if (!this.isOn) return;
    for (const [hertz, after_s] of notes) {
      const at = this.#audio.currentTime + after_s;
      const tone = new OscillatorNode(this.#audio, { type: "triangle", frequency: hertz });
      const volume = new GainNode(this.#audio, { gain: 0 });
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(loudness, at + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    }
  }
}
