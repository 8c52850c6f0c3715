// Runs beside the page: hands on what the microphone gives, a tenth of a second at a time.
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.kept = new Float32Array(sampleRate / 10);
    this.n = 0;
  }

  process([[samples]]) {
    for (const x of samples ?? []) {
      this.kept[this.n++] = x;
      if (this.n === this.kept.length) {
        this.port.postMessage(this.kept.slice());
        this.n = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
