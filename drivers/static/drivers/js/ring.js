// A short double tone, again and again while an offer waits, and a buzz where the device can.

let audio = null;
let timer = 0;

/** Call from a tap: browsers allow sound only then. */
export function unlockSound() {
  audio ??= new AudioContext();
  audio.resume();
}

function beep() {
  navigator.vibrate?.([120, 80, 120]);
  if (audio?.state !== "running") return;
  for (const after_s of [0, 0.22]) {
    const at = audio.currentTime + after_s;
    const tone = new OscillatorNode(audio, { type: "sine", frequency: 988 });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.4, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.18);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.2);
  }
}

export function ringOffer(isWanted) {
  if (isWanted === Boolean(timer)) return;
  clearInterval(timer);
  timer = 0;
  if (!isWanted) return;
  beep();
  timer = setInterval(beep, 1800);
}
