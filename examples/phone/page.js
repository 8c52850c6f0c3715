// The page: asks for the microphone, and shows what the detector hears.
import { Cries, Detector, Windows } from "./detector.js";

const DEAF_AFTER = 5; // seconds without a sample, after which the page says that it hears nothing
const $ = (id) => document.getElementById(id);

function show(state, detail, kind = "") {
  [$("state").textContent, $("detail").textContent, $("state").className] = [state, detail, kind];
}

async function listen() {
  $("listen").disabled = true;
  try {
    show("Starting", "The detector is loaded, and the microphone is asked for.");
    const detector = await Detector.open("cry-web");
    // What calls need would take the cry for noise, or make a quiet room loud.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    const context = new AudioContext({ sampleRate: detector.facts.sr });
    await context.audioWorklet.addModule("microphone.js");
    const microphone = new AudioWorkletNode(context, "microphone");
    context.createMediaStreamSource(stream).connect(microphone);
    stream.getAudioTracks()[0].onended = () => show("Not hearing", "The microphone is gone.", "deaf");
    follow(detector, microphone.port);
    await navigator.wakeLock?.request("screen").catch(() => null);
  } catch (error) {
    show("Not listening", `${error.name}: ${error.message}`, "deaf");
    $("listen").disabled = false;
  }
}

function follow(detector, port) {
  const windows = new Windows(detector.size, detector.hop);
  const cries = new Cries(detector.facts.events);
  let [seconds, lastSample, work] = [0, performance.now(), Promise.resolve()];
  port.onmessage = ({ data }) => {
    lastSample = performance.now();
    seconds += data.length / detector.facts.sr;
    for (const window of windows.push(data)) {
      const end = seconds;
      work = work.then(async () => tell(cries, end, await detector.probability(window)));
    }
  };
  setInterval(() => {
    if (performance.now() - lastSample > 1000 * DEAF_AFTER) {
      show("Not hearing", `No sound has come for ${DEAF_AFTER} s. Begin again by loading the page anew.`, "deaf");
    }
  }, 1000);
}

function tell(cries, end, probability) {
  $("probability").value = probability;
  $("number").textContent = `${Math.round(100 * probability)} %`;
  const news = cries.push(end, probability);
  const clock = new Date().toLocaleTimeString();
  if (news === "start") {
    const line = document.createElement("li");
    line.textContent = `since ${clock}`;
    $("cries").prepend(line);
    navigator.vibrate?.([400, 200, 400]);
  } else if (news === "end") {
    $("cries").firstElementChild.textContent += `, until ${clock}`;
  }
  if (cries.crying) show("Crying", "A baby cries.", "crying");
  else show("No cry", "It listens.");
}

$("listen").addEventListener("click", listen);
