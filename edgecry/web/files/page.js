// The page's only script: shows what the listener says, and sends what a person decides.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
//: Milliseconds without a message after which what is shown may be old.
const PATIENCE = 5000;

function text(key, values = {}) {
  return data.texts[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
// As the reader's own country writes times, in the language of the page.
const region = navigator.languages.find((one) => one.split("-")[0] === data.language) || data.language;
function clock(moment) {
  const then = new Date(moment), isOld = Date.now() - then > 18 * 3600e3;
  const day = isOld ? { weekday: "short" } : {};
  return then.toLocaleString(region, { ...day, hour: "2-digit", minute: "2-digit" });
}
function minutes(n) {
  const hours = Math.floor(n / 60), left = `${n % 60} ${text("unit.min")}`;
  return hours ? `${hours} ${text("unit.h")} ${left}` : left;
}
function span(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} ${text("unit.s")}` : minutes(Math.floor(whole / 60));
}
// A change of the same text is read out again by screen readers, and moves what is on the screen.
function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
async function send(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const found = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error || answer.statusText);
  return found;
}
async function get(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

// -- now -------------------------------------------------------------------------------------------------

let state = data.now, heardAt = Date.now(), lastCry = null, revision = null;

function isOld() { return Date.now() - heardAt > PATIENCE; }
function kindOf(one) {
  if (one.microphone === "stuck" || one.microphone === "lost") return "contact";
  if (one.microphone === "starting") return "starting";
  if (one.crying) return "crying";
  return one.hearing ? "quiet" : "deaf";
}
//: Of several microphones, the one that needs a look most tells the state of all.
const WORST = ["crying", "contact", "deaf", "starting", "quiet"];
function kind() {
  if (isOld()) return "contact";
  const all = (state.microphones || [state]).map(kindOf);
  return WORST.find((one) => all.includes(one));
}
function detail(now) {
  if (state.microphones && !isOld()) {
    return WORST.filter((one) => one !== "quiet" || now === "quiet").map((one) => {
      const names = state.microphones.filter((other) => kindOf(other) === one).map((other) => other.name);
      if (!names.length) return "";
      return one === now ? names.join(", ") : `${text(`state.${one}`)}: ${names.join(", ")}`;
    }).filter(Boolean).join(". ");
  }
  if (now === "contact") return text("state.contact.why");
  if (now === "deaf") return state.reason;
  if (now === "crying") {
    return sinceOf(state);
  }
  if (state.reason) return state.reason;
  return lastCry ? text("state.last", { time: clock(lastCry) }) : text("state.none");
}
function sinceOf(one) {
  const seconds = (new Date(one.seen_at || state.at) - new Date(one.since)) / 1000;
  return text("state.since", { time: clock(one.since), span: span(Math.max(0, seconds)) });
}
function show() {
  const now = kind();
  showMicrophones();
  byId("now").className = `state ${now}`;
  put(byId("state"), text(`state.${now}`));
  put(byId("detail"), detail(now));
  const known = now !== "contact", level = known ? state.level_dbfs : null, score = known ? state.probability : null;
  byId("level").value = level === null ? -80 : level;
  put(byId("level-text"), level !== null ? `${Math.round(level)} dB` : known ? text("level.none") : "–");
  byId("score").value = score === null ? 0 : score;
  put(byId("score-text"), score === null ? "–" : `${Math.round(100 * score)} %`);
  const button = byId("mute"), until = state.muted_until;
  button.classList.toggle("on", until !== null);
  const isForever = until !== null && until.startsWith("9999");
  put(button, until === null ? text("mute.do")
    : isForever ? text("mute.end") : text("mute.undo", { time: clock(until) }));
  document.title = `${text(`state.${now}`)} – ${state.name}`;
}
// One card a microphone, made once and filled again and again: nothing jumps, and no focus is lost.
function card(name) {
  const item = document.createElement("li"), fields = { item };
  const add = (tag, field, within = item) => (fields[field] = within.appendChild(document.createElement(tag)));
  put(add("h3", "name"), name);
  add("p", "said");
  for (const [field, label, low, high] of [["level", "level", -80, 0], ["score", "probability", 0, 1]]) {
    const line = item.appendChild(document.createElement("label"));
    line.append(text(label));
    add("span", `${field}Text`, line);
    Object.assign(add("meter", field), { min: low, max: high });
    line.htmlFor = fields[field].id = `${field}-${name}`;
  }
  add("p", "more").className = "small";
  put(add("button", "forget"), text("microphone.forget", { name }));
  fields.forget.addEventListener("click", () =>
    send(`api/microphones/${encodeURIComponent(name)}/forget`, {}).catch((error) =>
      put(fields.more, text("error", { why: error.message }))));
  return fields;
}
const cards = new Map();
function showMicrophones() {
  const all = state.microphones || [], list = byId("microphones");
  byId("several").hidden = byId("mute-own").hidden = !all.length;
  byId("meters").hidden = all.length > 0;
  for (const [name, fields] of cards) {
    if (all.some((one) => one.name === name)) continue;
    fields.item.remove();
    cards.delete(name);
  }
  for (const one of all) {
    if (!cards.has(one.name)) {
      cards.set(one.name, card(one.name));
      list.append(cards.get(one.name).item);
    }
    const now = isOld() ? "contact" : kindOf(one), fields = cards.get(one.name), known = now !== "contact";
    fields.item.className = now;
    const why = now === "crying" ? sinceOf(one) : now === "contact"
      ? text("microphone.why", { time: clock(one.seen_at) }) : one.reason;
    put(fields.said, [text(`state.${now}`), why].filter(Boolean).join(": "));
    const level = known ? one.level_dbfs : null, score = known ? one.probability : null;
    fields.level.value = level === null ? -80 : level;
    put(fields.levelText, level !== null ? `${Math.round(level)} dB` : known ? text("level.none") : "–");
    fields.score.value = score === null ? 0 : score;
    put(fields.scoreText, score === null ? "–" : `${Math.round(100 * score)} %`);
    const last = one.last_cry;
    put(fields.more, [last ? text("state.last", { time: clock(last.started_at) }) : "",
      one.muted ? text("microphone.muted") : "", one.doubled ? text("microphone.doubled") : ""]
      .filter(Boolean).join(", "));
    fields.forget.hidden = one.microphone !== "lost";
  }
}
async function showCries() {
  const cries = await get("api/cries?limit=8"), list = byId("cries");
  lastCry = cries.length ? cries[0].ended_at || cries[0].started_at : null;
  list.replaceChildren(...cries.map((cry) => {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = `cry/${encodeURIComponent(cry.event)}`;
    const when = document.createElement("span"), what = document.createElement("small");
    when.textContent = `${clock(cry.started_at)}, ${cry.ended_at ? span(cry.duration) : text("cries.now")}`;
    what.textContent = [cry.verdict === "not a cry" ? text("verdict.not") : "",
      cry.clip || !cry.ended_at ? "" : text("cries.no_clip")].filter(Boolean).join(", ");
    link.append(when, what);
    item.append(link);
    return item;
  }));
  if (!cries.length) {
    const none = document.createElement("li");
    none.className = "none";
    none.textContent = text("cries.none");
    list.append(none);
  }
  const played = cries.find((cry) => cry.clip), player = byId("player");
  byId("last").hidden = !played;
  // Not while somebody listens to it.
  if (played && player.dataset.event !== played.event && (player.paused || player.ended)) {
    player.dataset.event = played.event;
    player.src = `clips/${played.clip.split("/").pop()}`;
  }
  const [night] = await get("api/nights?n=1");
  put(byId("tonight"), text("tonight.line", {
    cries: night.cries, minutes: Math.round(night.minutes), quiet: minutes(night.longest_quiet),
  }));
  show();
}
function hear(message) {
  state = JSON.parse(message.data);
  heardAt = Date.now();
  show();
  if (state.revision !== revision) {
    revision = state.revision;
    showCries().catch(() => { revision = null; });
  }
}
let stream = null;
function connect() {
  if (stream) stream.close();
  stream = new EventSource("api/stream");
  stream.addEventListener("state", hear);
  stream.addEventListener("error", () => {
    // A refusal ends an EventSource for good; a lost connection does not.
    if (stream.readyState !== EventSource.CLOSED) return;
    setTimeout(() => get("api/state").then(connect, connect), 3000);
  });
}
if (data.page === "now") {
  connect();
  setInterval(() => { if (isOld()) show(); }, 500);
  // A phone that slept may hold a connection that is long dead.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heardAt > 2000) connect();
  });
  byId("mute").addEventListener("click", async () => {
    const said = byId("mute-said");
    try {
      state = { ...state, ...(await send("api/mute", { minutes: state.muted_until === null ? 30 : 0 })) };
      put(said, state.muted_until === null ? text("mute.unsaid")
        : text("mute.said", { time: clock(state.muted_until) }));
      show();
    } catch (error) {
      put(said, text("error", { why: error.message }));
    }
  });
}

// -- one cry ---------------------------------------------------------------------------------------------

const verdict = byId("verdict");
if (verdict) {
  const buttons = [...verdict.querySelectorAll("button")];
  const mark = () => buttons.forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.say === verdict.dataset.verdict)));
  mark();
  buttons.forEach((button) => button.addEventListener("click", async () => {
    // The same button again takes it back.
    const say = button.dataset.say === verdict.dataset.verdict ? null : button.dataset.say;
    try {
      await send(`api/cries/${encodeURIComponent(verdict.dataset.event)}/verdict`, { verdict: say });
      verdict.dataset.verdict = say || "";
      put(byId("verdict-said"), say ? text("verdict.said", { verdict: button.textContent }) : "");
      mark();
    } catch (error) {
      put(byId("verdict-said"), text("error", { why: error.message }));
    }
  }));
}

// -- the threshold ---------------------------------------------------------------------------------------

const form = byId("threshold-form");
if (form) {
  const slider = byId("threshold");
  slider.addEventListener("input", () => put(byId("threshold-text"), Number(slider.value).toFixed(2)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = byId("threshold-said");
    try {
      const now = await send("api/threshold", { threshold: Number(slider.value) });
      put(said, text("health.threshold.said", { threshold: now.threshold.toFixed(2) }));
    } catch (error) {
      put(said, text("error", { why: error.message }));
    }
  });
}
