/** Two soft notes when an incident has become late that was not before; made here, from no file, and only where somebody has asked for it. */
wangge.chime = (show) => {
  const NOTES = [660, 880];
  const LOUD = 0.12;
  let sound;
  let known;
  let rung = 0;

  const ring = () => {
    rung += 1;
    NOTES.forEach((pitch, i) => {
      const from = sound.currentTime + i * 0.22;
      const tone = sound.createOscillator();
      const swell = sound.createGain();
      tone.frequency.value = pitch;
      swell.gain.setValueAtTime(0, from);
      swell.gain.linearRampToValueAtTime(LOUD, from + 0.03);
      swell.gain.exponentialRampToValueAtTime(0.001, from + 0.5);
      tone.connect(swell).connect(sound.destination);
      tone.start(from);
      tone.stop(from + 0.52);
    });
  };
  /** Look which are late now, by their numbers; the first look only learns them. */
  const look = (late) => {
    if (!sound) return;
    const now = new Set(late);
    if (known && [...now].some((no) => !known.has(no))) ring();
    known = now;
  };
  const toggle = (late) => {
    if (sound) {
      sound.close();
      sound = undefined;
    } else {
      sound = new AudioContext();
      known = new Set(late);
    }
    show();
  };

  return { look, toggle, get isOn() { return sound !== undefined; }, get rung() { return rung; } };
};
