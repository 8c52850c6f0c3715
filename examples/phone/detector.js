// A detector from 'python -m convert web': windows of samples in, probabilities and cries out.
import * as ort from "./ort/ort.wasm.min.mjs";

ort.env.wasm.numThreads = 1; // more threads need headers that a plain server does not send
ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;

export class Detector {
  static async open(name) {
    const facts = await (await fetch(`${name}.json`)).json();
    const session = await ort.InferenceSession.create(`${name}.onnx`, { executionProviders: ["wasm"] });
    return new Detector(session, facts);
  }

  constructor(session, facts) {
    this.session = session;
    this.facts = facts;
    this.size = Math.round(facts.window * facts.sr);
    this.hop = Math.round(facts.hop * facts.sr);
    this.positive = facts.labels.indexOf(facts.positive);
  }

  // The probability of a cry in one window of samples.
  async probability(samples) {
    const tensor = new ort.Tensor("float32", samples, [1, this.size]);
    const { probabilities } = await this.session.run({ samples: tensor });
    return probabilities.data[this.positive];
  }
}

// The last window of a stream that comes in pieces; one is ready after each hop.
export class Windows {
  constructor(size, hop) {
    this.kept = new Float32Array(size);
    this.hop = hop;
    this.wait = size;
  }

  *push(piece) {
    while (piece.length) {
      const n = Math.min(piece.length, this.wait);
      this.kept.copyWithin(0, n);
      this.kept.set(piece.subarray(0, n), this.kept.length - n);
      piece = piece.subarray(n);
      this.wait -= n;
      if (!this.wait) {
        this.wait = this.hop;
        yield this.kept.slice();
      }
    }
  }
}

// Cries from the probabilities of windows: k of the last n begin one, and it goes on through pauses.
export class Cries {
  constructor(rule) {
    this.rule = rule;
    this.last = [];
    this.crying = false;
  }

  // Returns "start", "end" or "" for the window that ends at a time in seconds.
  push(end, probability) {
    const { onset, release, k, n, end_after } = this.rule;
    this.last = [...this.last, probability].slice(-n);
    if (!this.crying) {
      if (this.last.filter((p) => p >= onset).length < k) return "";
      [this.crying, this.heard] = [true, end];
      return "start";
    }
    if (probability >= release) this.heard = end;
    if (end - this.heard <= end_after) return "";
    [this.crying, this.last] = [false, []];
    return "end";
  }
}
